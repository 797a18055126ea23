"""Calls that were deleted for good: what is told of them later is not put on record again.

A record may wait on disk while the database is away, and Asterisk's account has the call, too. Of the calls
themselves nothing is kept but a code that their ids lead to.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, select

from acd.records import schema
from acd.records.bulk import insert_rows
from acd.sql import in_chunks


def note_deleted(connection: Connection, call_ids: Collection[str], at: datetime) -> None:
    """They stay deleted. In the transaction that deletes them."""
    new = frozenset(call_ids) - deleted_calls(connection, call_ids)
    rows = [{"code": _code(call_id), "at": at} for call_id in sorted(new)]
    insert_rows(connection, schema.deleted_calls, rows)


def deleted_calls(connection: Connection, call_ids: Collection[str]) -> frozenset[str]:
    """Those of the ids whose calls were deleted for good."""
    column = schema.deleted_calls.c.code
    if connection.execute(select(column).limit(1)).first() is None:  # most often: imports are fast
        return frozenset()
    codes = {_code(call_id): call_id for call_id in call_ids}
    return frozenset(
        codes[code]
        for some in in_chunks(sorted(codes))
        for code in connection.scalars(select(column).where(column.in_(some)))
    )


def _code(call_id: str) -> str:
    return sha256(f"call {call_id}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
