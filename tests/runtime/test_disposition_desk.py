"""What agents record of calls: checked as a whole, kept until stored, and a promise becomes a task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from acd.core import events
from acd.core.agents import Agent, AgentState
from acd.core.disposition import DispositionCode, DispositionField, DispositionTree, FieldKind
from acd.core.facts import Disposed, EndedBy
from acd.core.ports import AskKind
from acd.desktop import spoken_of
from acd.errors import OperatorError, RequestRefused
from acd.records.fold import fold
from acd.runtime.callbacks import CallbackDesk
from acd.runtime.disposition_desk import KEPT_CALLS, PREFIX, DispositionDesk, OnRecord, Spoken
from acd.runtime.observers import Audience
from tests.runtime.fakes import START, Desk

TREE = DispositionTree(
    (
        DispositionCode(
            "sold",
            {"en": "Sold", "zh": "成交"},
            fields=(
                DispositionField("order", {"en": "Order"}),
                DispositionField("value", {"en": "Value"}, FieldKind.NUMBER, required=False),
                DispositionField("on", {"en": "On"}, FieldKind.DATE, required=False),
            ),
        ),
        DispositionCode(
            "lost", {"en": "Lost"}, children=(DispositionCode("price", {"en": "Price"}, complaint=True),)
        ),
    ),
)


class Stage:
    """Anna talks with c1, of a group with codes."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.desk.now.now = replace(self.desk.centre, dispositions={"sales": TREE})
        self.wishes = CallbackDesk(self.desk.mirror, self.desk.recorder, self.desk.clock)
        self.on_record: OnRecord = lambda _call, _agent: None
        self.dispositions = DispositionDesk(
            self.desk.now,
            self.desk.shell,
            self.desk.mirror,
            self.desk.recorder,
            self.wishes,
            lambda call, agent: self.on_record(call, agent),
        )
        self.desk.shell.observer = Audience(of_calls=[self.dispositions])

    async def dispose(self, **said: Any) -> dict[str, Any]:
        """As a web process asks for it."""
        said = {"agent": "anna", "call": "c1", "code": "sold", "fields": {"order": "A-1"}, **said}
        asked: Any = self.dispositions.handlers()["dispose"](said)
        answer = await asked
        found: dict[str, Any] = answer["disposition"]
        return found


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """See Stage."""
    stage = Stage()
    await stage.desk.talking()
    yield stage
    await stage.desk.close()


async def test_it_is_kept_until_stored_and_stands_in_the_story(stage: Stage) -> None:
    told = await stage.dispose(
        note="  will call again ", fields={"order": " A-1 ", "value": "12,5", "on": "2026-12-24"}
    )
    assert (told["group"], told["path"], told["note"]) == ("sales", "Sold", "will call again")
    assert told["fields"] == {"order": "A-1", "value": "12,5", "on": "2026-12-24"}
    assert stage.desk.mirror.keys("disposition") == [f"{PREFIX}c1:anna"]
    disposed = [f for f in stage.desk.shell.engine.floor.calls["c1"].facts if isinstance(f, Disposed)]
    assert [(f.agent, f.code, f.label) for f in disposed] == [("anna", "sold", "Sold")]
    stage.desk.recorder.all_safe()
    assert stage.desk.mirror.keys("disposition") == []


async def test_later_words_replace_earlier_ones(stage: Stage) -> None:
    await stage.dispose()
    stage.desk.clock.now += 1
    told = await stage.dispose(code="price", fields={})
    assert (told["path"], told["complaint"]) == ("Lost / Price", True)
    first, second = stage.desk.recorder.waiting[-2:]
    first()
    assert stage.desk.mirror.keys("disposition") == [f"{PREFIX}c1:anna"]  # the later words are not safe yet
    second()
    assert stage.desk.mirror.keys("disposition") == []


async def test_after_a_restart_it_is_written(stage: Stage) -> None:
    await stage.dispose()
    again = Stage()
    again.dispositions.restore(stage.desk.mirror.load())
    assert again.desk.recorder.dispositions == stage.desk.recorder.dispositions
    await again.desk.close()


async def test_what_cannot_be_read_is_set_aside(stage: Stage) -> None:
    stage.desk.mirror.put(f"{PREFIX}c9:anna", {"nonsense": 1})
    stage.dispositions.restore(stage.desk.mirror.load())
    assert stage.desk.mirror.keys("unreadable") == [f"unreadable:{PREFIX}c9:anna"]


REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "no such call": ({"call": "c9"}, "unknown-call"),
    "what is no call's id": ({"call": "c1\0"}, "bad-request"),
    "somebody else's call": ({"agent": "ben"}, "not-your-call"),
    "no such code": ({"code": "gone"}, "unknown-disposition"),
    "a heading": ({"code": "lost"}, "unknown-disposition"),
    "a field is missing": ({"fields": {}}, "field-missing"),
    "an empty field": ({"fields": {"order": "  "}}, "field-missing"),
    "a field that the code has not": ({"fields": {"order": "1", "colour": "red"}}, "unknown-field"),
    "no number": ({"fields": {"order": "1", "value": "many"}}, "bad-field"),
    "no date": ({"fields": {"order": "1", "on": "24.12."}}, "bad-field"),
    "too long": ({"fields": {"order": "1" * 501}}, "bad-field"),
    "fields that are none": ({"fields": ["order"]}, "bad-request"),
    "a field of fields": ({"fields": {"order": {"a": 1}}}, "bad-request"),
    "a long note": ({"note": "x" * 4001}, "note-too-long"),
    "a time that has passed": ({"callback_at": START - 1}, "bad-callback-time"),
    "a time far away": ({"callback_at": START + 91 * 86_400}, "bad-callback-time"),
    "no time": ({"callback_at": "soon"}, "bad-request"),
    "a callback of no group": ({"callback_at": START + 60, "callback_group": "x"}, "unknown-group"),
    "a callback to nowhere": ({"callback_at": START + 60, "callback_number": "x"}, "callback-refused"),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_is_refused_leaves_nothing_behind(stage: Stage, why: str) -> None:
    said, code = REFUSED[why]
    with pytest.raises(RequestRefused) as refused:
        await stage.dispose(**said)
    assert refused.value.code == code
    assert stage.desk.recorder.dispositions == []
    assert stage.desk.recorder.callbacks == []
    assert stage.desk.mirror.keys("disposition") == []


async def test_a_code_may_be_wanted(stage: Stage) -> None:
    assert (await stage.dispose(code="", fields={}, note="nothing to say"))["code"] == ""
    stage.desk.now.now = replace(stage.desk.centre, dispositions={"sales": replace(TREE, required=True)})
    with pytest.raises(RequestRefused, match="there is no code ''"):
        await stage.dispose(code="", fields={})


async def test_a_promise_becomes_a_callback_once(stage: Stage) -> None:
    at = stage.desk.clock.now + 3600
    assert (await stage.dispose(callback_at=at))["callback_at"] == at
    await stage.dispose(callback_at=at)
    (order,) = stage.desk.recorder.callbacks
    assert (order.call_id, order.group, order.number) == ("c1", "sales", "+4930123")
    assert (order.due_at, order.for_agent) == (at, None)


async def test_a_promise_may_be_the_agents_own(stage: Stage) -> None:
    await stage.dispose(callback_at=stage.desk.clock.now + 60, callback_for="agent", callback_group="support")
    (order,) = stage.desk.recorder.callbacks
    assert (order.for_agent, order.group) == ("anna", "support")


async def test_a_call_that_is_over_can_still_be_spoken_of(stage: Stage) -> None:
    await stage.desk.ask(kind=AskKind.AGENT_LEFT)
    stage.desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    over = stage.desk.shell.engine.floor.calls["c1"]
    stage.desk.after(30)
    assert "c1" not in stage.desk.shell.engine.floor.calls
    assert (await stage.dispose())["group"] == "sales"
    for number in range(KEPT_CALLS):
        stage.dispositions.call_changed(replace(over, id=f"x{number}"))
    with pytest.raises(RequestRefused, match="c1"):
        await stage.dispose()


async def test_of_a_call_that_was_over_before_a_restart_the_database_knows(stage: Stage) -> None:
    await stage.desk.ask(kind=AskKind.AGENT_LEFT)
    stage.desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    over = stage.desk.shell.engine.floor.calls["c1"]
    stage.desk.after(30)
    record = fold("c1", over.facts)
    again = Stage()
    again.on_record = lambda call, agent: spoken_of(record, agent) if call == "c1" else None
    told = await again.dispose(callback_at=again.desk.clock.now + 60)
    assert (told["group"], told["path"]) == ("sales", "Sold")
    assert [order.number for order in again.desk.recorder.callbacks] == ["+4930123"]
    for agent, call, code in (("ben", "c1", "not-your-call"), ("anna", "c9", "unknown-call")):
        with pytest.raises(RequestRefused) as refused:
            await again.dispose(agent=agent, call=call)
        assert refused.value.code == code
    await again.desk.close()


async def test_whoever_wraps_up_a_call_that_nobody_knows_may_say_what_came_of_it() -> None:
    stage, reason = Stage(), "the database is away"

    def away(_call: str, _agent: str) -> Spoken | None:
        raise OperatorError(reason)

    stage.on_record = away
    kept = Agent("anna", AgentState.WRAP_UP, phone="1001", wrap_up_call_id="c7", wrap_up_group="sales")
    stage.desk.shell.engine.restore([kept], [], START)
    told = await stage.dispose(call="c7", note="written before the restart")
    assert (told["call_id"], told["group"], told["code"]) == ("c7", "sales", "sold")
    assert stage.desk.recorder.dispositions[-1].note == "written before the restart"
    with pytest.raises(RequestRefused, match=reason):
        await stage.dispose(call="c8")
    await stage.desk.close()


async def test_a_wrap_up_of_a_call_on_record_is_of_the_group_that_it_is_for(stage: Stage) -> None:
    stage.on_record = lambda call, agent: Spoken(call, frozenset({agent}), "support", "+4930123")
    kept = Agent("anna", AgentState.WRAP_UP, phone="1001", wrap_up_call_id="c7", wrap_up_group="sales")
    stage.desk.shell.engine.restore([kept], [], START)
    assert (await stage.dispose(call="c7"))["group"] == "sales"


async def test_a_wrap_up_that_goes_on_after_a_restart_can_be_disposed_and_ended(stage: Stage) -> None:
    await stage.desk.ask(kind=AskKind.AGENT_LEFT)
    stage.desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    again = Stage()
    again.desk.mirror.values.update(stage.desk.mirror.load())
    again.desk.shell.restore()
    await again.dispose()
    call = again.desk.shell.engine.floor.calls["c1"]
    assert [fact.code for fact in call.facts if isinstance(fact, Disposed)] == ["sold"]
    again.desk.shell.feed(events.WrapUpDone("anna"))
    assert "c1" not in again.desk.shell.engine.floor.calls
    await again.desk.close()
