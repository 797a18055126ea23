"""What a flow has done on a caller's line, and what comes of it at once: hear, key, ask, record, note."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from acd.core import events, facts
from acd.core.calls import Call
from acd.core.ports import Callbacks
from acd.errors import TelephonyError
from acd.ivr.ports import CallerLine, Lookups
from acd.ivr.talk import (
    Done,
    FlowCommand,
    KeepScore,
    Keys,
    Listen,
    Look,
    Outcome,
    Play,
    RecordSound,
    Refused,
    TakeCallback,
)
from acd.runtime.flow_dial import FlowDialer
from acd.runtime.joining import Joining
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.recordings import RecordingDesk
from acd.runtime.shell import Shell
from acd.runtime.versions import FlowSets
from acd.runtime.world import Outlook

LOOKUP_MUSIC = "default"


@dataclass(frozen=True, slots=True)
class Services:
    """What flows make use of."""

    flows: FlowSets
    lookups: Lookups
    callbacks: Callbacks
    recordings: RecordingDesk
    outlook: Outlook
    dialer: FlowDialer
    joining: Joining
    line_announcements: LineAnnouncements


class FlowWork:
    """Does every command that does not put the caller into other hands."""

    def __init__(self, shell: Shell, services: Services) -> None:
        self._shell = shell
        self._services = services

    async def do(self, call: Call, command: FlowCommand, line: CallerLine) -> Outcome:
        """Raises TelephonyError when the line is gone."""
        match command:
            case Play(prompts, interrupt):
                await line.play(prompts, interrupt=interrupt)
            case Listen():
                keys = Keys(await line.listen(command))
                if command.masked:
                    line.forget_keys()  # what is left of a secret must not be the next step's answer
                return keys
            case Look():
                return await self._look(command, line)
            case RecordSound(prompts):
                self._services.recordings.take_up(command, call)
                await line.play(prompts)
                return await self._services.recordings.record(call, command, line)
            case TakeCallback(group, number, language):
                return self._take_callback(call, group, number, language)
            case KeepScore(survey, question, score):
                self._note(call, facts.Scored(0.0, survey, question, score))
            case _:
                raise AssertionError(command)
        return Done()

    async def _look(self, command: Look, line: CallerLine) -> Outcome:
        """Ask at once; the caller hears the prompts to their end, then music as long as it takes."""
        asking = asyncio.create_task(self._services.lookups.find(command.request))
        try:
            await line.play(command.wait)
            if not asking.done():
                await line.music(LOOKUP_MUSIC)
                gone = asyncio.create_task(line.wait_gone())
                try:
                    await asyncio.wait((asking, gone), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    gone.cancel()
                if not asking.done():
                    raise TelephonyError("the line went during a look-up")
            return await asking
        finally:
            asking.cancel()

    def _take_callback(self, call: Call, group: str, number: str, language: str) -> Outcome:
        refusal = self._services.callbacks.take(call.id, group, number, language)
        if refusal is not None:
            return Refused(refusal)
        self._note(call, facts.CallbackWanted(0.0, group, number, language))
        return Done()

    def _note(self, call: Call, note: events.FlowNote) -> None:
        self._shell.feed(events.FlowNoted(call.id, note))
