"""What agents are doing now, asked from the controller for reports on time that is not over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from acd.errors import OperatorError, RequestRefused
from acd.reports.catalogue import REPORTS
from acd.reports.going_on import GoingOn, going_on, is_counted
from acd.runtime.leader import Leader
from acd.settings.environment import Environment

_LIMIT_S = 2.0
"""A controller that takes longer to say so is not waited for."""


def agents_now(env: Environment, report: str, kpis: Sequence[str], now: datetime) -> GoingOn | None:
    """Where a figure of the report takes that; None: the controller does not say."""
    if not is_counted(kpis or REPORTS[report].kpis):
        return ()
    try:
        told = asyncio.run(Leader(env).request(limit_s=_LIMIT_S, do="status"))
    except (OperatorError, RequestRefused):
        return None
    return going_on(((a["id"], a["state"], a["reason"], a["state_s"]) for a in told["agents"]), now)
