"""One live call in full: what an agent sees as the phone rings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from acd.core import events
from acd.core.facts import LanguageChosen, StepTaken
from acd.errors import RequestRefused
from acd.ivr.template import Template
from acd.ivr.values import MASK
from acd.runtime.call_detail import CallDetail, Sources
from tests.runtime.fakes import Desk

GREETINGS = {
    "sales": {
        "en": Template.compile("{{ centre.name }}, {{ agent.name }}. Hello {{ customer.name }}!"),
        "zh": Template.compile("您好，{{ customer.name }}，我是{{ agent.name }}。"),
    }
}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre with a greeting."""
    desk = Desk()
    desk.now.now = replace(desk.centre, greetings=GREETINGS)
    yield desk
    await desk.close()


def ask(desk: Desk, do: str = "call", **said: Any) -> Any:
    """What is answered."""
    sources = Sources(
        shown=lambda call: {"id": call.id},
        in_words=lambda fact: type(fact).__name__,
        decided=lambda call: [{"at": fact.at} for fact in call.facts],
        flows=lambda _version: desk.centre.flow_set,
        collected=lambda _call: {"account": "1234", "pin": MASK},
    )
    detail = CallDetail(desk.now, desk.shell.engine.floor, desk.clock, sources)
    return detail.handlers()[do]({"call": "c1", **said})


async def test_a_known_caller_as_the_phone_rings(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask(caller_number="+4930777")
    told = ask(desk)
    name = desk.centre.plan.agents["anna"].name
    assert told["greeting"] == f"Example Bank, {name}. Hello 王芳!"
    assert told["collected"] == {"account": "1234", "pin": MASK}
    assert told["facts"][0]["text"] == "Arrived"
    assert told["path"][-1]["detail"] == "sales"
    assert told["reason"]
    assert ask(desk, "why-agent")["agent"] == "anna"
    assert ask(desk, "why-agent")["reasons"] == told["reason"]


async def test_the_callers_language_and_an_unknown_caller(desk: Desk) -> None:
    await desk.ask()
    desk.clock.now += 12
    desk.shell.feed(events.FlowNoted("c1", LanguageChosen(0.0, "zh_CN")))
    told = ask(desk, agent="ben")
    name = desk.centre.plan.agents["ben"].name
    assert told["greeting"] == f"您好，，我是{name}。"
    assert told["waited_s"] == 12
    assert (told["transfers"], told["reason"], told["dispositions"]["required"]) == ([], [], False)
    assert ask(desk, "why-agent")["agent"] is None


async def test_the_wait_ends_with_the_answer(desk: Desk) -> None:
    await desk.ask()
    desk.after(5)
    desk.ready("anna")
    desk.after(2)
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.after(60)
    assert ask(desk)["waited_s"] == 7


async def test_steps_and_look_ups(desk: Desk) -> None:
    await desk.ask()
    flows = desk.centre.flow_set
    taken = StepTaken(0.0, "main", flows.version, "no-such-step", "found", "", "3 orders")
    desk.shell.feed(events.FlowNoted("c1", taken))
    told = ask(desk)
    assert told["path"][-1] | {"at": 0} == {
        "at": 0, "flow": "main", "step": "no-such-step", "arrow": "found", "detail": "3 orders",
    }  # fmt: skip
    assert told["lookups"] == []


async def test_no_such_call(desk: Desk) -> None:
    with pytest.raises(RequestRefused, match="no call 'c1'"):
        ask(desk)
