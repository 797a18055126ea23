"""Calls on record: made nobody's, so that reports stay as they are, or deleted with all their parts.

Calls are found by the caller; all that is done to some of them is one transaction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    Table,
    bindparam,
    case,
    column,
    delete,
    select,
    table,
    update,
)

from acd.core.facts import CallKind
from acd.customers.store import writing
from acd.privacy.scrub import scrubbed_fact
from acd.records import schema
from acd.records.corrections import Field
from acd.records.nobody import NOBODY, is_outside
from acd.records.slots import raise_slots, slot_of, slots_between
from acd.records.writing import taken
from acd.sql import UtcDateTime

BATCH = 200
_PARTS = (
    schema.segments, schema.visits, schema.transfers, schema.ivr_steps, schema.survey_scores, schema.sounds,
    schema.facts, schema.corrections,
)  # fmt: skip
drafts = table(
    "drafts", column("agent_id"), column("call_id"), column("text", JSON), column("at", UtcDateTime)
)
"""As `acd.web.drafts` has it."""


@contextmanager
def erasing(engine: Engine) -> Iterator[Connection]:
    """A transaction whose old content is overwritten in the file (SQLite; see docs/recordings.md)."""
    with writing(engine) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        yield connection


def anonymise(
    connection: Connection,
    call_ids: Sequence[str],
    contact_of: Callable[[str], str],
    pattern: re.Pattern[str] | None = None,
) -> Counter[str]:
    """Nobody's from here on; what is counted stays. At most BATCH calls; what was done, by kind.

    `contact_of`: what stands for a contact key, the same for the same one, so that who called again is
    still known to be one. `pattern`: what is to go out of texts as well.
    """
    calls, ids = schema.calls, list(call_ids)
    is_one = calls.c.call_id.in_(ids)
    keys = {row.contact_key for row in connection.execute(select(calls.c.contact_key).where(is_one))}
    for key in {each for each in keys if each and not each.startswith(NOBODY)}:
        # Of all calls of that contact: whether somebody called again soon is asked over the border.
        same = update(calls).where(calls.c.contact_key == key)
        connection.execute(same.values(contact_key=contact_of(key)))
    nobody = {"caller_number": "", "caller_name": "", "customer_id": None, "customer_name": None}
    said = {"dialed_number": _ours(calls), "anonymised": True}
    connection.execute(update(calls).where(is_one).values(**nobody, **said))
    visits = schema.visits
    visited = visits.c.call_id.in_(ids)
    connection.execute(update(visits).where(visited).values(dialed_number=_ours(visits)))
    count = Counter(calls=len(ids), facts=_scrub_facts(connection, ids, pattern))
    steps, told = schema.ivr_steps, schema.dispositions
    connection.execute(update(steps).where(steps.c.call_id.in_(ids)).values(detail=""))
    _scrub_transfers(connection, ids)
    words = update(told).where(told.c.call_id.in_(ids)).values(note="", fields={})
    count["dispositions"] = connection.execute(words).rowcount
    corrected = schema.corrections.c
    value = case((corrected.field == Field.CUSTOMER.value, ""), else_=corrected.value)
    query = update(schema.corrections).where(corrected.call_id.in_(ids))
    connection.execute(query.values(value=value, reason=""))
    return count + _tasks_of(connection, ids, delete_them=False)


def delete_calls(connection: Connection, call_ids: Sequence[str]) -> Counter[str]:
    """With all their parts; figures of reports are counted anew. At most BATCH calls; what was deleted."""
    ids = list(call_ids)
    taken(connection, ids)  # who is about to write one of them waits, and finds it gone
    slots = set(_slots(connection, ids))
    count = _tasks_of(connection, ids, delete_them=True)
    for part in (*_PARTS, schema.dispositions):
        connection.execute(delete(part).where(part.c.call_id.in_(ids)))
    count["calls"] = connection.execute(delete(schema.calls).where(schema.calls.c.call_id.in_(ids))).rowcount
    raise_slots(connection, slots)
    return count


def delete_facts(connection: Connection, call_ids: Sequence[str]) -> Counter[str]:
    """The course of calls, and what was keyed in flows. What is counted stays, the steps among it."""
    facts, steps, ids = schema.facts, schema.ivr_steps, list(call_ids)
    deleted = connection.execute(delete(facts).where(facts.c.call_id.in_(ids))).rowcount
    told = steps.c.call_id.in_(ids) & (steps.c.detail != "")
    blanked = connection.execute(update(steps).where(told).values(detail="")).rowcount
    return Counter(facts=deleted, ivr_steps=blanked)


def _ours(of: Table) -> Any:
    """The dialled number, where that is not the customer's."""
    return case((of.c.kind == CallKind.OUTBOUND.value, ""), else_=of.c.dialed_number)


def _scrub_facts(connection: Connection, ids: Sequence[str], pattern: re.Pattern[str] | None) -> int:
    facts = schema.facts
    found = connection.execute(select(facts).where(facts.c.call_id.in_(ids))).mappings().all()
    changed = [
        {
            "of": row["call_id"],
            "n": row["part"],
            "new": [scrubbed_fact(fact, pattern) for fact in row["data"]],
        }
        for row in found
    ]
    is_one = (facts.c.call_id == bindparam("of")) & (facts.c.part == bindparam("n"))
    if changed:
        connection.execute(update(facts).where(is_one).values(data=bindparam("new", type_=JSON())), changed)
    return sum(len(row["new"]) for row in changed)


def _scrub_transfers(connection: Connection, ids: Sequence[str]) -> None:
    """Numbers outside; the ids of consultations stay, by which Asterisk's account is understood."""
    sent = schema.transfers
    query = select(sent.c.call_id, sent.c.position, sent.c.target).where(sent.c.call_id.in_(ids))
    outside = [
        {"of": call_id, "n": position}
        for call_id, position, target in connection.execute(query)
        if is_outside(target)
    ]
    if outside:
        is_one = (sent.c.call_id == bindparam("of")) & (sent.c.position == bindparam("n"))
        connection.execute(update(sent).where(is_one).values(target=""), outside)


def _tasks_of(connection: Connection, ids: Sequence[str], *, delete_them: bool) -> Counter[str]:
    """Wishes to be called back, what people noted of tasks, and words that were never sent."""
    wishes, changes, sounds = schema.callbacks, schema.task_changes, schema.sounds
    wanted = list(connection.scalars(select(wishes.c.callback_id).where(wishes.c.call_id.in_(ids))))
    names = connection.scalars(select(sounds.c.name).where(sounds.c.call_id.in_(ids)))
    tasks = [*map(str, wanted), *(name.rpartition("/")[2] for name in names)]
    count: Counter[str] = Counter()
    is_wish, is_task = wishes.c.callback_id.in_(wanted), changes.c.task_id.in_(tasks)
    if delete_them:
        connection.execute(delete(changes).where(is_task))
        count["callbacks"] = connection.execute(delete(wishes).where(is_wish)).rowcount
    else:
        connection.execute(update(changes).where(is_task).values(note=""))
        count["callbacks"] = connection.execute(update(wishes).where(is_wish).values(number="")).rowcount
    count["drafts"] = connection.execute(delete(drafts).where(drafts.c.call_id.in_(ids))).rowcount
    return count


def _slots(connection: Connection, ids: Sequence[str]) -> Iterator[int]:
    """All that something of these calls is counted in."""
    of, segments, visits, told = schema.calls.c, schema.segments.c, schema.visits.c, schema.dispositions.c
    for begin, end, call in (
        (of.started_at, of.ended_at, of.call_id),
        (segments.started_at, segments.ended_at, segments.call_id),
        (visits.queued_at, visits.queued_at, visits.call_id),
    ):
        for first, last in connection.execute(select(begin, end).where(call.in_(ids))):
            yield from slots_between(first.timestamp(), (last or first).timestamp())
    for at in connection.scalars(select(told.at).where(told.call_id.in_(ids))):
        yield slot_of(at.timestamp())
