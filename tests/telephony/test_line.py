"""A caller's line: the AGI commands that each wish becomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from acd.errors import TelephonyError
from acd.ivr.flow import SoundFile
from acd.telephony.agi import AgiServer, AgiSession
from acd.telephony.line import AgiLine, display_name
from acd.telephony.prompts import PromptStore
from tests.telephony.agi_client import AgiClient, header


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anna Weber", "Anna Weber"),
        ("王小明 (gold)", "王小明 (gold)"),
        ("陈" * 300, "陈" * 60),
        ("x" * 300, "x" * 60),
        ("a\r\nInjected: yes", "a Injected: yes"),
        ('"Bob" <sip:x@y>', "Bob sip:x@y"),
        ("${SHELL(rm)} $[1+1]", "SHELL(rm) 1+1"),
        ("a,b|c&d;e\\f{g}[h]", "a,b c d e f g h"),
        ("<script>alert(1)</script>", "script alert(1) /script"),
        ("  many   blanks  ", "many blanks"),
        ("\0\t\u202e\u2028", ""),
        ("", ""),
    ],
)
def test_display_name(text: str, shown: str) -> None:
    assert display_name(text) == shown


class Asterisk:
    """Answers a line's commands: by default `200 result=0`; keeps them."""

    def __init__(self, line: AgiLine, client: AgiClient) -> None:
        self.line = line
        self.client = client
        self.replies: dict[str, str] = {}
        self.commands: list[str] = []
        self.answered: asyncio.Task[None]

    async def answer(self) -> None:
        """Until the session is over."""
        while True:
            line = await self.client.command("")
            if not line:
                return
            self.commands.append(line)
            known = (self.replies[start] for start in self.replies if line.startswith(start))
            self.client.send(next(known, "200 result=0").encode() + b"\n")

    async def during(self, wish: Awaitable[object]) -> object:
        """The wish's result, and its commands in `commands`."""
        self.commands.clear()
        return await wish


@pytest.fixture
async def asterisk(tmp_path: Path) -> AsyncIterator[Asterisk]:
    """A line with an Asterisk behind it."""
    opened: asyncio.Future[AgiSession] = asyncio.get_running_loop().create_future()

    async def handler(session: AgiSession) -> None:
        opened.set_result(session)
        await session.closed.wait()

    server = AgiServer(handler)
    client = await AgiClient.connect(await server.start("127.0.0.1", 0))
    client.send(header())
    fake = Asterisk(AgiLine(await opened, PromptStore(tmp_path, tmp_path, ("no-engine",))), client)
    fake.answered = asyncio.create_task(fake.answer())
    yield fake
    fake.line.close()
    await fake.answered
    await client.close()
    await server.stop()


PROMPTS = (SoundFile("hello"), SoundFile('bad"name'))
Wish = Callable[[AgiLine], Awaitable[object]]


@pytest.mark.parametrize(
    ("wish", "commands"),
    [
        (lambda line: line.answer(), ['EXEC Answer "0,i"']),
        (lambda line: line.play(PROMPTS), ["STREAM FILE \"hello\" ''", 'STREAM FILE "bad\\"name" \'\'']),
        (lambda line: line.music("jazz"), ['EXEC Answer "0,i"', "SET MUSIC ON jazz"]),
        (lambda line: line.show_caller('王 "x"\n'), ['SET VARIABLE CALLERID(name) "王 x"']),
        (lambda line: line.set_group("sales"), ['SET VARIABLE ACD_GROUP "sales"']),
        (
            lambda line: line.listen(PROMPTS[:1], 2.5),
            ['STREAM FILE "hello" 0123456789*#', "WAIT FOR DIGIT 2500"],
        ),
    ],
)
async def test_wishes_become_commands(asterisk: Asterisk, wish: Wish, commands: list[str]) -> None:
    await asterisk.during(wish(asterisk.line))
    assert asterisk.commands == commands


async def test_dialling_ends_the_session(asterisk: Asterisk) -> None:
    asterisk.line.dial("|PJSIP/1001,15,g")
    assert asterisk.line.gone
    await asterisk.line.wait_gone()
    await asterisk.answered
    assert asterisk.commands == ['SET VARIABLE ACD_DIAL "|PJSIP/1001,15,g"']


async def test_hanging_up_ends_the_session(asterisk: Asterisk) -> None:
    await asterisk.during(asterisk.line.hang_up(17))
    assert asterisk.commands == ['SET VARIABLE ACD_NEXT "hangup:17"']
    assert asterisk.line.gone
    await asterisk.line.wait_gone()
    with pytest.raises(TelephonyError):
        await asterisk.line.answer()


async def test_a_decision_waits_for_the_command_under_way(asterisk: Asterisk) -> None:
    answering = asyncio.create_task(asterisk.line.answer())
    music = asyncio.create_task(asterisk.line.music("jazz"))
    await asyncio.sleep(0)
    asterisk.line.dial("|PJSIP/1001,15,g")
    await answering
    with pytest.raises(TelephonyError):
        await music
    await asterisk.answered
    assert asterisk.commands == ['EXEC Answer "0,i"', 'SET VARIABLE ACD_DIAL "|PJSIP/1001,15,g"']


async def test_answers_once(asterisk: Asterisk) -> None:
    await asterisk.line.answer()
    await asterisk.line.answer()
    assert asterisk.commands == ['EXEC Answer "0,i"']


async def test_a_key_during_a_prompt_stops_it(asterisk: Asterisk) -> None:
    asterisk.replies["STREAM FILE"] = f"200 result={ord('5')} endpos=100"
    assert await asterisk.during(asterisk.line.listen(PROMPTS, 5.0)) == "5"
    assert len(asterisk.commands) == 1


@pytest.mark.parametrize(("result", "key"), [("35", "#"), ("0", None), ("-1", None)])
async def test_a_key_after_the_prompts(asterisk: Asterisk, result: str, key: str | None) -> None:
    asterisk.replies["WAIT FOR DIGIT"] = f"200 result={result}"
    assert await asterisk.line.listen((), 1.0) == key


async def test_music_stops_before_a_prompt(asterisk: Asterisk) -> None:
    await asterisk.line.music("default")
    await asterisk.during(asterisk.line.play(PROMPTS[:1]))
    assert asterisk.commands == ["SET MUSIC OFF", "STREAM FILE \"hello\" ''"]
    await asterisk.during(asterisk.line.listen((), 1.0))
    assert asterisk.commands == ["WAIT FOR DIGIT 1000"]


async def test_identity(asterisk: Asterisk) -> None:
    asterisk.replies["GET VARIABLE CHANNEL(name)"] = "200 result=1 (PJSIP/1001-00000007)"
    asterisk.replies["GET VARIABLE UNIQUEID"] = "200 result=1 (1.7)"
    assert await asterisk.line.identity() == ("PJSIP/1001-00000007", "1.7")
