"""`acd drill list`, `acd drill NAME`: a fault on purpose, with questions before and a report after."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from typing import Annotated

import typer

from acd import __version__
from acd.cli import auditing, context
from acd.drills.judge import Before
from acd.drills.kinds import DRILLS, LOSS_AT_LEAST_S, OUTAGE_S, Drill
from acd.drills.report import Report, markdown, write
from acd.drills.run import carry_out, look
from acd.errors import OperatorError
from acd.loss import LONGEST_S
from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from acd.settings.problems import not_among


def drill(
    name: Annotated[str, typer.Argument(help="a drill, or 'list'")],
    yes: Annotated[bool, typer.Option("--yes", help="for scripts: ask nothing")] = False,
    for_s: Annotated[
        float, typer.Option("--for", min=1.0, max=LONGEST_S, help="seconds for which a loss or freeze lasts")
    ] = OUTAGE_S,
    most_calls: Annotated[
        int | None, typer.Option(min=0, help="refuse where more calls than this are in progress")
    ] = None,
    node: Annotated[str, typer.Option(help="of several Asterisk nodes: the one that it is about")] = "",
) -> None:
    """Bring a fault about on purpose in the running centre, watch, and report; code 1 if it fails."""
    if name == "list":
        for each in DRILLS.values():
            context.console.print(f"{each.name:18} {each.does}", markup=False, soft_wrap=True)
        return
    if name not in DRILLS:
        raise OperatorError(not_among("drill", name, list(DRILLS)))
    chosen, env = DRILLS[name], context.environment()
    check_node(chosen, node, [each.name for each in env.nodes])
    report = asyncio.run(_carried_out(chosen, for_s, env, node=node, yes=yes, most_calls=most_calls))
    page, data = write(report, env.home)
    with context.records(env) as store:
        passed, resumed = report.passed, report.resumed_s
        about = {"node": node} if node else {}
        auditing.audit(
            store, "drill", chosen.name, passed=passed, resumed_s=resumed, report=page.name, **about
        )
    context.console.print(markdown(report), markup=False, soft_wrap=True)
    context.console.print(f"{page} and {data.name}", markup=False, soft_wrap=True)
    if not report.passed:
        raise typer.Exit(1)


async def _carried_out(
    drill: Drill, for_s: float, env: Environment, *, node: str, yes: bool, most_calls: int | None
) -> Report:
    leader = Leader(env)
    before = await look(leader)
    _refuse_if_unfit(drill, env, before, most_calls)
    refuse_if_nothing_to_lose(drill, before, for_s)
    refuse_if_nobody_else(node, before)
    _ask(drill, before, node, yes=yes)
    report = Report(
        drill=drill.name,
        who=context.user(),
        host=socket.gethostname(),
        centre=context.centre_in_use(env).system.name,
        version=__version__,
        began=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", ""),
        did=f"{drill.does}; for {for_s:g} s" if drill.lasts else drill.does,
        leader_before=before.leader,
        node=node,
    )

    def ended(calls: Collection[str]) -> Mapping[str, str]:
        with context.records(env) as store:
            found = (store.call(call_id) for call_id in calls)
            return {call.call_id: str(call.ended_by) for call in found if call is not None and call.ended_by}

    await carry_out(drill, for_s, leader, before, report, ended)
    return report


def _refuse_if_unfit(drill: Drill, env: Environment, before: Before, most_calls: int | None) -> None:
    """Raises OperatorError."""
    if env.drill_hours is not None:
        now = datetime.now(context.timezone(env)).time()
        if not _is_within(now, *env.drill_hours):
            first, last = (each.strftime("%H:%M") for each in env.drill_hours)
            raise OperatorError(f"drills are from {first} to {last} alone (ACD_DRILL_HOURS)")
    if drill.needs_standby and not before.standing_by:
        raise OperatorError("no other controller stands by, so nobody would take over: start one first")
    missing = [one.name for one in before.standings if not one.leads and one.name not in before.standing_by]
    if missing:
        raise OperatorError(f"not all controllers are there ({', '.join(missing)}): see to that first")
    if most_calls is not None and len(before.calls) > most_calls:
        raise OperatorError(f"{len(before.calls)} calls are in progress, more than {most_calls}")


def refuse_if_nothing_to_lose(drill: Drill, before: Before, for_s: float) -> None:
    """Raises OperatorError where nothing could be lost, is lost already, or for too short a time to show."""
    if before.in_redis is False:
        raise OperatorError("Redis is away already, so this is no time for a drill ('acd doctor')")
    if before.records_away_s:
        raise OperatorError("the database is away already, so this is no time for a drill ('acd doctor')")
    if drill.takes_away == "redis" and before.in_redis is None:
        raise OperatorError(
            "this centre keeps no live state in Redis ('redis:' in system.yml, ACD_REDIS_HOST): there is none"
            " to lose"
        )
    if drill.takes_away and for_s < LOSS_AT_LEAST_S:
        raise OperatorError(f"a loss of less than {LOSS_AT_LEAST_S:g} s may not show: --for is too short")


def check_node(drill: Drill, node: str, names: list[str]) -> None:
    """Which Asterisk it is about has to be said where there are several. Raises OperatorError."""
    if not drill.ends_calls:
        if node:
            raise OperatorError(f"{drill.name} is about no Asterisk node: leave --node out")
        return
    if node and not names:
        raise OperatorError("there is one Asterisk only: leave --node out")
    if names and not node:
        raise OperatorError(
            f"there are several Asterisk nodes: say with --node which one ({', '.join(names)})"
        )
    if node and node not in names:
        raise OperatorError(not_among("Asterisk node", node, names))


def refuse_if_nobody_else(node: str, before: Before) -> None:
    """Raises OperatorError where callers would find no other node."""
    if not node:
        return
    if not any(takes_calls for name, takes_calls in before.nodes.items() if name != node):
        raise OperatorError("no other Asterisk node takes calls ('acd nodes'): see to that first")
    if not before.nodes.get(node, False):
        raise OperatorError(f"node {node} takes no calls now ('acd nodes'): this is no time for a drill")


def _is_within(now: time, first: time, last: time) -> bool:
    """Over midnight, too."""
    return first <= now < last if first < last else now >= first or now < last


def _ask(drill: Drill, before: Before, node: str, *, yes: bool) -> None:
    """Say what will happen, and have its name typed. Raises OperatorError."""
    leads = f"{before.leader} leads, {', '.join(before.standing_by) or 'nobody'} stands by"
    for line in (
        f"This {drill.does}.",
        f"What it costs: {drill.costs}.",
        *([f"It is about node {node}. Calls there: {len(before.calls_at(node))}."] if node else []),
        f"Calls in progress: {len(before.calls)}." + (f" {leads}." if before.leader else ""),
        *([f"Make sure that something starts {dies} again."] if (dies := _dies(drill, before, node)) else []),
    ):
        context.console.print(line, markup=False, soft_wrap=True)
    if not yes and typer.prompt(f"Type {drill.name} to go on", default="", show_default=False) != drill.name:
        raise OperatorError("nothing was done")


def _dies(drill: Drill, before: Before, node: str) -> str:
    """What nobody takes over from; '' where somebody does."""
    if drill.ends_calls:
        return f"Asterisk {node}".strip()
    return "the only controller" if drill.name == "controller-crash" and not before.leader else ""
