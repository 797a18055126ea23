"""SQL that asks what corrections say of calls: which are left out of reports, which were complaints."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal, select
from sqlalchemy.orm import aliased

from acd.records import schema
from acd.records.corrections import YES, Field


def any_excluded(connection: Connection) -> bool:
    """Whether there is any excluded call at all, so that reports need not look at each."""
    table = schema.corrections
    query = select(literal(1)).where(table.c.field == Field.EXCLUDED.value).limit(1)
    return connection.execute(query).first() is not None


def excluded_calls(connection: Connection) -> Sequence[str]:
    """The ids of all calls that are left out of reports; only corrections are looked at."""
    table = schema.corrections
    query = (
        select(table.c.call_id, table.c.value)
        .where(table.c.field == Field.EXCLUDED.value)
        .order_by(table.c.call_id, table.c.position)
    )
    newest = {row.call_id: row.value for row in connection.execute(query)}
    return [call_id for call_id, value in newest.items() if value == YES]


def is_excluded(call_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the call is left out of all that is counted."""
    return is_corrected(call_id, Field.EXCLUDED, YES)


def is_corrected(call_id: ColumnElement[str], field: Field, value: str) -> ColumnElement[bool]:
    """Whether the newest correction of this field of the call says so."""
    table, later = schema.corrections, aliased(schema.corrections)
    newest = (
        select(func.max(later.c.position))
        .where(later.c.call_id == table.c.call_id, later.c.field == field.value)
        .scalar_subquery()
    )
    return exists().where(
        and_(
            table.c.call_id == call_id,
            table.c.field == field.value,
            table.c.value == value,
            table.c.position == newest,
        )
    )
