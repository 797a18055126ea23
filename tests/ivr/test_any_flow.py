"""Any flow and any caller: every run ends, nothing is raised, and each can be replayed and taken up again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.ivr import talk
from acd.ivr.flow import (
    KEYS,
    Announce,
    Call,
    Callback,
    Collect,
    Confirm,
    CustomerLookup,
    Flow,
    FlowSet,
    Goto,
    HangUp,
    Hours,
    HttpLookup,
    If,
    Language,
    Lookup,
    Menu,
    Message,
    Question,
    Queue,
    QueueNews,
    Record,
    Return,
    Say,
    Set,
    Spoken,
    SpokenKind,
    Step,
    Survey,
    Switch,
    Transfer,
    TransferKind,
    Voicemail,
)  # fmt: skip
from acd.ivr.hours import Calendar
from acd.ivr.machine import Machine
from acd.ivr.position import Position
from acd.ivr.talk import End, FlowCommand, GiveUp, Listen, Outcome, StepTaken
from tests.ivr.flows import WORLD, expr, message

STEPS = ("a", "b", "c", "d")
FLOWS = ("main", "sub")
NAMES = ("x", "y", "pin")
LONGEST_RUN = 40
EXAMPLES = 1000 if os.environ.get("ACD_TEST_ALL") else 80  # the same ones in each short run

to = st.sampled_from(STEPS)
maybe = st.none() | to
expressions = st.sampled_from([
    "1", "'12'", "'zh'", "x", "y", "pin", "x ~ y", "x + 1", "pin ~ 'a'", "caller.number",
    "customer.segment == 'vip'", "queue.sales.waiting > 2", "nobody", "now.hour > 12",
    "x|default(0)|int * 10", "x is defined and y", "'a' ~ x", "announcement.storm", "none", "1 / 0",
    "customer", "now", "x|length", "call.language",
]).map(expr)  # fmt: skip
parts = st.builds(
    Spoken, st.sampled_from(SpokenKind), expressions, st.sampled_from(["", "EUR"])
) | st.sampled_from(["Hello", "Bye"])
messages = st.lists(parts, max_size=2).map(lambda found: message(*found) if found else Message())
choices = st.dictionaries(st.text(alphabet=KEYS, min_size=1, max_size=2), to, min_size=1)
names = st.sampled_from(NAMES)
named = st.dictionaries(names, expressions, max_size=2)
collects = st.builds(
    Collect, names, messages, to, to,
    min_length=st.just(1), max_length=st.integers(1, 4), terminator=st.sampled_from(["#", ""]),
    tries=st.integers(1, 3), luhn=st.booleans(), valid=st.none() | expressions, masked=st.booleans(),
    invalid=messages, confirm=st.none() | st.builds(Confirm, messages),
)  # fmt: skip
requests = st.builds(
    HttpLookup, st.just("GET"), expressions, body=named, values=st.dictionaries(names, st.just("p"))
)
lookups = st.builds(
    Lookup,
    st.builds(CustomerLookup, expressions) | requests, to, to, to, wait=messages
)  # fmt: skip
queues = st.builds(
    Queue, st.just("sales"), st.none() | expressions, st.dictionaries(st.sampled_from("12"), to),
    st.none() | st.builds(QueueNews, comfort=messages), st.none() | st.just(60.0), maybe, maybe, maybe,
)  # fmt: skip
surveys = st.builds(
    Survey, st.lists(st.builds(Question, names, messages), max_size=2).map(tuple), to, invalid=messages
)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Say, messages, to, st.booleans()),
    st.builds(Menu, messages, choices, to, tries=st.integers(1, 3), invalid=messages),
    collects,
    st.builds(Hours, st.just("office"), to, to, to),
    st.builds(Set, named, to),
    st.builds(If, expressions, to, to),
    st.builds(Switch, expressions, st.dictionaries(st.sampled_from(["1", "12", ""]), to), to),
    lookups,
    st.builds(Language, expressions, to),
    queues,
    st.builds(Callback, st.just("sales"), expressions, to, to),
    st.builds(Voicemail, st.just("sales"), messages, to),
    surveys,
    st.builds(Transfer, st.sampled_from(TransferKind), expressions, to, after=maybe),
    st.builds(Record, names, messages, to),
    st.builds(Announce, st.just("storm"), to),
    st.builds(Call, st.sampled_from(FLOWS), to, named, st.dictionaries(names, names, max_size=2)),
    st.just(Return()),
    st.builds(Goto, to) | st.sampled_from(FLOWS).map(lambda name: Goto(flow=name)),
    st.builds(HangUp, messages),
)  # fmt: skip


def _flows(name: str) -> st.SearchStrategy[Flow]:
    return st.builds(
        Flow, st.just(name), to, st.sampled_from([("en",), ("en", "zh")]),
        st.fixed_dictionaries(dict.fromkeys(STEPS, steps)),
        st.dictionaries(names, st.none() | expressions, max_size=1), named, maybe,
    )  # fmt: skip


def _set(main: Flow, sub: Flow) -> FlowSet:
    office = Calendar("office", ZoneInfo("Europe/Berlin"))
    return FlowSet("1", {"main": main, "sub": sub}, {"office": office}, {"storm": message("A storm")})


flow_sets = st.builds(_set, _flows("main"), _flows("sub"))
values: st.SearchStrategy[Mapping[str, talk.Value]] = st.dictionaries(
    names, st.none() | st.booleans() | st.integers(0, 99) | st.floats(0, 9) | st.text(max_size=5), max_size=3
)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.just(talk.Done()),
    st.text(alphabet=KEYS, max_size=4).map(talk.Keys),
    values.map(talk.Found),
    st.just(talk.NotFound()),
    st.just(talk.LookupFailed("slow")),
    st.sampled_from("123").map(talk.QueueKey),
    st.just(talk.QueueTimeout()),
    st.just(talk.NoAgents()),
    st.just(talk.AgentLeft()),
    st.just(talk.NotTaken("busy")),
    st.builds(talk.Recorded, st.sampled_from(["", "r"]), st.just(3.0)),
    st.just(talk.Refused("open")),
)
runs = st.lists(outcomes, max_size=LONGEST_RUN)
Told = tuple[list[FlowCommand], list[StepTaken], Position]


def walked(flows: FlowSet, told: list[Outcome]) -> Told:
    walker = Machine(flows, Position.at_start("main", "1"))
    commands = [walker.begin(WORLD)]
    for outcome in told:
        if isinstance(commands[-1], End | GiveUp):
            break
        commands.append(walker.handle(outcome, WORLD))
    return commands, walker.take_trace(), walker.position


any_flow = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@any_flow
@given(flow_sets, runs)
def test_every_run_ends_and_can_be_replayed_to_the_same_end(flows: FlowSet, told: list[Outcome]) -> None:
    commands, trace, position = walked(flows, told)
    assert (commands, trace, position) == walked(flows, told)
    assert len(commands) <= len(told) + 1
    if isinstance(commands[-1], End | GiveUp):
        assert position.over
    for taken in trace:
        assert taken.step in STEPS
        assert taken.to in (*STEPS, "")


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flow_sets, runs)
def test_at_any_point_another_process_goes_on_at_the_same_step(flows: FlowSet, told: list[Outcome]) -> None:
    walker = Machine(flows, Position.at_start("main", "1"))
    command = walker.begin(WORLD)
    for outcome in told:
        if isinstance(command, End | GiveUp):
            return
        kept = Position.from_dict(json.loads(json.dumps(walker.position.to_dict())))
        if any(frame.masked for frame in walker.position.frames):
            assert all(frame.step in STEPS for frame in kept.frames)
            assert not any(frame.masked for frame in kept.frames)
        elif not (isinstance(command, Listen) and command.masked):
            assert kept == walker.position
            taken_up = Machine(flows, kept)
            ahead = Machine(flows, walker.position)
            assert taken_up.handle(outcome, WORLD) == ahead.handle(outcome, WORLD)
            assert taken_up.variables == ahead.variables
        command = walker.handle(outcome, WORLD)


SECRET = "7391846205"


def _all_masked(flow: Flow) -> Flow:
    """The flow with masked questions only, the first step one of them."""
    masked = {
        name: replace(step, variable="pin", min_length=1, max_length=20, luhn=False, valid=None, masked=True)
        for name, step in flow.steps.items()
        if isinstance(step, Collect)
    }
    first = Collect("pin", message("PIN"), "b", "c", masked=True, confirm=Confirm(message("So?")))
    return replace(flow, start="a", steps={**flow.steps, **masked, "a": first})


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flow_sets, runs)
def test_what_is_keyed_into_a_masked_step_is_kept_and_told_nowhere(
    flows: FlowSet, told: list[Outcome]
) -> None:
    """Every masked question of the flows gets the same secret, all others something else."""
    masked = {name: _all_masked(flow) for name, flow in flows.flows.items()}
    walker = Machine(replace(flows, flows=masked), Position.at_start("main", "1"))
    command = walker.begin(WORLD)
    for outcome in told:
        if isinstance(command, End | GiveUp):
            break
        if isinstance(command, Listen) and command.masked and command.max_keys == 20:
            outcome = talk.Keys(SECRET)
        elif isinstance(command, Listen) and command.masked:
            outcome = talk.Keys("1")  # it is right
        command = walker.handle(outcome, WORLD)
        assert SECRET not in json.dumps(walker.position.to_dict())
        assert SECRET not in repr(walker.position)
        assert SECRET not in str(dict(walker.variables))
        assert not isinstance(command, GiveUp) or SECRET not in command.reason
    assert SECRET not in str(walker.take_trace())
