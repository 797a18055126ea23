"""What is meant to break us: names and numbers, strangers at the FastAGI port, an AMI that misbehaves.

Nothing is injected, nothing spins, nothing dies, memory stays bounded, and calls go through meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from acd.core.facts import EndedBy
from acd.records.record import SegmentKind
from acd.settings.secrets import load_or_create_secrets
from acd.telephony import cdr
from acd.telephony.agi import word_of
from tests.integration.ami_proxy import AmiProxy
from tests.integration.centre import Centre, agent_of, free_ports
from tests.integration.sip.phone import Phone

pytestmark = pytest.mark.asterisk

LONG_NAME = "王" * 100
# What a caller sends, and what the agent's phone shows. \udcff is the raw byte ff.
NAMES = {
    "王小明": "王小明",
    "Søren Ångström 😀": "Søren Ångström 😀",
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    "${SHELL(id)} $[1+1] @{x}": "${SHELL(id)} $[1+1] @{x}",
    "a|b&c,d;e=f": "a|b&c,d;e=f",
    "%0d%0aAction: Logoff": "%0d%0aAction: Logoff",
    "bell\x07 tab\t\x1b[31m": "bell tab[31m",
    "bad\udcff\udcfename": "bad��name",
    "x" * 300: "x" * 79,
    LONG_NAME: LONG_NAME[:26],  # Asterisk keeps 79 bytes, and cuts between letters
}
# The user part of a SIP address, where %XX stands for any byte, and what is left of it.
NUMBERS = {
    "+491&PJSIP%2f1002": "+491PJSIP1002",
    "1,2,3": "123",
    "1%7c2": "12",
    "%24%7bSHELL(touch%20PWNED)%7d": "SHELLtouchPWNED",
    "%24%7bEXTEN%7d%29": "EXTEN",
    "1%0d%0aEvent%3a%20x": "1Eventx",
    "1%0d%0aChannel%3a%20PJSIP%2f1001-00000001": "1ChannelPJSIP100100000001",
    "1%0d%0a%0d%0aEvent%3a%20Shutdown%0d%0a%0d%0a": "1EventShutdown",
    "1%0a%0a200%20result=1%20(x)": "1200result1x",
    "1%0aagi_arg_1%3a%20stolen": "1agi_arg_1stolen",
    "1%22%0a%22a%22,,,1,,,,1,,1,": "1a111",
    "9" * 300: "9" * 79,
}


@pytest_asyncio.fixture
async def anna(centre: Centre) -> AsyncIterator[Phone]:
    """Registered and ready."""
    async with centre.phone("1001") as anna:
        await anna.register()
        await centre.ready("anna")
        yield anna


async def ring(centre: Centre, anna: Phone, number: str = "+491700000001", name: str = "") -> str:
    """A caller reaches anna's phone and leaves; our id of the call."""
    async with centre.customer() as caller:
        call = await caller.dial("8001", from_number=number, from_name=name)
        at_anna = await anna.wait_incoming()
        call_id = at_anna.header("X-ACD-Call")
        assert call_id is not None
        await call.hang_up()
        await at_anna.wait_ended()
    await centre.until(lambda s: not s["calls"], "the end of the call")
    await centre.until_agent("anna", "ready")
    return call_id


def connections(centre: Centre) -> int:
    """How often the controller has logged in to Asterisk."""
    return log_lines(centre, "asterisk is there")


def log_lines(centre: Centre, text: str) -> int:
    """The controller's log lines with this text."""
    return (centre.home.parent / "controller.log").read_text(errors="replace").count(text)


# --- names and numbers ------------------------------------------------------------------------
async def test_names(centre: Centre, anna: Phone) -> None:
    before = connections(centre)
    for sent, shown in NAMES.items():
        call_id = await ring(centre, anna, name=sent)
        assert anna.calls[-1].identity.name == shown
        record = await centre.record(call_id)
        # The record keeps a control character as a blank.
        assert record.caller_name.replace(" ", "") == shown.replace(" ", "")
    assert connections(centre) == before


async def test_a_name_with_quotes_is_kept_and_shown_as_one_name(centre: Centre, anna: Phone) -> None:
    record = await centre.record(await ring(centre, anna, name='He said "hi" <x> \\ o'))
    assert record.caller_name == 'He said "hi" <x> \\ o'
    assert anna.calls[-1].identity.number == "+491700000001"


async def test_a_name_that_breaks_the_line_is_no_call(centre: Centre, anna: Phone) -> None:
    async with centre.customer() as caller:
        await caller.dial("8001", from_name="x\r\nX-Evil: 1")
        await ring(centre, anna)
        assert len(anna.calls) == 1
        assert caller.calls[0].invite.header("From") is not None


async def test_numbers(centre: Centre, anna: Phone) -> None:
    cdr_file = centre.home / "asterisk" / "log" / "cdr-custom" / "acd.csv"
    before, refused = connections(centre), log_lines(centre, "refused")
    rows, lines = _account(cdr_file)
    for sent, kept in NUMBERS.items():
        record = await centre.record(await ring(centre, anna, number=sent))
        assert record.caller_number == kept
        assert record.ended_by is EndedBy.CALLER
        assert anna.calls[-1].identity.number == kept
    assert connections(centre) == before  # no event made us leave
    assert log_lines(centre, "refused") == refused  # each question was understood
    assert not list(Path.cwd().glob("PWNED"))
    rows_now, lines_now = _account(cdr_file)
    assert rows_now - rows == lines_now - lines  # no number has begun a row of its own
    assert rows_now > rows


def _account(file: Path) -> tuple[int, int]:
    """Its rows and its lines, of one moment: Asterisk writes the last ones when we look."""
    text = file.read_bytes().decode("utf-8", "replace") if file.exists() else ""
    return sum(cdr.read(line) is not None for line in text.split("\n")), len(text.splitlines())


@pytest.mark.parametrize("number", ["8001&PJSIP%2f1002", "8001,1", "8001%0d%0aX%3a1", "8001%7c%24%7b1%7d"])
async def test_numbers_dialled(centre: Centre, anna: Phone, number: str) -> None:
    """Only the digits count, and 80011002 or 80011 are nobody's numbers."""
    async with centre.customer() as caller, centre.phone("1002") as ben:
        await ben.register()
        call = await caller.dial(number)
        assert (await call.wait_ended()).status == 404
        assert ben.calls == anna.calls == []


async def test_a_diversion(centre: Centre, anna: Phone) -> None:
    """By whom a call was diverted is text from outside, too."""
    before = log_lines(centre, "refused")
    async with centre.customer() as caller:
        diversion = ("Diversion", "<sip:1%0d%0a%0d%0aX@127.0.0.1>;reason=no-answer")
        call = await caller.dial("8001", headers=(diversion,))
        at_anna = await anna.wait_incoming()
        assert "%0" not in (at_anna.header("Diversion") or "")
        await call.hang_up()
    assert log_lines(centre, "refused") == before


# --- who answers nothing ----------------------------------------------------------------------
async def test_a_question_that_is_never_answered_is_asked_about_once_a_second(centre: Centre) -> None:
    """Refused, to the fallback queue, fetched from there by a controller that lives, refused…"""
    set_controller = "dialplan set global ACD_CONTROLLER 127.0.0.1:{}"
    nobody = free_ports(1)[0]
    await asyncio.to_thread(centre.console, set_controller.format(f"{nobody}/run"))
    misses = round(centre.settings.system.fallback_after_s)
    async with centre.customer() as caller:
        began = len(centre.cdr_rows())
        call = await caller.dial("8001")
        await call.wait_answered(misses + 15)
        await asyncio.sleep(3.0)  # it is time that is tested here
        # As a controller of the version before, which wants the word in the address.
        await asyncio.to_thread(centre.console, set_controller.format(centre.env["ACD_AGI_PORT"]))
        await centre.until_call("waiting", group="sales")
        await asyncio.to_thread(centre.console, set_controller.format(f"{centre.env['ACD_AGI_PORT']}/run"))
        await call.hang_up()
    await centre.until_no_channels()
    assert len(centre.cdr_rows()) - began < 30  # a row for each time that a member of the queue refused
    told = (centre.home / "asterisk" / "log" / "messages.log").read_text(errors="replace")
    secrets = load_or_create_secrets(centre.home / "secrets.yml", ())
    assert f"agi://127.0.0.1:{nobody}/run'" in told
    assert word_of(secrets.ami_password) not in told


# --- strangers at the FastAGI port --------------------------------------------------------------
@dataclass(frozen=True)
class Load:
    """What a process has used."""

    cpu_s: float
    memory_mb: float
    files: int


def load_of(pid: int) -> Load:
    """As the kernel counts."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return Load(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6, files)


async def controller_load(centre: Centre) -> Load:
    """Of the controller that runs."""
    return load_of((await centre.ask("status"))["pid"])


async def strangers(port: int, count: int, say: bytes) -> list[asyncio.StreamWriter]:
    """So many connections that say this, and then nothing."""
    writers = []
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(say)
        writers.append(writer)
    return writers


@pytest.mark.alone
@pytest.mark.parametrize(
    "say",
    [b"", b"agi_network: yes\nagi_channel: PJSIP/x", os.urandom(3000), b"agi_x: y\n" * 99],
    ids=["nothing", "half-a-header", "garbage", "header-without-end"],
)
async def test_strangers_by_the_thousand(centre: Centre, anna: Phone, say: bytes) -> None:
    port = int(centre.env["ACD_AGI_PORT"])
    before = await controller_load(centre)
    writers = await strangers(port, 1500, say)
    try:
        began = time.monotonic()
        await ring(centre, anna)
        assert time.monotonic() - began < 3.0
        after = await controller_load(centre)
        assert after.memory_mb - before.memory_mb < 40
        assert after.files - before.files < 800
        await asyncio.sleep(0.5)
        idle = await controller_load(centre)
        assert idle.cpu_s - after.cpu_s < 0.25
    finally:
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


# --- an AMI that misbehaves -----------------------------------------------------------------------
@asynccontextmanager
async def through_proxy(centre: Centre) -> AsyncIterator[AmiProxy]:
    """The controller is started anew, and talks to Asterisk through the proxy; afterwards as before."""
    port = centre.env["ACD_AMI_PORT"]
    async with AmiProxy(int(port)) as proxy:
        await asyncio.to_thread(centre.stop_controller)
        centre.env["ACD_AMI_PORT"] = str(proxy.port)
        try:
            await asyncio.to_thread(centre.start_controller)
            await centre.until(lambda s: s["asterisk"] and s["dispatching"], "the first look")
            yield proxy
        finally:
            centre.env["ACD_AMI_PORT"] = port
            proxy.passing.set()
            await asyncio.to_thread(centre.stop_controller)
            await asyncio.to_thread(centre.start_controller)


@pytest_asyncio.fixture
async def proxy(centre: Centre) -> AsyncIterator[AmiProxy]:
    """Everything passes, so far."""
    async with through_proxy(centre) as proxy:
        yield proxy


async def test_a_stall(centre: Centre, proxy: AmiProxy, anna: Phone) -> None:
    """Two seconds without a word: the call rings, is answered and ends; the news comes late, and is right."""
    async with centre.customer() as caller:
        proxy.passing.clear()
        call = await caller.dial("8001")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        await call.wait_answered()
        await asyncio.sleep(2.0)
        proxy.passing.set()
        seen = await centre.until_call("talking", agent="anna")
        await call.hang_up()
        await at_anna.wait_ended()
    record = await centre.record(seen["id"])
    assert record.ended_by is EndedBy.CALLER


@pytest.mark.usefixtures("anna")
async def test_who_leaves_the_line_in_a_stall_has_left_then(centre: Centre, proxy: AmiProxy) -> None:
    """FastAGI says that the caller's channel asks no more: nobody is rung for it, and its end is no later."""
    await centre.ask("not-ready", agent="anna", reason="break")
    async with centre.customer() as caller:
        call = await caller.dial("8001")
        seen = await centre.until_call("waiting")
        proxy.passing.clear()
        await call.hang_up()
        left_at = time.time()
        await asyncio.sleep(1.8)  # it is time that is tested here: the end is told so much later
        await centre.ask("ready", agent="anna")
        proxy.passing.set()
        record = await centre.record(seen["id"])
    assert record.ended_by is EndedBy.CALLER
    assert record.ended_at is not None
    assert record.ended_at.timestamp() == pytest.approx(left_at, abs=1.2)
    assert all(segment.kind is not SegmentKind.RINGING for segment in record.segments)


def flood(count: int) -> bytes:
    """Events of every kind that we look at, about things that are not there."""
    kinds = ("Newchannel", "Hangup", "DialState", "DialEnd", "Hold", "DeviceStateChange", "QueueCallerJoin")
    return b"".join(
        f"Event: {kinds[n % len(kinds)]}\r\nChannel: PJSIP/ghost-{n:08x}\r\nUniqueid: a-1.{n}\r\n"
        f"DestChannel: PJSIP/ghost-{n:08x}\r\nDialStatus: RINGING\r\nDevice: PJSIP/ghost{n}\r\n"
        f"State: INUSE\r\nCallerIDName: 王小明 {n}\r\n\r\n".encode()
        for n in range(count)
    )


@pytest.mark.alone
async def test_a_flood(centre: Centre, proxy: AmiProxy, anna: Phone) -> None:
    before = await controller_load(centre)
    proxy.inject(flood(50_000))
    await ring(centre, anna)
    await proxy.drained()
    await ring(centre, anna)
    after = await controller_load(centre)
    assert after.cpu_s - before.cpu_s < 15.0
    assert after.memory_mb - before.memory_mb < 60
    assert proxy.connections == 1


def close_in_mid_message(proxy: AmiProxy) -> None:
    """Half an event, and the end."""
    proxy.inject(b"Event: Hangup\r\nUniqueid: a-1")
    proxy.cut()


def no_end(proxy: AmiProxy) -> None:
    """One message that goes on and on."""
    proxy.inject(b"Event: x\r\nLong: " + b"y" * 500_000)


def binary(proxy: AmiProxy) -> None:
    """Bytes of every kind, and the end."""
    proxy.inject(bytes(range(256)) * 100)
    proxy.cut()


async def test_breakages(centre: Centre, proxy: AmiProxy, anna: Phone) -> None:
    """Someone is in line meanwhile, and keeps the place."""
    await centre.ask("not-ready", agent="anna", reason="break")
    async with centre.customer() as caller:
        call = await caller.dial("8001")
        waiting = await centre.until_call("waiting")
        for number, breakage in enumerate((close_in_mid_message, no_end, binary), 2):
            breakage(proxy)
            await until_connected(centre, proxy, number)
            assert (await centre.until_call("waiting"))["id"] == waiting["id"]
        await centre.ask("ready", agent="anna")
        await anna.wait_incoming()
        await call.hang_up()


async def until_connected(centre: Centre, proxy: AmiProxy, number: int) -> None:
    """Until calls are routed over the connection of that number."""
    await centre.until(
        lambda s: (proxy.connections == number and s["dispatching"]) or None, f"connection {number}"
    )


async def test_what_may_pass(centre: Centre, proxy: AmiProxy, anna: Phone) -> None:
    """Doubtful messages, late answers, and a caller who would like to say something to Asterisk."""
    proxy.inject(b"Event: Newchannel\r\nEvent: Hangup\r\nChannel: PJSIP/1001-00000001\r\n\r\n")
    proxy.inject(b"Event: Newchannel\r\nChannel: PJSIP/x-00000001\r\nchannel: PJSIP/1001-00000001\r\n\r\n")
    proxy.inject(b"Response: Success\r\nActionID: nobody's\r\n\r\n\r\n\r\nno header\r\n\r\n: \r\n\r\n")
    await ring(centre, anna, number="1%0d%0aAction%3a%20Logoff%0d%0a", name="Action: Logoff")
    assert agent_of(await centre.ask("status"), "anna")["state"] == "ready"
    proxy.delay_s = 0.1
    await ring(centre, anna)
    assert all(b"Logoff" not in action for action in proxy.actions)
    assert proxy.connections == 1


async def test_answers_that_never_come(centre: Centre, proxy: AmiProxy, anna: Phone) -> None:
    """Nothing can be known without answers: no offers, no spinning; all is well when they come again."""
    proxy.drop_answers = True
    proxy.cut()
    await centre.until(lambda s: not s["dispatching"], "no dispatching")
    before = await controller_load(centre)
    await asyncio.sleep(2.0)
    after = await controller_load(centre)
    assert after.cpu_s - before.cpu_s < 0.5
    assert proxy.connections < 4
    proxy.drop_answers = False
    await centre.until(lambda s: s["dispatching"], "dispatching", 15)
    await ring(centre, anna)
