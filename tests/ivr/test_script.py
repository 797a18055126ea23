"""Cases of flows: a scripted caller, what is compared, and what is covered."""

from __future__ import annotations

from typing import Any

import pytest

from acd.core.requirement import ANYBODY, Requirement
from acd.ivr import talk
from acd.ivr.cases import Case, Expected
from acd.ivr.flow import (
    Callback,
    Collect,
    CustomerLookup,
    FlowSet,
    HangUp,
    HttpLookup,
    Lookup,
    Menu,
    Question,
    Queue,
    Return,
    Say,
    SoundFile,
    Speech,
    Spoken,
    SpokenKind,
    Step,
    Survey,
    Transfer,
    TransferKind,
    Voicemail,
)  # fmt: skip
from acd.ivr.script import play
from acd.ivr.suite import run_cases
from acd.ivr.talk import GroupView, Listen
from acd.ivr.trial import heard_text, take_keys
from tests.ivr.flows import WORLD, expr, flow, message

CHOICES = {"1": "account", "2": "who", "3": "mail", "4": "ring", "5": "back", "6": "rate"}
STEPS: dict[str, Step] = {
    "hello": Say(message("Welcome"), "menu"),
    "menu": Menu(message("Press one"), CHOICES, "bye"),
    "account": Collect("account", message("Your number"), "balance", "bye", min_length=4, max_length=4),
    "balance": Lookup(HttpLookup("GET", expr("'http://h/'"), values={"sum": "s"}), "tell", "sales", "bye"),
    "tell": Say(message("You have", Spoken(SpokenKind.MONEY, expr("sum"), "EUR")), "sales"),
    "sales": Queue("sales", expr("7"), {"9": "back"}, None, 60.0, "mail", "mail", "rate", full="bye",
                   closed="mail", exits={"sorry": "back"}),
    "who": Lookup(CustomerLookup(expr("caller.number")), "vip", "bye", "bye"),
    "vip": Say(message("Hello again"), "sales"),
    "mail": Voicemail("sales", message("Speak"), "bye"),
    "ring": Transfer(TransferKind.NUMBER, expr("'100'"), "bye"),
    "back": Callback("sales", expr("caller.number"), "bye", "mail"),
    "rate": Survey((Question("friendly", message("How friendly")),), "bye"),
    "bye": HangUp(message("Goodbye")),
}  # fmt: skip
FLOWS = FlowSet("1", {"main": flow(STEPS)})


HEARD = "\n  1. Welcome\n  2. Press one\n  3. Hello again"
WAY = "the way was: hello → menu → who → vip → sales"


def case(expected: Expected | None = None, **others: Any) -> Case:
    told = {"caller": {"number": "+49301"}, **others}
    return Case("a case", "main", WORLD.now, expected or Expected(), place="main.yml:7", **told)


def end(**others: Any) -> str:
    """Where the case ends; nothing else may be strange."""
    ending, found = play(FLOWS, case(**others), WORLD)
    assert found == []
    return ending.end


@pytest.mark.parametrize(
    ("keys", "outcomes", "ends"),
    [
        (("2",), {}, "hangup"),
        (("3",), {"mail": (12,)}, "hangup"),
        (("3",), {"mail": ("hangup",)}, "caller hangs up"),
        (("4",), {}, "transfer 100"),
        (("4",), {"ring": ("busy",)}, "hangup"),
        (("5",), {"back": ("one is open",), "mail": (0,)}, "hangup"),
        (("hangup",), {}, "caller hangs up"),
        (("7", "", "8"), {}, "hangup"),
        (("1", "1234"), {"balance": ("failed",)}, "group sales"),
        (("1", "1234"), {"balance": ("not_found",)}, "hangup"),
        (("1", "1234"), {"balance": ({"sum": 5},), "sales": ("agent",)}, "hangup"),
        (("1", "1234"), {"main/balance": ({"sum": 5},), "sales": ("key 9",)}, "hangup"),
        (("1", "1234"), {"balance": ("failed",), "sales": ("timeout",)}, "hangup"),
        (("1", "1234"), {"balance": ("failed",), "sales": ("full",)}, "hangup"),
        (
            ("1", "1234"),
            {"balance": ("failed",), "sales": ("closed",), "mail": ("hangup",)},
            "caller hangs up",
        ),
        (("1", "1234"), {"balance": ("failed",), "sales": ("left sorry",)}, "hangup"),
    ],
)
def test_where_a_scripted_call_ends(keys: tuple[str, ...], outcomes: Any, ends: str) -> None:
    assert end(keys=keys, outcomes=outcomes) == ends


def test_keys_without_a_pause_are_type_ahead() -> None:
    variables: dict[str, talk.Value] = {"account": "1234", "sum": 5}
    way = ("menu", "main/tell", "sales")
    expected = Expected(("You have five euros",), ("Sorry",), variables, "group sales", "en", way, 7)
    told = case(expected, keys=("11234#",), outcomes={"balance": ({"sum": 5},)})
    assert play(FLOWS, told, WORLD)[1] == []


@pytest.mark.parametrize(
    ("listen", "keyed", "taken", "left"),
    [
        (Listen((), 5), "12", "1", "2"),
        (Listen((), 5, max_keys=4, terminator="#"), "1234#5", "1234", "5"),
        (Listen((), 5, max_keys=4, terminator="#"), "12#5", "12", "5"),
        (Listen((), 5, max_keys=4, terminator="#"), "#5", "", "5"),
        (Listen((), 5, max_keys=2, words=frozenset({"1", "12"})), "13", "13", ""),
        (Listen((), 5, max_keys=2, words=frozenset({"1", "12"})), "27", "2", "7"),
        (Listen((), 5, max_keys=2, words=frozenset({"1", "12"})), "1", "1", ""),
        (Listen((), 5), "", "", ""),
    ],
)
def test_a_listen_takes_what_a_line_would_take(listen: Listen, keyed: str, taken: str, left: str) -> None:
    assert take_keys(listen, keyed) == (taken, left)


def test_the_directory_and_the_groups_are_those_of_the_case() -> None:
    known = {"id": "c1", "segment": "vip"}
    assert end(keys=("2",), customer=known) == "group sales"
    nobody = {"sales": GroupView(agents_logged_in=0)}
    ending, _ = play(FLOWS, case(keys=("2",), customer=known, groups=nobody), WORLD)
    assert (ending.end, ending.reached) == ("hangup", ["voicemail sales"])


def test_scores_and_what_was_passed_can_be_expected() -> None:
    told = case(
        Expected(ends="group sales", scores={"friendly": 4}),
        keys=("1", "1234", "4"),
        outcomes={"balance": ("failed",), "sales": ("agent",)},
    )
    assert play(FLOWS, told, WORLD)[1] == []


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        (Expected(("Hello again", "Welcome")), f"heard: 'Welcome' comes earlier; heard was:{HEARD}"),
        (Expected(("Sorry",)), f"heard: 'Sorry' was not heard; heard was:{HEARD}"),
        (Expected(not_heard=("again",)), "not_heard: 'again' was heard in 'Hello again'"),
        (Expected(ends="hangup"), "ends: expected 'hangup', got 'group sales' at main/sales"),
        (Expected(language="zh"), "language: expected 'zh', got 'en'"),
        (Expected(priority=1), "priority: expected 1, got 7"),
        (Expected(requires=Requirement.parse("vip")), "requires: expected 'vip', got 'anybody'"),
        (Expected(prefer=("anna", "1001")), "prefer: expected 'anna', got nobody"),
        (Expected(variables={"n": 1}), "variable n: expected 1, but it was never set"),
        (Expected(scores={"friendly": 1}), "score friendly: expected 1, got None"),
        (Expected(steps=("sales", "menu")), f"steps: 'menu' was not passed in this order; {WAY}"),
    ],
)  # fmt: skip
def test_differences_are_told_with_both_sides(expected: Expected, difference: str) -> None:
    _, found = play(FLOWS, case(expected, keys=("2",), customer={"id": "c1"}), WORLD)
    assert found == [difference]


def test_what_a_line_is_asked_for_can_be_expected() -> None:
    wish = Requirement.parse("english >= 5 and vip")
    line = Queue("sales", None, {}, None, 60.0, None, None, None, requirement=wish, prefer=expr("'1001'"))
    flows = FlowSet("1", {"main": flow({"line": line, "bye": HangUp(message("Goodbye"))})})
    met = Expected(requires=Requirement.parse("english>=5 and vip"), prefer=("anna", "1001"))
    assert play(flows, case(met), WORLD)[1] == []
    none = Expected(requires=ANYBODY, prefer=("",))
    assert play(flows, case(none), WORLD)[1] == [
        f"requires: expected 'anybody', got '{wish}'",
        "prefer: expected nobody, got '1001'",
    ]
    assert play(FLOWS, case(none, keys=("2",), customer={"id": "c1"}), WORLD)[1] == []
    assert play(FLOWS, case(none, keys=("3",)), WORLD)[1] == [
        "requires: expected 'anybody', got no line",
        "prefer: expected nobody, got no line",
    ]


def test_values_of_another_type_differ() -> None:
    told = case(Expected(variables={"account": 1234, "sum": True}), keys=("1", "1234"),
                outcomes={"balance": ({"sum": 1},)})  # fmt: skip
    assert play(FLOWS, told, WORLD)[1] == [
        "variable account: expected 1234, got '1234'",
        "variable sum: expected true, got 1",
    ]


def test_a_script_that_does_not_go_with_the_flow_is_told() -> None:
    outcomes: Any = {"sales": ("key 3",), "balance": ("failed",)}
    assert play(FLOWS, case(keys=("1", "1234"), outcomes=outcomes), WORLD)[1] == [
        "outcome of step 'sales': this queue step has waits, agent, key 9, timeout, no_agents,"
        " full, closed, left sorry"
    ]
    assert play(FLOWS, case(keys=("4", "77"), outcomes={"mail": (3,)}), WORLD)[1] == [
        "the outcome of step 'mail' was never asked for",
        "the keys '77' was never asked for",
    ]


def test_a_flow_that_never_ends_is_stopped() -> None:
    flows = FlowSet("1", {"main": flow({"a": Say(message("Again"), "a")})})
    assert play(flows, case(), WORLD)[0].end == "never"


def test_a_sub_flow_is_tested_with_arguments() -> None:
    sub = flow({"back": Return()}, parameters={"n": None})
    flows = FlowSet("1", {"main": sub})
    assert play(flows, case(Expected(ends="return", variables={"n": 1}), arguments={"n": 1}), WORLD)[1] == []
    ending, found = play(flows, case(Expected(ends="return")), WORLD)
    assert found == [
        "ends: expected 'return', got 'error' at main/: main/back: the parameter 'n' was not given"
    ]
    assert ending.reason == "main/back: the parameter 'n' was not given"


def test_a_report_has_places_and_coverage() -> None:
    good, bad = case(keys=("3",)), case(Expected(ends="group sales"), keys=("3",))
    report = run_cases(FLOWS, [good, bad], WORLD.timezone)
    assert report.passed == 1
    assert report.failed == [
        "main.yml:7: main: a case\n    ends: expected 'group sales', got 'hangup' at main/bye"
    ]
    done, count, missing = report.coverage.missing(FLOWS, "main")
    assert (done, count) == (7, 43)  # hello, menu, mail, bye and the three ways between them
    assert "menu: choice 1" in missing
    assert "menu: choice 3" not in missing
    assert "sales" in missing


def test_chinese_is_heard_without_blanks() -> None:
    prompts = (Speech("余额", "zh"), Speech("五", "zh"), SoundFile("beep"), Speech("Bye", "en"))
    assert heard_text(prompts) == "余额五 [beep] Bye"
    assert heard_text((SoundFile("zh/prompts/welcome", "欢迎。"), Speech("五", "zh"))) == "欢迎。五"
    assert heard_text(()) == ""
    assert talk.Play(()).masked is False
