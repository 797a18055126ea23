"""From the files of flows to what the machine walks through: the whole language."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.core.requirement import Requirement
from acd.ivr.flow import (
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
    SoundFile,
    Speech,
    Spoken,
    SpokenKind,
    Step,
    Survey,
    Switch,
    Transfer,
    TransferKind,
    Voicemail,
)
from acd.ivr.hours import CalendarState
from acd.settings.load import check, load_centre
from tests.ivr.flows import expr, message
from tests.settings.sandbox import Sandbox

BERLIN = ZoneInfo("Europe/Berlin")
CALENDARS = """
calendars:
  office:
    open: {mon-fri: "08:00-18:00", sat: ["09:00-12:00", "13:00-14:00"], sun-mon: "22:00-02:00"}
    holidays: {country: DE, subdivision: BE}
    closings: {2026-12-24: Christmas Eve}
    openings: {2026-12-25: "10:00-14:00"}
"""


def load(sandbox: Sandbox) -> FlowSet:
    return load_centre(sandbox.config, sandbox.flows).flow_set


def only_flow(sandbox: Sandbox, head: str, **steps: str) -> Flow:
    """A flow of these steps; warnings do not matter here."""
    lines = [head, "name: main", "steps:", *(f"  {name}: {step}" for name, step in steps.items())]
    (sandbox.flows / "main.yml").write_text("\n".join(lines), encoding="utf-8")
    return load(sandbox).flows["main"]


STEPS: list[tuple[str, Step]] = [
    ("{say: {en: Hi, zh: 好}, next: end, interrupt: true}", Say(message("Hi", zh="好"), "end", True)),
    (
        '{menu: {prompt: {en: Hi, zh: 好}, choices: {"1": end, "*9": first}, next_key_s: 1}}',
        Menu(
            message("Hi", zh="好"), {"1": "end", "*9": "first"}, "end", 7.0, 1.0, 2,
            message("Nope", zh="不"), message("Eh?", zh="嗯"),
        ),
    ),
    (
        "{collect: {into: pin, prompt: {en: Hi, zh: 好}, length: 4, terminator: '', pattern: '[0-9]{4}',"
        " luhn: true, valid: pin != '0000', masked: true, tries: 1, invalid: {en: Hi, zh: 好},"
        " confirm: {prompt: {en: Hi, zh: 好}, yes: '4', no: '5'}, failure: first}, next: end}",
        Collect(
            "pin", message("Hi", zh="好"), "end", "first", 4, 4, "", 7.0, 3.0, 1, "[0-9]{4}", True,
            expr("pin != '0000'"), True, message("Hi", zh="好"), message("Eh?", zh="嗯"),
            Confirm(message("Hi", zh="好"), "4", "5"),
        ),
    ),
    ("{hours: {calendar: office, open: end, closed: first}}", Hours("office", "end", "first", "first")),
    ("{set: {a: 1, b: true, c: caller.number}, next: end}",
     Set({"a": expr("1"), "b": expr("true"), "c": expr("caller.number")}, "end")),
    ("{if: count > 1, then: end, else: first}", If(expr("count > 1"), "end", "first")),
    ("{switch: count, cases: {yes: end}, default: first}",
     Switch(expr("count"), {"yes": "end"}, "first")),
    ("{lookup: {customer: caller.number}, next: end}",
     Lookup(CustomerLookup(expr("caller.number")), "end", "end", "end")),
    (
        "{lookup: {post: \"'http://x/'\", body: {n: count}, headers: {X-Key: \"'k'\"}, timeout_s: 2,"
        " retries: 0, into: {got: a.0.b}, wait: {en: Hi, zh: 好}}, next: end, not_found: first,"
        " failure: first}",
        Lookup(
            HttpLookup("POST", expr("'http://x/'"), {"X-Key": expr("'k'")}, {"n": expr("count")},
                       2.0, 0, {"got": "a.0.b"}, idempotent=False),
            "end", "first", "first", message("Hi", zh="好"),
        ),
    ),
    ("{lookup: {get: \"'http://x/'\", into: {a: {path: b.c, masked: true}, d: {path: e}}}, next: end}",
     Lookup(HttpLookup("GET", expr("'http://x/'"), values={"a": "b.c", "d": "e"}, masked=frozenset("a")),
            "end", "end", "end")),
    ("{lookup: {post: \"'http://x/'\", idempotent: true}, next: end}",
     Lookup(HttpLookup("POST", expr("'http://x/'")), "end", "end", "end")),
    ("{language: \"'zh'\", next: end}", Language(expr("'zh'"), "end")),
    (
        "{queue: {group: sales, priority: count, keys: {'1': end}, max_wait_s: 60, timeout: end,"
        " after: first, no_agents: end, announce: {first_s: 5, every_s: 30, position: true,"
        " comfort: {prompt: hello}}}}",
        Queue("sales", expr("count"), {"1": "end"},
              QueueNews(5.0, 30.0, True, False, message("Hello", zh="您好")), 60.0, "end", "end", "first"),
    ),
    (
        "{queue: {group: sales, requires: 'english >= 3', prefer: \"'1002'\", prefer_wait_s: 9, full: end,"
        " closed: first, exits: {sorry: end}}}",
        Queue("sales", requirement=Requirement.parse("english >= 3"), prefer=expr("'1002'"),
              prefer_wait_s=9.0, full="end", closed="first", exits={"sorry": "end"}),
    ),
    ("{callback: {group: sales}, next: end}", Callback("sales", expr("caller.number"), "end", "end")),
    ("{voicemail: {group: sales, prompt: {en: Hi, zh: 好}, max_s: 9}, next: end}",
     Voicemail("sales", message("Hi", zh="好"), "end", 1.0, 9.0, 5.0)),
    ("{survey: {questions: [{name: q, prompt: {en: Hi, zh: 好}, keys: [0, 9]}]}, next: end}",
     Survey((Question("q", message("Hi", zh="好"), 0, 9),), "end", 7.0, 2, message("Nope", zh="不"))),
    ("{transfer: {agent: \"'anna'\", timeout_s: 9, after: first}}",
     Transfer(TransferKind.AGENT, expr("'anna'"), "end", 9.0, "first")),
    ("{record: {into: words, prompt: {en: Hi, zh: 好}, silence_s: 2}, next: end}",
     Record("words", message("Hi", zh="好"), "end", 60.0, 2.0)),
    ("{call: sub, with: {given: count}, into: {got: made}, next: end}",
     Call("sub", "end", {"given": expr("count")}, {"got": "made"})),
    ("{goto: end}", Goto("end")),
    ("{goto: {flow: sub}}", Goto(flow="sub")),
    ("{hangup: {en: Hi, zh: 好}}", HangUp(message("Hi", zh="好"))),
    ("{return: }", Return()),
]  # fmt: skip
HEAD = """
languages: [en, zh]
start: first
error: end
defaults: {timeout_s: 7, tries: 2, invalid: {en: Nope, zh: 不}, no_input: {prompt: eh}, failure: end}
variables: {count: 1}
prompts: {hello: {en: Hello, zh: 您好}, eh: {en: Eh?, zh: 嗯}}
"""
SUB = """
name: sub
languages: [en, zh]
start: out
parameters: {given: , other: "'x'"}
variables: {made: given}
steps: {out: {return: }}
"""


@pytest.mark.parametrize(("written", "step"), STEPS, ids=lambda value: type(value).__name__)
def test_every_kind_of_step(sandbox: Sandbox, written: str, step: Step) -> None:
    (sandbox.config / "calendars.yml").write_text(CALENDARS)
    (sandbox.flows / "sub.yml").write_text(SUB)
    flow = only_flow(sandbox, HEAD, first=written, end="{hangup: }")
    assert flow.steps["first"] == step
    assert (flow.start, flow.error, flow.languages) == ("first", "end", ("en", "zh"))
    assert flow.places["first"].line == HEAD.count("\n") + 4


def test_skills_instead_of_a_group(sandbox: Sandbox) -> None:
    """The default group gives the rules."""
    system = sandbox.config / "system.yml"
    system.write_text(system.read_text() + "routing: {default_group: sales}\n")
    flow = only_flow(sandbox, HEAD, first="{queue: {requires: english}}", end="{hangup: }")
    assert flow.steps["first"] == Queue("sales", requirement=Requirement.parse("english"), alone=True)


def test_a_sub_flow(sandbox: Sandbox) -> None:
    (sandbox.flows / "sub.yml").write_text(SUB)
    flow = load(sandbox).flows["sub"]
    assert flow.parameters == {"given": None, "other": expr("'x'")}
    assert flow.variables == {"made": expr("given")}


def test_values_and_texts_in_one_message(sandbox: Sandbox) -> None:
    kinds = ("number", "digits", "ordinal", "date", "time", "duration")
    values = ", ".join(f"{{{kind}: caller.number}}" for kind in kinds)
    flow = only_flow(
        sandbox,
        "start: a",
        a=f"{{say: [Now, {values}, {{money: 3.5, currency: EUR}}, {{play: beep}}], next: b}}",
        b="{hangup: }",
    )
    number = expr("caller.number")
    said = flow.steps["a"]
    assert isinstance(said, Say)
    assert said.message.parts["en"] == (
        Speech("Now", "en"),
        *(Spoken(SpokenKind(kind), number) for kind in kinds),
        Spoken(SpokenKind.MONEY, expr("3.5"), "EUR"),
        SoundFile("beep"),
    )


def test_a_language_without_words_hears_those_of_the_default(sandbox: Sandbox) -> None:
    flow = only_flow(
        sandbox,
        "languages: [en, zh]\nstart: a",
        a="{say: [Hi, {en: you, zh: 您}, {zh: 好}], next: b}",
        b="{hangup: }",
    )
    said = flow.steps["a"]
    assert isinstance(said, Say)
    assert said.message.parts == {
        "en": (Speech("Hi", "en"), Speech("you", "en"), Speech("好", "zh")),
        "zh": (Speech("Hi", "en"), Speech("您", "zh"), Speech("好", "zh")),
    }
    warnings = [line for line in check(sandbox.config, sandbox.flows) if "missing in" in line]
    assert [line.split(" warning: ")[1].split(":")[:2] for line in warnings] == [
        ["steps > a > say > item 1", " the text is missing in zh"],
        ["steps > a > say > item 3", " the text is missing in en"],
    ]


def sound(sandbox: Sandbox, name: str) -> None:
    file = sandbox.flows / "sounds" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def test_recordings_go_before_texts_and_a_language_s_own_before_others(sandbox: Sandbox) -> None:
    for name in ("zh/prompts/main/hello.wav", "zh/prompts/eh.wav", "zh/jingle.wav", "jingle.wav"):
        sound(sandbox, name)
    flow = only_flow(
        sandbox,
        "languages: [en, zh]\nstart: a\nprompts: {hello: Hello, eh: {en: Eh?, zh: 嗯}}",
        a="{say: [{prompt: hello}, {prompt: eh}, {play: jingle}], next: b}",
        b="{play: [jingle, beep], next: c}",
        c="{hangup: }",
    )
    said, played = flow.steps["a"], flow.steps["b"]
    assert isinstance(said, Say)
    assert isinstance(played, Say)
    assert said.message.parts == {
        "en": (Speech("Hello", "en"), Speech("Eh?", "en"), SoundFile("jingle")),
        "zh": (
            SoundFile("zh/prompts/main/hello"),
            SoundFile("zh/prompts/eh"),
            SoundFile("zh/jingle"),
        ),
    }
    assert played.message.parts["zh"] == (SoundFile("zh/jingle"), SoundFile("beep"))
    assert not [line for line in check(sandbox.config, sandbox.flows) if "missing in" in line]


def test_pieces_keep_their_file_and_line(sandbox: Sandbox) -> None:
    (sandbox.flows / "shared").mkdir()
    (sandbox.flows / "shared" / "end.yml").write_text(
        "# ends\nprompts: {bye: Bye}\nsteps:\n  end: {hangup: {prompt: bye}}\n"
    )
    flow = only_flow(sandbox, "start: a\ninclude: [shared/end.yml]", a="{say: Hi, next: end}")
    assert flow.steps["end"] == HangUp(Message({"en": (Speech("Bye", "en"),)}))
    assert flow.places["end"].file == str(Path("ivr_flows") / "shared" / "end.yml")
    assert flow.places["end"].line == 4


def test_calendars(sandbox: Sandbox) -> None:
    (sandbox.config / "calendars.yml").write_text(CALENDARS)
    office = load(sandbox).calendars["office"]

    def state(*moment: int) -> CalendarState:
        return office.state(datetime(*moment, tzinfo=BERLIN))  # type: ignore[arg-type,misc]

    assert office.timezone == BERLIN
    assert office.closings == {date(2026, 12, 24): "Christmas Eve"}
    assert state(2026, 11, 25, 9) is CalendarState.OPEN  # a Wednesday
    assert state(2026, 11, 25, 18) is CalendarState.CLOSED
    assert state(2026, 11, 28, 12, 30) is CalendarState.CLOSED  # Saturday at noon
    assert state(2026, 11, 24, 1) is CalendarState.OPEN  # what began on Monday evening
    assert state(2026, 12, 24, 9) is CalendarState.HOLIDAY
    assert state(2026, 12, 25, 11) is CalendarState.OPEN  # a holiday with hours of its own
    assert state(2027, 3, 8, 9) is CalendarState.HOLIDAY  # Berlin's own: Women's Day


def test_announcements_speak_every_language_that_a_flow_has(sandbox: Sandbox) -> None:
    (sandbox.flows / "announcements.yml").write_text(
        "announcements: {storm: {en: Storm, zh: 风}, dull: Dull}\n"
    )
    only_flow(sandbox, "languages: [en, zh]\nstart: a", a="{announce: storm, next: b}", b="{hangup: }")
    announcements = load(sandbox).announcements
    assert announcements["storm"] == message("Storm", zh="风")
    assert announcements["dull"].parts["zh"] == (Speech("Dull", "en"),)


def test_the_version_tells_what_the_files_say_and_nothing_else(sandbox: Sandbox) -> None:
    first = load(sandbox).version
    assert load(sandbox).version == first
    sound(sandbox, "new.wav")
    second = load(sandbox).version
    (sandbox.flows / "sounds" / "new.wav").write_bytes(b"x")
    third = load(sandbox).version
    main = sandbox.flows / "main.yml"
    main.write_text(main.read_text() + "# a remark\n")
    assert len({first, second, third, load(sandbox).version}) == 4
