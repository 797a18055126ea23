"""How callers went through the flows in a period: for drawings, and the last runs of a flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from acd.records import schema
from acd.records.flow_steps import ANSWERED, ENDED, HUNG_UP

LOOK_AT = 200
"""Steps that are read at a time, for those of the last runs."""
_NOT_OF_THE_FLOW = frozenset({ANSWERED, ENDED, HUNG_UP})


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts of a period. Keys name flow and step; a step '' is the start of its flow.

    `arrows`: (flow, step, arrow, to) → how many took it. `hung_up`, `answered`, `ended`: how many callers
    hung up at the step (a queue step: while waiting), were answered by an agent out of it, or were
    taken off there by somebody else.
    """

    arrows: Mapping[tuple[str, str, str, str], int]
    hung_up: Mapping[tuple[str, str], int]
    answered: Mapping[tuple[str, str], int]
    ended: Mapping[tuple[str, str], int]


def traffic(engine: Engine, since: datetime, until: datetime, flow: str | None = None) -> Traffic:
    """The traffic of all flows, or of one, in [since, until): a step counts when it was left."""
    steps = schema.ivr_steps
    key = (steps.c.flow, steps.c.step, steps.c.arrow, steps.c.target)
    query = select(*key, func.count()).where(steps.c.at >= since, steps.c.at < until).group_by(*key)
    if flow is not None:
        query = query.where(steps.c.flow == flow)
    with engine.connect() as connection:
        rows = [(tuple(row[:4]), int(row[4])) for row in connection.execute(query)]
    ends: dict[str, dict[tuple[str, str], int]] = {name: {} for name in _NOT_OF_THE_FLOW}
    arrows: dict[tuple[str, str, str, str], int] = {}
    for (of, step, arrow, to), count in rows:
        if arrow in _NOT_OF_THE_FLOW:
            ends[arrow][of, step] = ends[arrow].get((of, step), 0) + count
        else:
            arrows[of, step, arrow, to] = count
    return Traffic(arrows, ends[HUNG_UP], ends[ANSWERED], ends[ENDED])


def last_runs(engine: Engine, flow: str, limit: int) -> list[str]:
    """The ids of the calls that went through the flow last, newest first."""
    steps, found = schema.ivr_steps.c, dict[str, None]()
    # Step by step from the newest back, as the index has them: not the whole history of the flow.
    query = select(steps.call_id).where(steps.flow == flow).order_by(steps.at.desc(), steps.call_id)
    query = query.execution_options(yield_per=LOOK_AT)
    with engine.connect() as connection, connection.execute(query) as newest_first:
        for call_id in newest_first.scalars():
            found[call_id] = None
            if len(found) == limit:
                break
    return list(found)
