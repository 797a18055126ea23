"""config/customers.csv in the directory: the file owns its cards, and what people add to them stays.

Of each of its cards the directory keeps what the file said last. Where the file says something else now, that
holds, but for what people have changed by hand since. A card that the file has no longer goes, unless people
have added something to it: then it stays, as one made by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from acd.customers import rows
from acd.customers.bulk import add_cards
from acd.customers.card import Details, Source
from acd.customers.schema import customer_files, customer_notes, customers
from acd.customers.store import drop_card, set_details, writing
from acd.settings.customer_file import CustomerRow
from acd.sql import in_chunks

FILE_NAME = "customers.csv"
PAUSE_S = 0.005
"""After each batch: others in this process, and who else writes, come first."""
_TEXTS = ("name", "segment", "language", "value", "requires")


@dataclass(slots=True)
class Synced:
    """How many cards were made, changed and taken away; `kept`: gone from the file, but people had added to
    them."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0


def file_cards(file_rows: Iterable[CustomerRow]) -> dict[str, dict[str, Any]]:
    """What the file says of each customer, by id: several lines of one id are several numbers."""
    found: dict[str, dict[str, Any]] = {}
    for row in file_rows:
        customer = row.customer
        said = found.setdefault(
            customer.id,
            {
                "name": customer.name,
                "segment": customer.segment,
                "language": customer.language,
                "value": customer.value,
                "requires": customer.requirement,
                "numbers": [],
            },
        )
        said["numbers"].append(row.number)
    return found


def sync_file(
    engine: Engine,
    file_rows: Iterable[CustomerRow],
    digest: str,
    pause: Callable[[float], None] = time.sleep,
) -> Synced | None:
    """Bring the directory to what the file says; None where it knows this content (`digest`) already.

    Raises SQLAlchemy's errors; doing so again goes on where it ended.
    """
    files = customer_files
    with engine.connect() as connection:
        if connection.scalar(select(files.c.digest).where(files.c.name == FILE_NAME)) == digest:
            return None
        query = select(customers.c.id, customers.c.file_values)
        before = {
            row[0]: row[1] for row in connection.execute(query.where(customers.c.source == Source.FILE))
        }
    said, synced = file_cards(file_rows), Synced()
    differing = [card_id for card_id, values in said.items() if before.get(card_id) != values]
    for some in in_chunks(differing):
        with writing(engine) as connection:
            _take_up(connection, some, said, synced)
        pause(PAUSE_S)
    for some in in_chunks([card_id for card_id in before if card_id not in said]):
        with writing(engine) as connection:
            _let_go(connection, some, synced)
        pause(PAUSE_S)
    with writing(engine) as connection:
        connection.execute(delete(files).where(files.c.name == FILE_NAME))
        connection.execute(insert(files), {"name": FILE_NAME, "digest": digest, "at": datetime.now(UTC)})
    return synced


def _take_up(
    connection: Connection, ids: Sequence[str], said: Mapping[str, Mapping[str, Any]], synced: Synced
) -> None:
    there = {row["id"]: row for row in _rows(connection, ids)}
    new = [card_id for card_id in ids if card_id not in there]
    add_cards(
        connection,
        [(card_id, _details(said[card_id]), Source.FILE) for card_id in new],
        [said[card_id] for card_id in new],
    )
    synced.added += len(new)
    synced.changed += len(there)
    heirs = {row["id"]: row for row in _rows(connection, [r["merged_into"] for r in there.values()])}
    numbers = rows.numbers_of(connection, [row["key"] for row in (*there.values(), *heirs.values())])
    for card_id, row in there.items():
        mine = {"file_values": dict(said[card_id]), "source": Source.FILE.value}
        if row["merged_into"] is None:
            details = three_way(
                rows.details_of(row, numbers.get(row["key"], ())), row["file_values"], said[card_id]
            )
            set_details(connection, row, details, **mine)
            continue
        connection.execute(update(customers).where(customers.c.key == row["key"]).values(mine))
        heir = heirs[row["merged_into"]]  # who was merged: only new numbers matter
        kept = rows.details_of(heir, numbers.get(heir["key"], ()))
        more = _new_numbers(kept.numbers, row["file_values"], said[card_id])
        if more != kept.numbers:
            set_details(connection, heir, replace(kept, numbers=more))


def _let_go(connection: Connection, ids: Sequence[str], synced: Synced) -> None:
    found = list(_rows(connection, ids))
    numbers = rows.numbers_of(connection, [row["key"] for row in found])
    for row in found:
        details = rows.details_of(row, numbers.get(row["key"], ()))
        noted = select(func.count()).where(customer_notes.c.customer_key == row["key"])
        leads = select(func.count()).where(customers.c.merged_into == row["id"])
        untouched = row["merged_into"] is None and details == _details(row["file_values"])
        if untouched and not connection.scalar(noted) and not connection.scalar(leads):
            drop_card(connection, row)
            synced.removed += 1
            continue
        values = {"source": Source.HAND.value, "file_values": None}
        connection.execute(update(customers).where(customers.c.key == row["key"]).values(values))
        synced.kept += 1


def three_way(now: Details, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Details:
    """A card as it is, with what the file says now; what people have changed since the file said `old` stays.

    `old` is None for a card that the file takes over: there the file is right in all that it says.
    """
    texts = {
        name: new[name]
        for name in _TEXTS
        if (old is None and new[name]) or (old is not None and getattr(now, name) == old[name])
    }
    return replace(now, **texts, numbers=_new_numbers(now.numbers, old, new))


def _new_numbers(
    now: Sequence[str], old: Mapping[str, Any] | None, new: Mapping[str, Any]
) -> tuple[str, ...]:
    gone = set(old["numbers"] if old is not None else ()) - set(new["numbers"])
    added = [n for n in new["numbers"] if old is None or n not in old["numbers"]]
    return tuple(dict.fromkeys((*(number for number in now if number not in gone), *added)))


def _details(said: Mapping[str, Any]) -> Details:
    texts = {name: said[name] for name in _TEXTS}
    return Details(**texts, numbers=tuple(said["numbers"]))


def _rows(connection: Connection, ids: Iterable[str | None]) -> Iterable[Any]:
    known = [each for each in ids if each is not None]
    for some in in_chunks(known):
        yield from connection.execute(select(customers).where(customers.c.id.in_(some))).mappings().all()
