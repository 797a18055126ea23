"""A whole centre with its web process, and agents who work in real browsers."""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from acd.accounts.passwords import Passwords
from acd.accounts.store import AccountStore
from acd.records.store import RecordStore
from tests.integration.centre import Centre, wait_until
from tests.integration.sip.audio import loudness
from tests.integration.sip.call import PhoneCall

PASSWORD = "correct horse 7"
LIMIT_MS = 25_000
SILENT_S, GRACE_S = 12, 3
SPEECH_LEVEL = 0.02
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
    const found = {energy: 0, received: 0, sent: 0, spoken: 0};
    for (const connection of window.connections.slice(-1)) {
        for (const one of (await connection.getStats()).values()) {
            if (one.type === 'inbound-rtp') found.energy = one.totalAudioEnergy;
            if (one.type === 'inbound-rtp') found.received = one.bytesReceived;
            if (one.type === 'outbound-rtp') found.sent = one.bytesSent;
            if (one.type === 'media-source') found.spoken = one.totalAudioEnergy;
        }
    }
    return found;
}"""
UNTIL_SOUND = f"""async ([energy, limit_ms]) => {{
    for (const end = Date.now() + limit_ms; ; await new Promise((resolve) => setTimeout(resolve, 100))) {{
        const s = await ({STATISTICS})();
        if (s.energy > energy + 0.001 && s.received > 3000 && s.sent > 3000 && s.spoken > 0.0001) return;
        if (Date.now() > end) throw new Error('no sound: ' + JSON.stringify(s));
    }}
}}"""
UNTIL_CLOSED = """async (limit_ms) => {
    const last = window.connections.at(-1);
    for (const end = Date.now() + limit_ms; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
        if (last.connectionState === 'closed') return;
        if (Date.now() > end) throw new Error('still ' + last.connectionState);
    }
}"""

expect.set_options(timeout=LIMIT_MS)


class DeskCentre(Centre):
    """With a web process, and an account for each agent."""

    def adapt(self) -> None:
        """A browser that is gone is noticed soon."""
        file = self.config / "system.yml"
        file.write_text(
            file.read_text() + f"\ndesktop: {{grace_s: {GRACE_S}, browser_silent_s: {SILENT_S}}}\n"
        )

    def start(self) -> None:
        """All three processes."""
        super().start()
        with RecordStore(f"sqlite:///{self.home}/records.sqlite3") as store:
            accounts, hashed = AccountStore(store.engine), Passwords().hash(PASSWORD)
            for agent in self.settings.plan.agents:
                accounts.add(agent, "agent", hashed, agent, must_change=False)
        self.port = int(self.env["ACD_HTTP_PORT"])
        self.url = f"http://127.0.0.1:{self.port}"
        self._web = self.begin_program("web")
        wait_until(self._web_is_up, 20, "the web process")

    def _web_is_up(self) -> bool:
        assert self._web.poll() is None, "the web process ended; see controller.log"
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

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
    """One agent's browser. `faults`: what went wrong in its pages; `url`: the way to the web process."""

    def __init__(self, centre: DeskCentre, context: BrowserContext, agent: str) -> None:
        self.centre = centre
        self.url = centre.url
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

    async def at_work(self, *, ready: bool = True) -> None:
        """Logged in with the browser for a phone, and ready; the session is there already."""
        await self.open()
        await self.state.wait_for()
        extension = self.centre.settings.plan.agents[self.agent].extension
        await self.centre.ask("login", agent=self.agent, phone=f"w{extension}")
        await expect(self.light).to_contain_text("Phone connected")
        if ready:
            await self.go_ready()

    async def at_work_by_hand(self) -> None:
        """The same with nothing but keys and clicks, from the sign-in on."""
        page = await self.open()
        await page.get_by_label("User name").fill(self.agent)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Log in").click()
        dialog = page.get_by_role("dialog")
        # The desk phone is not registered: the browser is offered first.
        await expect(dialog.get_by_title("This browser (headset)")).to_be_visible()
        await dialog.get_by_role("button", name="Log in").click()
        await expect(dialog).to_be_hidden()
        await expect(self.light).to_contain_text("Phone connected")
        await self.go_ready()

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

    async def until_closed(self) -> None:
        """Until the newest connection for sound is closed."""
        await self.page.evaluate(UNTIL_CLOSED, LIMIT_MS)

    async def until_sound(self, more_than: float = 0.0) -> None:
        """Until sound has come in and gone out over the newest connection: more energy than that."""
        await self.page.evaluate(UNTIL_SOUND, [more_than, LIMIT_MS])


async def until_speaks(call: PhoneCall, limit_s: float = 5.0) -> None:
    """The caller hears an agent's voice."""
    await call.rtp.until(
        lambda: loudness(call.rtp.heard.samples(0.4)) > SPEECH_LEVEL, limit_s, "an agent's voice"
    )


@asynccontextmanager
async def profile(
    browser: Browser, centre: DeskCentre, agent: str | None = None
) -> AsyncIterator[BrowserContext]:
    """Cookies and tabs of a browser of one's own; `agent` is signed in."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    await context.add_init_script(KEEP_CONNECTIONS)
    if agent is not None:
        told = await context.request.post(
            f"{centre.url}/api/session",
            data={"username": agent, "password": PASSWORD},
            headers={"Origin": centre.url},
        )
        assert told.ok, await told.text()
    yield context
    await context.close()


@asynccontextmanager
async def desk(context: BrowserContext, centre: DeskCentre, agent: str) -> AsyncIterator[Desk]:
    """An agent's tabs; nothing may have gone wrong in them."""
    found = Desk(centre, context, agent)
    try:
        yield found
    finally:
        for page in context.pages:
            await page.close()
    assert found.faults == []
