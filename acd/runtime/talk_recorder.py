"""Recordings of talks: begun at the agent's answer, one file a call, both sides apart in it.

Asterisk writes a raw file for each side. When the call is over they become one wav file (left: the caller;
right: what the caller hears). In a flow, where secrets are keyed in, silence is recorded.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from acd.background import Background
from acd.core import events
from acd.core.calls import Call, CallState
from acd.core.facts import Consent, RecordingStep, TalkRecorded, consent_of
from acd.core.hands import Hands
from acd.errors import RequestRefused, TelephonyError
from acd.runtime import talk_files
from acd.runtime.shell import Shell
from acd.settings.centre_now import CentreView
from acd.settings.model import RecordRule
from acd.settings.shared_folder import WRITTEN_BY_GROUP, make_shared_folder

log = structlog.get_logger(__name__)

STILL_S = 0.2
AGAIN_AFTER_S = 180.0
IN_FLOW = "in a flow"
DECLINED = "the caller declined"
_UNSAFE = re.compile(r"[^a-z0-9-]")
_TALKS = frozenset({CallState.TALKING, CallState.OUTSIDE})


class TalkRecorder:
    """It is told of calls. Files are `YYYY-MM-DD/CALL-talk.wav` below `folder`."""

    def __init__(self, centre: CentreView, shell: Shell, hands: Hands, folder: Path) -> None:
        self._centre = centre
        self._shell = shell
        self._hands = hands
        self._folder = folder
        self._background = Background("a recording failed")
        self._closing: set[str] = set()
        self._at_work: set[str] = set()  # calls whose recording is being begun, paused or resumed

    def rule(self, call: Call) -> RecordRule:
        """By the group whose call it is."""
        if not call.is_customers or call.group is None:
            return RecordRule.NEVER
        return self._centre.recorded.get(call.group, RecordRule.NEVER)

    def call_changed(self, call: Call) -> None:
        """See `CallObserver`."""
        if call.state is CallState.ENDED:
            if (name := _name_of(call)) is not None:
                self._background.begin(self._close(name))
        elif call.id in self._at_work:
            return
        elif call.taping is None and call.agent is not None and call.state is CallState.TALKING:
            if self._begins_by_itself(call) and not call.on_hold:
                self._begin(call.id, self._start(call, ""))
        elif call.taping == "on" and call.state is CallState.IVR and not call.agent_left:
            self._begin(call.id, self._set(call, RecordingStep.PAUSED, "", IN_FLOW))
        elif call.taping == "on" and consent_of(call.facts) is Consent.DECLINED:
            self._begin(call.id, self._set(call, RecordingStep.PAUSED, "", DECLINED))
        elif call.taping == "paused" and call.state in _TALKS and _may_go_on(call):
            self._begin(call.id, self._set(call, RecordingStep.RESUMED, "", ""))

    def _begins_by_itself(self, call: Call) -> bool:
        """The caller's word is above the rule, and above the agent's wish, too."""
        match self.rule(call):
            case RecordRule.ALWAYS:
                return consent_of(call.facts) is not Consent.DECLINED
            case RecordRule.WITH_CONSENT:
                return consent_of(call.facts) is Consent.GIVEN
        return False

    async def pause(self, call: Call, agent: str, reason: str) -> None:
        """Raises RequestRefused where nothing is recorded; TelephonyError."""
        if call.taping != "on":
            raise RequestRefused("not-recording", "the call is not being recorded")
        await self._set(call, RecordingStep.PAUSED, agent, reason)

    async def resume(self, call: Call, agent: str) -> None:
        """Go on, or begin where the group's rule leaves it to the agent. Raises as `pause`."""
        if call.taping == "on":
            raise RequestRefused("recording", "the call is being recorded already")
        if consent_of(call.facts) is Consent.DECLINED:
            raise RequestRefused("recording-declined", "the caller has declined to be recorded")
        if call.taping == "paused":
            await self._set(call, RecordingStep.RESUMED, agent, "")
        elif self.rule(call) is RecordRule.NEVER:
            raise RequestRefused("not-recorded", "talks of this group are not recorded")
        elif self.rule(call) is RecordRule.WITH_CONSENT and consent_of(call.facts) is None:
            raise RequestRefused("no-consent", "the caller has not agreed to be recorded")
        else:
            await self._start(call, agent)

    async def _start(self, call: Call, agent: str) -> None:
        name = _name_of(call) or self._new_name(call)
        said, heard = talk_files.raw_files(self._folder / name)
        await self._hands.record(call.id, str(said), str(heard))
        self._shell.feed(events.RecordingChanged(call.id, RecordingStep.STARTED, name, agent))

    async def _set(self, call: Call, step: RecordingStep, agent: str, reason: str) -> None:
        await self._hands.record_pause(call.id, on=step is RecordingStep.PAUSED)
        self._shell.feed(events.RecordingChanged(call.id, step, "", agent, reason))

    def _begin(self, call_id: str, work: Coroutine[Any, Any, None]) -> None:
        self._at_work.add(call_id)

        async def run() -> None:
            try:
                await work
            except TelephonyError as error:
                log.error("the recording could not be changed", call=call_id, reason=str(error))
                return
            finally:
                self._at_work.discard(call_id)
            call = self._shell.engine.floor.calls.get(call_id)
            if call is not None:  # it may be elsewhere by now: in a flow, where nothing may be recorded
                self.call_changed(call)

        self._background.begin(run())

    # --- files --------------------------------------------------------------------------------
    def _new_name(self, call: Call) -> str:
        day = datetime.fromtimestamp(self._shell.clock(), UTC).strftime("%Y-%m-%d")
        # Asterisk writes the file, and may be another user's process of the same group.
        make_shared_folder(self._folder, WRITTEN_BY_GROUP, day)
        return f"{day}/{_stem(call)}"

    async def _close(self, name: str) -> None:
        """Asterisk writes on for a moment after the call's end. The end may be told more than once."""
        if name in self._closing:
            return
        self._closing.add(name)
        try:
            await self._as_wav_at_last(name)
        finally:
            self._closing.discard(name)

    async def _as_wav_at_last(self, name: str) -> None:
        """A disk may be full, and have room again: until then the raw sides are all that there is."""
        while True:
            try:
                return await self._as_wav(self._folder / name)
            except OSError as error:
                reason = error.strerror or str(error)
                log.error(
                    "a recording waits for its file", name=name, reason=reason, again_in_s=AGAIN_AFTER_S
                )
            await asyncio.sleep(AGAIN_AFTER_S)

    @staticmethod
    async def _as_wav(talk: Path) -> None:
        before = -1
        while (size := await asyncio.to_thread(talk_files.size_of, talk)) != before:
            before = size
            await asyncio.sleep(STILL_S)
        await asyncio.to_thread(talk_files.as_wav, talk)

    def take_up(self) -> None:
        """After a restart: files of calls that ended meanwhile."""
        self._background.begin(self._finish_old())

    async def _finish_old(self) -> None:
        """There may be folders of years: no caller waits until all have been looked through."""
        found = await asyncio.to_thread(talk_files.unfinished, self._folder)
        live = {_stem(call) for call in self._shell.engine.floor.calls.values()}
        for name in found:
            if Path(name).name not in live:
                self._background.begin(self._close(name))

    async def stop(self) -> None:
        """What is not finished is taken up by the next start."""
        await self._background.stop()


def _stem(call: Call) -> str:
    return f"{_UNSAFE.sub('', call.id)}-talk"


def _name_of(call: Call) -> str | None:
    names = (f.name for f in call.facts if isinstance(f, TalkRecorded) and f.step is RecordingStep.STARTED)
    return next(names, None)


def _may_go_on(call: Call) -> bool:
    """It was paused for the flow alone, and the caller has not declined there."""
    last = next((f for f in reversed(call.facts) if isinstance(f, TalkRecorded)), None)
    was_in_flow = last is not None and last.reason == IN_FLOW
    return was_in_flow and consent_of(call.facts) is not Consent.DECLINED
