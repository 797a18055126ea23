"""A step lists its messages and its ways out."""

from __future__ import annotations

from acd.ivr.expressions import Expression
from acd.ivr.flow import (
    CustomerLookup,
    Goto,
    Lookup,
    Menu,
    Question,
    Queue,
    Survey,
    Transfer,
    TransferKind,
    messages,
    targets,
)
from tests.ivr.flows import message

HELLO, SORRY = message("Hello"), message("Sorry")


def test_messages_that_are_empty_are_left_out() -> None:
    assert list(messages(Menu(HELLO, {"1": "a"}, "b", invalid=SORRY))) == [HELLO, SORRY]
    assert list(messages(Survey((Question("q", HELLO),), "a"))) == [HELLO]
    assert list(messages(Queue("sales"))) == []


def test_ways_out_have_names() -> None:
    who = Expression.compile("caller.number")
    assert dict(targets(Menu(HELLO, {"1": "a", "*9": "b"}, "c"))) == {
        "choice 1": "a",
        "choice *9": "b",
        "failure": "c",
    }
    assert dict(targets(Lookup(CustomerLookup(who), "a", "b", "c"))) == {
        "next": "a",
        "failure": "b",
        "not found": "c",
    }
    assert dict(targets(Queue("sales", keys={"1": "a"}, no_agents="b"))) == {"key 1": "a", "no agents": "b"}
    assert dict(targets(Transfer(TransferKind.NUMBER, who, "a"))) == {"failure": "a"}
    assert list(targets(Goto(flow="night"))) == []
    assert list(targets(Goto("a"))) == [("next", "a")]
