"""All that is kept of one person, in one archive: for machines, for people, and to be heard."""

from __future__ import annotations

import asyncio
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, TableClause, or_, select

from acd.customers.schema import customer_notes, customer_numbers, customers
from acd.errors import OperatorError
from acd.privacy.calls import drafts
from acd.privacy.person import Person
from acd.recordings.bucket import Bucket
from acd.recordings.files import path_of
from acd.recordings.schema import recordings
from acd.recordings.store import Recording, Recordings
from acd.records import schema
from acd.records.store import RecordStore
from acd.records.story import call_story
from acd.records.tasks import TaskKind
from acd.sql import in_chunks
from acd.webhooks.schema import deliveries

_OF_CALLS = (
    schema.calls, schema.segments, schema.visits, schema.transfers, schema.facts, schema.ivr_steps,
    schema.survey_scores, schema.sounds, schema.dispositions, schema.corrections, recordings,
)  # fmt: skip

_SHOWN = ("segment", "language", "emails", "tags", "fields")

Rows = list[dict[str, Any]]


def export_person(
    store: RecordStore,
    person: Person,
    call_ids: Sequence[str],
    folder: Path,
    target: Path,
    zone: ZoneInfo,
    bucket: Callable[[], Bucket | None],
) -> dict[str, int]:
    """Write `target`, a zip file, whole or not at all; how many of each kind are in it.

    Raises OperatorError where a recording cannot be had, OSError, SQLAlchemy's errors.
    """
    data = _data(store.engine, person, call_ids)
    fresh = target.with_name(f"{target.name}.new")
    count = {kind: len(found) for kind, found in data.items() if found}
    try:
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1, default=_plain))
            archive.writestr("summary.txt", "\n".join(_summary(store, person, data, zone)))
            for row in Recordings(store.engine).of_calls(call_ids):
                if row.is_there:
                    _add_sound(archive, folder, row, bucket)
        fresh.chmod(0o600)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return count


def _data(engine: Engine, person: Person, call_ids: Sequence[str]) -> dict[str, Rows]:
    with engine.connect() as connection:
        cards = _rows(connection, customers, "id", person.ids)
        keys = [card["key"] for card in cards]
        data = {
            "customers": cards,
            "customer_numbers": _rows(connection, customer_numbers, "customer_key", keys),
            "customer_notes": _rows(connection, customer_notes, "customer_key", keys),
            "callbacks": _wishes(connection, person, call_ids),
            "drafts": _rows(connection, drafts, "call_id", call_ids),
            "deliveries": _deliveries(connection, person),
        }
        data["task_changes"] = _task_changes(connection, data["callbacks"], call_ids)
        return data | {str(table.name): _rows(connection, table, "call_id", call_ids) for table in _OF_CALLS}


def _wishes(connection: Connection, person: Person, call_ids: Sequence[str]) -> Rows:
    """Also those of their calls that name another number to be called back at."""
    rows = _rows(connection, schema.callbacks, "number", person.numbers)
    rows += _rows(connection, schema.callbacks, "call_id", call_ids)
    return list({row["callback_id"]: row for row in rows}.values())


def _task_changes(connection: Connection, wishes: Rows, call_ids: Sequence[str]) -> Rows:
    """What was noted of wishes to be called back, and of words that were left."""
    names = [row["name"].rpartition("/")[2] for row in _rows(connection, schema.sounds, "call_id", call_ids)]
    wished = [str(row["callback_id"]) for row in wishes]
    tasks = {TaskKind.CALLBACK.value: wished, TaskKind.VOICEMAIL.value: names}
    return [
        row
        for kind, ids in tasks.items()
        for row in _rows(connection, schema.task_changes, "task_id", ids)
        if row["kind"] == kind
    ]


def _deliveries(connection: Connection, person: Person) -> Rows:
    """What webhooks were told of them, or are still to be."""
    needles = [needle.decode() for needle in person.needles()]
    if not needles:
        return []
    told = or_(*(deliveries.c.body.contains(each, autoescape=True) for each in needles))
    query = select(deliveries).where(told).order_by(deliveries.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _rows(connection: Connection, table: TableClause, name: str, values: Sequence[Any]) -> Rows:
    column = table.c[name]
    order = [*table.primary_key]
    return [
        dict(row)
        for chunk in in_chunks(values)
        for row in connection.execute(select(table).where(column.in_(chunk)).order_by(*order)).mappings()
    ]


def _add_sound(
    archive: zipfile.ZipFile, folder: Path, row: Recording, bucket: Callable[[], Bucket | None]
) -> None:
    name, file = f"recordings/{row.name}.{row.format}", path_of(folder, row.name, row.format)
    if file.is_file():
        archive.write(file, name, zipfile.ZIP_STORED)
    elif (store := bucket()) is not None:
        with tempfile.TemporaryDirectory() as place:
            fetched = Path(place) / file.name
            asyncio.run(store.fetch(f"{row.name}.{row.format}", fetched))
            archive.write(fetched, name, zipfile.ZIP_STORED)
    else:
        raise OperatorError(f"the recording {row.name} is not there; `acd recordings check` says more")


def _summary(store: RecordStore, person: Person, data: Mapping[str, Rows], zone: ZoneInfo) -> list[str]:
    lines = ["What is kept of you", "", "Numbers: " + ", ".join(person.numbers)]
    for card in data["customers"]:
        lines += ["", f"Card {card['id']}: {card['name']}, {card['company']}".rstrip(", ")]
        lines += [
            f"  {name}: {card[name]}"
            for name in ("segment", "language", "emails", "tags", "fields")
            if card[name]
        ]
    lines += [f"  note of {_day(note['at'], zone)}: {note['text']}" for note in data["customer_notes"]]
    lines += ["", f"Calls: {len(data['calls'])}"]
    for call in data["calls"]:
        record = store.call(call["call_id"])
        lines += ["", *(call_story(record, zone) if record is not None else ())]
        lines += [
            f"Noted by an agent: {told['path']} {told['note']} {told['fields'] or ''}".rstrip()
            for told in data["dispositions"]
            if told["call_id"] == call["call_id"]
        ]
    lines += ["", "Wishes to be called back:"] if data["callbacks"] else []
    lines += [f"  {_day(wish['wanted_at'], zone)} at {wish['number']}" for wish in data["callbacks"]]
    return [*lines, ""]


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
