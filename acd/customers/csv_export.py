"""All cards as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sqlalchemy import Engine, select

from acd.customers import rows
from acd.customers.csv_form import cells, header
from acd.customers.schema import customers
from acd.settings.customer_settings import CustomerSettings

CARDS_AT_ONCE = 1_000


def export_csv(engine: Engine, settings: CustomerSettings, *, masked: bool = False) -> Iterator[str]:
    """The file in pieces, a header first. Cards that others change meanwhile are as they were or as they are.

    `masked`: with the custom fields that screens show as dots.
    """
    columns = header(settings.fields, masked=masked)
    yield _text([columns])
    last = 0
    while True:
        query = select(customers.c.key).where(customers.c.key > last, customers.c.merged_into.is_(None))
        with engine.connect() as connection:
            keys = list(connection.scalars(query.order_by(customers.c.key).limit(CARDS_AT_ONCE)))
            cards = rows.cards_of(connection, keys)
        if not keys:
            return
        yield _text([cells(card, columns) for card in cards])
        last = keys[-1]


def _text(lines: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()
