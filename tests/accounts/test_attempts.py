"""Failed attempts to sign in: who has to wait, and who has not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from acd.accounts.attempts import (
    FREE_FROM_ANYWHERE,
    FREE_OF_ADDRESS,
    FREE_OF_NAME,
    PAUSE_MAX_S,
    Attempts,
    network_of,
)
from acd.accounts.audit import AuditLog, Entry
from acd.records.store import RecordStore

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
HOME = "192.0.2.1"


@pytest.fixture
def store(database_url: str) -> Iterator[RecordStore]:
    with RecordStore(database_url) as found:
        yield found


def fail(attempts: Attempts, name: str, address: str, times: int = 1, now: datetime = NOW) -> int:
    """How many of so many attempts were let through."""
    let_through = 0
    for _ in range(times):
        attempt = attempts.begin(name, address, now)
        if attempt.pause_s == 0:
            attempts.failed(attempt, now)
            let_through += 1
    return let_through


def test_a_name_waits_where_it_was_guessed_at_and_nowhere_else(store: RecordStore) -> None:
    attempts = Attempts(store.engine)
    assert fail(attempts, "anna", HOME, 9) == FREE_OF_NAME
    assert 0 < attempts.begin("anna", HOME, NOW).pause_s <= 30
    assert attempts.begin("anna", "192.0.2.2", NOW).pause_s == 0
    assert attempts.begin("ben", HOME, NOW).pause_s == 0
    assert list(attempts.locked(NOW)) == ["anna"]


def test_the_pause_grows_and_is_forgotten(store: RecordStore) -> None:
    attempts, now, pauses = Attempts(store.engine), NOW, []
    for _ in range(FREE_OF_NAME - 1):
        assert fail(attempts, "anna", HOME, 1, now) == 1
    for _ in range(8):
        assert fail(attempts, "anna", HOME, 1, now) == 1
        pauses.append(attempts.begin("anna", HOME, now).pause_s)
        now += timedelta(seconds=pauses[-1])
    assert pauses == [30.0, 60.0, 120.0, 240.0, 480.0, PAUSE_MAX_S, PAUSE_MAX_S, PAUSE_MAX_S]
    later = now + timedelta(hours=2)
    assert fail(attempts, "anna", HOME, 9, later) == FREE_OF_NAME


def test_one_address_locks_nobody_elsewhere_out(store: RecordStore) -> None:
    """Whoever tries all names from one place is stopped there; all sign in from theirs."""
    attempts, names = Attempts(store.engine), [f"agent{number}" for number in range(10)]
    now = NOW
    for _ in range(6):  # an hour of it
        for name in names:
            fail(attempts, name, "198.51.100.7", 2, now)
        now += timedelta(minutes=10)
    assert [attempts.begin(name, HOME, now).pause_s for name in names] == [0.0] * len(names)


def test_an_address_may_fail_so_often_with_all_names(store: RecordStore) -> None:
    attempts = Attempts(store.engine)
    first = attempts.begin("agent0", HOME, NOW)
    assert sum(fail(attempts, f"agent{number}", HOME) for number in range(1, 50)) == FREE_OF_ADDRESS - 1
    assert attempts.begin("agent60", HOME, NOW).pause_s > 0
    attempts.taken_back(first)
    assert attempts.begin("agent60", HOME, NOW).pause_s == 0


def test_guesses_from_everywhere_stop_but_not_where_the_account_is_at_home(store: RecordStore) -> None:
    attempts = Attempts(store.engine)
    let_in = sum(fail(attempts, "anna", f"198.51.100.{number}") for number in range(100))
    assert let_in == FREE_FROM_ANYWHERE
    assert attempts.begin("anna", HOME, NOW).pause_s > 0
    AuditLog(store.engine).add([Entry(NOW - timedelta(days=3), "anna", "agent", HOME, "sign-in", "")])
    assert attempts.begin("anna", HOME, NOW).pause_s == 0
    attempts.clear("anna")
    assert attempts.begin("anna", "198.51.100.200", NOW).pause_s == 0


def test_who_is_right_begins_anew(store: RecordStore) -> None:
    attempts = Attempts(store.engine)
    for _ in range(3):
        assert fail(attempts, "anna", HOME, FREE_OF_NAME - 1) == FREE_OF_NAME - 1
        attempts.succeeded(attempts.begin("anna", HOME, NOW))
    assert attempts.locked(NOW) == {}


def test_who_is_right_keeps_nobody_else_at_the_address_out(store: RecordStore) -> None:
    """A whole centre comes from one address; its mistypings are near the limit, or over it."""
    attempts = Attempts(store.engine)
    for number in range(FREE_OF_ADDRESS):
        assert fail(attempts, f"agent{number}", HOME) == 1
    now = NOW + timedelta(seconds=31)
    for number in range(20):
        attempt = attempts.begin(f"right{number}", HOME, now)
        assert attempt.pause_s == 0
        (attempts.succeeded if number % 2 else attempts.taken_back)(attempt)
    assert fail(attempts, "agent1", HOME, 1, now) == 1
    assert attempts.begin("right1", HOME, now).pause_s == pytest.approx(60.0)  # the 31st, not the 51st


def test_who_is_right_does_not_keep_old_failures_alive(store: RecordStore) -> None:
    attempts, now = Attempts(store.engine), NOW
    assert fail(attempts, "agent", HOME, 1) == 1
    for number in range(FREE_OF_ADDRESS - 2):
        assert fail(attempts, f"agent{number}", HOME) == 1
    for number in range(7):  # every ten minutes two at once
        now += timedelta(minutes=10)
        for attempt in [attempts.begin(name, HOME, now) for name in (f"right{number}", f"left{number}")]:
            attempts.succeeded(attempt)
    assert fail(attempts, "agent60", HOME, 1, now) == 1
    assert attempts.begin("agent61", HOME, now).pause_s == 0


def test_a_right_password_before_the_code_leaves_no_pause(store: RecordStore) -> None:
    attempts = Attempts(store.engine)
    assert fail(attempts, "anna", HOME, FREE_OF_NAME) == FREE_OF_NAME
    now = NOW + timedelta(seconds=31)
    for _ in range(4):
        attempt = attempts.begin("anna", HOME, now)
        assert attempt.pause_s == 0
        attempts.taken_back(attempt)
    assert attempts.locked(now) == {}


def test_at_home_a_code_to_come_lifts_no_pause_of_guesses_elsewhere(store: RecordStore) -> None:
    attempts = Attempts(store.engine)
    for number in range(FREE_FROM_ANYWHERE):
        assert fail(attempts, "anna", f"198.51.100.{number}") == 1
    AuditLog(store.engine).add([Entry(NOW - timedelta(days=3), "anna", "agent", HOME, "sign-in", "")])
    attempt = attempts.begin("anna", HOME, NOW)
    assert attempt.pause_s == 0
    attempts.taken_back(attempt)
    assert attempts.begin("anna", "198.51.100.200", NOW).pause_s > 0


def test_who_is_right_lifts_no_pause_of_one_who_was_wrong_meanwhile(store: RecordStore) -> None:
    """As where a provider of single sign-on takes its time."""
    attempts = Attempts(store.engine)
    for number in range(FREE_OF_ADDRESS):
        assert fail(attempts, f"agent{number}", HOME) == 1
    now = NOW + timedelta(seconds=31)
    slow = attempts.begin("right", HOME, now)
    now += timedelta(seconds=61)  # its own pause, while it is not known to be right, is over
    assert fail(attempts, "agent1", HOME, 1, now) == 1
    attempts.succeeded(slow)
    assert attempts.begin("agent2", HOME, now).pause_s == pytest.approx(120.0)


def test_an_admin_lifts_the_pause_of_an_address(store: RecordStore) -> None:
    attempts = Attempts(store.engine)
    for number in range(FREE_OF_ADDRESS):
        assert fail(attempts, f"agent{number}", "2001:db8::7") == 1
    assert attempts.begin("ben", "2001:db8::9", NOW).pause_s > 0
    assert attempts.clear_address("2001:db8::9") == FREE_OF_ADDRESS
    assert attempts.begin("ben", "2001:db8::9", NOW).pause_s == 0


def test_guesses_at_the_same_moment_are_no_more(store: RecordStore) -> None:
    """As of several processes: each has its own store."""
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: Attempts(store.engine).begin("anna", HOME, NOW).pause_s, range(24)))
    assert sum(wait == 0 for wait in waits) == FREE_OF_NAME


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
