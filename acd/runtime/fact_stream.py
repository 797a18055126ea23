"""`facts` on the control socket: what happens to calls and agents, as facts, for those who must miss none.

The live feed shows how things are, and leaves out what was over within milliseconds; here is everything that
goes on record. A request may have `since`, Unix seconds: nothing from before is told. The first lines have
the facts of all calls that go on and the present state of every agent, later ones what came since:

    {"ok": true, "now_s": …, "calls": {CALL: [FACT, …]}, "agents": [{"agent", "state", "reason", "at"}, …]}
    {"now_s": …, "calls": {…}, "agents": […]}

A line has `"alarms"` besides where there is one: of a budget that is nearly spent. Those of today from before
the beginning come with the last line of the past.
What there was at the beginning comes in lines of at most LINE_BYTES (more only for a single fact that is
longer). What happens meanwhile is told in between; until all of the past is told, each line but the last of
it has `"more": true`. A line comes at least once a second. What ended while nobody listened is on record.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.fact_json import fact_to_dict
from acd.core.floor import Floor
from acd.errors import RequestRefused
from acd.runtime.control import BAD_REQUEST, Request
from acd.runtime.watchers import Watcher

GATHER_S = 0.05
LINE_BYTES = 48 * 1024
HEARTBEAT_S = 1.0

_Stretch = tuple[str, str | None, float]
"""An agent's state, its reason, and since when."""


class FactStream:
    """An observer of the shell's. Costs next to nothing while nobody listens.

    `past_alarms` are those of today, for who begins to listen.
    """

    def __init__(self, floor: Floor, clock: Callable[[], float]) -> None:
        self._floor = floor
        self._clock = clock
        self.past_alarms: Callable[[], list[dict[str, Any]]] = list
        self._listeners: list[Watcher] = []
        self._behind: set[Watcher] = set()  # those who have not been told all of the past
        self._told: dict[str, int] = {}  # how many of a call's facts
        self._stretches: dict[str, _Stretch] = {}
        self._calls: dict[str, list[dict[str, Any]]] = {}
        self._agents: list[dict[str, Any]] = []
        self._alarms: list[dict[str, Any]] = []
        self._timer: asyncio.TimerHandle | None = None

    def alarm(self, told: dict[str, Any]) -> None:
        """Something is the matter that is no call's and no agent's; `told` has the moment as `at`."""
        if self._listeners:
            self._alarms.append(told)
            self._arm()

    def call_changed(self, call: Call) -> None:
        """See `CallObserver`."""
        told = self._told.get(call.id, 0)
        if self._listeners and len(call.facts) > told:
            self._told[call.id] = len(call.facts)
            self._calls.setdefault(call.id, []).extend(map(fact_to_dict, call.facts[told:]))
            self._arm()

    def call_merged(self, call_id: str) -> None:
        """See `FloorObserver`."""
        self._told.pop(call_id, None)

    def agent_changed(self, agent: Agent) -> None:
        """See `FloorObserver`."""
        stretch = _stretch(agent)
        if self._listeners and self._stretches.get(agent.id) != stretch:
            self._stretches[agent.id] = stretch
            self._agents.append(_agent(agent.id, stretch))
            self._arm()

    async def serve(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A connection that listens, until it ends. Raises RequestRefused, BAD_REQUEST."""
        since = request.get("since", 0.0)
        if not isinstance(since, int | float):
            raise RequestRefused(BAD_REQUEST, "'since' is a moment in Unix seconds")
        listener = Watcher(writer)
        lines = self._join(listener, float(since))
        beating = asyncio.create_task(self._beat(listener))
        try:
            for line in lines:
                writer.write(line)
                await writer.drain()
            while await reader.readline():
                pass  # nothing that it might say matters
        except ValueError:
            raise RequestRefused(BAD_REQUEST, "who listens to facts says nothing") from None
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating
            self._leave(listener)

    def _join(self, listener: Watcher, since: float) -> Iterator[bytes]:
        """From here on; what there has been, in lines."""
        self._flush()
        floor = self._floor
        if not self._listeners:
            self._told = {call.id: len(call.facts) for call in floor.calls.values()}
            self._stretches = {agent.id: _stretch(agent) for agent in floor.agents.values()}
        self._listeners.append(listener)
        self._behind.add(listener)
        calls = [(call, len(call.facts)) for call in floor.calls.values()]
        alarms = [alarm for alarm in self.past_alarms() if alarm["at"] >= since]
        return self._past(listener, calls, list(self._stretches.items()), since, alarms)

    def _past(
        self,
        listener: Watcher,
        calls: list[tuple[Call, int]],
        stretches: list[tuple[str, _Stretch]],
        since: float,
        alarms: list[dict[str, Any]],
    ) -> Iterator[bytes]:
        """`calls`: with how many of their facts; later ones are told as they come."""
        past = _Past(self._clock)
        for name, stretch in stretches:
            yield from past.add(None, orjson.dumps(_agent(name, stretch)))
        for call, told in calls:
            for fact in call.facts[:told]:
                if fact.at >= since:
                    yield from past.add(call.id, orjson.dumps(fact_to_dict(fact)))
        self._behind.discard(listener)
        yield past.line(alarms=alarms)

    def _leave(self, listener: Watcher) -> None:
        self._listeners.remove(listener)
        self._behind.discard(listener)
        if not self._listeners:
            self._told.clear()
            self._stretches.clear()
            self._calls.clear()
            self._agents.clear()
            self._alarms.clear()

    async def _beat(self, listener: Watcher) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._forget_ended()
            self._tell(listener, {"now_s": self._clock(), "calls": {}, "agents": []})

    def _forget_ended(self) -> None:
        calls = self._floor.calls
        for call_id in [name for name in self._told if name not in calls]:
            del self._told[call_id]

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._calls and not self._agents and not self._alarms:
            return
        told = {"now_s": self._clock(), "calls": self._calls, "agents": self._agents}
        if self._alarms:
            told["alarms"] = self._alarms
        self._calls, self._agents, self._alarms = {}, [], []
        for listener in self._listeners:
            self._tell(listener, told)

    def _tell(self, listener: Watcher, told: dict[str, Any]) -> None:
        """Who has not been told all of the past must not take this moment for all that is known."""
        listener.take(_line({**told, "more": True} if listener in self._behind else told))


class _Past:
    """What there has been, in lines of bounded size."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: dict[str, list[orjson.Fragment]] = {}
        self._agents: list[orjson.Fragment] = []
        self._size = 0
        self._is_first = True

    def add(self, call_id: str | None, written: bytes) -> Iterator[bytes]:
        """A fact of this call, or an agent's state; the line that is full by then."""
        size = len(written) + len(call_id or "") + 8
        if self._size and self._size + size > LINE_BYTES:
            yield self.line(more=True)
        self._size += size
        into = self._agents if call_id is None else self._calls.setdefault(call_id, [])
        into.append(orjson.Fragment(written))

    def line(self, *, more: bool = False, alarms: Sequence[dict[str, Any]] = ()) -> bytes:
        """What has been added since the last one."""
        first = {"ok": True} if self._is_first else {}
        marked: dict[str, Any] = {"more": True} if more else {}
        if alarms:
            marked["alarms"] = alarms
        told = {"now_s": self._clock(), **marked, "calls": self._calls, "agents": self._agents}
        self._calls, self._agents, self._size, self._is_first = {}, [], 0, False
        return _line({**first, **told})


def _stretch(agent: Agent) -> _Stretch:
    return agent.state.value, agent.reason, agent.since


def _agent(name: str, stretch: _Stretch) -> dict[str, Any]:
    state, reason, at = stretch
    return {"agent": name, "state": state, "reason": reason, "at": at}


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
