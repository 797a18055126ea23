"""What the live picture is made of: what was marked is looked at together, and what is new of it is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import orjson
import structlog

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

PLACES_EVERY_S = 0.25
"""How often at most the places in one line are counted anew: each caller who leaves moves all others."""
PLACES_SHOWN = 100
LOOK_MOST = 500
"""So many agents, and as many calls, are put into words at a time; the others' turn comes a moment later."""
FORECASTS_MAX = 20
"""So many groups' expected waits are worked out a second; the others' follow in the next."""

NOT_TOLD = b""
"""Of an object that watchers know in another form than is to be: it is told with the next look."""

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


class FeedLook:
    """Of a floor. What has changed is marked in dictionaries, by kind, so that each is looked at once.

    `on_places_due`: places in lines that had been counted a moment before are to be counted again now.
    """

    def __init__(self, floor: Floor, clock: Callable[[], float], view: View) -> None:
        self._floor = floor
        self._clock = clock
        self._view = view
        self._kept: dict[str, Mapping[str, Any]] = {}  # of others
        self._told: dict[str, bytes] = {}  # what watchers know
        self._faulty: set[str] = set()  # keys whose objects could not be made, when they were last looked at
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
        self._places_timer: asyncio.TimerHandle | None = None
        self.on_places_due: Callable[[], None] = lambda: None

    def _count_again(self) -> None:
        self._places_timer = None
        self.on_places_due()

    def _drop_all(self) -> None:
        """Nothing is known any more, and nothing marked."""
        if self._places_timer is not None:
            self._places_timer.cancel()
        self._places_timer = None
        for marked in (self._agents, self._calls, self._groups, self._lines, self._others, self._stale):
            marked.clear()
        self._told.clear()
        self._faulty.clear()
        self._places.clear()
        self._placed_at.clear()
        self._expected.clear()
        self._figures = None

    @property
    def _has_more(self) -> bool:
        """Whether a look has left something for the next one."""
        return self._figures is not None and bool(self._agents or self._calls)

    def _forecast(self) -> None:
        assert self._figures is not None
        groups = self._floor.plan.groups
        self._stale.update({group: None for group in groups if self._figures.waiting(group)})
        for group in list(islice(self._stale, FORECASTS_MAX)):
            del self._stale[group]
            if group in groups:
                self._expected[group] = expected_object(self._view.expected_wait(group))
                self._groups[group] = None

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
