"""Writes queue_log as calls go on: an observer of the shell's, beside the stream of facts.

Nothing twice, and nothing left out, after a restart: calls and agents are kept in the live state, with all
facts. Their lines are made anew from the beginning, and those that the file has are left out: of each
call, and kind of line, as many as there are. So a call may go on while a new version tells it in other lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from acd.core.agents import Agent, AgentState
from acd.core.calls import Call
from acd.core.facts import CallKind, Fact
from acd.core.placed import placed
from acd.queue_log.file import CHANGE_LIMIT_S, CLOSE_LIMIT_S, LogFile, mend
from acd.queue_log.line import NONE, Event, Line, written
from acd.queue_log.of_agents import AgentLines
from acd.queue_log.of_calls import CallLines
from acd.queue_log.past import lines_since
from acd.settings.model import QueueLogNames, QueueLogSettings

log = structlog.get_logger(__name__)

STEPS_BACK_S = 2
"""A fact may be told a moment after one that came later: so far the file's times do not step back."""
TIDY_EVERY = 500


class _Left(NamedTuple):
    """A file that a reload has ended while a slow disk still takes its lines, and what it was told."""

    file: LogFile
    calls: CallLines
    agents: AgentLines
    told: dict[str, int]


class QueueLog:
    """Told of calls and agents; `home`: the folder that the file's name is below.

    `queues_of`: the groups whose calls an agent can get. `extension_of`: an agent's, None for one who is no
    longer in the plan. `is_live`: whether the call still goes on, or may. `may_write`: see `LogFile`.
    """

    def __init__(
        self,
        home: Path,
        settings: QueueLogSettings,
        clock: Callable[[], float],
        queues_of: Callable[[str], Sequence[str]],
        extension_of: Callable[[str], str | None],
        is_live: Callable[[str], bool],
    ) -> None:
        self._home = home
        self._settings = settings
        self._clock = clock
        self._queues_of = queues_of
        self._extension_of = extension_of
        self._is_live = is_live
        self.may_write: Callable[[], None] = lambda: None
        self._file: LogFile | None = None
        self._calls = CallLines()
        self._agents = AgentLines()
        self._told: dict[str, int] = {}  # how many of a call's facts
        self._left: dict[Path, _Left] = {}
        self._last_at = 0
        self._changes = 0

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on where the file ends. `kept`: the live state, before anybody has changed it."""
        if not self._settings.enabled:
            return
        calls, agents = _read(kept, "call:", Call.from_dict), _read(kept, "agent:", Agent.from_dict)
        known = {call.id for call in calls}
        # Those that were lost with their node may be found again, and then go on.
        calls += [call for call in _read(kept, "lost:", Call.from_dict) if call.id not in known]
        self._begin(calls, agents)
        # Whoever reads this may hold all calls for ended and all agents for logged out.
        if not any(not call.finished for call in calls) and not _at_work(agents):
            self._write([Line(int(self._clock()), NONE, NONE, NONE, Event.QUEUESTART)])

    def call_changed(self, call: Call) -> None:
        """See `CallObserver`."""
        if self._file is not None:
            self._write(self._lines_of_call(call))

    def call_merged(self, call_id: str) -> None:
        """See `FloorObserver`."""
        left = [(left.calls, left.told) for left in self._left.values()]
        for calls, told in ((self._calls, self._told), *left):
            told.pop(call_id, None)
            calls.forget(call_id)

    def agent_changed(self, agent: Agent) -> None:
        """See `FloorObserver`."""
        if self._file is not None:
            self._write(self._lines_of(agent, agent.since))

    def changed(self, settings: QueueLogSettings, calls: Iterable[Call], agents: Iterable[Agent]) -> None:
        """After a reload: the settings, and the groups that agents serve, may be others."""
        now, old, agents = self._clock(), self._settings, list(agents)
        self._settings = settings
        if (settings.enabled, settings.file) != (old.enabled, old.file):
            self._leave()
            if settings.enabled:
                self._begin_or_go_on(list(calls), agents)
        if self._file is not None:
            lines = [Line(int(now), NONE, NONE, NONE, Event.CONFIGRELOAD), *self._gone(_at_work(agents), now)]
            self._write(lines + [line for agent in agents for line in self._lines_of(agent, now)])

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Write what is left."""
        if self._file is not None:
            self._file.close(limit_s)
            self._file = None
        for left in self._left.values():
            left.file.close(limit_s)
        self._left.clear()

    def _leave(self) -> None:
        """No more comes into this file. What a slow disk has not taken is written meanwhile."""
        if self._file is not None:
            self._left[self._file.path] = _Left(self._file, self._calls, self._agents, self._told)
            if not self._file.leave(CHANGE_LIMIT_S):
                log.warning("queue_log is written to its end while calls go on", file=str(self._file.path))
            self._file = None
        for path in [path for path, left in self._left.items() if left.file.leave(0)]:
            self._left.pop(path).file.close(0)

    def _begin_or_go_on(self, calls: Sequence[Call], agents: Sequence[Agent]) -> None:
        """A file that is still being written cannot be read to find its end: what it was told is known."""
        left = self._left.pop(self._home / self._settings.file, None)
        if left is None or not left.file.take_up():
            self._begin(calls, agents)
            return
        self._file, self._calls, self._agents, self._told = left
        lines = [line for call in calls for line in self._lines_of_call(call)]
        self._write(sorted(lines, key=lambda line: line.at))

    def _begin(self, calls: Sequence[Call], agents: Sequence[Agent]) -> None:
        now = self._clock()
        path = self._home / self._settings.file
        self._file, self._calls, self._agents = LogFile(path, self.may_write), CallLines(), AgentLines()
        at_work = _at_work(agents)
        mine = [call for call in calls if call.kind is CallKind.INBOUND and call.facts]
        since = min([now, *(c.facts[0].at for c in mine), *(a.login_at or now for a in at_work)])
        in_file: Counter[tuple[str, str]] = Counter()  # by call and event
        try:
            mend(path)
            for line in lines_since(path, since - STEPS_BACK_S):
                self._last_at = max(self._last_at, line.at)
                if line.call != NONE:
                    in_file[line.call, line.event] += 1
                else:
                    self._agents.known(line)
        except OSError as error:
            log.error("queue_log cannot be read: lines may be in it twice", reason=error.strerror)
        self._told = {call.id: len(call.facts) for call in mine}
        facts = sorted((told for n, call in enumerate(mine) for told in _placed(n, call)), key=_when)
        lines: list[Line] = []
        for _, n, fact in facts:
            for line in self._named(self._calls.of(mine[n].id, [fact])):
                if in_file[line.call, line.event]:
                    in_file[line.call, line.event] -= 1
                else:
                    lines.append(line)
        for agent in at_work:
            lines += self._lines_of(agent, agent.since)
        self._write(sorted([*lines, *self._gone(at_work, now)], key=lambda line: line.at))

    def _lines_of_call(self, call: Call) -> list[Line]:
        """What has come since it was last told of."""
        told = self._told.get(call.id, 0)
        if call.kind is not CallKind.INBOUND or len(call.facts) <= told:
            return []
        self._told[call.id] = len(call.facts)
        lines = self._named(self._calls.of(call.id, call.facts[told:]))
        self._tidy()
        return lines

    def _gone(self, at_work: Iterable[Agent], now: float) -> list[Line]:
        """Of members whom nobody is any more: they went home unseen, or have another name."""
        gone = self._agents.names - {self._name(agent.id) for agent in at_work}
        return [
            line
            for name in sorted(gone)
            for line in self._agents.changed(name, AgentState.LOGGED_OUT, None, now, ())
        ]

    def _lines_of(self, agent: Agent, at: float) -> list[Line]:
        queues = () if agent.state is AgentState.LOGGED_OUT else self._queues_of(agent.id)
        name = self._name(agent.id)
        return self._agents.changed(name, agent.state.value, agent.reason, at, queues)

    def _named(self, lines: Sequence[Line]) -> list[Line]:
        """With agents' names as they are wanted."""
        return [line._replace(agent=self._name(line.agent)) for line in lines]

    def _name(self, agent: str) -> str:
        extension = self._extension_of(agent) if self._settings.agents == QueueLogNames.EXTENSION else None
        return f"Agent/{extension}" if extension else agent

    def _write(self, lines: Sequence[Line]) -> None:
        if self._file is None or not lines:
            return
        self._file.add([written(self._in_order(line)) for line in lines])

    def _in_order(self, line: Line) -> Line:
        if line.at < self._last_at <= line.at + STEPS_BACK_S:
            return line._replace(at=self._last_at)
        self._last_at = max(self._last_at, line.at)
        return line

    def _tidy(self) -> None:
        """Forget calls that are over: they may be told of more than once, but not for ever."""
        self._changes += 1
        if self._changes >= TIDY_EVERY:
            self._changes = 0
            over = [call for call in self._told if not self._is_live(call)]
            for call in over:
                del self._told[call]
                self._calls.forget(call)


def _at_work(agents: Iterable[Agent]) -> list[Agent]:
    return [agent for agent in agents if agent.state is not AgentState.LOGGED_OUT]


def _placed(n: int, call: Call) -> Iterator[tuple[float, int, Fact]]:
    """Its facts, each no earlier than the one that it follows: some are heard late."""
    return ((place, n, fact) for place, fact in placed(call.facts, attrgetter("at")))


def _when(entry: tuple[float, int, Any]) -> tuple[float, int]:
    return entry[0], entry[1]


def _read(kept: Mapping[str, Mapping[str, Any]], prefix: str, read: Callable[[Any], Any]) -> list[Any]:
    """The entries of a kind that this version can read; the shell says of the others."""
    found = []
    for key, value in kept.items():
        if key.startswith(prefix):
            try:
                found.append(read(value))
            except (TypeError, KeyError, ValueError):
                continue
    return found
