"""An outsider at every door at once, while callers call and somebody works in the browser: nobody notices.

A scan of ports, scans of SIP (SIPp's among them), guessed passwords, bombs in the flows, half-open FastAGI
connections and WebSockets without a session. In every run a few of each; 10,000 and 1,000 of them with
ACD_TEST_ALL=1. With -s it prints its figures as a table, as docs/security.md has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field

import aiohttp
import pytest

from acd.accounts.store import AccountStore
from acd.errors import OperatorError, RequestRefused
from acd.records.store import RecordStore
from tests.integration.centre import CHECKOUT, Centre
from tests.integration.outsider import Sizes
from tests.integration.sip.phone import Phone
from tests.integration.sip.programs import Program
from tests.settings.test_hostile import bomb
from tests.web.desktop import QUICK

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]

LONG = bool(os.environ.get("ACD_TEST_ALL"))
SIZES = (
    Sizes(10_000, 1000, 5, 20_000, 4000, 200, every_port=True, hold_s=30.0)
    if LONG
    else Sizes(700, 60, 1, 500, 50, 8, every_port=False, hold_s=1.0)
)
CALLS, PEACE_S, BOMBS, ATTACK_LIMIT_S = (200, 20.0, 5, 400.0) if LONG else (10, 1.0, 1, 60.0)
SLOWER_S = {0.5: 0.05, 0.9: 0.10} if LONG else {0.5: 0.10}
"""How much later than before the share of all calls, and of all answers to the browser, may be.

The short run lasts seconds, in which a busy machine may hold up a tenth of all for reasons of its own; half
of them are late only where the attack makes them so.
"""
BROWSES_EVERY_S = 0.06
PAGES = ("/api/session", "/api/calls?limit=20", "/api/reports/today")
"""Who it is, a list, and figures that are worked out."""
USER, PASSWORD = "watcher", "correct horse 7"
COMMAND = "ACD_TEST_ALL=1 .venv/bin/python -m pytest -q -s tests/integration/test_outsider.py"


@dataclass(slots=True)
class Took:
    """Seconds: from the dialling until the agent's phone rings, and until a page has its answer."""

    rings: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    def of(self, share: float) -> dict[str, float]:
        """What so many of both are within, such as 0.9 of them."""
        return {"ring": within(self.rings, share), "browser": within(self.answers, share)}


def within(values: Sequence[float], share: float) -> float:
    """The least that so many are not above."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


async def rings_within(centre: Centre, anna: Phone) -> float:
    """How long a call takes from the dialling to the agent's phone; then the caller gives up."""
    async with centre.customer() as caller:
        began = time.monotonic()
        call = await caller.dial("8001")
        at_anna = await anna.wait_incoming()
        took_s = time.monotonic() - began
        await call.hang_up()
        await at_anna.wait_ended()
    await centre.until(lambda s: not s["calls"], "the end of the call")
    await centre.until_agent("anna", "ready")
    return took_s


async def browse(browser: aiohttp.ClientSession, took: Took) -> None:
    """Ask for page after page, until cancelled; each has to be given."""
    while True:
        for page in PAGES:
            began = time.monotonic()
            async with browser.get(page) as answer:
                assert answer.status == 200, (page, answer.status, await answer.text())
                await answer.read()
            took.answers.append(time.monotonic() - began)
            await asyncio.sleep(BROWSES_EVERY_S)


@contextlib.asynccontextmanager
async def browsing(browser: aiohttp.ClientSession, took: Took) -> AsyncIterator[None]:
    """Meanwhile."""
    task = asyncio.create_task(browse(browser, took))
    try:
        yield
        assert not task.done() or task.result() is None
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def put_bombs(centre: Centre) -> int:
    """In a flow, with a reload each time: how many were refused."""
    file = centre.flows / "main.yml"
    before, refused = file.read_bytes(), 0
    try:
        file.write_text(bomb())
        for _ in range(BOMBS):
            with pytest.raises((RequestRefused, OperatorError)):
                await centre.ask("reload")
            refused += 1
    finally:
        file.write_bytes(before)
    return refused


@contextlib.asynccontextmanager
async def signed_in(centre: Centre) -> AsyncIterator[aiohttp.ClientSession]:
    """A supervisor's browser, and the web process that it speaks with."""
    log = (centre.home.parent / "web.log").open("ab")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "acd.cli.web"), env=centre.env, cwd=CHECKOUT, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{centre.env['ACD_HTTP_PORT']}"
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(url, headers={"Origin": url}, cookie_jar=jar) as browser:
            await _until_up(browser)
            with RecordStore(centre.database_url) as store, contextlib.suppress(RequestRefused):
                AccountStore(store.engine).add(USER, "supervisor", QUICK.hash(PASSWORD), must_change=False)
            body = {"username": USER, "password": PASSWORD}
            async with browser.post("/api/session", json=body) as answer:
                assert answer.status == 200, await answer.text()
            yield browser
    finally:
        program.terminate()
        await program.wait()
        log.close()


async def _until_up(browser: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with browser.get("/api/openapi.json") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)


def table(before: Took, during: Took, seen: dict[str, int]) -> str:
    """The figures, as they are in docs/security.md."""
    lines = ["", "| | before | meanwhile |", "| --- | --- | --- |"]
    lines.append(f"| calls, requests of the browser | {_counts(before)} | {_counts(during)} |")
    for name, share in (("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("longest", 1.0)):
        for what, says in (("ring", "until the agent's phone rings"), ("browser", "until a page is there")):
            told = " | ".join(f"{took.of(share)[what] * 1000:.0f} ms" for took in (before, during))
            lines.append(f"| {says}, {name} | {told} |")
    said = ", ".join(f"{name} {count:,}" for name, count in sorted(seen.items()))
    return "\n".join([*lines, "", f"The outsider: {said}.", COMMAND, ""])


def _counts(took: Took) -> str:
    return f"{len(took.rings)}, {len(took.answers)}"


@pytest.mark.timeout(900 if LONG else 120)
async def test_callers_and_browsers_notice_nothing(centre: Centre) -> None:
    before, during = Took(), Took()
    async with signed_in(centre) as browser, centre.phone("1001") as anna:
        await anna.register()
        await centre.ready("anna")
        async with browsing(browser, before):
            until = time.monotonic() + PEACE_S
            while len(before.rings) < CALLS or time.monotonic() < until:
                before.rings.append(await rings_within(centre, anna))
        command = [sys.executable, "-m", "tests.integration.outsider", json.dumps(asdict(SIZES))]
        outsider = await Program.start(command, CHECKOUT, centre.env)
        bombs = asyncio.create_task(put_bombs(centre))
        try:
            async with browsing(browser, during), asyncio.timeout(ATTACK_LIMIT_S):
                while not outsider.has_ended:
                    during.rings.append(await rings_within(centre, anna))
            assert await outsider.wait(5.0) == 0, outsider.text[-3000:]
        finally:
            await outsider.stop()
            refused = await bombs
    seen = {**json.loads(outsider.output[-1]), "bombs refused": refused}
    sys.stdout.write(table(before, during, seen) + "\n")
    assert len(during.rings) >= CALLS, "the attack was too short to say anything"
    for share, slower_s in SLOWER_S.items():
        for what, before_s in before.of(share).items():
            assert during.of(share)[what] < before_s + slower_s, (what, share)
    assert seen.get("WebSocket 401", 0) + seen.get("WebSocket 429", 0) == SIZES.sockets * SIZES.waves
    assert seen["half-open FastAGI"] >= SIZES.half_open * 0.9
    assert seen["bombs refused"] == BOMBS
    assert sum(count for name, count in seen.items() if name.startswith("sign-in ")) == SIZES.logins
    assert seen["SIPp: refused each time"] == SIZES.sipp_calls
