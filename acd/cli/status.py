"""`acd status`: the live picture as terminal tables."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated, Any

import typer
from rich.console import Group, JustifyMethod
from rich.live import Live
from rich.table import Table
from rich.text import Text

from acd.cli.context import console, environment
from acd.cli.words import node_in_words, state_in_words
from acd.runtime.leader import Leader

WATCH_INTERVAL_S = 1.0
_WHOLE = ("Call", "Caller", "Id")
"""Columns to be copied from, or short; where the screen is narrow, the others fold."""
STATE_STYLES = {
    "ready": "green",
    "ringing": "yellow",
    "talking": "cyan",
    "wrap_up": "magenta",
    "not_ready": "red",
    "logged_out": "dim",
}


def status(
    watch: Annotated[bool, typer.Option(help="keep it up to date until Ctrl-C")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Groups, agents and calls of this moment."""
    if as_json:
        typer.echo(json.dumps(_ask(), ensure_ascii=False, indent=2))
        return
    if not watch:
        console.print(draw(_ask()))
        return
    try:
        with Live(draw(_ask()), console=console, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(WATCH_INTERVAL_S)
                live.update(draw(_ask()), refresh=True)
    except KeyboardInterrupt:
        return


def _ask() -> dict[str, Any]:
    return asyncio.run(_picture(Leader(environment())))


async def _picture(leader: Leader) -> dict[str, Any]:
    """The leader's, with what each of several controllers is at. Raises OperatorError."""
    standings = await leader.standings()
    told = await leader.request(do="status")
    if standings:
        told["controllers"] = {one.name: one.reason for one in standings}
    return told


def draw(picture: dict[str, Any]) -> Group:
    """The picture of `acd.runtime.status` as tables."""
    parts: list[Table | Text] = [_groups(picture), _calls(picture), _agents(picture)]
    if not picture["asterisk"]:
        parts.insert(0, Text("Asterisk is away: no new offers until it is back", style="bold red"))
    elif not picture["dispatching"]:
        parts.insert(0, Text("Looking at the floor anew: no new offers for a moment", style="yellow"))
    if picture["announcements"]:
        names = ", ".join(one["name"] for one in picture["announcements"])
        parts.insert(0, Text(f"Announcements that callers hear: {names}", style="yellow"))
    if not picture["version"]["kept"]:
        text = "The flows could not be kept as a version: see to the disk, then 'acd reload'"
        parts.insert(0, Text(text, style="bold red"))
    parts[:0] = [
        *_controllers(picture.get("controllers", {})),
        *_nodes(picture.get("nodes", [])),
        *_live_state(picture["live_state"]),
        *_records(picture["records"]),
        *_outside(picture["outside"]),
    ]
    return Group(*parts)


def _controllers(standings: dict[str, str]) -> list[Text]:
    """Which of several leads and which stand by; one that does neither is missing when it is needed."""
    is_well = set(standings.values()) <= {"leads", "stands by"}
    text = ", ".join(f"{name} {standing}" for name, standing in standings.items())
    return [Text(f"Controllers: {text}", style="" if is_well else "bold red")] if standings else []


def _nodes(nodes: list[dict[str, Any]]) -> list[Text]:
    """Where Asterisk is several."""
    text = ", ".join(f"{node['name']} {node_in_words(node)} ({node['calls']} calls)" for node in nodes)
    is_well = all(node["known"] for node in nodes)
    return [Text(f"Asterisk nodes: {text}", style="" if is_well else "bold red")] if nodes else []


def _live_state(kept: dict[str, Any]) -> list[Table | Text]:
    lines: list[Table | Text] = []
    if not kept["on_disk"]:
        lines.append(Text("The disk takes no live state", style="bold red"))
    if kept["in_redis"] is False:
        lines.append(Text("Redis takes no live state; calls go on", style="yellow"))
    return lines


def _records(waiting: dict[str, Any]) -> list[Text]:
    """Nothing is said while all is well: a few records wait for a moment all day long."""
    if not waiting["away_s"]:
        return []
    away = clock(waiting["away_s"])
    text = f"The database of records has been away for {away}: {waiting['waiting']} records wait"
    if waiting["on_disk"]:
        text += f", {waiting['on_disk']} of them on disk"
    return [Text(text + "; calls go on", style="bold red")]


def _outside(outside: dict[str, Any]) -> list[Text]:
    """Nothing is said while all budgets are far from spent."""
    return [
        Text(
            f"Calls outside, {alarm['who']}: {alarm['spent']:.2f} of {alarm['budget']:.2f}"
            f" {alarm['currency']} are spent today ({alarm['percent']} % or more)",
            style="bold red" if alarm["percent"] >= 100 else "yellow",
        )
        for alarm in outside["alarms"]
    ]


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", expand=False, min_width=78)
    for column in columns:
        whole = column in right or column in _WHOLE
        justify: JustifyMethod = "right" if column in right else "left"
        table.add_column(column, justify=justify, no_wrap=whole, overflow="fold")
    return table


def _groups(picture: dict[str, Any]) -> Table:
    numbers = ("Waiting", "Longest", "Talking", "Ready", "Staffed")
    table = _table(picture["centre"], "Group", *numbers, right=numbers)
    for group in picture["groups"]:
        table.add_row(
            Text(group["name"]),
            Text(str(group["waiting"]), style="bold red" if group["waiting"] else ""),
            clock(group["longest_wait_s"]),
            str(group["talking"]),
            str(group["ready"]),
            str(group["staffed"]),
        )
    return table


def _agents(picture: dict[str, Any]) -> Table:
    at_work = [agent for agent in picture["agents"] if agent["state"] != "logged_out"]
    away = len(picture["agents"]) - len(at_work)
    parties = {call["id"]: _party(call) for call in picture["calls"]}
    title = f"Agents (and {away} logged out)" if at_work and away else "Agents"
    table = _table(title, "Agent", "Id", "Phone", "State", "For", "With", "Groups", right=("For",))
    for agent in at_work or picture["agents"]:
        phone = agent["phone"] or "–"
        if agent["phone"] and not agent["phone_reachable"]:
            phone += " (off)"
        table.add_row(
            Text(agent["name"]),
            Text(agent["id"], style="dim"),
            Text(phone),
            _state(agent),
            clock(agent["state_s"]) if agent["phone"] else "",
            Text(agent["customer"] or parties.get(agent["call"] or "", "")),
            Text(", ".join(agent["groups"])),
        )
    return table


def _party(call: dict[str, Any]) -> str:
    """Whom an agent talks with, where no customer is known."""
    if call["outside_trunk"]:
        return str(call["outside_number"])
    if call["kind"] == "internal":
        return str(call["dialed_number"])
    return str(call["caller_name"] or call["caller_number"])


OCCUPIED = {"phone_in_use": "phone in use", "back_off": "missed a call"}


def _state(agent: dict[str, Any]) -> Text:
    """The agent's state; one who is ready but cannot be rung is not shown as ready."""
    state, style = state_in_words(agent["state"]), STATE_STYLES.get(agent["state"], "")
    if agent["occupied"]:
        state, style = OCCUPIED[agent["occupied"]], "yellow"
    if agent["reason"]:
        state += f" ({agent['reason_label'].lower()})"
    if agent["over_s"] > 0:
        state, style = f"{state}, {clock(agent['over_s'])} too long", "bold red"
    if agent["until_s"] is not None:
        state += f", {clock(agent['until_s'])} left"
    if agent["wrap_up_wanted"]:
        state += " → wrap-up"
    if agent["pending"]:
        state += f" → {agent['pending'].replace('_', ' ')}"
    return Text(state, style=style)


def _place(call: dict[str, Any]) -> str:
    """Where a caller stands in line, with what is not usual of it."""
    place = f"{call['group']} no. {call['position']}"
    if call["priority"]:
        place += f", priority {call['priority']}"
    if call["ring"]:
        place += f", ring {call['ring']}"
    return place + (f", for {call['kept_for']}" if call["kept_for"] else "")


def _calls(picture: dict[str, Any]) -> Table:
    table = _table("Calls", "Call", "Caller", "Customer", "State", "Where", "For", right=("For",))
    for call in picture["calls"]:
        customer = call["customer"]
        shown = f"{customer['name']} ({customer['segment']})" if customer else call["caller_name"]
        where = call["agent"] or call["group"] or call["step"] or call["dialed_number"]
        if call["outside_trunk"]:
            where = f"{call['outside_number']} over {call['outside_trunk']}"
        if call["position"]:
            where = _place(call)
        state = "on hold" if call["on_hold"] else state_in_words(call["state"])
        table.add_row(
            call["id"], Text(call["caller_number"]), Text(shown), state, Text(where), clock(call["state_s"])
        )
    return table
