"""While a caller stands in line: keys that lead out, news of place and wait, announcements of the group.

Nothing here may delay an offer. While nothing is being said the AGI session is idle, so that a decision is
sent at once; a prompt that is playing when the decision comes is ended from outside by the line itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from acd.core import events
from acd.core.calls import Call, CallState
from acd.ivr.flow import Prompt
from acd.ivr.ports import CallerLine
from acd.ivr.queue_news import position_said, wait_said
from acd.ivr.talk import JoinQueue, News, QueueKey
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.shell import Shell
from acd.runtime.world import GroupViews


class QueueWait:
    """One caller's wait on one line; a ring that fails begins another."""

    def __init__(
        self,
        shell: Shell,
        groups: GroupViews,
        announcements: LineAnnouncements,
        order: JoinQueue,
        line: CallerLine,
    ) -> None:
        self._shell = shell
        self._groups = groups
        self._announcements = announcements
        self._order = order
        self._line = line
        self._due_s: float | None = None  # when the caller is told next, in seconds of waiting

    async def until_left(self, call: Call, is_over: Callable[[], bool]) -> QueueKey | None:
        """The key with which the caller has left the line; None if it ended otherwise, see `is_over`.

        Raises TelephonyError when the line is gone: an agent is being rung, or the caller hung up.
        """
        self._line.forget_keys()
        while _waits(call) and not is_over():
            announced = self._announcements.take(call.id, self._order.language)
            if announced:
                await self._say(call, announced)
                continue
            key = await self._line.next_key(self._until_news_s(call))
            if key is not None and key in self._order.keys:
                self._shell.feed(events.CallLeftLine(call.id, key=key))
                return QueueKey(key) if call.state is CallState.IVR else None
            if key is None and not is_over() and self._until_news_s(call) == 0.0:
                await self._tell(call)
        return None

    def _until_news_s(self, call: Call) -> float | None:
        news, waited_s = self._order.news, self._waited_s(call)
        if news is None:
            return None
        if self._due_s is None:
            # Where the wait had begun before, on another line, it goes on in the same rhythm.
            missed = max(0, math.ceil((waited_s - news.first_s) / news.every_s))
            self._due_s = news.first_s + missed * news.every_s
        return max(0.0, self._due_s - waited_s)

    async def _tell(self, call: Call) -> None:
        assert self._order.news is not None
        said = self._said(call, self._order.news)
        self._due_s = self._waited_s(call) + self._order.news.every_s
        if said:
            await self._say(call, said)

    async def _say(self, call: Call, said: Sequence[Prompt]) -> None:
        """A key ends it: whoever knows the way out need not hear it all. Then music again."""
        await self._line.play(said, interrupt=True)
        if _waits(call) and call.group is not None:
            await self._line.music(self._shell.engine.floor.plan.groups[call.group].music)

    def _said(self, call: Call, news: News) -> tuple[Prompt, ...]:
        if call.group is None:
            return ()
        position = self._shell.engine.floor.router.lines[call.group].position(call.id, self._shell.clock())
        said: list[Prompt] = []
        if position is not None and news.position:
            said.append(position_said(position, self._order.language))
        expected = self._groups.expected_wait(call) if news.expected_wait else None
        if expected is not None and expected.known:
            said.append(wait_said(expected.p50_s, self._order.language))
        return (*said, *news.comfort)

    def _waited_s(self, call: Call) -> float:
        return self._shell.clock() - (call.waiting_since or call.since)


def _waits(call: Call) -> bool:
    return call.state is CallState.WAITING
