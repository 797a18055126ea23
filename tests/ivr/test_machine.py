"""One caller in a flow: what each outcome leads to, and what is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from acd.ivr.expressions import Expression
from acd.ivr.flow import Announce, Goto, HangUp, If, Menu, Queue, Return, Say, Set, Spoken, SpokenKind, Step
from acd.ivr.machine import MOST_QUIET_STEPS, Machine
from acd.ivr.position import Frame, Position
from acd.ivr.talk import (
    AgentLeft,
    Done,
    End,
    Found,
    GiveUp,
    JoinQueue,
    Keys,
    Listen,
    Outcome,
    Play,
    StepTaken,
)
from tests.ivr.flows import WORLD, expr, flow, machine, message, speech


def walked(steps: dict[str, Step], *outcomes: Outcome, error: str | None = None) -> Machine:
    """A machine that has begun with the first step and was told the outcomes."""
    walker = machine(flow(steps, error=error))
    walker.begin(WORLD)
    for outcome in outcomes:
        walker.handle(outcome, WORLD)
    return walker


MENU = Menu(
    message("Press one"),
    {"1": "sales", "12": "other"},
    "bye",
    timeout_s=4,
    invalid=message("No such choice"),
    no_input=message("Nothing pressed"),
)
STEPS: dict[str, Step] = {
    "hello": Say(message("Hello"), "menu"),
    "menu": MENU,
    "sales": Queue("sales"),
    "other": HangUp(),
    "bye": HangUp(message("Goodbye")),
}


def test_says_asks_and_queues() -> None:
    walker = machine(flow(STEPS))
    assert walker.begin(WORLD) == Play((speech("Hello"),))
    words = frozenset({"1", "12"})
    assert walker.handle(Done(), WORLD) == Listen((speech("Press one"),), 4, 2.0, max_keys=2, words=words)
    assert walker.handle(Keys("1"), WORLD) == JoinQueue("sales", 0, "en")
    assert [(s.step, s.arrow, s.to) for s in walker.take_trace()] == [
        ("hello", "next", "menu"),
        ("menu", "choice 1", "sales"),
    ]
    assert walker.take_trace() == []
    assert walker.handle(AgentLeft(), WORLD) == End()
    assert walker.take_trace() == [StepTaken("main", "sales", "end", "", "after the agent")]


@pytest.mark.parametrize(("keys", "remark"), [("", "Nothing pressed"), ("9", "No such choice")])
def test_a_menu_says_what_was_wrong_and_ends_after_its_tries(keys: str, remark: str) -> None:
    walker = walked(STEPS, Done())
    for _ in range(2):
        command = walker.handle(Keys(keys), WORLD)
        assert isinstance(command, Listen)
        assert command.prompts == (speech(remark), speech("Press one"))
    assert walker.handle(Keys(keys), WORLD) == Play((speech("Goodbye"),))
    assert walker.take_trace()[-1].arrow == "failure"
    assert walker.handle(Done(), WORLD) == End()
    assert walker.handle(Keys("1"), WORLD) == End()  # over is over


def test_an_outcome_that_does_not_belong_takes_the_way_of_failure() -> None:
    walker = walked(STEPS, Done())
    assert walker.handle(Found({}), WORLD) == Play((speech("Goodbye"),))
    assert walker.take_trace()[-1].detail == "Found came and was not expected"


def test_without_a_way_of_failure_it_takes_the_flows_way_of_error() -> None:
    walker = walked(STEPS, error="bye")
    assert walker.handle(Keys("1"), WORLD) == Play((speech("Goodbye"),))
    assert walker.take_trace()[-1] == StepTaken(
        "main", "hello", "error", "bye", "Keys came and was not expected"
    )


def test_without_a_way_of_error_it_gives_up_and_says_why() -> None:
    command = walked(STEPS).handle(Keys("1"), WORLD)
    assert command == GiveUp("main/hello: Keys came and was not expected")


def test_a_loop_that_nobody_hears_is_given_up() -> None:
    walker = machine(flow({"a": Set({"n": expr("1")}, "b"), "b": Goto("a")}))
    assert walker.begin(WORLD) == GiveUp("endless loop at main/b")
    assert len(walker.take_trace()) == MOST_QUIET_STEPS + 1


def test_an_error_in_the_way_of_error_is_given_up() -> None:
    steps: dict[str, Step] = {"a": If(expr("nothing"), "a", "a"), "b": If(expr("nobody"), "a", "a")}
    command = machine(flow(steps, error="b")).begin(WORLD)
    assert command == GiveUp("main/b: nobody: the variable 'nobody' has no value")


def test_what_cannot_be_said_is_an_error() -> None:
    part = Spoken(SpokenKind.NUMBER, expr("'many'"))
    command = machine(flow({"a": Say(message(part), "a")})).begin(WORLD)
    assert command == GiveUp("main/a: 'many': a number is expected")


def test_a_step_or_flow_that_is_not_there_is_given_up() -> None:
    known = flow(STEPS)
    assert machine(known, Position.at_start("other", "1")).begin(WORLD) == GiveUp("no step other/")
    lost = Position.at_start("main", "1")
    lost = lost.with_frame(Frame("main", "gone"))
    assert machine(known, lost).begin(WORLD) == GiveUp("no step main/gone")


def test_a_sub_flow_whose_caller_is_gone_is_given_up() -> None:
    known = flow({"hello": Say(message("Hello"), "back"), "back": Return()})
    begun = Position.at_start("main", "1")
    other = replace(begun, frames=(Frame("main", "hello"), Frame("main", "back")))
    assert machine(known, other).begin(WORLD) == GiveUp("no step main/back")


def test_an_announcement_that_is_off_is_not_heard() -> None:
    steps: dict[str, Step] = {"a": Announce("storm", "b"), "b": Return()}
    assert machine(flow(steps)).begin(WORLD) == End()


def test_another_process_goes_on_at_the_same_place() -> None:
    walker = walked(STEPS, Done(), Keys("9"))
    kept = Position.from_dict(json.loads(json.dumps(walker.position.to_dict())))
    assert kept == walker.position
    other = Machine(walker.flows, kept)
    assert other.begin(WORLD) == walker.begin(WORLD)
    assert other.handle(Keys("1"), WORLD) == JoinQueue("sales", 0, "en")


def test_priority_comes_from_an_expression() -> None:
    steps: dict[str, Step] = {"a": Queue("sales", Expression.compile("500 if caller.number else 1"))}
    assert machine(flow(steps)).begin(WORLD) == JoinQueue("sales", 100, "en")
