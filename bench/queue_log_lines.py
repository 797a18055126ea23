"""Lines of a queue_log as a busy centre writes them, to measure what reads such files."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator

from acd.queue_log.line import NONE, Event, Line, written

BEGIN = 1_767_225_600  # 2026-01-01
QUEUES = ("sales", "support", "600", "601", "vip")
AGENTS = 80
CALLS_PER_HOUR = 900
SHIFT_S = 8 * 3600


def lines(count: int, seed: int = 1) -> Iterator[str]:
    """So many lines and a few more, in order, without their ends."""
    source = random.Random(seed)
    pending: list[tuple[int, int, str]] = []  # what comes of calls that have begun
    order = made = 0
    at = float(BEGIN)
    while made < count:
        at += source.expovariate(CALLS_PER_HOUR / 3600)
        while pending and pending[0][0] <= at:
            yield heapq.heappop(pending)[2]
            made += 1
        for line in _call(source, int(at), f"{int(at)}.{order}"):
            heapq.heappush(pending, (line.at, order, written(line)))
            order += 1
    while pending:
        yield heapq.heappop(pending)[2]


def _call(source: random.Random, at: int, call: str) -> Iterator[Line]:
    """One call, and now and then an agent who comes or has a break."""
    queue, number = source.choice(QUEUES), f"0{source.randrange(10**9, 10**10)}"
    agent = f"SIP/{1000 + source.randrange(AGENTS)}"
    if source.random() < 0.05:
        yield from _agent(source, at, agent)
    yield Line(at, call, NONE, NONE, Event.DID, (f"80{source.randrange(10, 99)}",))
    yield Line(at, call, queue, NONE, Event.ENTERQUEUE, ("", number, "1"))
    wait = int(source.expovariate(1 / 25))
    if source.random() < 0.12:
        yield Line(at + wait, call, queue, NONE, Event.ABANDON, ("1", "1", str(wait)))
        return
    entered, began = at, at
    for _ in range(source.choices((0, 1, 2), (80, 15, 5))[0]):
        began += 15
        other = f"SIP/{1000 + source.randrange(AGENTS)}"
        yield Line(began, call, queue, other, Event.RINGNOANSWER, ("15000",))
    rung = source.randrange(1, 9)
    connected = max(entered + wait, began + rung)
    wait, talk = connected - entered, 5 + int(source.expovariate(1 / 180))
    yield Line(
        connected, call, queue, agent, Event.CONNECT, (str(wait), f"{connected}.9", str(min(rung, wait)))
    )
    over = connected + talk
    if source.random() < 0.05:
        data = ("8002", "from-internal", str(wait), str(talk), "1")
        yield Line(over, call, queue, agent, Event.BLINDTRANSFER, data)
        yield Line(over, call, "support", NONE, Event.ENTERQUEUE, ("", number, "1"))
        yield Line(over + 20, call, "support", NONE, Event.ABANDON, ("1", "1", "20"))
        return
    ended = Event.COMPLETEAGENT if source.random() < 0.3 else Event.COMPLETECALLER
    yield Line(over, call, queue, agent, ended, (str(wait), str(talk), "1"))


def _agent(source: random.Random, at: int, agent: str) -> Iterator[Line]:
    if source.random() < 0.2:
        for queue in QUEUES:
            yield Line(at, NONE, queue, agent, Event.ADDMEMBER)
        yield Line(at + SHIFT_S, NONE, NONE, agent, Event.AGENTLOGOFF, (agent, str(SHIFT_S)))
        return
    pause = source.randrange(60, 1200)
    yield Line(at, NONE, NONE, agent, Event.PAUSEALL, (source.choice(("lunch", "acw", "training")),))
    yield Line(at + pause, NONE, NONE, agent, Event.UNPAUSEALL)
