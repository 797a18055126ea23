"""The machine: what follows each outcome at each position."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.ivr.flow import KEYS, Flow, HangUp, Menu, Queue, Say, Speech, Step
from acd.ivr.machine import (
    End,
    FlowCommand,
    JoinQueue,
    Key,
    Listen,
    Machine,
    NoKey,
    Outcome,
    Play,
    Played,
    Position,
)


def said(text: str) -> tuple[Speech, ...]:
    """One spoken prompt."""
    return (Speech(text, "en"),)


FLOW = Flow(
    "main",
    "welcome",
    "en",
    {
        "welcome": Say(said("welcome"), "menu"),
        "menu": Menu(
            said("choose"),
            {"1": "sales", "2": "goodbye", "3": "cut", "0": "menu"},
            failure="failed",
            timeout_s=4.0,
            tries=3,
            invalid=said("invalid"),
            no_input=said("nothing heard"),
        ),
        "sales": Queue("sales", 5),
        "goodbye": HangUp(said("bye")),
        "cut": HangUp(),
        "failed": Say(said("connecting"), "sales"),
    },
)
ASK = Listen(said("choose"), 4.0)
ASK_AFTER_INVALID = Listen(said("invalid") + said("choose"), 4.0)
ASK_AFTER_SILENCE = Listen(said("nothing heard") + said("choose"), 4.0)


def at(step: str, failed_rounds: int = 0, *, invalid: bool = False) -> Position:
    """A position in FLOW."""
    return Position("main", step, failed_rounds, invalid)


@pytest.mark.parametrize(
    ("position", "outcome", "command", "after"),
    [
        (at("welcome"), Played(), ASK, at("menu")),
        (at("welcome"), Key("1"), ASK, at("menu")),
        (at("menu"), Key("1"), JoinQueue("sales", 5), at("sales")),
        (at("menu", 2, invalid=True), Key("1"), JoinQueue("sales", 5), at("sales")),
        (at("menu"), Key("2"), Play(said("bye")), at("goodbye")),
        (at("menu"), Key("3"), End(), at("cut")),
        (at("menu", 2), Key("0"), ASK, at("menu")),
        (at("menu"), Key("9"), ASK_AFTER_INVALID, at("menu", 1, invalid=True)),
        (at("menu"), NoKey(), ASK_AFTER_SILENCE, at("menu", 1)),
        (at("menu", 1, invalid=True), NoKey(), ASK_AFTER_SILENCE, at("menu", 2)),
        (at("menu", 1), Key("#"), ASK_AFTER_INVALID, at("menu", 2, invalid=True)),
        (at("menu", 2), Key("9"), Play(said("connecting")), at("failed")),
        (at("menu", 2), NoKey(), Play(said("connecting")), at("failed")),
        (at("failed"), Played(), JoinQueue("sales", 5), at("sales")),
        (at("goodbye"), Played(), End(), at("goodbye")),
    ],
)
def test_table(position: Position, outcome: Outcome, command: FlowCommand, after: Position) -> None:
    machine = Machine(FLOW, position)
    assert machine.handle(outcome) == command
    assert machine.position == after


@pytest.mark.parametrize(
    ("position", "command"),
    [
        (None, Play(said("welcome"))),
        (at("menu"), ASK),
        (at("menu", 1, invalid=True), ASK_AFTER_INVALID),
        (at("menu", 2), ASK_AFTER_SILENCE),
        (at("sales"), JoinQueue("sales", 5)),
        (at("goodbye"), Play(said("bye"))),
        (at("cut"), End()),
        (Position("main", "no-such-step", 2), Play(said("welcome"))),
        (Position("other", "menu", 2), Play(said("welcome"))),
    ],
)
def test_begin_goes_on_from_a_position(position: Position | None, command: FlowCommand) -> None:
    assert Machine(FLOW, position).begin() == command


def test_a_foreign_position_is_replaced_by_the_start() -> None:
    assert Machine(FLOW, Position("other", "menu", 2)).position == at("welcome")
    assert Machine(FLOW, Position("main", "gone", 2)).position == at("welcome")


def test_whole_visit_with_a_silent_caller() -> None:
    machine = Machine(FLOW)
    commands = [machine.begin(), machine.handle(Played())]
    commands += [machine.handle(NoKey()) for _ in range(3)]
    commands.append(machine.handle(Played()))
    assert commands == [
        Play(said("welcome")),
        ASK,
        ASK_AFTER_SILENCE,
        ASK_AFTER_SILENCE,
        Play(said("connecting")),
        JoinQueue("sales", 5),
    ]


STEPS = ["a", "b", "c", "d"]
prompts = st.lists(st.builds(Speech, st.sampled_from(["x", "y"]), st.just("en")), max_size=2).map(tuple)
step_names = st.sampled_from(STEPS)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Say, prompts, step_names),
    st.builds(
        Menu,
        prompts,
        st.dictionaries(st.sampled_from(KEYS), step_names, max_size=4),
        step_names,
        st.floats(0.1, 60),
        st.integers(1, 5),
        prompts,
        prompts,
    ),
    st.builds(Queue, st.sampled_from(["sales", "support"]), st.integers(0, 100)),
    st.builds(HangUp, prompts),
)
flows = st.fixed_dictionaries(dict.fromkeys(STEPS, steps)).map(lambda s: Flow("f", "a", "en", s))
outcomes = st.one_of(st.just(Played()), st.just(NoKey()), st.sampled_from(KEYS).map(Key))


@given(flows, st.lists(outcomes, max_size=30))
def test_every_flow_waits_or_ends_whatever_the_caller_does(flow: Flow, behaviour: list[Outcome]) -> None:
    machine = Machine(flow)
    command = machine.begin()
    for outcome in behaviour:
        assert machine.position.step in flow.steps
        if isinstance(command, JoinQueue | End):
            return
        assert isinstance(command, Play | Listen)
        kept = Position(**json.loads(json.dumps(machine.position.to_dict())))
        assert kept == machine.position
        assert Machine(flow, kept).begin() == command  # another process would go on at the same place
        command = machine.handle(outcome)


@given(flows, st.lists(st.sampled_from(KEYS).map(Key) | st.just(NoKey()), min_size=5, max_size=5))
def test_a_menu_never_asks_more_often_than_its_tries(flow: Flow, behaviour: list[Outcome]) -> None:
    machine = Machine(flow)
    machine.begin()
    for outcome in behaviour:
        step = flow.steps[machine.position.step]
        if not isinstance(step, Menu):
            return
        assert machine.position.failed_rounds < step.tries
        machine.handle(outcome)
