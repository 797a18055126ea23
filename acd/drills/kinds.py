"""Which drills there are, what each does, what it costs, and what it must keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OUTAGE_S = 10.0
"""How long what lasts does, unless another time is asked for."""
LOSS_AT_LEAST_S = 3.0
"""A shorter loss of Redis may not show: where nothing happens it is spoken to every 2 s."""
WHOLE_WITHIN_S = 60.0
"""What has ended is started again by its keeper, and looks around."""


@dataclass(frozen=True, slots=True)
class Drill:
    """`do` and `fields`: what the controller that leads is asked. `does` and `costs`: said before.

    `resumes_within_s`: a limit for the time until calls are routed again. `ends_calls`: those in progress may
    be lost, but only at the one Asterisk that it is about. `changes_leader`: another controller has to lead
    afterwards. `lasts`: the fault is there for a while, as long as is asked for. `whole_within_s`: a limit
    for the time from its end until all is as before.
    """

    name: str
    does: str
    costs: str
    do: str
    fields: Mapping[str, Any]
    resumes_within_s: float
    changes_leader: bool = False
    needs_standby: bool = False
    ends_calls: bool = False
    lasts: bool = False
    whole_within_s: float = WHOLE_WITHIN_S

    @property
    def takes_away(self) -> str:
        """'redis' or 'database': what the controller that leads has to do without; '' for other faults."""
        return str(self.fields.get("what", ""))


DRILLS = {
    drill.name: drill
    for drill in (
        Drill(
            "controller-crash",
            "kills the controller that leads (kill -9); another takes over, or its keeper starts it again",
            "no call; callers in menus and in line hear music for a moment longer",
            "drill-crash",
            {},
            resumes_within_s=30.0,
        ),
        Drill(
            "standby-takeover",
            "freezes the controller that leads (SIGSTOP) until another one has taken over, then wakes it up",
            "no call; nobody is offered a call for up to 6 s",
            "drill-freeze",
            {},
            resumes_within_s=6.0,
            changes_leader=True,
            needs_standby=True,
            lasts=True,
        ),
        Drill(
            "asterisk-restart",
            "ends Asterisk (core stop now); whatever keeps it has to start it again",
            "ALL CALLS on this Asterisk: they are cut off; those at other nodes go on",
            "drill-asterisk",
            {"how": "now"},
            resumes_within_s=30.0,
            ends_calls=True,
        ),
        Drill(
            "redis-loss",
            "has the controller that leads do without Redis for a while; Redis itself is left alone",
            "no call; live state is on disk alone meanwhile",
            "drill-loss",
            {"what": "redis"},
            resumes_within_s=1.0,
            lasts=True,
            whole_within_s=10.0,  # tried again each second
        ),
        Drill(
            "database-loss",
            "has the controller that leads do without its database for a while; the database itself, and web"
            " processes, are left alone",
            "no call; records wait meanwhile",
            "drill-loss",
            {"what": "database"},
            resumes_within_s=1.0,
            lasts=True,
            whole_within_s=40.0,  # tried again at least every 30 s
        ),
    )
}
CRASH_WITH_STANDBY_S = 4.0
"""The limit of `controller-crash` where another controller stands by."""
