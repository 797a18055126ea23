"""Who talked last with whom, and what else a call brings into its line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from acd.core import events
from acd.core.facts import Customer
from acd.core.last_agents import LastAgents, Talk, customer_key
from acd.core.plan import LastAgent, Plan
from acd.core.requirement import Requirement
from acd.ivr.talk import JoinQueue
from acd.runtime.abandoned import AbandonedWaits
from acd.runtime.joining import Joining
from tests.runtime.fakes import CUSTOMER, START, Desk, FakeMirror


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre."""
    made = Desk()
    yield made
    await made.close()


async def test_talks_are_noted(desk: Desk) -> None:
    await desk.talking("c1", "anna")
    await desk.ask("c2", caller_number="+4930777")
    for call_id in ("c1", "c2"):
        desk.shell.feed(events.CallEnded(call_id))
    known = desk.last_agents.find(None, "+4930123")
    assert known is not None
    assert (known.agent, known.at) == ("anna", START)
    assert desk.last_agents.find(CUSTOMER.id, "+4930777") is None  # nobody answered
    assert desk.last_agents.find("keyed", "+4930123") == known  # whom a flow has recognised
    assert desk.last_agents.find(None, "") is None


async def test_a_customer_is_known_by_every_number(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask("c1", caller_number="+4930777")
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.shell.feed(events.CallEnded("c1"))
    known = desk.last_agents.find(CUSTOMER.id, "+49111")
    assert known is not None
    assert known.agent == "anna"


def test_records_do_not_replace_what_is_newer() -> None:
    book = LastAgents()
    book.load([Talk("number:1", "anna", 50.0)])
    book.load([Talk("number:1", "ben", 40.0), Talk("number:2", "ben", 60.0)])
    found = [book.find(None, number) for number in ("1", "2")]
    assert [talk.agent for talk in found if talk is not None] == ["anna", "ben"]


def test_the_book_is_bounded() -> None:
    book = LastAgents(most=2)
    book.load(Talk(customer_key(None, str(n)), "anna", float(n)) for n in range(5))
    assert [book.find(None, str(n)) is not None for n in range(5)] == [False, False, False, True, True]
    assert len(book) == 2


# --- into a line ------------------------------------------------------------------------------
async def test_the_book_of_a_centre_that_runs_is_bounded_too(desk: Desk) -> None:
    book = LastAgents(most=500)
    await desk.talking("c1", "anna")
    call = desk.shell.engine.floor.calls["c1"]
    desk.shell.feed(events.CallEnded("c1"))
    for number in range(600):
        call.caller_number, call.customer = f"+49{number}", None
        book.call_changed(call)
        assert len(book) <= 500
    assert book.find(None, "+4990") is None
    assert book.find(None, "+49120") is not None
    assert len(book) == 500


def joining(plan: Plan, book: LastAgents | None = None) -> Joining:
    """With nobody who hung up."""
    return Joining(plan, book or LastAgents(), AbandonedWaits(0.0, lambda: START, FakeMirror()))


async def test_the_last_agent_is_waited_for(desk: Desk) -> None:
    sales = replace(desk.centre.plan.groups["sales"], last_agent=LastAgent(7.0, 20.0))
    centre = replace(desk.centre, plan=replace(desk.centre.plan, groups={"sales": sales}))
    other = Desk(centre)
    other.ready("anna", "ben")
    for call_id in ("c1", "c2"):  # anna has waited for longer than ben when the customer calls again
        await other.ask(call_id, caller_number=f"+493{call_id[1]}")
        other.shell.feed(events.OfferAnswered(call_id))
    assert other.shell.engine.floor.calls["c2"].agent == "ben"
    for call_id in ("c1", "c2"):
        other.shell.feed(events.CallEnded(call_id))
    for agent in ("anna", "ben"):
        other.shell.feed(events.WrapUpDone(agent))
    await other.ask("c3", caller_number="+4932")
    assert other.shell.engine.floor.calls["c3"].agent == "ben"
    await other.close()


async def test_what_the_customer_needs_is_added(desk: Desk) -> None:
    await desk.ask("c1")
    call = desk.shell.engine.floor.calls["c1"]
    order = JoinQueue("sales", 5, "en", requirement=Requirement.parse("english >= 5"), prefer="1002")
    call.customer = Customer("k", "K", requirement="vip")
    event = joining(desk.centre.plan).by_flow(call, order, None)
    assert event.requirement.text == "(english >= 5) and (vip)"
    assert (event.prefer, event.priority, event.alone) == ("ben", 5, False)
    assert joining(desk.centre.plan).by_number(call, "sales").requirement.text == "vip"
    found = {"id": "other", "requirement": "chinese"}  # whom the flow found goes before who seemed to call
    assert joining(desk.centre.plan).by_flow(call, replace(order, alone=True), found).requirement.text == (
        "(english >= 5) and (chinese)"
    )
    broken = joining(desk.centre.plan).by_flow(call, order, {"id": "x", "requirement": "english >="})
    assert broken.requirement.text == "english >= 5"


async def test_the_exits_of_a_step(desk: Desk) -> None:
    await desk.ask("c1")
    call = desk.shell.engine.floor.calls["c1"]
    order = JoinQueue(
        "sales",
        0,
        "en",
        leave_when_full=True,
        leave_when_closed=True,
        exits=frozenset({"sorry"}),
        prefer="x" * 99,
    )
    event = joining(desk.centre.plan).by_flow(call, order, None)
    assert event.exits == {"full", "closed", "sorry"}
    assert event.prefer == "x" * 64
