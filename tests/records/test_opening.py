"""A store that is opened beside the rest: nobody waits for a database that does not answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.records import connecting, migrations
from acd.records.opening import Opening
from acd.records.store import RecordsAway, RecordStore

LIMIT_S = 20.0


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A PostgreSQL that is stopped by SIGSTOP, as it looks from outside: connections are taken, no more."""
    monkeypatch.setattr(connecting, "_CONNECT_LIMIT_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql+psycopg://acd@127.0.0.1:{server.getsockname()[1]}/acd"


async def test_one_that_is_well_is_open_soon(tmp_path: Path) -> None:
    store = RecordStore(f"sqlite:///{tmp_path}/acd.db")
    opening = Opening(store)
    assert await opening.soon(LIMIT_S)
    assert store.is_open
    assert await opening.soon(0.0), "it is open already"
    store.close()


async def test_one_that_does_not_answer_is_not_waited_for(silent: str) -> None:
    store = RecordStore(silent)
    opening = Opening(store)
    async with asyncio.timeout(LIMIT_S):
        assert not await opening.soon(0.01)
        assert not await opening.soon(0.01), "the attempt goes on, and no other one beside it"
    assert not store.is_open
    assert sum(thread.name == "records-opening" for thread in threading.enumerate()) == 1
    with pytest.raises(RecordsAway):
        await opening.soon(LIMIT_S)


async def test_what_is_written_meanwhile_waits_until_the_tables_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RecordStore(f"sqlite:///{tmp_path}/acd.db")
    opening = Opening(store)
    released, open_it = threading.Event(), store.open

    def slow() -> None:
        released.wait(LIMIT_S)
        open_it()

    monkeypatch.setattr(store, "open", slow)
    assert not await opening.soon(0.0)
    assert await asyncio.to_thread(store.known, ["c1"]) == frozenset(), "who uses it first has it opened"
    released.set()
    assert await opening.soon(LIMIT_S)
    store.close()


async def test_why_it_cannot_be_opened_is_said_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RecordStore(f"sqlite:///{tmp_path}/acd.db")
    opening = Opening(store)
    released = threading.Event()

    def newer() -> None:
        released.wait(LIMIT_S)
        raise OperatorError("a newer version")

    monkeypatch.setattr(store, "open", newer)
    assert not await opening.soon(0.0)
    released.set()
    with pytest.raises(OperatorError, match="a newer version"):
        await opening.soon(LIMIT_S)
    monkeypatch.undo()
    assert await opening.soon(LIMIT_S)
    store.close()


async def test_an_address_that_is_none_is_told_at_once() -> None:
    with pytest.raises(OperatorError, match="cannot be used"):
        await Opening(RecordStore("nothing")).soon()


def test_one_that_is_closed_while_it_is_opened_stays_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RecordStore(f"sqlite:///{tmp_path}/acd.db")
    monkeypatch.setattr(migrations, "upgrade", lambda _engine: store.close())
    with pytest.raises(RuntimeError, match="closed while"):
        store.open()
    assert not store.is_open
