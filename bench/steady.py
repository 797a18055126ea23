"""Whether a controller under a load that stays the same does so itself: its metrics page, over time."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client.parser import text_string_to_metric_families

LOOK_EVERY_S = 5.0
PARTS = 6
"""Of the time after warm-up, each of which is judged beside the first."""
WARM_UP = 1 / 6
JUDGED_FROM_S = 240.0
"""From the first part to the last; a shorter run says what it saw, and judges nothing."""
GROWTH_MAX = 0.02
FILES_MORE, TASKS_MORE = 4, 4
"""What a look, or a call more at this moment, may keep open."""
P99_TIMES_MAX = 2.0
"""A part's p99 beside the first part's, or one bucket of the histogram more."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `offers`: how many offers have left within so many seconds, by the histogram's bounds."""

    at_s: float
    rss_mb: float
    files: int
    tasks: int
    offers: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class Part:
    """Medians of a part of the time; `p99_ms` is the bound of the histogram's bucket that holds it."""

    begins_s: float
    rss_mb: float
    files: int
    tasks: int
    offers: int
    p99_ms: float


async def watch(url: str, looks: list[Look]) -> None:
    """For ever: look every few seconds; one that fails is left out."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with ClientSession(timeout=ClientTimeout(5)) as http:
        while True:
            try:
                async with http.get(url) as answer:
                    looks.append(read(await answer.text(), loop.time() - began))
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(LOOK_EVERY_S)


def read(page: str, at_s: float) -> Look:
    """What a metrics page says."""
    values: dict[str, float] = {}
    offers: dict[float, float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == "acd_dispatch_seconds_bucket":
                offers[float(sample.labels["le"])] = sample.value
            elif not sample.labels:
                values[sample.name] = sample.value
    rss_mb = values["process_resident_memory_bytes"] / 1e6
    return Look(at_s, rss_mb, int(values["process_open_fds"]), int(values["acd_tasks"]), offers)


def parts(looks: Sequence[Look], until_s: float) -> list[Part]:
    """The time from warm-up to the load's end, in equal parts; empty where there were too few looks."""
    during = [look for look in looks if WARM_UP * until_s <= look.at_s <= until_s]
    size = len(during) // PARTS
    if size < 2:
        return []
    found = []
    for number in range(PARTS):
        own = during[number * size : (number + 1) * size]
        offers = {le: own[-1].offers[le] - own[0].offers.get(le, 0.0) for le in own[-1].offers}
        found.append(
            Part(
                own[0].at_s,
                statistics.median(look.rss_mb for look in own),
                int(statistics.median(look.files for look in own)),
                int(statistics.median(look.tasks for look in own)),
                int(max(offers.values(), default=0)),
                1000 * _p99(offers),
            )
        )
    return found


def problems(found: Sequence[Part]) -> list[str]:
    """What has grown, one sentence each."""
    if not found or found[-1].begins_s - found[0].begins_s < JUDGED_FROM_S:
        return []
    first, last = found[0], found[-1]
    out = []
    if last.rss_mb > first.rss_mb * (1 + GROWTH_MAX):
        growth = 100 * (last.rss_mb / first.rss_mb - 1)
        out.append(f"memory has grown by {growth:.1f} %: {first.rss_mb:.1f} MB, then {last.rss_mb:.1f} MB")
    if last.files > first.files + FILES_MORE:
        out.append(f"open files: {first.files}, then {last.files}")
    if last.tasks > first.tasks + TASKS_MORE:
        out.append(f"tasks: {first.tasks}, then {last.tasks}")
    if last.p99_ms > first.p99_ms * P99_TIMES_MAX:
        out.append(f"p99 of dispatch: at most {first.p99_ms:g} ms, then at most {last.p99_ms:g} ms")
    return out


def _p99(offers: Mapping[float, float]) -> float:
    total = max(offers.values(), default=0.0)
    return next((le for le, count in sorted(offers.items()) if total and count >= 0.99 * total), 0.0)
