"""Every kind of step, gone through by SIPp callers on a real Asterisk, with keys pressed as RFC 4733 says.

Which test runs which kind is the table `RUNS`. Each test looks at the call's record: it holds a step of
each of these kinds. The kinds' details are for test_flows_keys, test_flows_queue and test_flows_services.
"""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from acd.core.facts import StepTaken
from acd.ivr import flow
from tests.integration.flow_centre import FlowCentre, flow_centre, hears
from tests.integration.sip.phone import ANSWER
from tests.integration.sip.sipp import SippCaller

pytestmark = pytest.mark.asterisk

RUNS: dict[str, tuple[type, ...]] = {
    "test_what_a_caller_hears_and_keys": (flow.Say, flow.Recording, flow.Menu, flow.Collect, flow.HangUp),
    "test_what_decides_where_a_caller_goes": (
        flow.Hours,
        flow.Set,
        flow.If,
        flow.Switch,
        flow.Lookup,
        flow.Language,
        flow.Announce,
        flow.Goto,
    ),
    "test_there_and_back_again": (flow.Call, flow.Return),
    "test_what_a_caller_leaves": (flow.Record, flow.Voicemail, flow.Callback),
    "test_who_talks_with_a_caller": (flow.Queue, flow.Transfer, flow.Survey),
}

ANNOUNCEMENTS = "announcements: {storm: {play: steady_peak}}\n"
FLOWS = {
    "8401": """
start: welcome
steps:
  welcome: {play: low, interrupt: true, next: agreed}
  agreed: {recording: consent, next: ask}
  ask: {menu: {prompt: {play: mid}, choices: {"1": number}, failure: bye}}
  number:
    collect: {into: number, prompt: {play: high}, length: [2, 6], terminator: "#", failure: bye,
              confirm: {prompt: [{play: steady_top}, {digits: number}], yes: "1", no: "2"}}
    next: bye
  bye: {hangup: {play: steady_peak}}
""",
    # Whether it is open or not, known or not, the way is the same; only right values lead to `right`.
    "8402": """
start: open
variables: {colour: "'blue'", tries: 0}
steps:
  open: {hours: {calendar: office, open: who, closed: who}}
  who: {lookup: {customer: caller.number}, next: english, not_found: english, failure: english}
  english: {language: "'en'", next: weather}
  weather: {announce: storm, next: ask}
  ask: {menu: {prompt: {play: mid}, choices: {"1": count}, failure: wrong}}
  count: {set: {tries: "tries + 1"}, next: once}
  once: {if: "tries == 1", then: which, else: wrong}
  which: {switch: colour, cases: {blue: blue}, default: wrong}
  blue: {goto: right}
  right: {menu: {prompt: {play: high}, choices: {"#": bye}, failure: bye}}
  wrong: {menu: {prompt: {play: low}, choices: {"#": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8403": """
start: down
steps:
  down: {call: flow8404, with: {first: "'4'"}, into: {both: result}, next: check}
  check: {if: "both == '42'", then: right, else: wrong}
  right: {menu: {prompt: {play: high}, choices: {"1": bye}, failure: bye}}
  wrong: {menu: {prompt: {play: low}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8404": """
start: ask
parameters: {first: "'0'"}
variables: {result: "''"}
steps:
  ask: {collect: {into: second, prompt: {play: mid}, length: 1, failure: back}, next: join}
  join: {set: {result: "first ~ second"}, next: back}
  back: {return: null}
""",
    "8405": """
start: words
steps:
  words: {record: {into: words, prompt: {play: short_low}, max_s: 20}, next: mail}
  mail: {voicemail: {group: sales, prompt: {play: short_mid}, max_s: 20}, next: back}
  back: {callback: {group: sales, number: caller.number}, next: thanks, failure: bye}
  thanks: {menu: {prompt: {play: high}, choices: {"*": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8406": """
start: line
steps:
  line: {queue: {group: support, keys: {"0": anna}}}
  anna: {transfer: {agent: "'anna'", timeout_s: 10, failure: bye, after: rate}}
  rate: {survey: {questions: [{name: friendly, prompt: {play: top}, keys: [1, 5]}]}, next: bye}
  bye: {hangup: null}
""",
}

chosen_centre = flow_centre("step_kinds", FLOWS, announcements=ANNOUNCEMENTS)


def test_the_table_has_every_kind_of_step_and_every_test() -> None:
    assert {kind for kinds in RUNS.values() for kind in kinds} == set(get_args(flow.Step))
    callers = {name for name in globals() if name.startswith("test_")}
    assert callers - set(RUNS) == {"test_the_table_has_every_kind_of_step_and_every_test"}


async def dialled(centre: FlowCentre, caller: SippCaller) -> str:
    """The caller's call is answered; its id."""
    await caller.dial()
    await caller.wait_answered()
    call = await centre.until(lambda status: next(iter(status["calls"]), None), "the call")
    return str(call["id"])


async def over(centre: FlowCentre, call_id: str, test: str) -> None:
    """The call's record has a step of each kind that the table says."""
    record = await centre.record(call_id)
    flows = centre.settings.flow_set.flows
    taken = [fact for fact in record.facts if isinstance(fact, StepTaken)]
    assert {type(flows[fact.flow].steps[fact.step]) for fact in taken} >= set(RUNS[test])


async def test_what_a_caller_hears_and_keys(centre: FlowCentre) -> None:
    async with centre.caller("8401") as caller:
        call_id = await dialled(centre, caller)
        await hears(caller, "low")
        await caller.press("5")  # ends the prompt, and is no choice of the menu
        await hears(caller, "mid")
        await caller.press("1")
        await hears(caller, "high")
        await caller.press("42#")
        await hears(caller, "top")
        await caller.press("1")
        await hears(caller, "peak")
        assert (await caller.wait_ended()).fields["By"] == "far end"
    await over(centre, call_id, "test_what_a_caller_hears_and_keys")


async def test_what_decides_where_a_caller_goes(centre: FlowCentre) -> None:
    await asyncio.to_thread(centre.acd, "announce", "on", "storm")
    async with centre.caller("8402") as caller:
        call_id = await dialled(centre, caller)
        await hears(caller, "peak")
        await hears(caller, "mid")
        await caller.press("1")
        await hears(caller, "high")
        await caller.press("#")
        assert (await caller.wait_ended()).fields["By"] == "far end"
    await over(centre, call_id, "test_what_decides_where_a_caller_goes")


async def test_there_and_back_again(centre: FlowCentre) -> None:
    async with centre.caller("8403") as caller:
        call_id = await dialled(centre, caller)
        await hears(caller, "mid")
        await caller.press("2")
        await hears(caller, "high")
        await caller.press("1")
        assert (await caller.wait_ended()).fields["By"] == "far end"
    await over(centre, call_id, "test_there_and_back_again")


async def test_what_a_caller_leaves(centre: FlowCentre) -> None:
    async with centre.caller("8405") as caller:
        call_id = await dialled(centre, caller)
        for nth in (1, 2):
            await centre.until_recordings(call_id, nth)
            await caller.rtp.speak(850.0, 1.0)
            await caller.press("#")
        await hears(caller, "high")
        await caller.press("*")
        assert (await caller.wait_ended()).fields["By"] == "far end"
    await over(centre, call_id, "test_what_a_caller_leaves")


async def test_who_talks_with_a_caller(centre: FlowCentre) -> None:
    """In line, where one agent is not ready; by key to another, who leaves; and asked how it was."""
    async with centre.phone("1001", answering=ANSWER) as anna, centre.caller("8406") as caller:
        await anna.register()
        await centre.ready("anna")
        await centre.ask("login", agent="dora")
        call_id = await dialled(centre, caller)
        await centre.until_call("waiting", group="support")
        await caller.press("0")
        at_anna = await anna.wait_incoming()
        await centre.until_call("talking", agent="anna")
        await at_anna.rtp.until_heard()
        await at_anna.hang_up()
        await hears(caller, "top")
        await caller.press("4")
        assert (await caller.wait_ended()).fields["By"] == "far end"
    await over(centre, call_id, "test_who_talks_with_a_caller")
