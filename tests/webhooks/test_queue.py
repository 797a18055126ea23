"""What waits to be told: once each, bounded, tried again, given up, and a webhook that hears nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from acd.records.store import RecordStore
from acd.webhooks import queue as queues
from acd.webhooks.events import Event, EventName
from acd.webhooks.lease import Lease
from acd.webhooks.queue import DeliveryQueue, Outcome, pause_s
from acd.webhooks.schema import deliveries, lease, webhooks
from acd.webhooks.store import Webhook, Webhooks

GOOD, BAD = Outcome(204, None), Outcome(500, "answered 500")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with RecordStore(database_url) as store:
        yield store.engine


def a_webhook(engine: Engine, *events: str) -> Webhook:
    return Webhooks(engine).add("http://example.com", events or (EventName.HELD,), "", "root")[0]


def event(number: int, name: str = EventName.HELD, at: float | None = None) -> Event:
    return Event(f"{name}/c{number}/1", name, at if at is not None else time.time() + 1, f"c{number}")


def age(engine: Engine, days: float) -> None:
    then = datetime.now(UTC) - timedelta(days=days)
    with engine.begin() as connection:
        connection.execute(update(deliveries).values(created_at=then, next_at=then))


def test_each_webhook_gets_what_it_wants_once_and_nothing_from_before_it(engine: Engine) -> None:
    one, two = a_webhook(engine), a_webhook(engine, EventName.ENDED, EventName.HELD)
    queue = DeliveryQueue(engine)
    events = [event(1), event(2, EventName.ENDED), event(3, EventName.QUEUED), event(4, at=1.0)]
    for _ in range(2):
        queue.add(events, [one, two])
    assert [d.event_id for d in queue.due(one.id, 9)] == ["call.held/c1/1"]
    assert [d.event_id for d in queue.due(two.id, 9)] == ["call.held/c1/1", "call.ended/c2/1"]
    assert queue.waiting() == {one.id: 1, two.id: 2}


def test_what_fails_is_tried_again_less_and_less_often_and_given_up_after_a_day(engine: Engine) -> None:
    webhook, queue = a_webhook(engine), DeliveryQueue(engine)
    queue.add([event(1)], [webhook])
    (due,) = queue.due(webhook.id, 9)
    queue.tried(webhook, [(due, BAD)])
    assert queue.due(webhook.id, 9) == []
    (kept,) = queue.find(webhook.id)
    assert (kept.state, kept.tries, kept.status, kept.error) == ("waiting", 1, 500, "answered 500")
    assert [pause_s(tries) for tries in (1, 2, 3, 4, 5, 6, 7, 99)] == [
        5,
        30,
        120,
        600,
        1800,
        3600,
        3600,
        3600,
    ]
    age(engine, 1)
    (due,) = queue.due(webhook.id, 9)
    queue.tried(webhook, [(due, BAD)])
    assert queue.find(webhook.id, state="failed")[0].tries == 2
    assert queue.waiting() == {}


def test_a_webhook_that_hears_nothing_for_days_is_switched_off_and_says_so(engine: Engine) -> None:
    webhook, queue, kept = a_webhook(engine), DeliveryQueue(engine), Webhooks(engine)
    queue.add([event(1), event(2)], [webhook])
    first, second = queue.due(webhook.id, 9)
    assert queue.tried(webhook, [(first, BAD)]) is None
    failing = kept.get(webhook.id)
    assert failing is not None
    assert failing.failing_since is not None
    queue.tried(failing, [(second, GOOD)])
    assert (found := kept.get(webhook.id)) is not None
    assert (found.failing_since, found.last_error) == (None, None)
    with engine.begin() as connection:
        long_ago = datetime.now(UTC) - queues.DISABLED_AFTER
        connection.execute(update(webhooks).values(failing_since=long_ago))
    failing = kept.get(webhook.id)
    assert failing is not None
    why = queue.tried(failing, [(first, BAD)])
    assert why == "nothing has arrived for 3 days; the last time: answered 500"
    assert (off := kept.get(webhook.id)) is not None
    assert (off.enabled, off.disabled_why) == (False, why)
    assert kept.every(enabled=True) == []
    assert (on := kept.change(webhook.id, enabled=True)) is not None
    assert (on.enabled, on.disabled_why, on.failing_since) == (True, None, None)
    assert on.since_at > webhook.since_at


def test_the_queue_is_bounded_and_what_found_no_room_is_counted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "WAITING_MAX", 3)
    webhook, queue = a_webhook(engine), DeliveryQueue(engine)
    queue.add([event(number) for number in range(5)], [webhook])
    assert queue.waiting() == {webhook.id: 3}
    assert (found := Webhooks(engine).get(webhook.id)) is not None
    assert found.dropped == 2


def test_what_is_over_is_kept_for_days_and_what_nobody_may_send_is_given_up(engine: Engine) -> None:
    webhook, queue = a_webhook(engine), DeliveryQueue(engine)
    queue.add([event(1), event(2)], [webhook])
    queue.tried(webhook, [(queue.due(webhook.id, 1)[0], GOOD)])
    age(engine, 2)
    queue.sweep()
    assert [(d.event_id, d.state) for d in queue.find(webhook.id)] == [
        ("call.held/c2/1", "failed"), ("call.held/c1/1", "delivered")
    ]  # fmt: skip
    age(engine, 4)
    queue.sweep()
    assert queue.find(webhook.id) == []


def test_one_process_delivers_until_it_gives_up_or_dies(engine: Engine) -> None:
    one, two = Lease(engine, "one"), Lease(engine, "two")
    assert one.take()
    assert one.take()
    assert not two.take()
    one.give()
    assert two.take()
    with engine.begin() as connection:
        connection.execute(update(lease).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert one.take()
    assert not two.take()
    moment = datetime.now(UTC)
    two.seen(moment)
    assert one.seen_at() == moment
