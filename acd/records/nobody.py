"""Calls that have been made nobody's, and stay so when they are written again. Pure.

What tells of a person is left out of all that is told of such a call from then on; when and where things
happened is kept, so that what is counted is right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from acd.core.facts import CallKind
from acd.records.record import CallRecord

NOBODY = "anon:"
"""So begins what stands for the contact key of somebody who is known no longer."""
GONE = "…"
"""Stands in texts for what told of somebody."""
_NUMBERS_AND_WORDS = frozenset({"caller_number", "caller_name", "number", "detail", "cause"})
_OUTSIDE = re.compile(r"\+?\d{6,}")


@dataclass(frozen=True, slots=True)
class Kept:
    """What the row of a call on record has that facts do not say."""

    anonymised: bool
    contact_key: str
    customer_id: str | None
    customer_segment: str | None
    caller_number: str
    source: str


def is_outside(dialled: str) -> bool:
    """Whether it has so many digits that it is no number of ours."""
    return _OUTSIDE.fullmatch(dialled) is not None


def nobodys_fact(fact: Mapping[str, Any]) -> dict[str, Any]:
    """A fact as JSON, nobody's: what was keyed or known of the caller is left out, when and where stay."""
    dialled = fact.get("kind") == CallKind.OUTBOUND
    of_recording = fact.get("fact") == "TalkRecorded"  # its reason is in an agent's words
    return {
        key: "" if key == "reason" and of_recording else _nobodys_value(key, value, dialled)
        for key, value in fact.items()
    }


def _nobodys_value(key: str, value: Any, dialled: bool) -> Any:
    if key == "consult":
        return [nobodys_fact(each) for each in value]
    if key == "customer" and value is not None:
        nobody = {"id": "", "name": "", "language": "", "value": 0.0, "requirement": ""}
        return {**value, **nobody}
    if key in _NUMBERS_AND_WORDS or (key == "dialed_number" and dialled):
        return ""
    if key == "target" and isinstance(value, str) and is_outside(value):
        return ""
    return value


def is_same(kept: Any, told: Any) -> bool:
    """Whether JSON on record, from which words may have been taken, is what is told again."""
    match kept, told:
        case str(), str() if GONE in kept:
            return re.fullmatch(".*".join(map(re.escape, kept.split(GONE))), told, re.DOTALL) is not None
        case dict(), dict():
            return kept.keys() == told.keys() and all(is_same(kept[key], told[key]) for key in kept)
        case list(), list():
            return len(kept) == len(told) and all(map(is_same, kept, told))
        case _:
            return bool(kept == told)


def as_kept(record: CallRecord, kept: Kept) -> CallRecord:
    """The record, no more of anybody's than the row on record is."""
    if kept.anonymised:
        return replace(
            record,
            caller_number="",
            caller_name="",
            dialed_number="" if record.kind is CallKind.OUTBOUND else record.dialed_number,
            customer_id=None,
            customer_name=None,
            customer_segment=kept.customer_segment,
            contact_key=kept.contact_key,
            anonymised=True,
        )
    is_of_the_same = (record.customer_id, record.caller_number) == (kept.customer_id, kept.caller_number)
    if kept.contact_key.startswith(NOBODY) and is_of_the_same:
        return replace(record, contact_key=kept.contact_key)
    return record
