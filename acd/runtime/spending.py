"""What calls outside cost today: read off the calls as they change, kept over a restart.

A meter runs for each call in which somebody outside has answered, on the account of whoever had it dialled. A
transfer that joins two calls moves on with a meter of its own: the fee for being answered may count twice.
What a call costs belongs to the day on which it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from acd.core.agents import Agent
from acd.core.calls import Call, CallState, Channel
from acd.core.facts import CallKind, Fact, Transferred
from acd.core.outside_facts import OutsideDialed
from acd.core.ports import Mirror
from acd.settings.centre_now import CentreView

log = structlog.get_logger(__name__)

METER, SPENT = "meter:", "outside-spent"


@dataclass(frozen=True, slots=True)
class Meter:
    """One talk: with whom, on whose account (an agent, FLOW, '' for nobody), since when."""

    number: str
    payer: str
    since: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Meter:
        """The inverse of `asdict`. Raises KeyError, TypeError or ValueError for what is none."""
        return cls(str(data["number"]), str(data["payer"]), float(data["since"]))


class SpendingBook:
    """An observer of calls. `clock` in Unix seconds; money in the currency of the rates."""

    def __init__(self, centre: CentreView, clock: Callable[[], float], mirror: Mirror) -> None:
        self._centre = centre
        self._clock = clock
        self._mirror = mirror
        self._day = ""
        self._ended: dict[str, float] = {}
        self.meters: dict[str, Meter] = {}

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Begin with what was spent before a restart: before we are told of calls, whose talks would begin
        anew otherwise."""
        try:
            spent = kept.get(SPENT, {})
            self._day = str(spent.get("day", ""))
            self._ended = {str(who): float(cost) for who, cost in dict(spent.get("by", {})).items()}
            found = {k: Meter.from_dict(v) for k, v in kept.items() if k.startswith(METER)}
        except (KeyError, TypeError, ValueError) as error:
            log.error("what calls outside have cost today cannot be read", reason=repr(error))
            return
        self.meters = {key.removeprefix(METER): meter for key, meter in found.items()}

    def stop_gone(self, lives: Callable[[str], bool]) -> None:
        """Once it is known which calls go on: of those that are gone the talk ends now."""
        for call_id in [call_id for call_id in self.meters if not lives(call_id)]:
            self._stop(call_id, self._clock())

    def call_changed(self, call: Call) -> None:
        """See `CallObserver`."""
        if call.outside_trunk is None and call.id not in self.meters:
            return
        runs = _is_answered(call) and call.outside_number is not None
        meter = self.meters.get(call.id)
        if meter is not None and (not runs or meter.number != call.outside_number):
            self._stop(call.id, call.facts[-1].at if call.facts else self._clock())
        if runs and call.id not in self.meters:
            assert call.outside_number is not None, call.id
            self._start(call.id, Meter(call.outside_number, payer_of(call), self._clock()))

    def call_merged(self, call_id: str) -> None:
        """See `FloorObserver`: the talk goes on in another call."""
        if call_id in self.meters:
            self._stop(call_id, self._clock())

    def agent_changed(self, agent: Agent) -> None:
        """See `FloorObserver`; agents cost nothing."""

    def _start(self, call_id: str, meter: Meter) -> None:
        if not self._costs(meter.number):
            return
        self.meters[call_id] = meter
        self._mirror.put(METER + call_id, asdict(meter))

    def _costs(self, number: str) -> bool:
        dialing = self._centre.dialing
        return dialing is not None and number not in dialing.emergency

    def _stop(self, call_id: str, at: float) -> None:
        meter = self.meters.pop(call_id)
        self._turn_the_page()
        self._ended[meter.payer] = self._ended.get(meter.payer, 0.0) + self.cost(meter, at)
        self._mirror.drop(METER + call_id)
        self._mirror.put(SPENT, {"day": self._day, "by": dict(self._ended)})

    def _turn_the_page(self) -> None:
        zone = ZoneInfo(self._centre.system.timezone)
        today = datetime.fromtimestamp(self._clock(), zone).date().isoformat()
        if today != self._day:
            self._day, self._ended = today, {}

    def cost(self, meter: Meter, until: float) -> float:
        """Of the talk so far."""
        dialing = self._centre.dialing
        rates = dialing.rates if dialing is not None else None
        return 0.0 if rates is None else rates.cost(meter.number, max(0.0, until - meter.since))

    @property
    def day(self) -> str:
        """Today's date."""
        self._turn_the_page()
        return self._day

    def spent(self) -> dict[str, float]:
        """Today, by who pays; talks that go on included."""
        self._turn_the_page()
        total, now = dict(self._ended), self._clock()
        for meter in self.meters.values():
            total[meter.payer] = total.get(meter.payer, 0.0) + self.cost(meter, now)
        return total


def is_outside(call: Call) -> bool:
    """Whether the call uses a trunk for somebody whom we have dialled, ringing included."""
    if call.outside_trunk is None or call.state is CallState.ENDED:
        return False
    busy = (CallState.DIALING_OUT, CallState.OUTSIDE, CallState.TALKING)
    return call.state in busy or call.kind is CallKind.CALLBACK


def _is_answered(call: Call) -> bool:
    if not is_outside(call) or call.state is CallState.DIALING_OUT:
        return False
    talks = call.state in (CallState.OUTSIDE, CallState.TALKING)
    return talks or (call.kind is CallKind.CALLBACK and call.channel is Channel.CALLER)


def payer_of(call: Call) -> str:
    """On whose authority it was dialled: an agent, FLOW, or '' for nobody."""
    return next((fact.agent for fact in _backwards(call.facts) if isinstance(fact, OutsideDialed)), "")


def _backwards(facts: list[Fact] | tuple[Fact, ...]) -> list[Fact]:
    """Consultations that have become part of the call, too."""
    found: list[Fact] = []
    for fact in reversed(facts):
        found.append(fact)
        if isinstance(fact, Transferred):
            found.extend(reversed(fact.consult))
    return found
