"""From what happens in the controller to what another system hears, with cuts on the way."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from acd.core import events
from acd.core.facts import EndedBy
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.runtime.control_server import ControlServer
from acd.runtime.fact_stream import FactStream
from acd.runtime.leader import Leader
from acd.runtime.observers import Audience
from acd.settings.environment import Environment
from acd.webhooks import follow, worker
from acd.webhooks.events import EventName
from acd.webhooks.lease import Lease
from acd.webhooks.queue import DeliveryQueue
from acd.webhooks.store import Webhooks
from acd.webhooks.worker import WebhookWorker
from tests.runtime.fakes import START, Desk
from tests.webhooks.receiver import Receiver, receiver


class Centre:
    """A controller's insides, with the socket on which it tells its facts."""

    def __init__(self, home: Path) -> None:
        self.environment = Environment(home, home, home)
        self.leader = Leader(self.environment)
        self.desk = Desk()
        self.start_over()

    def start_over(self) -> None:
        """As a controller that starts again and knows its calls."""
        self.stream = FactStream(self.desk.shell.engine.floor, self.desk.clock)
        self.desk.shell.observer = Audience(of_floor=[self.stream])
        self.server = ControlServer(self.environment.control_socket, {}, {"facts": self.stream.serve})


def told(found: Receiver) -> list[dict[str, Any]]:
    return [json.loads(heard.body) for heard in found.heard]


def names(found: Receiver, call: str | None) -> set[str]:
    return {each["event"] for each in told(found) if each["call"] == call}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value_s in (
        (worker, "LOOK_EVERY_S", 0.02),
        (worker, "AGAIN_AFTER_S", 0.05),
        (worker, "IDLE_LOOK_EVERY_S", 0.05),
        (follow, "LOOK_AGAIN_S", (0.0, 0.5)),
    ):
        monkeypatch.setattr(module, name, value_s)


def add(store: RecordStore, url: str, *wanted: str) -> str:
    """A webhook that was made before the desk's days begin; its secret."""
    found, secret = Webhooks(store.engine).add(url, wanted, "", "root")
    before = datetime.fromtimestamp(START - 1, UTC)
    Webhooks(store.engine).change(found.id, since_at=before)
    Lease(store.engine, "").seen(before)
    return secret


async def test_nothing_is_missed_while_the_stream_is_cut_and_nothing_told_twice(tmp_path: Path) -> None:
    async def allowed() -> bool:
        return True

    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        async with receiver() as found:
            secret = add(store, found.url, *EventName)
            centre = Centre(tmp_path)
            desk = centre.desk
            await centre.server.start()
            work = asyncio.create_task(WebhookWorker(centre.leader, lambda: store.engine, allowed).run())
            desk.ready("anna")
            await desk.ask()
            await found.until(lambda: names(found, "c1") == {"call.arrived", "call.queued", "call.offered"})

            await centre.server.stop()  # the call goes on while nobody is told
            centre.start_over()
            desk.clock.now += 1
            desk.shell.feed(events.OfferAnswered("c1"))
            desk.clock.now += 1
            desk.shell.feed(events.CallHeld("c1"))
            await centre.server.start()
            await found.until(lambda: {"call.answered", "call.held"} <= names(found, "c1"))

            await centre.server.stop()  # it ends, and another comes and goes, and both are on record only
            centre.start_over()
            desk.clock.now += 1
            await desk.ask("c2")
            for call in ("c1", "c2"):
                desk.shell.feed(events.CallEnded(call, EndedBy.CALLER, ""))
                store.save_calls([fold(*desk.recorder.calls[-1])])
            await centre.server.start()
            await found.until(lambda: "call.ended" in names(found, "c1") & names(found, "c2"))
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await centre.server.stop()
            await desk.close()
            counts = Counter(each["id"] for each in told(found))
            assert set(counts.values()) == {1}
            states = [each["data"]["state"] for each in told(found) if each["event"] == "agent.state"]
            assert {"ringing", "talking"} <= set(states)
            for heard in found.heard:
                signed = heard.headers["X-ACD-Timestamp"].encode() + b"." + heard.body
                assert heard.headers["X-ACD-Signature"] == (
                    "v1=" + hmac.new(secret.encode(), signed, sha256).hexdigest()
                )


async def test_what_the_other_side_does_not_take_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.webhooks.queue.PAUSES_S", (0, 0, 0))

    async def allowed() -> bool:
        return True

    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        async with receiver() as found:
            found.status = 503
            add(store, found.url, EventName.ARRIVED)
            centre = Centre(tmp_path)
            await centre.server.start()
            work = asyncio.create_task(WebhookWorker(centre.leader, lambda: store.engine, allowed).run())
            await centre.desk.ask()
            await found.until(lambda: len(found.heard) >= 2)
            found.status = 200
            await found.until(lambda: len(found.heard) >= 3)
            found.changed.clear()
            while DeliveryQueue(store.engine).waiting():  # noqa: ASYNC110 - of the database nobody tells
                await asyncio.sleep(0.01)
            assert len(found.heard) == 3
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await centre.server.stop()
            await centre.desk.close()
            assert len({heard.headers["X-ACD-Delivery"] for heard in found.heard}) == 1


async def test_what_was_before_the_first_webhook_in_use_is_not_even_read(tmp_path: Path) -> None:
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        lease, now = Lease(store.engine, ""), datetime.now(UTC)
        follower = follow.Follower(Leader(Environment(tmp_path, tmp_path, tmp_path)), store.engine, lease)
        made, _ = Webhooks(store.engine).add("https://one.example/", ["call.ended"], "", "root")
        lease.seen(now - timedelta(days=90))
        assert follower._begin() == made.since_at
        Webhooks(store.engine).change(made.id, since_at=now - timedelta(days=100))
        assert follower._begin() == now - timedelta(days=90) - follow.MARGIN
