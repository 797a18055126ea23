"""Calls that are over go to a collector of traces, in a thread of its own.

What is offered waits in a queue of bounded length. While the collector is away calls are dropped, and
counted: traces are for looking at, and nothing waits for them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from acd.records.record import CallRecord
from acd.tracing.spans import is_over

log = structlog.get_logger(__name__)

WAITING_MAX = 1_000
"""Calls; some MB."""
TOGETHER_MAX = 100
GATHER_S = 1.0
REMEMBERED_MAX = 5_000
"""A call may be put on record again after it was sent."""
CLOSE_LIMIT_S = 3.0

Export = Callable[[Sequence[CallRecord]], bool]
"""Sends these calls; whether the collector has taken them. Called in the thread, and may take seconds."""


class CallTraces(Collector):
    """`offer` calls; `start` and `close` the thread. `sent` and `dropped` count calls."""

    def __init__(self, export: Export, shut_down: Callable[[], None] = lambda: None) -> None:
        self._export = export
        self._shut_down = shut_down
        self._waiting: deque[CallRecord] = deque()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._work = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_away = False
        self.sent = self.dropped = 0

    def start(self) -> None:
        """Begin to send."""
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def offer(self, record: CallRecord) -> None:
        """A call as it is on record now; sent once, when nothing of it goes on any more. Never waits."""
        if not is_over(record) or record.call_id in self._seen:
            return
        self._seen[record.call_id] = None
        if len(self._seen) > REMEMBERED_MAX:
            self._seen.popitem(last=False)
        if len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
            return
        self._waiting.append(record)
        self._work.set()

    def close(self) -> None:
        """Send what is left, for a moment; closing twice is harmless."""
        self._closing.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join(CLOSE_LIMIT_S)
            self._thread = None
        self._shut_down()

    def collect(self) -> Iterator[CounterMetricFamily]:
        """See `prometheus_client`."""
        told = CounterMetricFamily("acd_traces", "Calls whose trace was to be sent.", labels=["result"])
        told.add_metric(["sent"], self.sent)
        told.add_metric(["dropped"], self.dropped)
        yield told

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._closing.wait(GATHER_S)  # for others
            self._work.clear()
            while self._waiting:
                self._send([self._waiting.popleft() for _ in range(min(TOGETHER_MAX, len(self._waiting)))])
            if self._closing.is_set():
                return

    def _send(self, calls: Sequence[CallRecord]) -> None:
        try:
            taken = self._export(calls)
        except Exception:  # whatever it is, calls go on, and so do the next traces
            log.exception("traces cannot be made of these calls", calls=[call.call_id for call in calls])
            self.dropped += len(calls)
            return
        if taken:
            self.sent += len(calls)
        else:
            self.dropped += len(calls)
        if taken == self._is_away:
            self._is_away = not taken
            if taken:
                log.info("the collector takes traces again", dropped=self.dropped)
            else:
                log.warning("the collector takes no traces, they are dropped", dropped=self.dropped)
