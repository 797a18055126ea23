"""The example bank: callers on a real Asterisk, its service of accounts, and the tutorial about it."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.integration.bank import Accounts, BankCentre
from tests.integration.centre import CHECKOUT, started
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import ANSWER

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]
TUTORIAL = CHECKOUT / "docs" / "flows-tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
TIME = re.compile(r"in \d+ ms")
PRIYA, GOLD, LI_NA = "+442079460124", "+12125550123", "+8613900139001"
PIN = "4321"
TYPED = "5\nhangup\n"
"""What the reader of the tutorial keys in `acd try`."""


@pytest.fixture(scope="module")
def accounts() -> Iterator[Accounts]:
    """Started by the bank."""
    service = Accounts()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def running_bank(tmp_path_factory: pytest.TempPathFactory, accounts: Accounts) -> Iterator[BankCentre]:
    """For the whole module: its prompts take a while."""
    with started(BankCentre(tmp_path_factory.mktemp("bank"), accounts.start())) as centre:
        yield centre


@pytest_asyncio.fixture
async def bank(running_bank: BankCentre) -> AsyncIterator[BankCentre]:
    """With nobody logged in and no call."""
    await running_bank.reset()
    yield running_bank
    await running_bank.until_no_channels()


async def key(bank: BankCentre, call: PhoneCall, step: str, keys: str) -> str:
    """Wait until the caller is at the step, then press these; the call's id."""
    found = await bank.until_call("ivr", step=step)
    await call.rtp.press(keys)
    return str(found["id"])


async def test_a_balance_by_account_number_and_pin(bank: BankCentre) -> None:
    async with bank.customer() as caller:
        call = await caller.dial("8000")
        await call.wait_answered()
        call_id = await key(bank, call, "main/choose_language", "1")
        await key(bank, call, "main/menu", "3")
        await key(bank, call, "identify/number", "12345674")
        await key(bank, call, "identify/number", "1")
        await key(bank, call, "identify/pin", f"{PIN}#")
        await key(bank, call, "balance/tell", "2")  # pressed ahead: it is for the menu that follows
        await bank.until_call("ivr", step="main/menu")
        await call.hang_up()
    await bank.record(call_id)
    way = bank.acd("trace", call_id)
    for step in ("identify/check", "balance/ask", "balance/tell"):
        assert step in way
    assert PIN not in way
    for file in (f for f in bank.home.rglob("*") if f.is_file() and "versions" not in f.parts):
        assert b"pin=4321" not in file.read_bytes(), file
        assert b"'4321'" not in file.read_bytes(), file


async def test_a_known_customer_is_spoken_to_in_their_language(bank: BankCentre) -> None:
    async with bank.customer(LI_NA) as caller:
        call = await caller.dial("8000")
        seen = await bank.until_call("ivr", step="main/menu")
        await call.hang_up()
        await bank.record(seen["id"])
    assert "the language is zh from here on" in bank.acd("trace", seen["id"])


async def test_gold_customers_go_to_the_front_of_the_line_and_rate_the_agent(
    bank: BankCentre,
) -> None:
    async with (
        bank.phone("1004", answering=ANSWER) as dora,
        bank.customer(PRIYA) as first,
        bank.customer(GOLD) as second,
    ):
        await dora.register()
        await bank.ready("dora")
        await bank.ask("not-ready", agent="dora", reason="break")
        waiting = await first.dial("8002")
        await bank.until_call("waiting", caller_number=PRIYA)
        call = await second.dial("8000")
        gold = await bank.until_call("waiting", caller_number=GOLD)
        await bank.ask("ready", agent="dora")
        at_dora = await dora.wait_incoming()
        await at_dora.wait_answered()
        assert (await bank.until_call("talking"))["id"] == gold["id"]
        await at_dora.hang_up()
        await bank.ask("logout", agent="dora")
        await key(bank, call, "support/survey", "5")
        await key(bank, call, "support/survey", "1")
        await call.wait_ended(15)
        await waiting.hang_up()
    assert "support/survey" in bank.acd("trace", gold["id"])
    shown = bank.acd("calls", "show", gold["id"])
    assert "friendly" in shown


async def test_without_the_service_callers_hear_so_and_go_on(bank: BankCentre, accounts: Accounts) -> None:
    assert accounts.stop() == 0
    async with bank.customer(PRIYA) as caller:
        call = await caller.dial("8000")
        await call.wait_answered()
        call_id = await key(bank, call, "main/menu", "3")
        await key(bank, call, "identify/number", "12345674")
        await key(bank, call, "identify/number", "1")
        await key(bank, call, "identify/pin", f"{PIN}#")
        await bank.until_call("ivr", step="identify/no_answer")
        await bank.until_call("ivr", step="main/menu", limit_s=15)
        await call.hang_up()
    await bank.record(call_id)
    assert "identify/no_answer" in bank.acd("trace", call_id)


# --- the tutorial -----------------------------------------------------------------------------
class Reader:
    """Does what a reader of the tutorial does."""

    def __init__(self, bank: BankCentre) -> None:
        self._bank = bank
        self._printed = ""

    def do(self, kind: str, text: str) -> None:
        """One block. A `text` block is what the commands before it print, line by line; times vary."""
        if kind == "diff":
            self._change(text)
        elif kind == "sh":
            self._printed = "".join(map(self._run, text.splitlines()))
        else:
            assert "\n" + TIME.sub("in 0 ms", text) in "\n" + TIME.sub("in 0 ms", self._printed)

    def _change(self, diff: str) -> None:
        lines = diff.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        file = self._bank.flows / "main.yml"
        old = file.read_text(encoding="utf-8")
        assert old.count(before) == 1, before
        file.write_text(old.replace(before, after), encoding="utf-8")

    def _run(self, line: str) -> str:
        command = shlex.split(line)
        if command == ["script/server"] or command[0] == "alias":
            return ""  # the centre runs already, and this shell needs no alias
        assert command.pop(0) == "acd"
        if command[0] == "try":
            command += ["--script", "-"]
        done = subprocess.run(
            [sys.executable, "-m", "acd", *command],
            env={**os.environ, **self._bank.env},
            cwd=self._bank.flows.parent,
            input=TYPED,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or command[0] == "check", done.stdout + done.stderr
        return done.stdout + done.stderr


async def test_the_tutorial_works_as_it_is_written(bank: BankCentre) -> None:
    reader = Reader(bank)
    blocks = BLOCK.findall(TUTORIAL.read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} == {"sh", "text", "diff"}
    async with bank.customer(PRIYA) as caller:  # a run to be traced
        call = await caller.dial("8000")
        seen = await bank.until_call("ivr", step="main/menu")
        await call.hang_up()
    await bank.record(seen["id"])
    for kind, text in blocks:
        await asyncio.to_thread(reader.do, kind, text)
