"""Many calls for a long time, and afterwards the question whether everything adds up."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from acd.crowd.leg import Leg
from acd.errors import RequestRefused
from bench import mixed, steady
from bench.account import problems, totals
from bench.centre import append_text
from bench.crowd import Callers
from bench.processes import open_files
from tests.integration.centre import Centre
from tests.integration.sip.sipp_agents import AgentBehaviour, SippAgents
from tests.integration.sip.waiting import WaitedTooLong

NUMBERS = ("8001", "8002")
IMPATIENT = 0.3
PATIENCE_S = (0.1, 4.0)
UNANSWERED = 0.05
BACK_AFTER_S = 0.5
DRAIN_LIMIT_S = 60.0
LOOK_S = 0.1
AGENTS_A_PROGRAM = 3
DATABASE = "records.sqlite3"
PARKED_MAX = 14
"""SQLite keeps the file of a closed connection for the next one while another connection holds a lock: as
many as were open at once, so never more than the pool has (acd/records/connecting.py)."""

MORE_AGENTS = {
    "gina": ("1007", "sales: 5"),
    "hugo": ("1008", "sales: 5"),
    "iris": ("1009", "sales: 4, support: 6"),
    "jan": ("1010", "sales: 6, support: 4"),
    "kim": ("1011", "support: 5"),
    "lena": ("1012", "support: 5"),
}


class SoakCentre(Centre):
    """The example with twelve agents, short rings and little after-call work."""

    copied = False

    def adapt(self) -> None:
        """Before it is read."""
        text = "".join(
            f'  {agent}:\n    name: {agent.title()}\n    extension: "{phone}"\n    skills: {{{skills}}}\n'
            for agent, (phone, skills) in MORE_AGENTS.items()
        )
        append_text(self.config / "agents.yml", text)
        groups = self.config / "groups.yml"
        changes = (("ring_timeout_s: 4", "ring_timeout_s: 2"), ("wrap_up_s: 2", "wrap_up_s: 0"))
        for old, new in (*changes, ("wrap_up_s: 3", "wrap_up_s: 1")):
            groups.write_text(groups.read_text().replace(old, new))
        mixed.adapt(self.config, self.flows)


@dataclass(slots=True)
class Outcome:
    """What happened, as far as the phones and the controller's process tell."""

    seed: int
    dialled: int = 0
    lasted_s: float = 0.0
    """For how long callers came."""
    scenes: int = 0
    logged_in: dict[str, float] = field(default_factory=dict)
    logged_out: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What went wrong in a scene; callers have come no longer than that."""
    left_over: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What there is more of afterwards: name → (before, after)."""
    files_more: Counter[str] = field(default_factory=Counter)
    """Of the controller's open files: which, and how many."""


async def soak(
    centre: SoakCentre, calls: int, cps: float, seed: int, progress: Callable[[int], None]
) -> Outcome:
    """`calls` callers, `cps` a second on average. Raises WaitedTooLong if some never end."""
    outcome = Outcome(seed)
    chance = random.Random(seed)
    async with _agents(centre, chance), mixed.stage(centre) as scenes, Callers(centre) as callers:
        await _log_in(centre, outcome)
        await _call(callers, chance, patience_s=0.5)  # the first call opens what stays open
        await _drain(centre, callers)
        before, files = await _counts(centre), await _open_files(centre)
        began = time.monotonic()
        keeper, enough = asyncio.create_task(_keep_ready(centre)), asyncio.Event()
        playing = asyncio.create_task(scenes.play(enough.is_set))
        try:
            for number in range(calls):
                if scenes.faults:
                    break
                patience_s = chance.uniform(*PATIENCE_S) if chance.random() < IMPATIENT else None
                await _call(callers, chance, patience_s)
                outcome.dialled = number + 1
                progress(number + 1)
                await asyncio.sleep(chance.expovariate(cps))
            outcome.lasted_s = time.monotonic() - began
            enough.set()
            await playing
            await _drain(centre, callers)
        finally:
            keeper.cancel()
            playing.cancel()
            await asyncio.gather(keeper, playing, return_exceptions=True)
        await _log_out(centre, outcome)
        await _drain(centre, callers)
        outcome.dialled += 1 + scenes.customers
        outcome.scenes, outcome.faults = scenes.played, scenes.faults
        after = await _counts(centre)
        outcome.files_more = await _open_files(centre) - files
        after["open files"] -= min(outcome.files_more[DATABASE], PARKED_MAX)
        outcome.left_over = {k: (before[k], after[k]) for k in before if after[k] > before[k]}
    return outcome


@asynccontextmanager
async def _agents(centre: Centre, chance: random.Random) -> AsyncIterator[None]:
    """Twelve phones in four SIPp programs; each program has its own habits."""
    phones = sorted(set(centre.settings.phones) - {phone for phone, _ in mixed.CAST.values()})
    async with AsyncExitStack() as stack:
        for first in range(0, len(phones), AGENTS_A_PROGRAM):
            habits = AgentBehaviour(200, chance.uniform(0.05, 0.4), chance.uniform(1.0, 2.2), UNANSWERED)
            passwords = {phone: centre.passwords[phone] for phone in phones[first : first + AGENTS_A_PROGRAM]}
            agents = SippAgents(passwords, server=centre.server, behaviour=habits)
            await stack.enter_async_context(agents)
        yield


async def _log_in(centre: Centre, outcome: Outcome) -> None:
    for agent in centre.settings.plan.agents:
        outcome.logged_in[agent] = time.time()
        await centre.ready(agent)


async def _log_out(centre: Centre, outcome: Outcome) -> None:
    """Before any phone goes away."""
    for agent in centre.settings.plan.agents:
        await centre.ask("logout", agent=agent)
        outcome.logged_out[agent] = time.time()


async def _call(callers: Callers, chance: random.Random, patience_s: float | None) -> None:
    _, leg = callers.dial(chance.choice(NUMBERS))
    if patience_s is not None:
        asyncio.get_running_loop().call_later(patience_s, Leg.hang_up, leg)


async def _keep_ready(centre: Centre) -> None:
    """For ever: whoever was made not ready for an unanswered ring comes back."""
    while True:
        await asyncio.sleep(BACK_AFTER_S)
        for agent in (await centre.ask("status"))["agents"]:
            if agent["state"] == "not_ready" and agent["id"] not in mixed.CAST:
                try:
                    await centre.ask("ready", agent=agent["id"])
                except RequestRefused:
                    continue  # its phone is busy with something for a moment


async def _drain(centre: Centre, callers: Callers) -> None:
    limit = time.monotonic() + DRAIN_LIMIT_S
    while True:
        health = await centre.ask("health")
        if not callers.live and not health["calls"] and not health["records_waiting"]:
            return
        if time.monotonic() > limit:
            raise WaitedTooLong(f"{len(callers.live)} callers do not end; the controller says {health}")
        await asyncio.sleep(LOOK_S)


async def _counts(centre: Centre) -> dict[str, int]:
    """What must not grow. The least of several looks: a look itself, or a ping, is open for a moment."""
    looks = []
    for _ in range(5):
        health = await centre.ask("health")
        looks.append({"tasks": int(health["tasks"]), "open files": int(health["open_files"])})
        await asyncio.sleep(LOOK_S)
    return {name: min(look[name] for look in looks) for name in looks[0]}


async def _open_files(centre: Centre) -> Counter[str]:
    return open_files(int((await centre.ask("status"))["pid"]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems`: one sentence each. `totals`: group → outcome → visits. `parts`: of the time."""

    problems: list[str]
    totals: dict[str, dict[str, int]]
    parts: list[steady.Part]


async def run(calls: int, cps: float, seed: int, progress: Callable[[int], None]) -> Verdict:
    """A soak of a centre of its own, and whether everything adds up afterwards."""
    with tempfile.TemporaryDirectory(prefix="acd-soak-") as folder:
        centre = SoakCentre(Path(folder))
        centre.env["ACD_LOG"] = "info"
        try:
            await asyncio.to_thread(centre.start)
            looks: list[steady.Look] = []
            page = f"http://127.0.0.1:{centre.env['ACD_HEALTH_PORT']}/metrics"
            watching = asyncio.create_task(steady.watch(page, looks))
            outcome = await soak(centre, calls, cps, seed, progress)
            parts = steady.parts(looks, outcome.lasted_s)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await centre.until_no_channels()
            await mixed.keep_recordings(centre)
            found = outcome.faults + problems(centre, outcome) + steady.problems(parts)
            return Verdict(found, totals(centre), parts)
        finally:
            await asyncio.to_thread(centre.stop)
