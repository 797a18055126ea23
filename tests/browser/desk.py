"""A whole centre with its web process, and agents who work in real browsers."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from acd.accounts.passwords import Passwords
from acd.accounts.store import AccountStore
from acd.errors import RequestRefused
from acd.records.store import RecordStore
from tests.integration.centre import CHECKOUT, Centre, wait_until
from tests.integration.sip.audio import loudness
from tests.integration.sip.call import PhoneCall

PASSWORD = "correct horse 7"
SUPERVISOR = "susan"
LIMIT_MS = 8000
SILENT_S = 4
GRACE_S = 3
SPEECH_LEVEL = 0.02
# Of the group Sales, in place of what other tests of real calls want.
SALES = {
    "ring_timeout_s: 4": "ring_timeout_s: 10",
    "wrap_up_s: 2": "wrap_up_s: 20",
    "record: on_demand": "record: always",
}
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
]
# Every connection for sound that the page makes, so that a test can ask for its statistics.
KEEP_CONNECTIONS = """
    window.connections = [];
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = class extends Real {
        constructor(...given) { super(...given); window.connections.push(this); }
    };
"""
STATISTICS = """async () => {
    const found = {energy: 0, received: 0, sent: 0, spoken: 0, states: []};
    for (const connection of window.connections.slice(-1)) {
        found.states.push(connection.connectionState);
        for (const one of (await connection.getStats()).values()) {
            if (one.type === 'inbound-rtp') found.energy = one.totalAudioEnergy;
            if (one.type === 'inbound-rtp') found.received = one.bytesReceived;
            if (one.type === 'outbound-rtp') found.sent = one.bytesSent;
            if (one.type === 'media-source') found.spoken = one.totalAudioEnergy;
        }
    }
    return found;
}"""

expect.set_options(timeout=LIMIT_MS)


class DeskCentre(Centre):
    """With a web process, and an account for each agent."""

    def adapt(self) -> None:
        """A browser that is gone is noticed soon; Sales is recorded, and leaves time to type."""
        file = self.config / "system.yml"
        desktop = f"{{grace_s: {GRACE_S}, browser_silent_s: {SILENT_S}}}"
        file.write_text(file.read_text() + f"\ndesktop: {desktop}\n")
        file = self.config / "groups.yml"
        text = file.read_text()
        for old, new in SALES.items():
            assert old in text, old
            text = text.replace(old, new, 1)  # the first group's
        file.write_text(text)

    def start(self) -> None:
        """All three processes."""
        super().start()
        with RecordStore(f"sqlite:///{self.home}/records.sqlite3") as store:
            accounts, hashed = AccountStore(store.engine), Passwords().hash(PASSWORD)
            for agent in self.settings.plan.agents:
                accounts.add(agent, "agent", hashed, agent, must_change=False)
            accounts.add(SUPERVISOR, "supervisor", hashed, must_change=False)
        self.acd("customers", "import", str(self.config / "customers.csv"))
        self.port = int(self.env["ACD_HTTP_PORT"])
        self.url = f"http://127.0.0.1:{self.port}"
        self._web = subprocess.Popen(
            [sys.executable, "-m", "acd", "web"],
            env=self.env,
            cwd=CHECKOUT,
            stdout=self._log,
            stderr=self._log,
        )
        wait_until(self._web_is_up, 20, "the web process")

    def _web_is_up(self) -> bool:
        assert self._web.poll() is None, "the web process ended; see controller.log"
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    async def reset(self) -> None:
        """See `Centre`; no wrap-up is waited for."""
        await asyncio.to_thread(self.console, "channel request hangup all")
        await self.until(lambda s: not s["calls"], "the end of all calls")
        for agent in self.settings.plan.agents:
            with contextlib.suppress(RequestRefused):
                await self.ask("wrap-up-done", agent=agent)
        await super().reset()

    def stop(self) -> None:
        """All three."""
        if hasattr(self, "_web"):
            self._web.terminate()
            self._web.wait(10)
        super().stop()


@asynccontextmanager
async def chromium(microphone: Path) -> AsyncIterator[Browser]:
    """With this file for a microphone, which no page has to ask for."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: run script/bootstrap"
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        await browser.close()


class Desk:
    """One agent's browser. `faults`: what went wrong in its pages."""

    def __init__(self, centre: DeskCentre, context: BrowserContext, agent: str, url: str) -> None:
        self.centre = centre
        self.url = url
        self.context = context
        self.agent = agent
        self.faults: list[str] = []
        self.page: Page

    async def open(self) -> Page:
        """Another tab; the newest one is `page`."""
        page = await self.context.new_page()
        page.set_default_timeout(LIMIT_MS)
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on(
            "console", lambda line: self.faults.append(line.text) if "Content Security" in line.text else None
        )
        await page.goto(self.url)
        self.page = page
        return page

    async def at_work(self) -> None:
        """Signed in, and logged in with the browser for a phone; not ready."""
        page = await self.open()
        await page.get_by_label("User name").fill(self.agent)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Log in").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("combobox", name="Phone").click()
        await page.get_by_title("This browser (headset)").click()
        await dialog.get_by_role("button", name="Log in").click()
        await expect(dialog).to_be_hidden()
        await expect(self.light).to_contain_text("Phone connected")

    async def go_ready(self) -> None:
        """By the button; the agent must not be busy."""
        await self.page.get_by_role("button", name="Ready", exact=True).click()
        await expect(self.said).to_have_text("Ready")

    @property
    def state(self) -> Locator:
        return self.page.get_by_role("region", name="My state")

    @property
    def said(self) -> Locator:
        """The state in words, without times and buttons."""
        return self.state.get_by_role("status").first

    @property
    def light(self) -> Locator:
        """The phone's place in the agent's bar."""
        return self.page.get_by_role("group", name="Phone in the browser")

    def button(self, name: str) -> Locator:
        """One of the call's. Before its own word stands that of its sign."""
        card = self.page.get_by_role("region", name="Call", exact=True)
        return card.get_by_role("button", name=re.compile(rf"(^| ){name}$"))

    async def statistics(self) -> dict[str, Any]:
        """Of the newest connection for sound."""
        found: dict[str, Any] = await self.page.evaluate(STATISTICS)
        return found

    async def until_sound(self, more_than: float = 0.0) -> None:
        """Until sound has come in and gone out over the newest connection: more energy than that."""
        await self.page.wait_for_function(
            f"async (energy) => {{ const s = await ({STATISTICS})(); return s.energy > energy + 0.001"
            " && s.received > 3000 && s.sent > 3000 && s.spoken > 0.0001; }",
            arg=more_than,
        )


async def until_speaks(call: PhoneCall, limit_s: float = 5.0) -> None:
    """The caller hears an agent's voice."""
    await call.rtp.until(
        lambda: loudness(call.rtp.heard.samples(0.4)) > SPEECH_LEVEL, limit_s, "an agent's voice"
    )


@asynccontextmanager
async def desk(browser: Browser, centre: DeskCentre, agent: str, url: str = "") -> AsyncIterator[Desk]:
    """An agent at work in a browser of their own; nothing may have gone wrong in its pages.

    `url`: another way to the web process.
    """
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    await context.add_init_script(KEEP_CONNECTIONS)
    found = Desk(centre, context, agent, url or centre.url)
    try:
        await found.at_work()
        yield found
    finally:
        await context.close()
    assert found.faults == []
