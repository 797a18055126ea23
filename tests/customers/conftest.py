"""What the tests of customers share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.records.store import RecordStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    """A database of its own, with all tables."""
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as opened:
        yield opened
