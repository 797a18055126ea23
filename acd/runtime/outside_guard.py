"""Bounds of calls to the outside: how many, for how much, when. What they cost is `spending.py`'s to know.

A stolen phone password, a faulty flow or a generous agent costs at most what is written here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from acd.core.floor import Floor
from acd.core.outside_facts import FLOW
from acd.ivr.hours import CalendarState
from acd.runtime.dial_plan import Denial
from acd.runtime.spending import SpendingBook, is_outside, payer_of
from acd.settings.centre_now import CentreView
from acd.settings.outside import Dialing, DialRole
from acd.settings.spending import OutsideLimits

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
GRACE_S = 5.0
"""Asterisk ends a call at its limit by itself; so much later we do, where it could not."""
ALARMS_AT = (80, 100)
"""Percent of a budget."""
TOLD = "outside-told"
"""Where the mirror keeps which alarms there were today."""
TONE_LEAD_S = 60
FOR_EVER_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Alarm:
    """So much of a budget is spent. `who`: an agent, FLOW, or '' for all together."""

    who: str
    percent: int
    spent: float
    budget: float
    currency: str
    at: float

    def form(self) -> dict[str, Any]:
        """As others are told."""
        return {
            "who": "flows" if self.who == FLOW else self.who or "all",
            "percent": self.percent,
            "spent": round(self.spent, 2),
            "budget": self.budget,
            "currency": self.currency,
            "at": self.at,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alarm:
        """The inverse of `asdict`. Raises KeyError, TypeError or ValueError for what is none."""
        who, currency = str(data["who"]), str(data["currency"])
        spent, budget, at = float(data["spent"]), float(data["budget"]), float(data["at"])
        return cls(who, int(data["percent"]), spent, budget, currency, at)


class OutsideGuard:
    """`on_alarm` is told of each new alarm, `on_over(call_id)` of calls that are to end now."""

    def __init__(
        self, centre: CentreView, floor: Floor, clock: Callable[[], float], book: SpendingBook
    ) -> None:
        self._centre = centre
        self._floor = floor
        self._clock = clock
        self.book = book
        self.on_alarm: Callable[[Alarm], None] = lambda _alarm: None
        self.on_over: Callable[[str], None] = lambda _call_id: None
        # With 0: what a series begins with is no increase for Prometheus, so the first raised no alert.
        self.refused: Counter[str] = Counter({denial.value: 0 for denial in Denial})
        self.over_limit = 0
        self._warned: set[str] = set()
        self._ending: set[str] = set()
        self._told: list[Alarm] = []
        self._told_on = ""

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Once the book is restored: alarms of today that there were before a restart are not told again."""
        try:
            told = kept.get(TOLD, {})
            self._told = [Alarm.from_dict(alarm) for alarm in told.get("alarms", ())]
            self._told_on = str(told.get("day", ""))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            log.error("which alarms of budgets were told cannot be read", reason=repr(error))

    # --- before a number is dialled -----------------------------------------------------------
    def denial(self, payer: str, number: str) -> Denial | None:
        """Why this number must not be dialled now on this account (an agent's, or FLOW); None: it may."""
        dialing = self._centre.dialing
        if dialing is None or number in dialing.emergency:
            return None
        role = _role_of(dialing, payer)
        return (
            self._by_hours(role)
            or self._by_calls(dialing, role, payer, number)
            or self._by_money(dialing, role, payer, number)
        )

    def _by_hours(self, role: DialRole | None) -> Denial | None:
        if role is None or role.hours is None:
            return None
        now = datetime.fromtimestamp(self._clock(), UTC)
        return None if role.hours.state(now) is CalendarState.OPEN else Denial.OUT_OF_HOURS

    def _by_calls(self, dialing: Dialing, role: DialRole | None, payer: str, number: str) -> Denial | None:
        limits = dialing.limits
        calls = [
            (payer_of(call), call.outside_number or "")
            for call in self._floor.calls.values()
            if is_outside(call) and call.outside_number not in dialing.emergency
        ]
        if limits.calls_max is not None and len(calls) >= limits.calls_max:
            return Denial.CALLS_FULL
        if role is not None and role.calls_max is not None:
            of_role = sum(_role_of(dialing, who) is role for who, _ in calls)
            if of_role >= role.calls_max:
                return Denial.CALLS_FULL
        own = sum(who == payer for who, _ in calls)
        if limits.agent_calls_max is not None and payer != FLOW and own >= limits.agent_calls_max:
            return Denial.OWN_CALLS_FULL
        for prefix, most in limits.destinations.items():
            if number.startswith(prefix) and sum(n.startswith(prefix) for _, n in calls) >= most:
                return Denial.DESTINATION_FULL
        return None

    def _by_money(self, dialing: Dialing, role: DialRole | None, payer: str, number: str) -> Denial | None:
        rates = dialing.rates
        if rates is None:
            return None
        if rates.of(number) is None:
            return Denial.NO_RATE
        spent, least = self.book.spent(), rates.cost(number, 0.0)
        if _exceeds(sum(spent.values()) + least, dialing.limits.budget):
            return Denial.BUDGET_SPENT
        if _exceeds(spent.get(payer, 0.0) + least, _budget_of(dialing.limits, role)):
            return Denial.OWN_BUDGET_SPENT
        return None

    def count_refusal(self, denial: Denial) -> None:
        """For the metrics."""
        self.refused[denial.value] += 1

    # --- while people talk --------------------------------------------------------------------
    def longest_s(self, number: str) -> float | None:
        """After how long a call to this number is too long, or too dear; None: never."""
        dialing = self._centre.dialing
        if dialing is None or number in dialing.emergency:
            return None
        limits, bounds = dialing.limits, []
        if limits.longest_s is not None:
            bounds.append(limits.longest_s)
        if limits.dearest is not None and dialing.rates is not None:
            affords_s = dialing.rates.affords_s(number, limits.dearest)
            bounds += [affords_s] if affords_s is not None else []
        return min(bounds, default=None)

    def dial_limit(self, number: str) -> tuple[int, int] | None:
        """For Dial(): after how many milliseconds it ends, and how many before that a tone is heard.

        Where calls are not to be ended the tone comes at the limit, and the end in a week.
        """
        longest_s, dialing = self.longest_s(number), self._centre.dialing
        if longest_s is None or dialing is None:
            return None
        if dialing.limits.ends:
            longest_ms = max(1000, round(longest_s * 1000))
            return longest_ms, min(TONE_LEAD_S * 1000, longest_ms // 2)
        return FOR_EVER_S * 1000, round((FOR_EVER_S - longest_s) * 1000)

    async def run(self) -> None:
        """For ever: look at what goes on, and what it costs."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Warn of calls that are too long, and of budgets that are nearly spent."""
        dialing, now = self._centre.dialing, self._clock()
        self._warned &= self.book.meters.keys()
        self._ending &= self.book.meters.keys()
        for call_id, meter in list(self.book.meters.items()):
            longest_s = self.longest_s(meter.number)
            if longest_s is None or now - meter.since <= longest_s:
                continue
            if call_id not in self._warned:
                self._warned.add(call_id)
                self.over_limit += 1
                cost = round(self.book.cost(meter, now), 2)
                log.warning(
                    "a call outside is too long, or too dear",
                    call=call_id,
                    agent=meter.payer,
                    talk_s=round(now - meter.since),
                    cost=cost,
                )
            ends = dialing is not None and dialing.limits.ends
            if ends and now - meter.since > longest_s + GRACE_S and call_id not in self._ending:
                self._ending.add(call_id)
                self.on_over(call_id)
        self._look_at_budgets()

    def _look_at_budgets(self) -> None:
        told = {alarm.who: alarm.percent for alarm in self.told()}  # of each the highest, which came last
        for alarm in self.alarms():
            if told.get(alarm.who, 0) < alarm.percent:
                self._told.append(alarm)
                alarms = [asdict(each) for each in self._told]
                self.book.mirror.put(TOLD, {"day": self._told_on, "alarms": alarms})
                log.warning("calls outside: a budget is nearly or quite spent", **alarm.form())
                self.on_alarm(alarm)

    def told(self) -> list[Alarm]:
        """The alarms that there were today, each as it was, for those who begin to listen."""
        if self._told_on != self.book.day:
            self._told, self._told_on = [], self.book.day
        return list(self._told)

    def alarms(self) -> list[Alarm]:
        """Of every budget of which much is spent, the highest mark that is reached."""
        dialing = self._centre.dialing
        if dialing is None or dialing.rates is None:
            return []
        spent = self.book.spent()
        budgets = {"": (sum(spent.values()), dialing.limits.budget)}
        for who, cost in spent.items():
            if who:
                budgets[who] = (cost, _budget_of(dialing.limits, _role_of(dialing, who)))
        found, currency = [], dialing.rates.currency
        for who, (cost, budget) in budgets.items():
            marks = [m for m in ALARMS_AT if budget is not None and cost > 0 and cost >= budget * m / 100]
            if marks and budget is not None:
                found.append(Alarm(who, marks[-1], cost, budget, currency, self._clock()))
        return found

    def picture(self) -> Mapping[str, Any]:
        """For `acd status`: what was spent today, and the alarms."""
        dialing = self._centre.dialing
        rates = dialing.rates if dialing is not None else None
        return {
            "spent": round(sum(self.book.spent().values()), 2),
            "budget": dialing.limits.budget if dialing is not None else None,
            "currency": rates.currency if rates is not None else None,
            "alarms": [alarm.form() for alarm in self.alarms()],
        }


def _role_of(dialing: Dialing, payer: str) -> DialRole | None:
    name = dialing.flow_role if payer == FLOW else dialing.roles_of.get(payer)
    return dialing.roles.get(name or "")


def _budget_of(limits: OutsideLimits, role: DialRole | None) -> float | None:
    return role.budget if role is not None and role.budget is not None else limits.agent_budget


def _exceeds(cost: float, budget: float | None) -> bool:
    return budget is not None and cost > budget + 1e-9
