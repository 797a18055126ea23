"""What becomes of traces while a collector takes them, is away, and is too slow."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from acd.records.fold import fold
from acd.records.record import CallRecord
from acd.tracing import sender
from acd.tracing.sender import CallTraces
from tests.records.scenario import facts_of

LIMIT_S = 5.0


def call(call_id: str, *, over: bool = True) -> CallRecord:
    return fold(call_id, facts_of("0 arrived 5550100 8000\n0 flow main\n" + "9 ended caller" * over))


class Collector:
    """Takes calls as told; `came` is set at each attempt."""

    def __init__(self) -> None:
        self.takes = True
        self.calls: list[str] = []
        self.came = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()

    def export(self, calls: Sequence[CallRecord]) -> bool:
        self.open.wait(LIMIT_S)
        self.calls += [each.call_id for each in calls]
        self.came.release()
        if not self.takes and calls[0].call_id == "broken":
            raise ValueError("broken")
        return self.takes

    def wait(self) -> None:
        assert self.came.acquire(timeout=LIMIT_S)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "GATHER_S", 0.0)


def test_a_call_is_sent_once_when_it_is_over() -> None:
    collector = Collector()
    traces = CallTraces(collector.export)
    traces.start()
    traces.offer(call("c1", over=False))
    traces.offer(call("c1"))
    traces.offer(call("c1"))
    collector.wait()
    traces.offer(call("c2"))
    traces.close()
    assert collector.calls == ["c1", "c2"]
    assert (traces.sent, traces.dropped) == (2, 0)


def test_while_the_collector_is_away_calls_are_dropped_and_it_is_said_once() -> None:
    collector = Collector()
    traces = CallTraces(collector.export)
    with capture_logs() as said:
        traces.start()
        collector.takes = False
        for name in ("c1", "c2", "broken"):
            traces.offer(call(name))
            collector.wait()
        collector.takes = True
        traces.offer(call("c3"))
        traces.close()
    assert (traces.sent, traces.dropped) == (1, 3)
    assert [(line["log_level"], line["event"]) for line in said] == [
        ("warning", "the collector takes no traces, they are dropped"),
        ("error", "traces cannot be made of these calls"),
        ("info", "the collector takes traces again"),
    ]


def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "WAITING_MAX", 3)
    monkeypatch.setattr(sender, "REMEMBERED_MAX", 10)
    collector = Collector()
    collector.open.clear()
    traces = CallTraces(collector.export)
    for number in range(8):
        traces.offer(call(f"c{number}"))
    traces.start()
    collector.open.set()
    collector.wait()
    traces.close()
    assert collector.calls == ["c0", "c1", "c2"]
    assert (traces.sent, traces.dropped) == (3, 5)
    samples = {s.labels["result"]: s.value for family in traces.collect() for s in family.samples}
    assert samples == {"sent": 3, "dropped": 5}
