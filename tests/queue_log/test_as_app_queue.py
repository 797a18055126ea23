"""Our lines beside those of Asterisk's own app_queue: the same story gives the same lines, field by field.

The sample is what app_queue of Asterisk 22.10 wrote of real calls, see tests/integration/app_queue_sample.py.
What differs on purpose is in `_DIFFERS`, and in docs/queue_log.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from acd.core.facts import (
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    LeftBy,
    LeftLine,
    Offered,
    OfferFailed,
    OfferFailure,
    Queued,
    Transferred,
)
from acd.imports.names import Names
from acd.imports.queue_history import QueueHistory
from acd.imports.refusals import Place, Refusals
from acd.queue_log.line import NONE, Line, read, written
from acd.queue_log.of_agents import AgentLines
from acd.queue_log.of_calls import CallLines

SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "app_queue_log"


def _sample() -> list[Line]:
    return [read(text) for text in SAMPLE.read_text(encoding="utf-8").splitlines()]


def _rang(line: Line, seconds: float, then: Fact) -> list[Fact]:
    return [Offered(line.at - seconds, "anna", "1001"), then]


_HAPPENED: dict[str, Callable[[Line], list[Fact]]] = {
    "ENTERQUEUE": lambda line: [
        Arrived(line.at, CallKind.INBOUND, "5550100", "", ""),
        Queued(line.at, line.queue),
    ],
    "CONNECT": lambda line: _rang(line, float(line.data[2]), Answered(line.at, "anna")),
    "COMPLETECALLER": lambda line: [Ended(line.at, EndedBy.CALLER)],
    "COMPLETEAGENT": lambda line: [Ended(line.at, EndedBy.AGENT)],
    "BLINDTRANSFER": lambda line: [Transferred(line.at, "anna", "1002", "blind")],
    "ATTENDEDTRANSFER": lambda line: [Transferred(line.at, "anna", "consultation", "attended")],
    "RINGNOANSWER": lambda line: _rang(
        line, int(line.data[0]) / 1000, OfferFailed(line.at, "anna", OfferFailure.NO_ANSWER)
    ),
    "RINGCANCELED": lambda line: _rang(line, int(line.data[0]) / 1000, Ended(line.at, EndedBy.CALLER)),
    "ABANDON": lambda line: [Ended(line.at, EndedBy.CALLER)],
    "EXITWITHTIMEOUT": lambda line: [LeftLine(line.at, line.queue, LeftBy.TIMEOUT)],
    "EXITWITHKEY": lambda line: [LeftLine(line.at, line.queue, LeftBy.KEY, key="5")],
    "EXITEMPTY": lambda line: [LeftLine(line.at, line.queue, LeftBy.NO_AGENTS)],
}
"""What people did when app_queue wrote a line."""

_DIFFERS = {
    "CONNECT": 1,  # the agent's channel there, our id of the call here
    "BLINDTRANSFER": 1,  # the context of the dial plan
    "ATTENDEDTRANSFER": 1,  # the bridge there, the call id of the consultation here
}
"""By event the place in the data where there is another word for the same."""


def _compared(lines: list[Line]) -> list[Line]:
    compared = []
    for line in lines:
        data = [*line.data]
        if line.event in _DIFFERS:
            data[_DIFFERS[line.event]] = "…"
        compared.append(line._replace(data=tuple(data)))
    return compared


def test_calls() -> None:
    sample = [line for line in _sample() if line.event in _HAPPENED]
    assert {line.event for line in sample} == _HAPPENED.keys()
    book = CallLines()
    ours = [made for line in sample for made in book.of(line.call, _HAPPENED[line.event](line))]
    assert _compared([read(written(line)) for line in ours]) == _compared(sample)


def _seconds(lines: list[Line]) -> Iterator[list[tuple[str, ...]]]:
    """Those of each second, of one queue and then of another: app_queue has its queues in no order."""
    for at in dict.fromkeys(line.at for line in lines):
        said = [line for line in lines if line.at == at]
        said.sort(key=lambda line: (line.queue != NONE, line.queue))
        yield [(line.queue, line.agent, line.event, *line.data) for line in said]


def test_agents() -> None:
    sample = [line for line in _sample() if line.event.endswith(("MEMBER", "PAUSE", "PAUSEALL"))]
    book = AgentLines()
    ours = [
        line
        for at, (state, reason, queues) in enumerate(
            (
                ("ready", None, ("sales",)),
                ("ready", None, ("sales", "support")),
                ("not_ready", "lunch", ("sales", "support")),
                ("ready", None, ("sales", "support")),
                ("not_ready", None, ("sales", "support")),
                ("not_ready", None, ("sales",)),
                ("logged_out", None, ()),
            )
        )
        for line in book.changed("anna", state, reason, at, queues)
    ]
    theirs, said = list(_seconds(sample)), list(_seconds([read(written(line)) for line in ours]))
    assert said[:-1] == theirs[:-1]
    # Whoever goes home on a break has the break ended first: app_queue leaves that to the reader.
    assert said[-1] == [("NONE", "anna", "UNPAUSEALL"), ("sales", "anna", "UNPAUSE"), *theirs[-1]]


def test_all_of_it_is_imported() -> None:
    refusals = Refusals(None)
    history = QueueHistory(Names(), refusals, now=4_000_000_000.0)
    for number, text in enumerate(SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True), start=1):
        history.feed(text.encode(), Place("queue_log", number), "utf-8")
    calls = list(history.rest())
    assert not refusals.refused
    assert not refusals.unused
    assert len(calls) == len({line.call for line in _sample() if line.event == "ENTERQUEUE"})
    paused = [i for i in history.intervals() if i.state == "not_ready"]
    assert {i.reason for i in paused} == {"lunch", None}
