"""Every state with every input: it moves within the enum, or it is refused and nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product

import pytest

from acd.core.agents import AGENT_TABLE, BUSY_STATES, Agent, AgentInput, AgentState
from acd.core.calls import CALL_TABLE, Call, CallInput, CallState
from acd.core.facts import Arrived, CallKind
from acd.core.machine import advance
from acd.errors import IllegalTransition

TABLES: list[tuple[type[StrEnum], type[StrEnum], Mapping[StrEnum, Mapping[StrEnum, StrEnum]]]] = [
    (AgentState, AgentInput, AGENT_TABLE),  # type: ignore[list-item]
    (CallState, CallInput, CALL_TABLE),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("states", "inputs", "table"), TABLES)
def test_the_table_is_complete_and_closed(
    states: type[StrEnum], inputs: type[StrEnum], table: Mapping[StrEnum, Mapping[StrEnum, StrEnum]]
) -> None:
    assert set(table) == set(states)
    assert {new for row in table.values() for new in row.values()} <= set(states)
    assert {i for row in table.values() for i in row} == set(inputs), "an input that no state takes"


@pytest.mark.parametrize(("states", "inputs", "table"), TABLES)
def test_every_state_can_be_reached_from_the_first(
    states: type[StrEnum], inputs: type[StrEnum], table: Mapping[StrEnum, Mapping[StrEnum, StrEnum]]
) -> None:
    seen = {next(iter(states))}
    while more := {new for state in seen for new in table[state].values()} - seen:
        seen |= more
    assert seen == set(states)


@pytest.mark.parametrize(("state", "input_"), list(product(AgentState, AgentInput)))
def test_agent_every_state_and_input(state: AgentState, input_: AgentInput) -> None:
    agent = Agent("anna", state=state, since=1.0, reason="old" if state is AgentState.NOT_READY else None)
    before = agent.to_dict()
    follows = AGENT_TABLE[state].get(input_)
    reason = "lunch" if follows is AgentState.NOT_READY else None
    if follows is not None:
        agent.apply(input_, 5.0, reason)
        assert (agent.state, agent.since, agent.reason) == (follows, 5.0, reason)
        return
    with pytest.raises(IllegalTransition) as refused:
        agent.apply(input_, 5.0, reason)
    assert agent.to_dict() == before
    error = refused.value
    assert (error.machine, error.key, error.state, error.input) == ("agent", "anna", state, input_)
    assert str(error) == f"agent 'anna': input {input_} is illegal in state {state}"


@pytest.mark.parametrize(("state", "input_"), list(product(CallState, CallInput)))
def test_call_every_state_and_input(state: CallState, input_: CallInput) -> None:
    call = Call.arrive("c1", Arrived(1.0, CallKind.INBOUND, "0301", "", "8001"))
    call.state = state
    before = call.to_dict()
    follows = CALL_TABLE[state].get(input_)
    if follows is not None:
        call.apply(input_, 5.0)
        assert (call.state, call.since) == (follows, 5.0)
        return
    with pytest.raises(IllegalTransition) as refused:
        call.apply(input_, 5.0)
    assert call.to_dict() == before
    error = refused.value
    assert (error.machine, error.key, error.state, error.input) == ("call", "c1", state, input_)


@pytest.mark.parametrize("reason", [None, "lunch"])
def test_only_not_ready_has_a_reason_and_always_has_one(reason: str | None) -> None:
    agent = Agent("anna", state=AgentState.NOT_READY, reason="login")
    input_ = AgentInput.GO_READY if reason else AgentInput.GO_NOT_READY
    before = agent.to_dict()
    with pytest.raises(AssertionError):
        agent.apply(input_, 5.0, reason)
    assert agent.to_dict() == before


def test_an_ended_call_stays_ended_and_every_other_can_end() -> None:
    found_again = {CallInput.FOUND_AGAIN: CallState.IVR}  # it was taken for lost with its node
    assert CALL_TABLE[CallState.ENDED] == found_again
    for state in set(CallState) - {CallState.ENDED}:
        assert CALL_TABLE[state][CallInput.END] is CallState.ENDED


def test_whatever_an_agent_has_asked_for_can_follow_any_work() -> None:
    for state in BUSY_STATES:
        assert AGENT_TABLE[state][AgentInput.GO_READY] is AgentState.READY
        assert AGENT_TABLE[state][AgentInput.GO_NOT_READY] is AgentState.NOT_READY
        assert AGENT_TABLE[state][AgentInput.LOG_OUT] is AgentState.LOGGED_OUT


def test_the_gate_names_what_it_refuses() -> None:
    with pytest.raises(IllegalTransition, match="door 'front': input log_in is illegal in state ready"):
        advance("door", "front", AGENT_TABLE, AgentState.READY, AgentInput.LOG_IN)
