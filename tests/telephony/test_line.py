"""A caller's line: the AGI commands that each wish becomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from acd.errors import TelephonyError
from acd.ivr.flow import SoundFile
from acd.ivr.ports import RecordOrder
from acd.ivr.talk import Listen
from acd.telephony.agi import AgiServer, AgiSession, SessionClosed
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


class FakeRemote:
    """AMI, which may be away."""

    def __init__(self) -> None:
        self.hears_keys = False
        self.stopped = asyncio.Event()

    def stop_playback(self, _line: AgiLine) -> None:
        """It is wanted."""
        self.stopped.set()


class Asterisk:
    """Answers a line's commands: by default `200 result=0`; keeps them."""

    def __init__(self, line: AgiLine, client: AgiClient, remote: FakeRemote) -> None:
        self.line = line
        self.client = client
        self.replies: dict[str, str] = {}
        self.commands: list[str] = []
        self.answered: asyncio.Task[None]
        self.remote = remote
        self.hold = "nothing"
        self._released = asyncio.Event()

    def release(self) -> None:
        """The command that was held is over."""
        self._released.set()

    async def answer(self) -> None:
        """Until the session is over."""
        while True:
            line = await self.client.command("")
            if not line:
                return
            self.commands.append(line)
            if line.startswith(self.hold):
                await self._released.wait()
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
    remote = FakeRemote()
    line = AgiLine(await opened, PromptStore(tmp_path, {"*": ("no-engine",)}), remote)
    fake = Asterisk(line, client, remote)
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
            lambda line: line.listen(Listen(PROMPTS[:1], 2.5)),
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
    assert await asterisk.during(asterisk.line.listen(Listen(PROMPTS, 5.0))) == "5"
    assert len(asterisk.commands) == 1


@pytest.mark.parametrize(("result", "keys"), [("35", "#"), ("0", ""), ("-1", "")])
async def test_a_key_after_the_prompts(asterisk: Asterisk, result: str, keys: str) -> None:
    asterisk.replies["WAIT FOR DIGIT"] = f"200 result={result}"
    assert await asterisk.line.listen(Listen((), 0.01)) == keys


# --- several keys -----------------------------------------------------------------------------
def press(asterisk: Asterisk, keys: str) -> None:
    """As AMI tells of them."""
    asterisk.remote.hears_keys = True
    for key in keys:
        asterisk.line.keys.heard_by_ami(key)


@pytest.mark.parametrize(
    ("pressed", "wanted", "keys", "left"),
    [
        ("12345", Listen((), 0.01, max_keys=3), "123", "45"),
        ("12#45", Listen((), 0.01, 0.01, max_keys=9, terminator="#"), "12", "45"),
        ("#1", Listen((), 0.01, max_keys=9, terminator="#"), "", "1"),
        ("12", Listen((), 0.01, 0.01, max_keys=9), "12", ""),
        ("", Listen((), 0.01), "", ""),
        ("1", Listen((), 0.01, 0.01, 2, words=frozenset({"1", "12"})), "1", ""),
        ("123", Listen((), 0.01, 5, 2, words=frozenset({"1", "12"})), "12", "3"),
        ("21", Listen((), 0.01, 5, 2, words=frozenset({"2", "12"})), "2", "1"),
        ("31", Listen((), 0.01, 5, 2, words=frozenset({"2", "12"})), "3", "1"),
        ("*91", Listen((), 0.01, 5, 2, words=frozenset({"*9", "1"})), "*9", "1"),
    ],
)
async def test_gathering(asterisk: Asterisk, pressed: str, wanted: Listen, keys: str, left: str) -> None:
    press(asterisk, pressed)
    assert await asterisk.line.listen(wanted) == keys
    assert await asterisk.line.listen(Listen((), 0.01, 0.01, max_keys=9)) == left


async def test_who_has_entered_all_digits_may_press_the_terminator_from_habit(asterisk: Asterisk) -> None:
    press(asterisk, "123#")
    assert await asterisk.line.listen(Listen((), 0.01, max_keys=3, terminator="#")) == "123"
    assert await asterisk.line.listen(Listen((), 0.01)) == ""
    press(asterisk, "12##")
    assert await asterisk.line.listen(Listen((), 0.01, max_keys=3, terminator="#")) == "12"
    assert await asterisk.line.listen(Listen((), 0.01)) == "#"  # that one was meant


async def test_who_types_ahead_need_not_hear_the_prompt(asterisk: Asterisk) -> None:
    press(asterisk, "1")
    assert await asterisk.during(asterisk.line.listen(Listen(PROMPTS, 1.0))) == "1"
    press(asterisk, "2")
    await asterisk.line.play(PROMPTS, interrupt=True)
    assert asterisk.commands == []
    await asterisk.line.play(PROMPTS)
    assert len(asterisk.commands) == 2
    assert await asterisk.line.listen(Listen((), 1.0)) == "2"


@pytest.mark.parametrize("first", ["agi", "ami"])
async def test_a_key_that_both_tell_of_counts_once(asterisk: Asterisk, first: str) -> None:
    keys = asterisk.line.keys
    for _ in range(3):  # the same key three times: that is three keys
        for teller in (first, "ami" if first == "agi" else "agi"):
            (keys.heard_by_ami if teller == "ami" else keys.heard_by_agi)("7")
    assert [keys.take() for _ in range(4)] == ["7", "7", "7", None]


async def test_agi_may_tell_of_a_key_that_has_been_used_already(asterisk: Asterisk) -> None:
    keys = asterisk.line.keys
    keys.heard_by_ami("7")
    assert keys.take() == "7"
    assert not keys.heard_by_agi("7")
    assert keys.take() is None
    assert keys.heard_by_agi("7")  # pressed again
    assert keys.take() == "7"


async def test_a_prompt_that_a_key_of_before_has_ended_is_played_again(asterisk: Asterisk) -> None:
    """AMI tells of a short key at once, and Asterisk hands it on only when it has lasted for 80 ms."""
    press(asterisk, "7")
    assert asterisk.line.keys.take() == "7"
    asterisk.replies = {"STREAM FILE": f"200 result={ord('7')}"}
    await asterisk.during(asterisk.line.play(PROMPTS, interrupt=True))
    assert [command.split('"')[1] for command in asterisk.commands] == ["hello", "hello"]
    assert asterisk.line.keys.take() == "7"  # the second time it was another one


async def test_a_key_between_two_commands_ends_the_prompt_all_the_same(asterisk: Asterisk) -> None:
    asterisk.hold = "STREAM FILE"
    playing = asyncio.create_task(asterisk.line.play(PROMPTS, interrupt=True))
    await asyncio.sleep(0.01)
    press(asterisk, "1")
    await asterisk.remote.stopped.wait()
    asterisk.release()
    await playing
    assert len(asterisk.commands) == 1
    assert asterisk.line.keys.take() == "1"


async def test_while_ami_is_away_a_line_asks_for_keys_itself(asterisk: Asterisk) -> None:
    asterisk.remote.hears_keys = True
    listening = asyncio.create_task(asterisk.line.listen(Listen((), 5.0)))
    await asyncio.sleep(0.01)
    assert asterisk.commands == []
    asterisk.remote.hears_keys = False
    asterisk.replies["WAIT FOR DIGIT"] = f"200 result={ord('3')}"
    asterisk.line.nudge()
    assert await listening == "3"


async def test_an_offer_ends_what_is_being_said(asterisk: Asterisk) -> None:
    asterisk.hold = "STREAM FILE"
    playing = asyncio.create_task(asterisk.line.play(PROMPTS))
    await asyncio.sleep(0.01)
    asterisk.line.dial("|PJSIP/1001,15,g")
    assert asterisk.remote.stopped.is_set()
    asterisk.release()
    with pytest.raises(TelephonyError):
        await playing
    await asterisk.answered
    assert asterisk.commands[-1] == 'SET VARIABLE ACD_DIAL "|PJSIP/1001,15,g"'


async def test_whoever_waits_for_a_key_notices_that_the_line_is_gone(asterisk: Asterisk) -> None:
    waiting = asyncio.create_task(asterisk.line.next_key(None))
    await asyncio.sleep(0)
    asterisk.line.close()
    with pytest.raises(SessionClosed):
        await waiting


async def test_the_key_that_ends_a_recording_is_no_type_ahead(asterisk: Asterisk) -> None:
    asterisk.replies["RECORD FILE"] = f"200 result={ord('#')} (dtmf) endpos=8000"
    await asterisk.during(asterisk.line.record(RecordOrder("/r/2026-01-01/c-1", 60.0, 4.0)))
    assert asterisk.commands == [
        "STREAM FILE \"beep\" ''",
        'RECORD FILE "/r/2026-01-01/c-1" wav 0123456789*# 60000 s=4',
    ]
    asterisk.line.keys.heard_by_ami("#")
    assert not asterisk.line.keys


async def test_music_stops_before_a_prompt(asterisk: Asterisk) -> None:
    await asterisk.line.music("default")
    await asterisk.during(asterisk.line.play(PROMPTS[:1]))
    assert asterisk.commands == ["SET MUSIC OFF", "STREAM FILE \"hello\" ''"]
    await asterisk.during(asterisk.line.listen(Listen((), 0.01)))
    assert asterisk.commands == ["WAIT FOR DIGIT 10"]


async def test_identity(asterisk: Asterisk) -> None:
    asterisk.replies["GET VARIABLE CHANNEL(name)"] = "200 result=1 (PJSIP/1001-00000007)"
    asterisk.replies["GET VARIABLE UNIQUEID"] = "200 result=1 (1.7)"
    assert await asterisk.line.identity() == ("PJSIP/1001-00000007", "1.7")
