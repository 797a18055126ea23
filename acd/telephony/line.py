"""A caller's line, while its channel asks us: answer, play, listen, record, music, and where to go next."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from typing import Protocol

from acd.errors import TelephonyError
from acd.ivr.flow import KEYS, Prompt, SoundFile
from acd.ivr.ports import RecordOrder
from acd.ivr.talk import Listen
from acd.telephony.agi import AgiSession, SessionClosed, quoted
from acd.telephony.keys import AGI_LATE_S, KeyBuffer
from acd.telephony.prompts import PromptStore

DISPLAY_NAME_MAX = 60
TEXT_MAX = 200
# So long AGI may take to say that a key has ended the prompt that is playing, after AMI told of the key.
AGI_BEHIND_S = 0.03
# Who has entered all digits often presses the terminator, too, from habit.
HABIT_S = 1.5
RECORD_FORMAT = "wav"
BEEP = SoundFile("beep")


def printable(text: str) -> str:
    """A caller's name or number as it may be shown and stored: no control characters, bounded."""
    return "".join(c if c.isprintable() else " " for c in text)[:TEXT_MAX]


def display_name(text: str) -> str:
    """A name that is safe in a SIP header and in the dialplan: printable, no quotes, bounded."""
    clean = "".join(c if c.isprintable() and c not in '"\\<>${}[]|&;' else " " for c in text)
    return " ".join(clean.split())[:DISPLAY_NAME_MAX]


class Remote(Protocol):
    """What can be done for a line from outside its session."""

    @property
    def hears_keys(self) -> bool:
        """Whether every key is told of by the manager interface now."""

    def stop_playback(self, line: AgiLine) -> None:
        """End the prompt that is playing."""


class NoRemote:
    """A line with nothing but its session."""

    hears_keys = False

    def stop_playback(self, _line: AgiLine) -> None:
        """The prompt plays to its end."""


class AgiLine:
    """Implements `acd.ivr.ports.CallerLine` on one AGI session, which `began` then (the loop's time)."""

    def __init__(self, session: AgiSession, prompts: PromptStore, remote: Remote | None = None) -> None:
        self._session = session
        self._prompts = prompts
        self._remote = remote if remote is not None else NoRemote()
        self.began = asyncio.get_running_loop().time()
        self._answered = False
        self._music = False
        self._playing = 0  # the number of the prompt that is playing; 0: none
        self._played = 0
        self._keys_end_it = False
        self._habit: tuple[str, float] = ("", 0.0)
        self.keys = KeyBuffer(asyncio.get_running_loop().time)
        self.keys.on_news = self._key_told
        session.on_closed = self.keys.wake

    @property
    def gone(self) -> bool:
        """Whether the session is over (hung up, dialling, or taken over by another session)."""
        return self._session.closed.is_set()

    @property
    def left(self) -> bool:
        """Whether it was the channel that has ended the session: hung up, or gone elsewhere."""
        return self._session.left

    @property
    def busy(self) -> bool:
        """Whether something is being done on it."""
        return self._session.busy

    async def wait_gone(self) -> None:
        """Until the session is over."""
        await self._session.closed.wait()

    async def answer(self) -> None:
        """Pick up at once: `Answer()` alone would wait up to half a second for audio."""
        if not self._answered:
            await self._session.command('EXEC Answer "0,i"')
            self._answered = True

    # --- hear ---------------------------------------------------------------------------------
    async def play(self, prompts: Sequence[Prompt], *, interrupt: bool = False) -> None:
        """One after the other; with `interrupt` until a key is pressed, or not at all if one was."""
        if interrupt and self.keys:
            return
        if prompts:
            await self._music_off()
        for prompt in prompts:
            await self._stream(prompt, interrupt=interrupt)
            if interrupt and self.keys:
                return

    async def _stream(self, prompt: Prompt, *, interrupt: bool) -> None:
        """Once more where the key that ended it was pressed, and taken, before it began."""
        file = quoted(self._prompts.path(prompt))
        began = self._now()
        while True:
            self._played += 1
            self._playing, self._keys_end_it = self._played, interrupt
            try:
                key, _ = await self._session.command(
                    f"STREAM FILE {file} {KEYS if interrupt else chr(39) * 2}"
                )
            finally:
                self._playing = 0
            if key <= 0 or self.keys.heard_by_agi(chr(key)) or self._now() - began > AGI_LATE_S:
                return

    def _key_told(self) -> None:
        """AMI tells of a key. If it came between two of AGI's commands, AGI has not seen it."""
        if self._playing and self._keys_end_it:
            asyncio.get_running_loop().call_later(AGI_BEHIND_S, self._stop, self._playing)

    def _stop(self, playing: int) -> None:
        if self._playing == playing and not self.gone:
            self._remote.stop_playback(self)

    async def music(self, music_class: str) -> None:
        """Answer and play music until the next prompt."""
        await self.answer()
        await self._session.command(f"SET MUSIC ON {music_class}")
        self._music = True

    async def _music_off(self) -> None:
        if self._music:
            self._music = False
            await self._session.command("SET MUSIC OFF")

    # --- keys ---------------------------------------------------------------------------------
    async def listen(self, wanted: Listen) -> str:
        """Keys pressed before come first; the prompts are not begun then."""
        await self._music_off()
        await self.play(wanted.prompts, interrupt=True)
        keys = ""
        while True:
            key = await self._key(wanted.next_key_s if keys else wanted.first_key_s)
            if key is None or key == wanted.terminator:
                return keys
            keys += key
            if len(keys) >= wanted.max_keys or _is_decided(keys, wanted.words):
                if wanted.terminator:
                    self._habit = (wanted.terminator, self._now())
                return keys

    async def _key(self, timeout_s: float) -> str | None:
        """The next key within `timeout_s`."""
        until = self._now() + timeout_s
        while True:
            key = self.keys.take()
            if key is not None:
                if not self._is_habit(key):
                    return key
            elif self._now() >= until:
                return None
            elif self._remote.hears_keys:
                await self._news(until - self._now())
            elif not await self._wait_for_digit(until - self._now()):
                until = 0.0

    async def _wait_for_digit(self, timeout_s: float) -> bool:
        """AGI's own wait; whether a key was pressed."""
        key, _ = await self._session.command(f"WAIT FOR DIGIT {math.ceil(timeout_s * 1000)}")
        if key > 0:
            self.keys.heard_by_agi(chr(key))
        return key > 0

    def _is_habit(self, key: str) -> bool:
        (habit, since), self._habit = self._habit, ("", 0.0)
        return key == habit and self._now() - since < HABIT_S

    async def next_key(self, timeout_s: float | None) -> str | None:
        """Without a command of AGI, so that an offer need not wait for its end."""
        await self._news(timeout_s)
        return self.keys.take()

    def nudge(self) -> None:
        """Have `next_key` return at once."""
        self.keys.wake()

    def forget_keys(self) -> None:
        """What was keyed until now was not meant for what follows."""
        self.keys.clear()

    async def _news(self, timeout_s: float | None) -> None:
        """Until there is a key or a reason to look around; raises SessionClosed when the line is gone."""
        if not self.gone:
            await self.keys.news(timeout_s)
        if self.gone:
            raise SessionClosed("the session is over")

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # --- record -------------------------------------------------------------------------------
    async def record(self, order: RecordOrder) -> None:
        """Any key ends it, and is not kept for what follows; one pressed before the beep is over is."""
        await self.play((BEEP,))
        limits = f"{math.ceil(order.max_s * 1000)} s={max(1, round(order.silence_s))}"
        command = f"RECORD FILE {quoted(order.file)} {RECORD_FORMAT} {KEYS} {limits}"
        key, _ = await self._session.command(command)
        if key > 0:
            self.keys.heard_by_agi(chr(key))
            self.keys.drop(chr(key))

    # --- where to go next -----------------------------------------------------------------------
    async def show_caller(self, name: str) -> None:
        """Set the caller's name for everything that is dialled from here on."""
        await self._session.set_variable("CALLERID(name)", display_name(name))

    async def show_number(self, number: str) -> None:
        """Set the caller's number for everything that is dialled from here on."""
        await self._session.set_variable("CALLERID(num)", re.sub("[^+0-9]", "", number))

    def dial(self, dial: str) -> None:
        """Have the dialplan dial: 'GROUP|' and the arguments of Dial(); ends the session.

        A prompt that is playing is ended for it.
        """
        self._session.finish("ACD_DIAL", dial)
        if self._playing:
            self._remote.stop_playback(self)

    async def hang_up(self, cause: int) -> None:
        """Have the dialplan hang up with a Q.850 cause; ends the session."""
        await self._session.set_variable("ACD_NEXT", f"hangup:{cause}")
        self._session.close()

    async def set_group(self, group: str) -> None:
        """Whose fallback queue serves the caller if we cannot."""
        await self._session.set_variable("ACD_GROUP", group)

    async def identity(self) -> tuple[str, str]:
        """Channel name and uniqueid as they are now (a transfer can put another channel here)."""
        channel = await self._session.get_variable("CHANNEL(name)")
        return channel, await self._session.get_variable("UNIQUEID")

    async def answers(self, within_s: float) -> bool | None:
        """Whether somebody is at the other end. None: something is being done, or it is over.

        It sends at once, as nothing is done: what may begin meanwhile cannot use up its time.
        """
        if self.gone or self.busy:
            return None
        try:
            async with asyncio.timeout(within_s):
                await self._session.get_variable("UNIQUEID")
        except TimeoutError:
            return False
        except TelephonyError:
            return None
        return True

    def close(self) -> None:
        """Let go of the session without an answer: the dialplan will ask again."""
        self._session.close()


def _is_decided(keys: str, words: frozenset[str]) -> bool:
    """Whether nothing that could follow would change which word this is, or that it is none."""
    if not words:
        return False
    longer = any(word != keys and word.startswith(keys) for word in words)
    return not longer
