"""What people say against the record of a call: rows that are added, and applied when it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine, func, select

from acd.errors import OperatorError
from acd.records import schema, writing
from acd.records.bulk import insert_rows

YES, NO = "yes", "no"
_REASON_MAX, _VALUE_MAX = 500, 200


class Field(StrEnum):
    """What can be corrected. EXCLUDED: the call is left out of reports. COMPLAINT: it was one."""

    CUSTOMER = "customer"
    COMPLAINT = "complaint"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Correction:
    """`at` is aware; `value`: yes or no, or the customer's id."""

    call_id: str
    at: datetime
    who: str
    field: Field
    value: str
    reason: str


def correct(engine: Engine, correction: Correction) -> None:
    """Put it on record. Raises OperatorError for a call that is not, and for what cannot be meant."""
    _check(correction)
    calls, table = schema.calls, schema.corrections
    with engine.begin() as connection:
        # Taken for writing at once: of two corrections of a call one waits for the other.
        held = select(calls.c.call_id).where(calls.c.call_id == correction.call_id).with_for_update()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        if connection.execute(held).first() is None:
            raise OperatorError(f"no call {correction.call_id!r} is on record; see 'acd calls list'")
        of_call = table.c.call_id == correction.call_id
        position = connection.scalar(select(func.count()).select_from(table).where(of_call)) or 0
        row = {
            "call_id": correction.call_id,
            "position": position,
            "at": correction.at,
            "who": correction.who,
            "field": correction.field.value,
            "value": correction.value,
            "reason": correction.reason,
        }
        insert_rows(connection, table, [row])
        writing.touch_calls(connection, [correction.call_id])


def corrections(engine: Engine, call_ids: Sequence[str]) -> list[Correction]:
    """Those of these calls, in order; at most a few hundred calls at once."""
    table = schema.corrections
    query = select(table).where(table.c.call_id.in_(call_ids)).order_by(table.c.call_id, table.c.position)
    with engine.connect() as connection:
        return [
            Correction(row.call_id, row.at, row.who, Field(row.field), row.value, row.reason)
            for row in connection.execute(query)
        ]


def _check(correction: Correction) -> None:
    if correction.field is not Field.CUSTOMER and correction.value not in (YES, NO):
        raise OperatorError(
            f"the value of {correction.field.value} is {YES} or {NO}, not {correction.value!r}"
        )
    if not 0 < len(correction.value) <= _VALUE_MAX or not correction.value.isprintable():
        raise OperatorError(f"the value must have 1 to {_VALUE_MAX} characters that can be printed")
    if not 0 < len(correction.reason.strip()) <= _REASON_MAX or not correction.reason.isprintable():
        raise OperatorError(f"say why, in 1 to {_REASON_MAX} characters that can be printed")
