"""A caller's line, while its channel asks us: answer, play, listen, music, and where to go next."""

from __future__ import annotations

import re
from collections.abc import Sequence

from acd.ivr.flow import KEYS, Prompt
from acd.telephony.agi import AgiSession, quoted
from acd.telephony.prompts import PromptStore

DISPLAY_NAME_MAX = 60
TEXT_MAX = 200


def printable(text: str) -> str:
    """A caller's name or number as it may be shown and stored: no control characters, bounded."""
    return "".join(c if c.isprintable() else " " for c in text)[:TEXT_MAX]


def display_name(text: str) -> str:
    """A name that is safe in a SIP header and in the dialplan: printable, no quotes, bounded."""
    clean = "".join(c if c.isprintable() and c not in '"\\<>${}[]|&;' else " " for c in text)
    return " ".join(clean.split())[:DISPLAY_NAME_MAX]


class AgiLine:
    """Implements `acd.ivr.ports.CallerLine` on one AGI session."""

    def __init__(self, session: AgiSession, prompts: PromptStore) -> None:
        self._session = session
        self._prompts = prompts
        self._answered = False
        self._music = False

    @property
    def gone(self) -> bool:
        """Whether the session is over (hung up, dialling, or taken over by another session)."""
        return self._session.closed.is_set()

    async def wait_gone(self) -> None:
        """Until the session is over."""
        await self._session.closed.wait()

    async def answer(self) -> None:
        """Pick up at once: `Answer()` alone would wait up to half a second for audio."""
        if not self._answered:
            await self._session.command('EXEC Answer "0,i"')
            self._answered = True

    async def play(self, prompts: Sequence[Prompt]) -> None:
        """To the end, keys notwithstanding."""
        await self._music_off()
        for prompt in prompts:
            await self._session.command(f"STREAM FILE {quoted(self._prompts.path(prompt))} ''")

    async def listen(self, prompts: Sequence[Prompt], timeout_s: float) -> str | None:
        """The first key pressed during the prompts or within `timeout_s` after them."""
        await self._music_off()
        for prompt in prompts:
            file = quoted(self._prompts.path(prompt))
            key, _ = await self._session.command(f"STREAM FILE {file} {KEYS}")
            if key > 0:
                return chr(key)
        key, _ = await self._session.command(f"WAIT FOR DIGIT {int(timeout_s * 1000)}")
        return chr(key) if key > 0 else None

    async def music(self, music_class: str) -> None:
        """Answer and play music until the next command."""
        await self.answer()
        await self._session.command(f"SET MUSIC ON {music_class}")
        self._music = True

    async def show_caller(self, name: str) -> None:
        """Set the caller's name for everything that is dialled from here on."""
        await self._session.set_variable("CALLERID(name)", display_name(name))

    async def show_number(self, number: str) -> None:
        """Set the caller's number for everything that is dialled from here on."""
        await self._session.set_variable("CALLERID(num)", re.sub("[^+0-9]", "", number))

    def dial(self, dial: str) -> None:
        """Have the dialplan dial: 'GROUP|' and the arguments of Dial(); ends the session."""
        self._session.finish("ACD_DIAL", dial)

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

    def close(self) -> None:
        """Let go of the session without an answer: the dialplan will ask again."""
        self._session.close()

    async def _music_off(self) -> None:
        if self._music:
            self._music = False
            await self._session.command("SET MUSIC OFF")
