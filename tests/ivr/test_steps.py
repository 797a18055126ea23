"""Each kind of step: what it asks of the line, and where each outcome leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acd.core.requirement import Requirement
from acd.ivr import talk
from acd.ivr.flow import (
    Announce,
    Call,
    Callback,
    Collect,
    Confirm,
    CustomerLookup,
    Goto,
    HangUp,
    Hours,
    HttpLookup,
    If,
    Language,
    Lookup,
    Menu,
    Question,
    Queue,
    QueueNews,
    Record,
    Recording,
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
)
from acd.ivr.hours import Calendar, weekly_hours
from acd.ivr.machine import Machine
from acd.ivr.position import Position
from acd.ivr.steps.collecting import luhn_holds
from acd.ivr.talk import End, FlowCommand, GiveUp, Keys, Listen, Outcome, Play
from acd.ivr.world import World
from tests.ivr.flows import WORLD, expr, flow, machine, message, speech

ENDS: dict[str, Step] = {name: HangUp(message(name)) for name in ("next", "failure", "other", "error")}


def run(
    step: Step,
    *outcomes: Outcome,
    world: World = WORLD,
    shared: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    languages: tuple[str, ...] = ("en",),
) -> tuple[Machine, FlowCommand]:
    """A step that is followed by a goodbye with the name of the way; the last command."""
    steps = {"step": step, **ENDS}
    first = flow(steps, error="error", variables=variables, languages=languages)
    walker = machine(first, **(shared or {}))
    command = walker.begin(world)
    for outcome in outcomes:
        command = walker.handle(outcome, world)
    return walker, command


def goes(step: Step, *outcomes: Outcome, **others: Any) -> str:
    """The way that was taken: what the goodbye says."""
    _, command = run(step, *outcomes, **others)
    assert isinstance(command, Play)
    return command.prompts[0].text  # type: ignore[union-attr]


# --- collect ----------------------------------------------------------------------------------
ACCOUNT = Collect(
    "account",
    message("Your number"),
    "next",
    "failure",
    min_length=4,
    max_length=8,
    invalid=message("Wrong"),
    no_input=message("Nothing"),
)
READ_BACK = replace(
    ACCOUNT, confirm=Confirm(message("You keyed", Spoken(SpokenKind.DIGITS, expr("account"))))
)
CARD = replace(ACCOUNT, masked=True)


def test_collect_asks_for_digits_and_keeps_them() -> None:
    walker, command = run(ACCOUNT)
    assert command == Listen((speech("Your number"),), 6.0, 3.0, max_keys=8, terminator="#")
    walker.handle(Keys("1234"), WORLD)
    assert walker.variables == {"account": "1234"}
    assert walker.take_trace()[0].detail == "1234"


@pytest.mark.parametrize(
    ("changes", "keys", "is_taken"),
    [
        ({}, "123", False),
        ({}, "12345678", True),
        ({"pattern": "[0-9]{5}"}, "1234", False),
        ({"pattern": "[0-9]{5}"}, "12345", True),
        ({"luhn": True}, "1234", False),
        ({"luhn": True}, "1230", True),
        ({"luhn": True}, "12*0", False),
        ({"valid": expr("account|int > 5000")}, "4999", False),
        ({"valid": expr("account|int > 5000")}, "5001", True),
    ],
)
def test_collect_takes_only_what_is_valid(changes: dict[str, Any], keys: str, is_taken: bool) -> None:
    walker, command = run(replace(ACCOUNT, **changes), Keys(keys))
    assert isinstance(command, Play) is is_taken
    assert walker.variables == ({"account": keys} if is_taken else {})
    if not is_taken:
        assert isinstance(command, Listen)
        assert command.prompts == (speech("Wrong"), speech("Your number"))


def test_collect_gives_up_after_its_tries() -> None:
    assert goes(ACCOUNT, Keys(""), Keys("1"), Keys("")) == "failure"


def test_an_expression_that_fails_leads_to_error() -> None:
    assert goes(replace(ACCOUNT, valid=expr("nobody")), Keys("1234")) == "error"


@pytest.mark.parametrize(
    ("digits", "holds"),
    [("79927398713", True), ("79927398710", False), ("0", True), ("1*", False), ("", False)],
)
def test_luhn(digits: str, holds: bool) -> None:
    assert luhn_holds(digits) is holds


def test_what_was_keyed_is_read_back_and_confirmed() -> None:
    walker, command = run(READ_BACK, Keys("1234"))
    assert isinstance(command, Listen)
    assert [p.text for p in command.prompts] == ["You keyed", "one", "two", "three", "four"]  # type: ignore[union-attr]
    assert command.words == {"1", "2"}
    assert walker.variables == {}
    walker.handle(Keys("1"), WORLD)
    assert walker.variables == {"account": "1234"}


def test_no_asks_anew_and_anything_else_asks_back_again() -> None:
    walker, command = run(READ_BACK, Keys("1234"), Keys("2"))
    assert isinstance(command, Listen)
    assert command.prompts == (speech("Your number"),)
    command = walker.handle(Keys("4321"), WORLD)
    assert walker.handle(Keys("7"), WORLD) == command
    assert goes(READ_BACK, Keys("1234"), Keys(""), Keys(""), Keys("")) == "failure"
    no = (Keys("1234"), Keys("2"))
    assert goes(READ_BACK, *no, *no, *no) == "failure"


def test_a_restarted_machine_asks_back_what_waits_to_be_confirmed() -> None:
    walker, command = run(READ_BACK, Keys("1234"))
    again = Machine(walker.flows, type(walker.position).from_dict(walker.position.to_dict()))
    assert again.begin(WORLD) == command


MENU = Menu(message("Press one"), {"1": "wait"}, "wait")


# --- masked -----------------------------------------------------------------------------------
def test_a_masked_value_is_in_no_trace_and_not_kept() -> None:
    read = message(Spoken(SpokenKind.DIGITS, expr("account")))
    tell = HttpLookup("POST", expr("'http://h/'"), body={"card": expr("account")})
    steps: dict[str, Step] = {
        "card": replace(CARD, next="copy", confirm=Confirm(read)),
        "copy": Set({"copy": expr("'x' ~ account"), "is_long": expr("account|length > 3")}, "say"),
        "say": Say(read, "look"),
        "look": Lookup(tell, "way", "way", "way"),
        "way": If(expr("account == '98765'"), "queue", "queue"),
        "queue": Voicemail("sales", message("Speak"), "queue"),
    }
    walker = machine(flow(steps))
    command = walker.begin(WORLD)
    assert isinstance(command, Listen)
    assert command.masked
    command = walker.handle(Keys("98765"), WORLD)
    assert isinstance(command, Listen)
    assert command.masked
    assert "98765" not in str(walker.position.to_dict())  # not while it waits to be confirmed either
    command = walker.handle(Keys("1"), WORLD)
    assert isinstance(command, Play)
    assert command.masked
    command = walker.handle(talk.Done(), WORLD)
    assert isinstance(command, talk.Look)
    assert isinstance(command.request, talk.HttpRequest)
    assert command.request.masked
    walker.handle(talk.LookupFailed("slow"), WORLD)
    assert walker.variables == {"account": "•••", "copy": "•••", "is_long": True}
    assert "98765" not in str(walker.take_trace())
    assert "98765" not in repr(walker.position)
    kept = walker.position.to_dict()
    assert "98765" not in str(kept)
    assert kept["frames"] == [
        {"flow": "main", "step": "card", "variables": {"is_long": True}, "lost": ["account", "copy"]}
    ]


@pytest.mark.parametrize(
    "away", [Queue("sales", after="say"), Transfer(TransferKind.AGENT, expr("'a'"), "say", after="say")]
)
def test_who_is_in_other_hands_is_never_sent_back_to_a_secret(away: Step) -> None:
    steps: dict[str, Step] = {"card": replace(CARD, next="away"), "away": away, "say": Queue("sales")}
    walker = machine(flow(steps, variables={"n": expr("1")}))
    walker.begin(WORLD)
    walker.handle(Keys("98765"), WORLD)
    kept = walker.position.to_dict()
    assert kept["frames"] == [{"flow": "main", "step": "away", "variables": {"n": 1}, "lost": ["account"]}]
    after_a_crash = Machine(walker.flows, type(walker.position).from_dict(kept))
    assert after_a_crash.handle(talk.AgentLeft(), WORLD) == walker.handle(talk.AgentLeft(), WORLD)
    assert walker.variables == after_a_crash.variables == {"n": 1}


SAID = message(Spoken(SpokenKind.DIGITS, expr("account")))
IN_LINE = Queue(
    "sales",
    priority=expr("80 if account == '98765' else 0"),
    keys={"1": "look", "2": "wait", "3": "fine"},
    news=QueueNews(comfort=message("Soon")),
    max_wait_s=60.0,
    timeout="late",
    after="rate",
)


@pytest.mark.parametrize(
    ("outcome", "arrows"),
    [
        (talk.QueueKey("1"), ["key 1", "failure"]),  # the look-up needs what was lost
        (talk.QueueKey("2"), ["key 2", "failure"]),  # so does this menu's text
        (talk.QueueKey("3"), ["key 3"]),
        (talk.QueueTimeout(), ["timeout", "error"]),  # a step without a way of its own for failures
        (talk.AgentLeft(), ["after"]),
    ],
)
def test_in_line_a_lost_secret_is_missed_only_by_steps_that_need_it(
    outcome: Outcome, arrows: list[str]
) -> None:
    steps: dict[str, Step] = {
        "card": replace(CARD, next="line"),
        "line": IN_LINE,
        "look": Lookup(HttpLookup("GET", expr("'http://h/' ~ account")), "fine", "fine", "fine"),
        "wait": Menu(SAID, {"1": "fine"}, "fine"),
        "late": Set({"copy": expr("account")}, "fine"),
        "rate": Menu(message("Rate"), {"1": "fine"}, "fine"),
        "fine": Menu(message("Fine"), {"1": "fine"}, "fine"),
    }
    walker = machine(flow(steps, error="fine"))
    walker.begin(WORLD)
    joined = walker.handle(Keys("98765"), WORLD)
    again = Machine(walker.flows, type(walker.position).from_dict(walker.position.to_dict()))
    assert again.begin(WORLD) == joined
    assert isinstance(joined, talk.JoinQueue)
    assert joined.priority == 80
    heard = again.handle(outcome, WORLD)
    assert [step.arrow for step in again.take_trace()] == arrows
    assert isinstance(heard, Listen)
    assert heard.prompts == (speech("Rate" if isinstance(outcome, talk.AgentLeft) else "Fine"),)


def test_what_a_sub_flow_has_lost_is_lost_to_its_caller() -> None:
    asks = flow(
        {
            "card": replace(CARD, next="line"),
            "line": Queue("sales", keys={"1": "back"}),
            "back": Return(),
        },
        name="asks",
    )
    main = flow(
        {
            "call": Call("asks", "look", results={"mine": "account", "more": "n"}),
            "look": Lookup(HttpLookup("GET", expr("'http://h/' ~ mine")), "wait", "other", "wait"),
            "wait": MENU,
            "other": Menu(message("Other"), {"1": "wait"}, "wait"),
        }
    )
    walker = machine(main, asks)
    walker.begin(WORLD)
    walker.handle(Keys("98765"), WORLD)
    again = Machine(walker.flows, type(walker.position).from_dict(walker.position.to_dict()))
    again.begin(WORLD)
    command = again.handle(talk.QueueKey("1"), WORLD)
    assert isinstance(command, Listen)
    assert command.prompts == (speech("Other"),)
    assert again.variables == {"more": None}


def test_a_lost_secret_that_is_keyed_again_is_there_again() -> None:
    steps: dict[str, Step] = {
        "card": replace(CARD, next="line"),
        "line": Queue("sales", keys={"1": "card", "2": "say"}),
        "say": Say(SAID, "wait"),
        "wait": MENU,
    }
    walker = machine(flow(steps))
    walker.begin(WORLD)
    walker.handle(Keys("98765"), WORLD)
    again = Machine(walker.flows, type(walker.position).from_dict(walker.position.to_dict()))
    again.begin(WORLD)
    for outcome in (talk.QueueKey("1"), Keys("5678"), talk.QueueKey("2")):
        command = again.handle(outcome, WORLD)
    assert isinstance(command, Play)
    assert command.masked


@pytest.mark.parametrize(
    "step",
    [
        Switch(expr("account"), {"98765": "next"}, "next"),
        Language(expr("account"), "next"),
        Callback("sales", expr("account"), "next", "failure"),
        Transfer(TransferKind.NUMBER, expr("'+' ~ account"), "failure"),
        Lookup(CustomerLookup(expr("account")), "next", "failure", "other"),
        Lookup(CustomerLookup(expr("1")), "next", "failure", "other", SAID),
        Voicemail("sales", SAID, "next"),
        Record("x", SAID, "next"),
        Queue("sales", news=QueueNews(comfort=SAID)),
    ],
)
def test_where_a_masked_value_would_be_recorded_it_is_an_error(step: Step) -> None:
    steps: dict[str, Step] = {"card": replace(CARD, next="step"), "step": step, **ENDS}
    walker = machine(flow(steps, error="error"))
    walker.begin(WORLD)
    assert walker.handle(Keys("98765"), WORLD) == Play((speech("error"),))
    assert "98765" not in str(walker.take_trace())


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_masked_answer_is_in_no_trace_and_not_kept(idempotent: bool) -> None:
    source = HttpLookup(
        "POST",
        expr("'http://h/'"),
        values={"diagnosis": "a", "plain": "b"},
        idempotent=idempotent,
        masked=frozenset({"diagnosis"}),
    )
    steps: dict[str, Step] = {
        "look": Lookup(source, "copy", "bye", "bye"),
        "copy": Set({"copy": expr("'x' ~ diagnosis")}, "say"),
        "say": Say(message(Spoken(SpokenKind.DIGITS, expr("diagnosis"))), "wait"),
        "wait": MENU,
        "bye": HangUp(),
    }
    walker = machine(flow(steps))
    walker.begin(WORLD)
    command = walker.handle(talk.Found({"diagnosis": "98765", "plain": "1234"}), WORLD)
    assert isinstance(command, Play)
    assert command.masked
    assert walker.variables == {"diagnosis": "•••", "plain": "1234", "copy": "•••"}
    trace = str(walker.take_trace())
    assert "98765" not in trace
    assert "diagnosis = •••, plain = 1234" in trace
    assert "98765" not in str(walker.position.to_dict())
    # Where asking anew does no harm that is done; else the answer is lost.
    assert walker.position.kept().step == ("look" if idempotent else "say")


def test_a_secret_that_is_keyed_again_is_still_asked_for_first() -> None:
    source = HttpLookup("GET", expr("'http://h/' ~ account"), values={"sum": "a"}, masked=frozenset({"sum"}))
    steps: dict[str, Step] = {
        "card": replace(CARD, next="look"),
        "look": Lookup(source, "wait", "wait", "wait"),
        "wait": Menu(message("Again?"), {"1": "card"}, "wait"),
    }
    walker = machine(flow(steps))
    walker.begin(WORLD)
    for outcome in (Keys("98765"), talk.Found({"sum": 5}), Keys("1"), Keys("56789")):
        walker.handle(outcome, WORLD)
    assert walker.position.step == "look"
    assert walker.position.kept().step == "card"


def test_a_masked_value_that_is_cleared_holds_nobody_back() -> None:
    steps: dict[str, Step] = {
        "card": replace(CARD, next="clear"),
        "clear": Set({"account": expr("none")}, "wait"),
        "wait": MENU,
    }
    walker = machine(flow(steps))
    walker.begin(WORLD)
    walker.handle(Keys("98765"), WORLD)
    assert walker.position.kept().step == "wait"


def test_a_secret_of_a_sub_flow_leads_back_to_where_it_was_keyed() -> None:
    asks = flow({"card": replace(CARD, next="back"), "back": Return()}, name="asks")
    deeper = flow({"wait": MENU}, name="deeper", parameters={"secret": None})
    main = flow(
        {
            "call": Call("asks", "down", results={"mine": "account"}),
            "down": Call("deeper", "end", {"secret": expr("mine")}),
            "end": HangUp(),
        }
    )
    walker = machine(main, asks, deeper)
    walker.begin(WORLD)
    assert [frame["step"] for frame in walker.position.to_dict()["frames"]] == ["call", "card"]
    walker.handle(Keys("98765"), WORLD)
    assert (walker.position.flow, walker.variables) == ("deeper", {"secret": "•••"})
    assert walker.position.to_dict()["frames"] == [
        {"flow": "main", "step": "call", "variables": {}, "lost": ["mine"]}
    ]


# --- deciding ---------------------------------------------------------------------------------
def test_set_if_and_switch() -> None:
    steps: dict[str, Step] = {
        "set": Set({"n": expr("1"), "m": expr("n + 1.0")}, "if"),
        "if": If(expr("m > n"), "switch", "no"),
        "switch": Switch(expr("m"), {"2": "yes"}, "no"),
        "yes": HangUp(),
        "no": Return(),
    }
    walker = machine(flow(steps))
    assert walker.begin(WORLD) == End()
    assert [(s.arrow, s.detail) for s in walker.take_trace()] == [
        ("next", "n = 1, m = 2"),
        ("then", ""),
        ("case 2", ""),
        ("end", ""),
    ]


def test_the_callers_last_word_on_being_recorded_is_kept() -> None:
    steps: dict[str, Step] = {
        "yes": Recording(True, "no"),
        "no": Recording(False, "bye"),
        "bye": Menu(message("Bye"), {"1": "yes"}, "yes"),
    }
    walker = machine(flow(steps))
    walker.begin(WORLD)
    assert [(s.step, s.detail) for s in walker.take_trace()] == [("yes", "agreed"), ("no", "declined")]
    assert walker.position.agreed is False
    kept = walker.position.to_dict()
    assert Position.from_dict(kept).agreed is False
    del kept["agreed"]  # as an older version kept it
    assert Position.from_dict(kept).agreed is None


def test_hours_follow_the_calendar() -> None:
    open_ = Calendar("c", ZoneInfo("UTC"), weekly_hours({4: [(0, 0)]}))
    step = Hours("c", "next", "other", "failure")
    assert goes(step, shared={"calendars": {"c": open_}}) == "next"
    assert goes(step, shared={"calendars": {"c": Calendar("c", ZoneInfo("UTC"))}}) == "other"
    closed = replace(open_, closings={WORLD.now.date(): "Christmas"})
    assert goes(step, shared={"calendars": {"c": closed}}) == "failure"


def test_language_changes_what_is_heard_from_there_on() -> None:
    hello = message("Hello", zh="你好")
    steps: dict[str, Step] = {
        "lang": Language(expr("'zh'"), "say"),
        "say": Say(hello, "say"),
    }
    walker = machine(flow(steps, languages=("en", "zh")))
    assert walker.begin(WORLD) == Play((speech("你好", "zh"),))
    assert walker.language == "zh"
    walker = machine(flow(steps))  # a flow without Chinese
    assert walker.begin(WORLD) == Play((speech("Hello"),))
    assert walker.language == "en"


def test_an_announcement_is_heard_while_it_is_on() -> None:
    shared = {"announcements": {"storm": message("A storm")}}
    on = replace(WORLD, announcements=frozenset({"storm"}))
    assert run(Announce("storm", "next"), shared=shared, world=on)[1] == Play((speech("A storm"),))
    assert goes(Announce("storm", "next"), shared=shared) == "next"
    assert goes(If(expr("announcement.storm"), "next", "other"), shared=shared, world=on) == "next"


# --- asking -----------------------------------------------------------------------------------
HTTP = Lookup(
    HttpLookup(
        "GET",
        expr("'http://h/' ~ caller.number"),
        headers={"X-Key": expr("5")},
        values={"balance": "account.balance"},
    ),
    "next",
    "failure",
    "other",
    wait=message("One moment"),
)


def test_a_look_up_is_worked_out_and_mapped() -> None:
    walker, command = run(HTTP)
    request = talk.HttpRequest(
        "GET", "http://h/+49301234", {"X-Key": "5"}, {}, 3.0, 1, {"balance": "account.balance"}
    )
    assert command == talk.Look(request, (speech("One moment"),))
    walker.handle(talk.Found({"balance": 12.5, "more": 1}), WORLD)
    assert walker.variables == {"balance": 12.5}
    assert walker.take_trace()[0].detail == "balance = 12.5"


@pytest.mark.parametrize("idempotent", [True, False])
def test_what_may_have_been_done_is_not_asked_again_after_a_crash(idempotent: bool) -> None:
    order = Lookup(HttpLookup("POST", expr("'http://h/'"), idempotent=idempotent), "next", "failure", "other")
    walker, command = run(order)
    assert isinstance(command, talk.Look)
    again = Machine(walker.flows, type(walker.position).from_dict(walker.position.to_dict()))
    if idempotent:
        assert again.begin(WORLD) == command
    else:
        again.begin(WORLD)
        assert next(step.arrow for step in again.take_trace()) == "failure"
    walker.handle(talk.Found({}), WORLD)
    assert next(step.arrow for step in walker.take_trace()) == "next"


@pytest.mark.parametrize(
    ("outcome", "way"),
    [
        (talk.Found({"balance": 1}), "next"),
        (talk.Found({}), "failure"),
        (talk.Found({"balance": "x" * 2000}), "failure"),
        (talk.Found({"balance": {"a": 1}}), "failure"),  # type: ignore[dict-item]
        (talk.Found({"balance": float("nan")}), "failure"),
        (talk.NotFound(), "other"),
        (talk.LookupFailed("slow"), "failure"),
        (talk.Done(), "failure"),
    ],
)
def test_only_a_full_answer_sets_anything(outcome: Outcome, way: str) -> None:
    walker, _ = run(HTTP, outcome)
    assert goes(HTTP, outcome) == way
    assert set(walker.variables) == ({"balance"} if way == "next" else set())


def test_a_customer_who_is_found_is_seen_from_there_on() -> None:
    step = Lookup(CustomerLookup(expr("'030' ~ 1")), "next", "failure", "other")
    walker, command = run(step, talk.Found({"id": "c1", "segment": "vip"}))
    assert run(step)[1] == talk.Look(talk.CustomerRequest("0301"))
    assert walker.position.customer == {"id": "c1", "segment": "vip"}
    is_vip = If(expr("customer.segment == 'vip'"), "next", "other")
    steps: dict[str, Step] = {"look": replace(step, next="if"), "if": is_vip, **ENDS}
    walker = machine(flow(steps))
    walker.begin(WORLD)
    command = walker.handle(talk.Found({"segment": "vip"}), WORLD)
    assert command == Play((speech("next"),))


def test_a_callback_is_noted_or_refused() -> None:
    step = Callback("sales", expr("caller.number"), "next", "failure")
    assert run(step)[1] == talk.TakeCallback("sales", "+49301234", "en")
    assert goes(step, talk.Done()) == "next"
    assert goes(step, talk.Refused("there is one")) == "failure"
    assert goes(replace(step, number=expr("caller.name ~ ' '")), world=replace(WORLD, caller={})) == "failure"


# --- handing over -----------------------------------------------------------------------------
QUEUE = Queue(
    "sales",
    expr("queue.sales.waiting"),
    {"1": "next"},
    QueueNews(10, 30, position=True, comfort=message("Thank you")),
    max_wait_s=60,
    timeout="other",
    no_agents="failure",
    after="next",
)


def test_a_queue_says_what_may_happen_in_line() -> None:
    news = talk.News(10, 30, position=True, expected_wait=False, comfort=(speech("Thank you"),))
    expected = talk.JoinQueue("sales", 3, "en", frozenset("1"), news, 60, True, True)
    assert run(QUEUE)[1] == expected
    assert run(Queue("sales", max_wait_s=60))[1] == talk.JoinQueue("sales", 0, "en")


@pytest.mark.parametrize(
    ("outcome", "way"),
    [
        (talk.QueueKey("1"), "next"),
        (talk.QueueKey("7"), "error"),
        (talk.QueueTimeout(), "other"),
        (talk.NoAgents(), "failure"),
        (talk.AgentLeft(), "next"),
    ],
)
def test_ways_out_of_a_line(outcome: Outcome, way: str) -> None:
    assert goes(QUEUE, outcome) == way


LED = Queue("sales", full="next", closed="other", exits={"sorry": "failure"})


@pytest.mark.parametrize(
    ("outcome", "way"),
    [
        (talk.QueueFull(), "next"),
        (talk.QueueClosed(), "other"),
        (talk.QueueLeft("sorry"), "failure"),
        (talk.QueueLeft("strange"), "error"),
    ],
)
def test_ways_out_by_the_rules_of_the_group(outcome: Outcome, way: str) -> None:
    assert goes(LED, outcome) == way


@pytest.mark.parametrize("outcome", [talk.QueueFull(), talk.QueueClosed(), talk.QueueLeft("sorry")])
def test_without_such_a_way_it_is_an_error(outcome: Outcome) -> None:
    assert goes(Queue("sales"), outcome) == "error"


def test_what_a_caller_asks_for_goes_into_the_line() -> None:
    wanted = Requirement.parse("english >= 5")
    step = replace(LED, requirement=wanted, alone=True, prefer=expr("caller.name ~ ' '"), prefer_wait_s=9.0)
    command = run(step)[1]
    assert command == talk.JoinQueue(
        "sales",
        0,
        "en",
        leave_when_full=True,
        leave_when_closed=True,
        exits=frozenset({"sorry"}),
        requirement=wanted,
        alone=True,
        prefer=str(WORLD.caller["name"]),
        prefer_wait_s=9.0,
    )


def test_a_line_that_is_full_again_and_again_is_an_endless_loop() -> None:
    """Nobody has waited meanwhile: the caller must not go round for ever."""
    going = machine(flow({"line": replace(LED, full="line"), **ENDS}))
    command: FlowCommand = going.begin(WORLD)
    for _ in range(300):
        if isinstance(command, GiveUp):
            break
        command = going.handle(talk.QueueFull(), WORLD)
    assert isinstance(command, GiveUp)


def test_without_an_after_the_call_ends_after_the_agent() -> None:
    assert run(Queue("sales"), talk.AgentLeft())[1] == End()
    assert goes(Queue("sales"), talk.QueueTimeout()) == "error"


def test_a_priority_that_is_no_number_is_an_error() -> None:
    assert goes(Queue("sales", expr("'high'"))) == "error"
    assert run(Queue("sales", expr("-5")))[1] == talk.JoinQueue("sales", 0, "en")


def test_a_transfer_rings_somebody() -> None:
    step = Transfer(TransferKind.AGENT, expr("'anna'"), "failure", 20)
    assert run(step)[1] == talk.Dial(TransferKind.AGENT, "anna", 20)
    assert goes(step, talk.NotTaken("busy")) == "failure"
    assert run(step, talk.AgentLeft())[1] == End()
    assert goes(replace(step, after="other"), talk.AgentLeft()) == "other"
    assert goes(replace(step, target=expr("none"))) == "failure"


def test_recordings() -> None:
    mail = Voicemail("sales", message("Speak"), "next")
    assert run(mail)[1] == talk.RecordSound((speech("Speak"),), 180, 5, 1, "sales")
    assert goes(mail, talk.Recorded("", 0)) == "next"
    assert goes(mail, talk.Done()) == "error"
    record = Record("complaint", message("Speak"), "next")
    walker, _ = run(record, talk.Recorded("c1-1", 7.2))
    assert walker.variables == {"complaint": "c1-1"}
    assert walker.take_trace()[0].detail == "c1-1, 7 s"


SURVEY = Survey(
    (Question("friendly", message("How friendly")), Question("solved", message("Solved"), 0, 1)),
    "next",
    invalid=message("Wrong"),
)


def test_a_survey_keeps_each_score_and_leaves_out_what_is_not_answered() -> None:
    walker, command = run(SURVEY)
    assert command == Listen((speech("How friendly"),), 6.0, words=frozenset("12345"))
    assert walker.handle(Keys("7"), WORLD) == replace(
        command, prompts=(speech("Wrong"), speech("How friendly"))
    )
    assert walker.handle(Keys("4"), WORLD) == talk.KeepScore("main/step", "friendly", 4)
    command = walker.handle(talk.Done(), WORLD)
    assert isinstance(command, Listen)
    assert command.prompts == (speech("Solved"),)
    walker.handle(Keys(""), WORLD)
    assert walker.handle(Keys(""), WORLD) == Play((speech("next"),))


# --- flows ------------------------------------------------------------------------------------
def test_a_sub_flow_has_its_own_variables_and_gives_results() -> None:
    sub = flow(
        {"set": Set({"n": expr("n + extra"), "lost": expr("1")}, "back"), "back": Return()},
        name="sub",
        parameters={"n": None, "extra": expr("10")},
    )
    main = flow(
        {"call": Call("sub", "end", {"n": expr("n + 1")}, {"m": "n"}), "end": Queue("sales")},
        variables={"n": expr("1")},
    )
    walker = machine(main, sub)
    walker.begin(WORLD)
    assert walker.variables == {"n": 1, "m": 12}
    assert [(s.flow, s.step, s.arrow, s.to) for s in walker.take_trace()] == [
        ("main", "call", "call sub", ""),
        ("sub", "set", "next", "back"),
        ("sub", "back", "return", ""),
        ("main", "call", "next", "end"),
    ]


def test_a_parameter_that_is_not_given_is_an_error_of_the_calling_flow() -> None:
    sub = flow({"back": Return()}, name="sub", parameters={"n": None})
    main = flow({"call": Call("sub", "call"), "sorry": HangUp(message("Sorry"))}, error="sorry")
    walker = machine(main, sub)
    assert walker.begin(WORLD) == Play((speech("Sorry"),))
    assert [(s.flow, s.step, s.arrow, s.to) for s in walker.take_trace()] == [
        ("main", "call", "call sub", ""),
        ("sub", "back", "error", ""),
        ("main", "call", "error", "sorry"),
    ]


def test_flows_that_call_each_other_for_ever_are_stopped() -> None:
    walker = machine(flow({"call": Call("main", "call")}))
    assert walker.begin(WORLD) == GiveUp("main/call: more than 20 flows in each other")


def test_another_flow_for_good_forgets_the_ones_before() -> None:
    sub = flow({"go": Goto(flow="night")}, name="sub")
    night = flow({"say": Say(message("Night"), "back"), "back": Return()}, name="night")
    walker = machine(flow({"call": Call("sub", "call")}), sub, night)
    assert walker.begin(WORLD) == Play((speech("Night"),))
    assert walker.handle(talk.Done(), WORLD) == End()


def test_variables_cannot_grow_without_end() -> None:
    values = {f"v{n}": expr(f"'{'x' * 990}'") for n in range(70)}
    assert goes(Set(values, "next")) == "error"
