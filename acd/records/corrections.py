"""What people say against the record of a call: rows that are added, and applied when it is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from acd.core.last_agents import customer_key
from acd.errors import OperatorError
from acd.records import schema
from acd.records.nobody import GONE
from acd.records.record import CallRecord
from acd.sql import in_chunks

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


def applied(record: CallRecord, corrections: Iterable[Correction]) -> CallRecord:
    """The record as it is after them, in their order. What is left out of reports is decided there. Pure.

    A customer without a value has been forgotten since.
    """
    for correction in corrections:
        if correction.field is Field.CUSTOMER and correction.value not in ("", record.customer_id):
            key = customer_key(correction.value, record.caller_number)
            record = replace(
                record,
                customer_id=correction.value,
                customer_name=None,
                customer_segment=None,
                contact_key=key,
            )
    return record


def told(corrections: Iterable[Correction], tz: ZoneInfo) -> list[str]:
    """Each in a line, for people. Safe to print."""
    return [
        f"corrected {c.at.astimezone(tz):%Y-%m-%d %H:%M} by {c.who}:"
        f" {c.field.value} is {c.value or GONE} ({c.reason or GONE})"
        for c in corrections
    ]


def of_calls(connection: Connection, call_ids: Sequence[str]) -> dict[str, list[Correction]]:
    """Those of these calls, by call, in their order."""
    table, found = schema.corrections, defaultdict[str, list[Correction]](list)
    for ids in in_chunks(call_ids):
        query = select(table).where(table.c.call_id.in_(ids)).order_by(table.c.call_id, table.c.position)
        for row in connection.execute(query):
            one = Correction(row.call_id, row.at, row.who, Field(row.field), row.value, row.reason)
            found[row.call_id].append(one)
    return found


def check(correction: Correction) -> None:
    """Raises OperatorError for what cannot be meant."""
    if correction.field is not Field.CUSTOMER and correction.value not in (YES, NO):
        raise OperatorError(
            f"the value of {correction.field.value} is {YES} or {NO}, not {correction.value!r}"
        )
    if not 0 < len(correction.value) <= _VALUE_MAX or not correction.value.isprintable():
        raise OperatorError(f"the value must have 1 to {_VALUE_MAX} characters that can be printed")
    if not 0 < len(correction.reason.strip()) <= _REASON_MAX or not correction.reason.isprintable():
        raise OperatorError(f"say why, in 1 to {_REASON_MAX} characters that can be printed")
