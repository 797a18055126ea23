"""What the tests of customers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acd.records.store import RecordStore


@pytest.fixture
def store(database_url: str) -> Iterator[RecordStore]:
    """A database of its own, with all tables."""
    with RecordStore(database_url) as opened:
        yield opened
