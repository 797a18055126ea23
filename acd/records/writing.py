"""SQL that writes calls and agent states: facts are added, what is folded from them is replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Connection, Table, delete, func, select, update

from acd.core.disposition import Disposition
from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.facts import AgentInterval, Arrived
from acd.errors import OperatorError
from acd.records import reading, rows, schema
from acd.records.bulk import delete_rows, insert_rows
from acd.records.corrections import Correction, Field, applied, check, of_calls
from acd.records.deleted import deleted_calls
from acd.records.fact_parts import FactData, Part, new_part, together
from acd.records.fold import fold
from acd.records.nobody import Kept, as_kept, is_same, nobodys_fact
from acd.records.record import CallRecord, Source
from acd.records.slots import raise_slots, slot_of, slots_between, slots_of_call
from acd.sql import in_chunks

# What is folded from the facts, in the order in which it may be deleted.
_OF_RECORD: Mapping[Table, Any] = {
    schema.segments: rows.segment_rows,
    schema.visits: rows.visit_rows,
    schema.transfers: rows.transfer_rows,
}
# This is in the facts alone, which may have been deleted before the rest.
_OF_FACTS: Mapping[Table, Any] = {
    schema.ivr_steps: rows.step_rows,
    schema.survey_scores: rows.score_rows,
    schema.sounds: rows.sound_rows,
}
FOLDED: Mapping[Table, Any] = {**_OF_RECORD, **_OF_FACTS}

_MOMENTS = (
    ((schema.calls.c.started_at, schema.calls.c.ended_at), schema.calls.c.call_id),
    ((schema.segments.c.started_at, schema.segments.c.ended_at), schema.segments.c.call_id),
    ((schema.visits.c.queued_at,), schema.visits.c.call_id),
    ((schema.transfers.c.at,), schema.transfers.c.call_id),
    ((schema.ivr_steps.c.at,), schema.ivr_steps.c.call_id),
    ((schema.survey_scores.c.at,), schema.survey_scores.c.call_id),
    ((schema.dispositions.c.at,), schema.dispositions.c.call_id),
)


def known(connection: Connection, call_ids: Sequence[str]) -> frozenset[str]:
    """Those of the ids that are on record."""
    column = schema.calls.c.call_id
    chunks = in_chunks(call_ids)
    found = [connection.scalars(select(column).where(column.in_(chunk))).all() for chunk in chunks]
    return frozenset(call_id for some in found for call_id in some)


def save_calls(connection: Connection, calls: Collection[CallRecord], also_slots: Iterable[int] = ()) -> None:
    """Write them, each id once; of those on record what is new is added. `also_slots` are raised, too.

    Those that have been made nobody's stay so, and those that were deleted for good stay deleted.
    """
    on_record = taken(connection, [call.call_id for call in calls])
    gone = deleted_calls(connection, [call.call_id for call in calls if call.call_id not in on_record])
    again = [call for call in calls if call.call_id in on_record]
    slots = _save_again(connection, again, on_record) if again else set[int]()
    slots.update(also_slots)
    new = [call for call in calls if call.call_id not in on_record and call.call_id not in gone]
    for table, own in rows_of_new(new):
        insert_rows(connection, table, own)
    for call in new:
        slots.update(slots_of_call(call))
    raise_slots(connection, slots)


def rows_of_new(calls: Collection[CallRecord]) -> Iterator[tuple[Table, Iterable[rows.Row]]]:
    """All rows of calls that are not on record, table by table; each begins with the call's id."""
    yield schema.calls, map(rows.call_row, calls)
    yield schema.facts, (rows.facts_row(call.call_id, 0, 0, call.facts) for call in calls if call.facts)
    for table, rows_of in FOLDED.items():
        yield table, (row for call in calls for row in rows_of(call))


def taken(connection: Connection, call_ids: Sequence[str]) -> dict[str, Kept]:
    """Those that are on record; nobody else changes them until the end of the transaction."""
    if connection.dialect.name == "sqlite":  # where the first to write is the only one
        connection.execute(update(schema.calls).where(schema.calls.c.call_id == "").values(kind=""))
    calls, found = schema.calls.c, dict[str, Kept]()
    query = select(
        calls.call_id,
        calls.anonymised,
        calls.contact_key,
        calls.customer_id,
        calls.customer_segment,
        calls.caller_number,
        calls.source,
    ).order_by(calls.call_id)
    for ids in in_chunks(sorted(call_ids)):
        for call_id, *told in connection.execute(query.where(calls.call_id.in_(ids)).with_for_update()):
            found[call_id] = Kept(*told)
    return found


def _save_again(
    connection: Connection, calls: Sequence[CallRecord], on_record: Mapping[str, Kept]
) -> set[int]:
    """The slots that they touch. The facts of before are among those of after, and so are their times."""
    corrected = of_calls(connection, [call.call_id for call in calls])
    parts, slots, added = fact_parts(connection, [call.call_id for call in calls]), set[int](), []
    whole, superseded = list[CallRecord](), list[str]()
    for call in calls:
        own, kept = parts.get(call.call_id, []), on_record[call.call_id]
        known, told = together(own), _told(call, kept)
        if _supersedes(call, told, known, kept):
            superseded.append(call.call_id)
            own, known = [], []
        part = new_part(known, told, is_same) if kept.anonymised else new_part(known, told)
        if part is not None:
            added.append(_part_row(call.call_id, len(own), part))
            known = together([*own, part])
        if known != told or kept.anonymised:
            call = _folded(call, known)  # noqa: PLW2901
        whole.append(as_kept(applied(call, corrected.get(call.call_id, ())), kept))
        slots.update(slots_of_call(whole[-1]))
    before = [call.call_id for call in calls if not parts.get(call.call_id)] + superseded
    slots |= slots_on_record(connection, before)
    for ids in in_chunks(superseded):
        connection.execute(delete(schema.facts).where(schema.facts.c.call_id.in_(ids)))
    replace_folded(connection, whole)
    insert_rows(connection, schema.facts, added)
    return slots


def _told(call: CallRecord, kept: Kept) -> list[FactData]:
    """Its facts as they would be on record."""
    told: list[FactData] = orjson.loads(orjson.dumps([fact_to_dict(fact) for fact in call.facts]))
    return list(map(nobodys_fact, told)) if kept.anonymised else told


_OF_ASTERISK = frozenset({Source.CDR.value, Source.FALLBACK.value})


def _supersedes(call: CallRecord, told: Sequence[FactData], known: Sequence[FactData], kept: Kept) -> bool:
    """Whether a controller tells from its begin of a call that was known from Asterisk's account alone.

    Both together would be two visits of one. A controller's own begin of a call is always the same.
    """
    if kept.source not in _OF_ASTERISK or call.source is Source.CDR or not told:
        return False
    is_whole = told[0]["fact"] == Arrived.__name__
    return is_whole and not (known and is_same(known[0], told[0]))


def _folded(call: CallRecord, facts: Sequence[FactData]) -> CallRecord:
    """From these facts; where there are none it is as it is."""
    return fold(call.call_id, list(map(fact_from_dict, facts)), call.source) if facts else call


def replace_folded(connection: Connection, calls: Collection[CallRecord]) -> None:
    """The rows of calls on record and what is folded from their facts, in the place of what there was."""
    with_facts = [call.call_id for call in calls if call.facts]
    for tables, call_ids in ((_OF_RECORD, [call.call_id for call in calls]), (_OF_FACTS, with_facts)):
        for ids in in_chunks(call_ids):
            for table in tables:
                connection.execute(delete(table).where(table.c.call_id.in_(ids)))
    insert_rows(connection, schema.calls, map(rows.call_row, calls), replace=True)
    for table, rows_of in FOLDED.items():
        insert_rows(connection, table, (row for call in calls for row in rows_of(call)))


def anonymised(connection: Connection, call_ids: Iterable[str]) -> frozenset[str]:
    """Those of the calls that have been made nobody's."""
    on_record = taken(connection, sorted(set(call_ids)))
    return frozenset(call_id for call_id, kept in on_record.items() if kept.anonymised)


def fact_parts(connection: Connection, call_ids: Sequence[str]) -> dict[str, list[Part]]:
    """The parts of these calls' facts, by call, in their order."""
    table, found = schema.facts.c, defaultdict[str, list[Part]](list)
    for ids in in_chunks(call_ids):
        query = select(table.call_id, table.first_position, table.data).where(table.call_id.in_(ids))
        for call_id, first, data in connection.execute(query.order_by(table.call_id, table.part)):
            found[call_id].append(Part(first, data))
    return found


def _part_row(call_id: str, number: int, part: Part) -> dict[str, Any]:
    return {"call_id": call_id, "part": number, "first_position": part.first, "data": part.data}


def touch_calls(connection: Connection, call_ids: Sequence[str]) -> None:
    """Raise the slots of calls of which something else is written: corrections, callbacks, what is deleted.

    To be called last in the transaction; what deletes calls calls it before, and writes nothing else that
    counts. Ids that are not on record are passed over.
    """
    raise_slots(connection, slots_on_record(connection, call_ids))


def slots_on_record(connection: Connection, call_ids: Sequence[str]) -> set[int]:
    """Those in which anything of these calls is on record."""
    found = set[int]()
    for ids in in_chunks(call_ids):
        for columns, of in _MOMENTS:
            for moments in connection.execute(select(*columns).where(of.in_(ids))):
                times = [moment.timestamp() for moment in moments if moment is not None]
                found.update(slots_between(min(times), max(times)))
    return found


def correct(connection: Connection, correction: Correction) -> None:
    """Put it on record, and fold the call anew. Raises OperatorError, also where the call is not there."""
    check(correction)
    table, calls = schema.corrections, schema.calls.c
    of_call = calls.call_id == correction.call_id
    # Taken for writing at once: of two corrections of a call one waits for the other.
    kept = taken(connection, [correction.call_id]).get(correction.call_id)
    if kept is None:
        raise OperatorError(f"no call {correction.call_id!r} is on record; see 'acd calls list'")
    if kept.anonymised and correction.field is Field.CUSTOMER:
        raise OperatorError(f"call {correction.call_id} has been made nobody's: it gets no customer any more")
    if correction.field is Field.COMPLAINT and not _is_disposed(connection, correction.call_id):
        raise OperatorError(
            f"no agent has recorded a disposition of call {correction.call_id}, and complaints are counted"
            " among dispositions: have one recorded first"
        )
    mine = select(func.count()).select_from(table).where(table.c.call_id == correction.call_id)
    row = {
        "call_id": correction.call_id,
        "position": connection.scalar(mine) or 0,
        "at": correction.at,
        "who": correction.who,
        "field": correction.field.value,
        "value": correction.value,
        "reason": correction.reason,
    }
    insert_rows(connection, table, [row])
    also = slots_on_record(connection, [correction.call_id])
    save_calls(connection, reading.load(connection, select(schema.calls).where(of_call)), also)


def _is_disposed(connection: Connection, call_id: str) -> bool:
    """Whether an agent's last words on the call have a disposition; notes alone have none."""
    return any(told.code for told in reading.dispositions(connection, [call_id]))


def save_intervals(
    connection: Connection, intervals: Collection[AgentInterval], also_slots: Iterable[int] = ()
) -> None:
    """Write agent states, replacing those of the same agent and begin. `also_slots` are raised, too."""
    states = schema.agent_states
    newest = {(row["agent_id"], row["since"]): row for row in map(rows.interval_row, intervals)}
    slots = {slot for row in newest.values() for slot in _slots_of_state(row)}.union(also_slots)
    for chunk in in_chunks(sorted(newest, key=itemgetter(1))):
        before = _intervals_there(connection, frozenset(chunk))
        if before:  # after a restart
            slots.update(slot for row in before for slot in _slots_of_state(row))
            there = [(row["agent_id"], row["since"]) for row in before]
            delete_rows(connection, states, ("agent_id", "since"), there)
    insert_rows(connection, states, newest.values())
    raise_slots(connection, slots)


def _intervals_there(
    connection: Connection, keys: Collection[tuple[str, datetime]]
) -> list[Mapping[Any, Any]]:
    """Those of these agents and begins. Asked for by when they begin: SQLite finds pairs by a look at all."""
    states = schema.agent_states
    begins = [since for _, since in keys]
    query = select(states.c.agent_id, states.c.since, states.c.until).where(
        states.c.agent_id.in_({agent for agent, _ in keys}), states.c.since.between(min(begins), max(begins))
    )
    return [row for row in connection.execute(query).mappings() if (row["agent_id"], row["since"]) in keys]


def _slots_of_state(row: Mapping[Any, Any]) -> range:
    return slots_between(row["since"].timestamp(), row["until"].timestamp())


def save_dispositions(connection: Connection, told: Iterable[Disposition]) -> None:
    """Add what agents recorded of calls, each of their words once; nothing of calls that were deleted."""
    table = schema.dispositions
    new = {(row["call_id"], row["agent_id"], row["at"]): row for row in map(rows.disposition_row, told)}
    call_ids = {call_id for call_id, _, _ in new}
    nobodys = anonymised(connection, call_ids)
    gone = deleted_calls(connection, call_ids)  # when taken: what deletes them is over
    new = {key: row for key, row in new.items() if row["call_id"] not in gone}
    slots = set[int]()
    for ids in in_chunks(sorted({call_id for call_id, _, _ in new})):
        query = select(table.c.call_id, table.c.agent_id, table.c.at).where(table.c.call_id.in_(ids))
        for call_id, agent, at in connection.execute(query):
            new.pop((call_id, agent, at), None)
            slots.add(slot_of(at.timestamp()))  # from now on this may be no longer the newest
    for row in new.values():
        if row["call_id"] in nobodys:
            row.update(note="", fields={})
    insert_rows(connection, table, new.values())
    raise_slots(connection, slots.union(slot_of(at.timestamp()) for _, _, at in new) if new else ())
