"""A loss that is played ends by itself, and harms nothing but the connections of this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from acd.errors import StateError
from acd.loss import DATABASE, LONGEST_S, REDIS, Loss
from acd.records.connecting import is_outage, make_engine
from acd.records.store import RecordStore
from acd.state.redis_hash import within_limit


@pytest.fixture(autouse=True)
def over() -> Iterator[None]:
    yield
    REDIS.end()
    DATABASE.end()


def test_it_ends_by_itself() -> None:
    now = 100.0
    loss = Loss("Redis", lambda: now)
    assert not loss.is_on
    assert loss.begin(5.0) == 5.0
    assert loss.is_on
    now = 105.0
    assert not loss.is_on
    assert loss.begin(9999.0) == LONGEST_S


async def test_redis_is_away() -> None:
    async def answer() -> int:
        return 7

    REDIS.begin(30.0)
    with pytest.raises(StateError, match="away, in a drill"):
        await within_limit(answer())
    REDIS.end()
    assert await within_limit(answer()) == 7


def test_the_database_is_away(tmp_path: Path) -> None:
    engine = make_engine(make_url(f"sqlite:///{tmp_path}/a.db"))
    try:
        DATABASE.begin(30.0)
        with (
            pytest.raises(OperationalError, match="away, in a drill") as error,
            engine.connect() as connection,
        ):
            connection.execute(text("SELECT 1"))
        assert is_outage(error.value)
        DATABASE.end()
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
    finally:
        engine.dispose()


def test_a_look_at_the_database_tells(tmp_path: Path) -> None:
    with RecordStore(f"sqlite:///{tmp_path}/a.db") as store:
        store.look()
        DATABASE.begin(30.0)
        with pytest.raises(OperationalError, match="away, in a drill") as error:
            store.look()
        assert is_outage(error.value)
        DATABASE.end()
        store.look()
