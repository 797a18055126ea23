"""How agents spent their time: by state, and not ready by what of it is paid. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from acd.core.agents import AgentState
from acd.core.facts import AgentInterval
from acd.core.work_rules import Reason
from acd.records.period import Period

if TYPE_CHECKING:  # only commands draw tables
    pass


@dataclass(slots=True)
class AgentTime:
    """Seconds of one agent within a period, of stretches that are over.

    `not_ready_s` by reason code. What is unpaid is not ready for a reason that the configuration calls so;
    a reason that it no longer has counts as paid.
    """

    agent: str
    ready_s: float = 0.0
    ringing_s: float = 0.0
    talking_s: float = 0.0
    wrap_up_s: float = 0.0
    not_ready_s: dict[str, float] = field(default_factory=dict)
    unpaid_s: float = 0.0

    @property
    def logged_in_s(self) -> float:
        """All of it."""
        return self.ready_s + self.busy_s + sum(self.not_ready_s.values())

    @property
    def busy_s(self) -> float:
        """Ringing, talking and wrap-up."""
        return self.ringing_s + self.talking_s + self.wrap_up_s

    @property
    def paid_s(self) -> float:
        """Logged in, without what is not paid."""
        return self.logged_in_s - self.unpaid_s


def agent_times(
    intervals: Iterable[AgentInterval], reasons: Mapping[str, Reason], period: Period
) -> list[AgentTime]:
    """By agent, what lies in the period, in the order of the agents' ids."""
    begin, end = period.since.timestamp(), period.until.timestamp()
    found: dict[str, AgentTime] = {}
    for interval in intervals:
        length_s = min(interval.until, end) - max(interval.since, begin)
        if length_s > 0:
            _add(found.setdefault(interval.agent, AgentTime(interval.agent)), interval, length_s, reasons)
    return [found[agent] for agent in sorted(found)]


def _add(time: AgentTime, interval: AgentInterval, length_s: float, reasons: Mapping[str, Reason]) -> None:
    match interval.state:
        case AgentState.READY:
            time.ready_s += length_s
        case AgentState.RINGING:
            time.ringing_s += length_s
        case AgentState.TALKING:
            time.talking_s += length_s
        case AgentState.WRAP_UP:
            time.wrap_up_s += length_s
        case AgentState.NOT_READY:
            code = interval.reason or ""
            time.not_ready_s[code] = time.not_ready_s.get(code, 0.0) + length_s
            if code in reasons and not reasons[code].paid:
                time.unpaid_s += length_s


def times_json(times: Iterable[AgentTime], period: Period) -> dict[str, Any]:
    """JSON-ready form, in seconds."""
    return {
        "from": period.since.isoformat(),
        "to": period.until.isoformat(),
        "agents": [
            {
                **asdict(time),
                "logged_in_s": time.logged_in_s,
                "paid_s": time.paid_s,
            }
            for time in times
        ],
    }
