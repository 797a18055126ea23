"""The day's key figures of groups and agents, by the same formulas as `acd report`.

They are those of calls and stretches that are over and on record. Worked out while somebody watches, every
five seconds, or less often where that would take more than a small share of the processor.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.core.facts import AgentInterval
from acd.errors import OperatorError
from acd.records.period import Period, parse_period
from acd.records.reach import ALL, Reach
from acd.records.record import CallVisit
from acd.records.store import RecordStore
from acd.reports.known import AgentKnown, Known
from acd.reports.today import agents_of_day, report_of_day
from acd.web.centre import CentreInUse, CentreShown
from acd.web.link import FIGURES
from acd.web.live.hub import Hub
from acd.web.live.topics import WALLBOARD
from acd.web.picture import Picture
from acd.web.refusal import away

log = structlog.get_logger(__name__)

EVERY_S = 5.0
SHARE_MAX = 0.03
"""Of the processor's time, at most."""
RECENT = timedelta(minutes=30)
ASKED_S = 60.0
"""So long after somebody asked for the figures of some teams they are worked out with those of all."""


@dataclass(frozen=True, slots=True)
class Day:
    """`report`: by group and in total; by agent the day's times and talks; `recent` by group."""

    report: Mapping[str, Any]
    agents: Mapping[str, Mapping[str, Any]]
    recent: Mapping[str, float | None]

    def as_objects(self) -> dict[str, Mapping[str, Any]]:
        """For the live picture, where ids of groups and agents may be the same."""
        found: dict[str, Mapping[str, Any]] = {}
        for group in self.report["groups"]:
            recent = {"service_level_30min": self.recent.get(group["group"])}
            found[f"{FIGURES}group:{group['group']}"] = {**group, **recent}
        total = {"service_level_30min": self.recent.get("")}
        found[f"{FIGURES}total"] = {**self.report["total"], **total}
        found.update((f"{FIGURES}agent:{agent}", told) for agent, told in self.agents.items())
        return found


class Figures:
    """Those of today, at most `EVERY_S` old where somebody asks; pushed while somebody watches."""

    def __init__(self, store: RecordStore, centre: CentreInUse, picture: Picture, hub: Hub) -> None:
        self._store = store
        self._centre = centre
        self._picture = picture
        self._hub = hub
        self._wanted = asyncio.Event()
        hub.wallboard_watched = self._wanted.set
        self._working = asyncio.Lock()
        self._days: dict[Reach, Day] = {}
        self._asked: dict[Reach, float] = {}
        self._worked_out_at = 0.0
        self._took_s = 0.0

    async def today(self, reach: Reach = ALL) -> Day:
        """Until now, as far as somebody's rights reach. Raises SQLAlchemy's errors and OperatorError."""
        async with self._working:
            began = self._asked[reach] = time.monotonic()
            is_old = began - self._worked_out_at > self._pause_s()
            if is_old or reach not in self._days:
                self._asked = {one: at for one, at in self._asked.items() if began - at < ASKED_S}
                centre = await self._centre.get()
                self._days = await asyncio.to_thread(self._work_out, centre, {ALL, *self._asked})
                self._worked_out_at = time.monotonic()
                self._took_s = self._worked_out_at - began
            return self._days[reach]

    async def for_request(self, reach: Reach = ALL) -> Day:
        """The same, for a request. Raises Refusal, 503, where the database is away."""
        try:
            return await self.today(reach)
        except (SQLAlchemyError, OperatorError) as error:
            raise away("database-away", f"the figures cannot be read now ({type(error).__name__})") from error

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not self._hub.is_watched(WALLBOARD):
                self._wanted.clear()
                await self._wanted.wait()
            try:
                objects = (await self.today()).as_objects()
                gone = [
                    key for key in self._picture.objects if key.startswith(FIGURES) and key not in objects
                ]
                self._picture.change(objects, gone)
                for bounded in self._hub.bounded_pictures():
                    bounded.put_figures((await self.today(bounded.reach)).as_objects())
            except (SQLAlchemyError, OperatorError) as error:
                log.error("the day's figures cannot be worked out", reason=type(error).__name__)
            except Exception:  # a fault of ours: no reason to end everybody's page
                log.exception("the day's figures cannot be worked out")
            await asyncio.sleep(self._pause_s())

    def _pause_s(self) -> float:
        return max(EVERY_S, self._took_s / SHARE_MAX)

    def _work_out(self, centre: CentreShown, reaches: Collection[Reach]) -> dict[Reach, Day]:
        """From one look at the database for all of them."""
        tz, now = ZoneInfo(centre.system.timezone), datetime.now(UTC)
        period = parse_period("today", None, tz, now)
        visits = self._store.visits(period.since, period.until)
        intervals = self._store.intervals(period.since, period.until)
        return {reach: day(centre, visits, intervals, period, now, reach) for reach in reaches}


def day(
    centre: CentreShown,
    visits: Sequence[CallVisit],
    intervals: Sequence[AgentInterval],
    period: Period,
    now: datetime,
    reach: Reach = ALL,
) -> Day:
    """From what is on record of the period, as far as somebody's rights reach."""
    formula, known = centre.system.service_level_formula, _known(centre).within(reach)
    late = Period(max(period.since, now - RECENT, key=datetime.timestamp), period.until)
    recent = report_of_day(visits, known, late, formula)
    return Day(
        report=report_of_day(visits, known, period, formula),
        agents=agents_of_day(visits, intervals, known, period, formula),
        recent={
            "": recent["total"]["service_level"],
            **{group["group"]: group["service_level"] for group in recent["groups"]},
        },
    )


def _known(centre: CentreShown) -> Known:
    agents = {agent.id: AgentKnown(agent.id, agent.name) for agent in centre.agents.values()}
    return Known(centre.groups, agents, centre.reasons)
