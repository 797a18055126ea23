"""A whole queue_log, line by line: calls and agents of it, and what does not count. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from acd.core.facts import AgentInterval, Fact
from acd.imports.names import Names
from acd.imports.queue_agents import OF_AGENTS, WRAP_UP_REASONS, QueueAgents
from acd.imports.queue_calls import QueueCalls
from acd.imports.queue_steps import OF_CALLS
from acd.imports.refusals import Impossible, Place, Refusals
from acd.queue_log.line import NONE, BadLine, Event, Line, read

FUTURE_S = 86_400
EARLIEST = 946_684_800  # 2000: app_queue is younger
LOOK_EVERY = 1000
_SAYS_NOTHING_HERE = frozenset({Event.PENALTY, Event.RINGINUSE, Event.OUTCALL, Event.INFO})

Call = tuple[str, list[Fact], Place]


class QueueHistory:
    """Feed it lines; take what is over from time to time. `now`: Unix time, for lines of the future."""

    def __init__(
        self,
        names: Names,
        refusals: Refusals,
        now: float,
        prefix: str = "",
        wrap_up_reasons: Collection[str] = WRAP_UP_REASONS,
    ) -> None:
        self._refusals = refusals
        self._latest = now + FUTURE_S
        self._prefix = prefix
        self.agents = QueueAgents(names, refusals, wrap_up_reasons)
        self.calls = QueueCalls(names, refusals, self.agents)
        self.agents.on_wrapped_up = self.calls.wrapped_up
        self._at = self._clock = 0
        self._sense = 0

    def feed(self, raw: bytes, place: Place, encoding: str) -> None:
        """One line, with its end."""
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            fault = Impossible(f"not {encoding}", f"is not written in {encoding}")
            self._refusals.refuse(place, fault, raw.decode("ascii", "replace").rstrip("\r\n"))
            return
        stripped = text.rstrip("\r\n")
        if not stripped:
            return
        try:
            if stripped == text:
                raise Impossible("cut off", "the last line has no end: it may be cut off")
            self._take(read(stripped), place, stripped)
        except BadLine as error:
            self._refusals.refuse(
                place, Impossible("no line of queue_log", f"no line of queue_log: {error}"), stripped
            )
        except Impossible as fault:
            self._refusals.refuse(place, fault, stripped)

    def over(self) -> Iterator[Call]:
        """Calls that are over by now."""
        for call_id, facts, place in self.calls.over(self._clock):
            yield self._prefix + call_id, facts, place

    def rest(self) -> Iterator[Call]:
        """Calls that are over at the end."""
        for call_id, facts, place in self.calls.rest():
            yield self._prefix + call_id, facts, place

    def intervals(self) -> list[AgentInterval]:
        """Agents' states that are over by now, once."""
        done, self.agents.done = self.agents.done, []
        if not self._prefix:
            return done
        return [
            AgentInterval(
                i.agent, i.state, i.reason, i.since, i.until, i.call_id and self._prefix + i.call_id
            )
            for i in done
        ]

    def _take(self, line: Line, place: Place, text: str) -> None:
        if line.at < EARLIEST:
            raise Impossible("before the year 2000")
        if line.at > self._latest:
            moment = datetime.fromtimestamp(min(line.at, 32_503_680_000), UTC)
            raise Impossible("in the future", f"in the future: {moment:%Y-%m-%d %H:%M} UTC")
        # One line with a time of its own must not make all others old: it takes two.
        self._clock = max(self._clock, min(self._at, line.at))
        self._at = line.at
        if line.event in OF_CALLS:
            if line.call == NONE:
                raise Impossible("a call without an id")
            self.calls.feed(line, place, text)
        elif line.event in OF_AGENTS:
            if line.agent == NONE:
                raise Impossible("an agent without a name")
            self.agents.feed(line, place, text)
        elif line.event == Event.QUEUESTART:
            self.calls.restarted(line.at, place)
        elif line.event in _SAYS_NOTHING_HERE:
            self._refusals.leave_out(place, f"{line.event}, which nothing is counted by", text)
        elif line.event != Event.CONFIGRELOAD:
            raise Impossible("unknown event", f"unknown event {line.event}")
