"""The live picture as a stream of differences, for those who watch: pages of agents and supervisors.

Whatever changes on the floor marks a key, which costs next to nothing, and nothing at all while nobody
watches. What was marked is looked at together a few milliseconds later, put into words once, and sent to
every watcher, if it is not as before.

    {"now_s": …, "feed": FEED, "seq": N, "set": {KEY: OBJECT, …}, "drop": [KEY, …]}

Lines are counted, from each start of a controller, which has a FEED of its own: who hears them by another
way (`channel`) as they are published asks only for the heartbeat, and notices what is missing.

Keys are `centre`, `group:ID`, `agent:ID`, `call:ID`, and those that others keep here (`keep`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import orjson
import structlog

from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.expected_wait import WaitRange
from acd.core.floor import Floor
from acd.runtime.feed_figures import Figures
from acd.runtime.feed_objects import (
    agent_object,
    call_object,
    expected_object,
    group_object,
    is_shown,
)

log = structlog.get_logger(__name__)

GATHER_S = 0.005
HEARTBEAT_S = 1.0
PLACES_EVERY_S = 0.25
"""How often at most the places in one line are counted anew: each caller who leaves moves all others."""
PLACES_SHOWN = 100
LOOK_MOST = 500
"""So many agents, and as many calls, are put into words at a time; the others' turn comes a moment later."""
FORGET_AFTER_S = 10.0
"""So long what has been looked at is kept up for a first watcher who has lost patience."""
FORECASTS_MAX = 20
"""So many groups' expected waits are worked out a second; the others' follow in the next."""

NOT_TOLD = b""
"""Of an object that watchers know in another form than is to be: it is told with the next look."""

Take = Callable[[bytes], None]
Build = Callable[[], Mapping[str, Any] | None]
"""An object as it is now; None: it is no longer there."""


@dataclass(frozen=True, slots=True)
class View:
    """What the floor does not know of itself.

    `centre`: the object of that key; `language`: of the names of reasons; `step_of`: where in a flow a caller
    is; `handled`: what agents do with a call (muted, recording, parties, consult); `expected_wait`: of the
    next caller of a group; `team_of`: an agent's.
    """

    centre: Callable[[], Mapping[str, Any]]
    language: Callable[[], str]
    step_of: Callable[[str], str | None]
    expected_wait: Callable[[str], WaitRange]
    handled: Callable[[str], Mapping[str, Any]] = lambda _call_id: {}
    team_of: Callable[[str], str | None] = lambda _agent: None


class LiveFeed:
    """An observer of the shell's; see the module. Takers of lines must not wait and must not raise."""

    def __init__(self, floor: Floor, clock: Callable[[], float], view: View) -> None:
        self._floor = floor
        self._clock = clock
        self._view = view
        self._takers: list[Take] = []
        self._quiet: list[Take] = []  # those who hear the heartbeat alone
        self._joining: list[Take] = []  # those who wait until everything has been looked at
        self._watched = False
        self._id = secrets.token_hex(8)
        self._seq = 0
        self._publish: Take = _nowhere
        self._channel: Mapping[str, Any] | None = None
        self._kept: dict[str, Mapping[str, Any]] = {}  # of others
        self._told: dict[str, bytes] = {}  # what watchers know
        self._faulty: set[str] = set()  # keys whose objects could not be made, when they were last looked at
        self._stumbled = False  # the last look failed as a whole
        self._agents: dict[str, None] = {}
        self._calls: dict[str, None] = {}
        self._groups: dict[str, None] = {}
        self._lines: dict[str, None] = {}  # where places are to be counted anew
        self._others: dict[str, None] = {}
        self._places: dict[str, int] = {}
        self._placed_at: dict[str, float] = {}
        self._expected: dict[str, dict[str, float] | None] = {}
        self._stale: dict[str, None] = {}  # groups whose expected wait has to be worked out
        self._figures: Figures | None = None
        self._router: object = None
        self._timer: asyncio.TimerHandle | None = None
        self._places_timer: asyncio.TimerHandle | None = None

    # --- what changes -------------------------------------------------------------------------
    def agent_changed(self, agent: Agent) -> None:
        """See `Observer`."""
        if self._watched:
            self._agents[agent.id] = None
            self._arm()

    def agent_forgotten(self, agent: str) -> None:
        """See `Observer`."""
        if self._watched:
            self._agents[agent] = None
            self._arm()

    def phone_changed(self, phone: str) -> None:
        """See `Observer`."""
        if self._watched and (agent := self._floor.agent_on(phone)) is not None:
            self.agent_changed(agent)

    def call_changed(self, call: Call) -> None:
        """See `Observer`."""
        if self._watched:
            self._calls[call.id] = None
            if call.origin_agent is not None:  # which of two own calls is shown with the agent
                self._agents[call.origin_agent] = None
            self._arm()

    def call_merged(self, call_id: str) -> None:
        """See `Observer`."""
        if self._watched:
            self._calls[call_id] = None
            self._arm()

    def keep(self, key: str, value: Mapping[str, Any] | None) -> None:
        """An object that is not of the floor; None takes it away."""
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value
        if self._watched:
            self._others[key] = None
            self._arm()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._fire)

    # --- who watches --------------------------------------------------------------------------
    def join(self, take: Take) -> None:
        """From here on: everything at once, and then what changes.

        In a large centre nobody has looked at for a while that is a moment later.
        """
        is_first = not self._watched
        self._watched = True
        # The others must not hear twice what this one hears at first, and not miss it after a fault.
        self.flush(even_empty=is_first or self._stumbled)
        for takers in (self._quiet, self._joining):
            if take in takers:
                takers.remove(take)
        if self._has_more:
            self._joining.append(take)
        else:
            self._tell_everything(take)

    @property
    def _has_more(self) -> bool:
        """Whether a look has left something for the next one."""
        return self._figures is not None and bool(self._agents or self._calls)

    def _tell_everything(self, take: Take) -> None:
        if take not in self._takers:
            self._takers.append(take)
        everything = {key: orjson.Fragment(value) for key, value in self._told.items() if value}
        told = {"ok": True, **self._count(), "all": everything}
        take(_line(told if self._channel is None else {**told, "published": self._channel}))

    def quieten(self, take: Take) -> None:
        """One who watches hears the changes elsewhere, and from here the heartbeat alone, until it joins."""
        if take in self._takers:
            self._takers.remove(take)
            self._quiet.append(take)
            take(_line(self._count()))

    def publish(self, take: Take, channel: Mapping[str, Any]) -> None:
        """Each change there, too; who joins is told of the channel."""
        self._publish, self._channel = take, channel

    def _count(self) -> dict[str, Any]:
        return {"now_s": self._clock(), "feed": self._id, "seq": self._seq}

    def leave(self, take: Take) -> None:
        """No more; leaving twice is harmless."""
        had_to_wait = take in self._joining
        for takers in (self._takers, self._quiet, self._joining):
            if take in takers:
                takers.remove(take)
        self._watched = bool(self._takers or self._quiet or self._joining)
        if had_to_wait and not self._watched:  # it comes again, and is not to wait from the beginning
            self._watched = True
            asyncio.get_running_loop().call_later(FORGET_AFTER_S, self._forget_unwatched)
        if not self._watched:
            self._forget()

    def _forget_unwatched(self) -> None:
        if not (self._takers or self._quiet or self._joining):
            self._watched = False
            self._forget()

    def _forget(self) -> None:
        """Nobody watches: nothing is kept that would have to be kept up."""
        for timer in (self._timer, self._places_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._places_timer = None
        for marked in (self._agents, self._calls, self._groups, self._lines, self._others, self._stale):
            marked.clear()
        self._told.clear()
        self._faulty.clear()
        self._places.clear()
        self._placed_at.clear()
        self._expected.clear()
        self._figures, self._stumbled = None, False

    async def run(self) -> None:
        """For ever: the heartbeat, with what nobody says when it changes."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.beat()

    def beat(self) -> None:
        """A line for every watcher, even an empty one."""
        if not self._watched:
            return
        self._others["centre"] = None
        if self._figures is not None:
            self._forecast()
            lines = self._floor.router.lines
            # Where rates of ageing differ, places change by time alone.
            self._lines.update({group: None for group, line in lines.items() if len(line.lanes) > 1})
        self.flush(even_empty=True)

    def _forecast(self) -> None:
        assert self._figures is not None
        groups = self._floor.plan.groups
        self._stale.update({group: None for group in groups if self._figures.waiting(group)})
        for group in list(islice(self._stale, FORECASTS_MAX)):
            del self._stale[group]
            if group in groups:
                self._expected[group] = expected_object(self._view.expected_wait(group))
                self._groups[group] = None

    # --- telling ------------------------------------------------------------------------------
    def _fire(self) -> None:
        self._timer = None
        self.flush()

    def flush(self, *, even_empty: bool = False) -> None:
        """Tell what was marked.

        An object that cannot be made is left out until it changes again. A fault of the look as a whole is
        logged once; watchers get everything anew, tried at each heartbeat.
        """
        if not self._watched:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._stumbled and not even_empty:
            return
        try:
            lost: list[str] = []
            if self._figures is None or self._router is not self._floor.router:
                lost = self._mark_everything()
            changed, gone = self._tell(self._look())
            gone += lost
        except Exception:
            if not self._stumbled:
                log.exception("what has changed cannot be told")
            self._figures, self._stumbled = None, True
            return
        self._stumbled = False
        if (changed or gone or even_empty) and (self._takers or self._quiet):
            self._send(changed, gone, is_beat=even_empty)
        if self._has_more:
            self._arm()
        else:
            joining, self._joining = self._joining, []
            for take in joining:
                self._tell_everything(take)

    def _send(self, changed: Mapping[str, orjson.Fragment], gone: list[str], *, is_beat: bool) -> None:
        self._seq += 1
        line = _line({**self._count(), "set": changed, "drop": gone})
        for take in list(self._takers):
            take(line)
        self._publish(line)
        if is_beat and self._quiet:
            beat = _line(self._count())
            for take in list(self._quiet):
                take(beat)

    def _mark_everything(self) -> list[str]:
        """At first, and when there is another plan; the keys of what is there no longer."""
        floor = self._floor
        self._router = floor.router
        self._figures = Figures(floor)
        self._groups, self._lines = dict.fromkeys(floor.plan.groups), dict.fromkeys(floor.plan.groups)
        self._stale = dict.fromkeys(floor.plan.groups)
        self._placed_at.clear()
        self._agents, self._calls = dict.fromkeys(floor.agents), dict.fromkeys(floor.calls)
        self._others = dict.fromkeys(["centre", *self._kept])
        known = {f"{kind}:{name}" for kind, names in self._all() for name in names}
        known |= {"centre", *self._kept}
        lost = [key for key in self._told if key not in known]
        for key in lost:
            del self._told[key]
        return lost

    def _all(self) -> Iterator[tuple[str, Iterable[str]]]:
        floor = self._floor
        yield "group", floor.plan.groups
        yield "agent", floor.agents
        yield "call", (call.id for call in floor.calls.values() if is_shown(call))

    def _look(self) -> Iterator[tuple[str, Build]]:
        """What was marked, by key; each is to be made before the next one is asked for."""
        assert self._figures is not None
        floor, language = self._floor, self._view.language()
        agents, calls = _first(self._agents, LOOK_MOST), _first(self._calls, LOOK_MOST)
        others, self._others = self._others, {}
        for agent_id in agents:
            self._touch(self._figures.agent_changed(agent_id))
            yield f"agent:{agent_id}", partial(self._agent, agent_id, language)
        for call_id in calls:
            lines = tuple(self._figures.call_changed(call_id))
            self._touch(lines)
            self._lines.update(dict.fromkeys(lines))
        self._count_places(calls)
        for call_id in calls:
            yield f"call:{call_id}", partial(self._call, call_id)
        groups, self._groups = self._groups, {}
        for group in groups:
            if group in floor.plan.groups:
                expected = self._expected.get(group)
                yield f"group:{group}", partial(group_object, floor, group, self._figures, expected)
        for key in others:
            yield key, self._view.centre if key == "centre" else partial(self._kept.get, key)

    def _agent(self, agent_id: str, language: str) -> Mapping[str, Any] | None:
        agent = self._floor.agents.get(agent_id)
        return (
            None
            if agent is None
            else agent_object(self._floor, agent, language, self._view.team_of(agent.id))
        )

    def _call(self, call_id: str) -> Mapping[str, Any] | None:
        call = self._floor.calls.get(call_id)
        if call is None or not is_shown(call):
            self._places.pop(call_id, None)
            return None
        place = self._place_of(call)
        if place is None:
            self._places.pop(call_id, None)
        else:
            self._places[call_id] = place
        return {
            **call_object(self._floor, call, place, self._view.step_of),
            **self._view.handled(call.id),
        }

    def _place_of(self, call: Call) -> int | None:
        line = self._floor.router.lines.get(call.group or "")
        place = None if line is None else line.position(call.id, self._clock())
        return place if place is None or place <= PLACES_SHOWN else None

    def shown(self, call: Call) -> Mapping[str, Any]:
        """The object of a call, whether anybody watches or not."""
        return call_object(self._floor, call, self._place_of(call), self._view.step_of)

    def _touch(self, groups: Iterable[str]) -> None:
        for group in groups:
            self._groups[group] = self._stale[group] = None

    def _count_places(self, calls: dict[str, None]) -> None:
        """In the lines that have changed, and not too often; whose place is another one is marked, too."""
        now = self._clock()
        lines = self._floor.router.lines
        for group in list(self._lines):
            if now - self._placed_at.get(group, 0.0) < PLACES_EVERY_S:
                continue
            del self._lines[group]
            self._placed_at[group] = now
            for place, call_id in enumerate(islice(lines[group].in_order(now), 2 * PLACES_SHOWN), start=1):
                shown = place if place <= PLACES_SHOWN else None
                if self._places.get(call_id) != shown:
                    calls[call_id] = None
        if self._lines and self._places_timer is None:
            loop = asyncio.get_running_loop()
            self._places_timer = loop.call_later(PLACES_EVERY_S, self._count_again)

    def _count_again(self) -> None:
        self._places_timer = None
        self.flush()

    def _tell(self, found: Iterable[tuple[str, Build]]) -> tuple[dict[str, orjson.Fragment], list[str]]:
        """Of these, what is not as watchers know it."""
        changed: dict[str, orjson.Fragment] = {}
        gone: list[str] = []
        try:
            for key, build in found:
                try:
                    value = build()
                    written = None if value is None else orjson.dumps(value)
                except Exception:
                    self._not_made(key)
                    continue
                self._faulty.discard(key)
                if written is None:
                    if self._told.pop(key, None) is not None:
                        gone.append(key)
                elif self._told.get(key) != written:
                    self._told[key] = written
                    changed[key] = orjson.Fragment(written)
        except Exception:
            self._told.update(dict.fromkeys([*changed, *gone], NOT_TOLD))
            raise
        return changed, gone

    def _not_made(self, key: str) -> None:
        """Told once, not with each change of it."""
        if key not in self._faulty:
            self._faulty.add(key)
            log.exception("an object of the live picture cannot be made, and stays as it was", key=key)


def _first(marked: dict[str, None], most: int) -> dict[str, None]:
    """So many of them, which are marked no longer."""
    taken = dict.fromkeys(islice(marked, most))
    if len(taken) == len(marked):
        marked.clear()
    else:
        for key in taken:
            del marked[key]
    return taken


def _nowhere(_line: bytes) -> None:
    pass


def _line(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
