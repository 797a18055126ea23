"""A call on record as spans."""

from __future__ import annotations

from acd.records.fold import fold
from acd.records.record import CallRecord
from acd.tracing.spans import Span, is_over, spans_of, trace_id
from tests.records.scenario import START, facts_of

CALL = """
    0    arrived 5550100 8000
    0    flow main
    7    queued sales
    8    offered ben
    9    failed ben no_answer
    9    offered anna
    9.2  alerted anna
    12   answered anna
    20   held
    25   resumed
    42   ended caller
    42   wrap anna
    50   wrapped anna
"""


def record_of(table: str = CALL) -> CallRecord:
    return fold("c1", facts_of(table))


def tree(spans: list[Span]) -> list[str]:
    """A line a span, below its parent."""
    names = {span.id: span.name for span in spans}
    return [
        f"{names[s.parent] if s.parent is not None else '-'}/{s.name}"
        f" {s.started_at - START:g}-{s.ended_at - START:g}"
        f" {s.attributes.get('acd.agent.id', '-')}"
        for s in spans
    ]


def test_a_call_is_a_tree_of_where_the_caller_was() -> None:
    assert tree(spans_of(record_of())) == [
        "-/call 0-42 -",
        "call/flow 0-7 -",
        "call/line 7-12 -",
        "line/ring 8-9 ben",
        "line/ring 9-12 anna",
        "call/talk 12-42 anna",
        "talk/hold 20-25 anna",
        "call/wrap-up 42-50 anna",
    ]


def test_what_a_span_says() -> None:
    spans = {span.name: span for span in spans_of(record_of())}
    assert spans["call"].attributes == {
        "acd.call.id": "c1",
        "acd.call.kind": "inbound",
        "acd.call.source": "acd",
        "acd.call.ended_by": "caller",
        "acd.call.answered": True,
        "acd.flow": "main",
        "acd.group": "sales",
    }
    assert spans["talk"].attributes == {
        "acd.call.id": "c1",
        "acd.group": "sales",
        "acd.agent.id": "anna",
        "acd.outcome": "caller_hung_up",
        "acd.hold_s": 5.0,
    }


def test_numbers_are_told_where_that_is_wanted() -> None:
    plain, with_numbers = spans_of(record_of()), spans_of(record_of(), numbers=True)
    assert "5550100" not in repr(plain)
    assert with_numbers[0].attributes["acd.caller_number"] == "5550100"
    assert with_numbers[0].attributes["acd.dialed_number"] == "8000"


def test_ids_are_those_of_the_call() -> None:
    first, again = spans_of(record_of()), spans_of(record_of())
    assert [span.id for span in first] == [span.id for span in again]
    assert len({span.id for span in first}) == len(first)
    assert trace_id("c1") != trace_id("c2")
    assert 0 < trace_id("c1") < 2**128


def test_a_call_is_over_with_its_wrap_up() -> None:
    begun = "\n".join(CALL.strip().splitlines()[:-1])
    assert not is_over(record_of(begun))
    assert not is_over(record_of("0 arrived 5550100 8000"))
    assert is_over(record_of())
