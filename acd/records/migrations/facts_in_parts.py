"""Revision 0007: the facts of a call, kept one a row, are gathered; what they tell of its row and transfers.

In batches, so that a large database needs little memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
import structlog
from alembic import op

log = structlog.get_logger(__name__)

_MOMENT = sa.DateTime(timezone=True)
_BATCH = 5_000  # calls

_CALLS = sa.table(
    "calls", *(sa.column(name, sa.String) for name in ("call_id", "flow_id", "trunk", "language"))
)
_TRANSFERS = sa.table(
    "transfers",
    *map(sa.column, ("call_id", "position", "agent_id", "group_id", "how", "target", "to_group", "to_agent")),
    sa.column("at", _MOMENT),
)


def _single(name: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, ("call_id", "position")), sa.column("data", sa.JSON))


def _parts(name: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, ("call_id", "part", "first_position")), sa.column("data", sa.JSON))


def gather() -> None:
    """One row for each call, and what the facts tell besides."""
    op.create_table(
        "facts_kept",
        _call_id(),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("first_position", sa.Integer, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    connection, single, parts, done = op.get_bind(), _single("facts"), _parts("facts_kept"), 0
    for calls in _batches(connection, single, single.c.position):
        gathered = {call_id: [row.data for row in rows] for call_id, rows in calls.items()}
        rows = [
            {"call_id": id_, "part": 0, "first_position": 0, "data": data} for id_, data in gathered.items()
        ]
        connection.execute(parts.insert(), rows)
        _tell_calls(connection, gathered)
        done += len(gathered)
        log.info("records are brought up to date", calls=done)
    _exchange()


def _batches(
    connection: sa.Connection, table: sa.TableClause, order: sa.ColumnElement[Any]
) -> Iterator[dict[str, list[Any]]]:
    """The rows of some calls at a time, by call, each in their order."""
    last = ""
    while True:
        ids = sa.select(table.c.call_id).distinct().where(table.c.call_id > last)
        some = connection.scalars(ids.order_by(table.c.call_id).limit(_BATCH)).all()
        if not some:
            return
        query = sa.select(table).where(table.c.call_id > last, table.c.call_id <= some[-1])
        rows = connection.execute(query.order_by(table.c.call_id, order)).all()
        yield {call_id: list(own) for call_id, own in groupby(rows, key=lambda row: str(row.call_id))}
        last = some[-1]


def _tell_calls(connection: sa.Connection, gathered: dict[str, list[Any]]) -> None:
    heads = [{"id": call_id, **_head(facts)} for call_id, facts in gathered.items()]
    columns: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in ("flow_id", "trunk", "language")}
    told = sa.update(_CALLS).where(_CALLS.c.call_id == sa.bindparam("id")).values(columns)
    connection.execute(told, heads)
    transfers = [row for call_id, facts in gathered.items() for row in _transfers(call_id, facts)]
    if transfers:
        connection.execute(_TRANSFERS.insert(), transfers)


def _head(facts: list[dict[str, Any]]) -> dict[str, str | None]:
    named = {"new_flow_id": ("FlowEntered", "flow"), "new_trunk": ("Arrived", "trunk")}
    head = {
        key: next((fact.get(field) for fact in facts if fact["fact"] == kind), None)
        for key, (kind, field) in named.items()
    }
    languages = [fact["language"] for fact in facts if fact["fact"] == "LanguageChosen"]
    return {**head, "new_language": languages[-1] if languages else None}


def _transfers(call_id: str, facts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Where each led is told by the next fact of a line or an agent; none where a flow comes first."""
    groups: dict[str, str | None] = {}  # by agent: that of the last talk
    group: str | None = None
    position = 0
    for at, fact in enumerate(facts):
        match fact["fact"]:
            case "Queued":
                group = fact["group"]
            case "Directed":
                group = None
            case "Answered":
                groups[fact["agent"]] = group
            case "Transferred":
                later = fact["consult"] if fact["how"] == "attended" else facts[at + 1 :]
                to_group, to_agent = _led_to(later, whole=fact["how"] == "attended")
                yield {
                    "call_id": call_id,
                    "position": position,
                    "at": datetime.fromtimestamp(fact["at"], UTC),
                    "agent_id": fact["agent"],
                    "group_id": groups.get(fact["agent"]),
                    "how": fact["how"],
                    "target": fact["target"],
                    "to_group": to_group,
                    "to_agent": to_agent,
                }
                position += 1
                if fact["how"] == "attended":
                    group = to_group
                    if to_agent:
                        groups[to_agent] = to_group


def _led_to(facts: list[dict[str, Any]], *, whole: bool) -> tuple[str | None, str | None]:
    """Whose line and which agent: after the first such fact, or with `whole` after all of them."""
    group, agent = None, None
    for fact in facts:
        match fact["fact"]:
            case "Queued":
                group, agent = fact["group"], None
            case "Directed":
                group, agent = None, fact["agent"]
            case "Answered":
                agent = fact["agent"]
            case "FlowEntered" | "AgentLeft" | "OutsideDialed":
                group, agent = None, None
            case _:
                continue
        if not whole:
            break
    return group, agent


def scatter() -> None:
    """Back to one row for each fact."""
    op.create_table(
        "facts_kept",
        _call_id(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    connection, parts, single = op.get_bind(), _parts("facts"), _single("facts_kept")
    for calls in _batches(connection, parts, parts.c.part):
        rows = [
            {"call_id": call_id, "position": position, "data": fact}
            for call_id, own in calls.items()
            for position, fact in enumerate(fact for row in own for fact in row.data)
        ]
        if rows:
            connection.execute(single.insert(), rows)
    _exchange()


def _call_id() -> sa.Column[str]:
    return sa.Column("call_id", sa.String, primary_key=True)


def _exchange() -> None:
    op.drop_table("facts")
    rename("facts_kept", "facts", "pkey")


def rename(old: str, new: str, *endings: str) -> None:
    """A table, and the constraints that PostgreSQL has named after it with these endings."""
    op.rename_table(old, new)
    if op.get_bind().dialect.name == "postgresql":
        for ending in endings:
            op.execute(f"ALTER TABLE {new} RENAME CONSTRAINT {old}_{ending} TO {new}_{ending}")
