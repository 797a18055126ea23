"""How soon the customer's card is on the agent's screen once the phone is told to ring.

Real Asterisk, real web process, an agent whose phone is a real browser. Both moments are of the page's own
clock: the INVITE comes in at its SIP connection, and the first frame is due after the card, why the customer
calls and what was before stand in the page. That the INVITE has come through the web process's `/sip` is
not counted; it takes the same way as the news of the call.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from bench.figures import Figures, figures
from tests.browser.desk import Desk, DeskCentre, chromium, desk, profile
from tests.browser.speech import speak
from tests.integration.centre import started

TARGET_P99_MS = 150.0
AGENT, GROUP_NUMBER = "anna", "8001"
CUSTOMER, NAME = "+493012345678", "Sabine Köhler"
WATCH = """
    window.rang = {};
    const Plain = WebSocket;
    window.WebSocket = class extends Plain {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', ({data}) => {
                if (typeof data === 'string' && data.startsWith('INVITE ')) rang.invited = performance.now();
            });
        }
    };
    const shown = () =>
        document.querySelector('#pop-customer')?.textContent.includes('NAME') &&
        document.querySelector('#pop-why') && document.querySelector('#pop-before');
    new MutationObserver(() => {
        if (rang.popped || !shown()) return;
        rang.popped = true;
        requestAnimationFrame(() => { rang.drawn = performance.now(); });
    }).observe(document, {subtree: true, childList: true, characterData: true});
""".replace("NAME", NAME)
POPPED = """async (limit_ms) => {
    for (const end = performance.now() + limit_ms; !(rang.invited && rang.drawn); ) {
        if (performance.now() > end) throw new Error('no pop: ' + JSON.stringify(rang));
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const late_ms = rang.drawn - rang.invited;
    window.rang = {};
    return late_ms;
}"""
LIMIT_MS = 8000


class PopCentre(DeskCentre):
    """With the example's customers."""

    copied = False

    def start(self) -> None:
        """All processes."""
        super().start()
        self.acd("customers", "import", str(self.config / "customers.csv"))


def measure(samples: int, progress: Callable[[int], None]) -> Figures:
    """Milliseconds from the INVITE to the card; less than none where the card was first."""
    with tempfile.TemporaryDirectory() as folder, started(PopCentre(Path(folder))) as centre:
        microphone = speak(Path(folder))
        return asyncio.run(_measured(centre, microphone, samples, progress))


async def _measured(
    centre: PopCentre, microphone: Path, samples: int, progress: Callable[[int], None]
) -> Figures:
    found = []
    async with chromium(microphone) as browser, profile(browser, centre, AGENT) as context:
        await context.add_init_script(WATCH)
        async with desk(context, centre, AGENT) as agent:
            await agent.at_work()
            for n in range(samples):
                found.append(await _one(agent))
                progress(n + 1)
    return figures(found)


async def _one(agent: Desk) -> float:
    async with agent.centre.customer(CUSTOMER) as caller:
        call = await caller.dial(GROUP_NUMBER)
        late_ms: float = await agent.page.evaluate(POPPED, LIMIT_MS)
        await call.hang_up()
        await agent.centre.until_agent(AGENT, "ready")
        await agent.page.locator("#pop-customer").wait_for(state="detached")
        return late_ms


def table(found: Figures) -> Table:
    """For people."""
    out = Table(title="From the INVITE at the browser's phone to the customer's card, in milliseconds")
    for name in ("n", "min", "p50", "p95", "p99", "max", "target"):
        out.add_column(name, justify="right")
    target = f"p99 ≤ {TARGET_P99_MS:g}: {'met' if is_good(found) else 'MISSED'}"
    values = (found.min_ms, found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)
    out.add_row(str(found.n), *(f"{value:.1f}" for value in values), target)
    return out


def is_good(found: Figures) -> bool:
    """Whether the target is met."""
    return found.p99_ms <= TARGET_P99_MS


def write_json(path: Path, found: Figures) -> None:
    """`{"pop": {"n": …, "p50_ms": …, …}, "target_p99_ms": 150, "met": …}`"""
    data = {"pop": asdict(found), "target_p99_ms": TARGET_P99_MS, "met": is_good(found)}
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
