"""Who calls: an answer of the database that is late, wrong or missing leaves the one of the file."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from acd import customer_book
from acd.core.facts import Customer
from acd.customer_book import CustomerBook
from acd.customers.store import CustomerStore
from acd.lookups.breaker import FAILURES_MAX
from acd.lookups.http import HttpLookups
from acd.records.store import RecordStore
from acd.settings.load import load_centre

CHECKOUT = Path(__file__).parents[1]
NUMBER = "+4930777"
IN_FILE, IN_DATABASE = Customer("f1", "File", "gold"), Customer("d1", "Database", "gold")


class Slow:
    """Stands for the question to the database, which is answered when it `may`."""

    def __init__(self) -> None:
        self.asked = 0
        self.may = threading.Event()
        self.fails = False

    def __call__(self, _number: str) -> Customer | None:
        self.asked += 1
        self.may.wait(10)
        if self.fails:
            raise OperationalError("SELECT", {}, Exception("database is locked"))
        return IN_DATABASE


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[CustomerBook]:
    """Calls wait for 20 ms; the file knows one number."""
    centre = load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows")
    centre = replace(centre, customers=replace(centre.customers, arrival_wait_s=0.02))
    http = HttpLookups()
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        found = CustomerBook(centre, store, http)
        found.look_up = lambda number: IN_FILE if number == NUMBER else None
        yield found
        await found.close()
        await http.close()


@pytest.fixture
def slow(book: CustomerBook, monkeypatch: pytest.MonkeyPatch) -> Slow:
    found = Slow()
    monkeypatch.setattr(book, "_ask", found)
    return found


async def test_the_database_knows_nobody_or_is_not_asked_at_all(book: CustomerBook) -> None:
    assert await book.at_arrival(NUMBER) == IN_FILE
    assert await book.at_arrival("+4930999") is None
    assert await book.at_arrival("") is None


async def test_a_late_answer_leaves_the_files_and_a_slow_database_is_left_alone(
    book: CustomerBook, slow: Slow
) -> None:
    for _ in range(FAILURES_MAX):
        assert await book.at_arrival(NUMBER) == IN_FILE
    assert slow.asked == FAILURES_MAX
    assert await book.at_arrival(NUMBER) == IN_FILE
    assert slow.asked == FAILURES_MAX
    slow.may.set()


async def test_one_that_fails_is_left_alone_too_and_one_that_answers_counts(
    book: CustomerBook, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.may.set()
    monkeypatch.setattr(customer_book, "FLOW_WAIT_S", 5.0)
    values = await book.values(NUMBER)
    assert values is not None
    assert values["id"] == "d1"
    slow.fails = True
    for _ in range(FAILURES_MAX + 2):
        told = await book.values(NUMBER)
        assert told is not None
        assert told["id"] == "f1"
    assert slow.asked == 1 + FAILURES_MAX


async def test_questions_do_not_pile_up(
    book: CustomerBook, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_book, "MOST_WAITING", 1)
    assert await book.at_arrival(NUMBER) == IN_FILE
    assert await book.at_arrival(NUMBER) == IN_FILE
    assert slow.asked == 1
    slow.may.set()


async def test_a_file_that_cannot_be_read_takes_nobody_out_of_the_directory(
    book: CustomerBook, tmp_path: Path
) -> None:
    await _taken_up(book)
    known = CustomerStore(book._store.engine, book._centre.customers).with_number("+8613800138000")
    assert known
    book.change(replace(book._centre, customers_file=tmp_path / "gone.csv"), book.look_up)
    await _taken_up(book)
    assert CustomerStore(book._store.engine, book._centre.customers).with_number("+8613800138000") == known


async def _taken_up(book: CustomerBook) -> None:
    book.take_up_file()
    assert book._syncing is not None
    await book._syncing
