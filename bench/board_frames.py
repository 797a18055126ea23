"""What the wallboard costs the browser: 500 agents, 50 groups, 20 changes a second, in headless Chromium.

    python -m bench.board_frames [SECONDS]

A frame's work is all that the page's main thread did between two frames: messages, React, layout, paint.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import async_playwright

from tests.web.fake_board import FakeBoard

AGENTS, GROUPS, CHANGES_PER_S = 500, 50, 20.0
FRAME_MS = 1000 / 60
FLAGS = ["--no-sandbox", "--disable-background-networking", "--no-first-run"]


async def measure(
    seconds: float, agents: int = AGENTS, groups: int = GROUPS, changes_per_s: float = CHANGES_PER_S
) -> dict[str, float]:
    """Milliseconds of the main thread by frame of 1/60 s in which anything was done."""
    fake = FakeBoard(agents, groups)
    await fake.start()
    with TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            await page.goto(f"{fake.address}/wallboard")
            await page.locator(".board-agents .grid-line").first.wait_for()
            moving = asyncio.create_task(fake.run(changes_per_s))
            await asyncio.sleep(2)
            await browser.start_tracing(page=page, path=trace, categories=["devtools.timeline", "toplevel"])
            began = time.monotonic()
            await asyncio.sleep(seconds)
            took_s = time.monotonic() - began
            await browser.stop_tracing()
            moving.cancel()
            await browser.close()
        await fake.stop()
        return summary(json.loads(trace.read_text()), took_s)


def summary(trace: dict[str, Any], took_s: float) -> dict[str, float]:
    """From a trace of Chromium: tasks of the renderer's main thread that draws the page."""
    events = trace["traceEvents"]
    drawn = [e for e in events if e.get("name") == "UpdateLayoutTree"]
    threads = [(e["pid"], e["tid"]) for e in drawn]
    main = max(set(threads), key=threads.count)
    tasks = [e for e in events if e["ph"] == "X" and (e["pid"], e["tid"]) == main]
    # One lies within the other where Chromium writes both.
    name = "RunTask" if any(e["name"] == "RunTask" for e in tasks) else "ThreadControllerImpl::RunTask"
    frames: dict[int, float] = {}
    for task in tasks:
        if task["name"] == name:
            place = int(task["ts"] / 1000 // FRAME_MS)
            # Of the thread itself where it is known: on a busy machine it is not always its turn.
            frames[place] = frames.get(place, 0.0) + task.get("tdur", task.get("dur", 0)) / 1000
    work = sorted(frames.values())
    cuts = quantiles(work, n=100)
    return {
        "frames_with_work": len(work),
        "p50_ms": round(cuts[49], 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "most_ms": round(work[-1], 2),
        "over_16_ms": sum(ms > 16 for ms in work),
        "busy_share": round(sum(work) / 1000 / took_s, 3),
    }


if __name__ == "__main__":
    found = asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0))
    sys.stdout.write(json.dumps(found) + "\n")
