from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.core import policy
from acd.core.facts import OfferFailure
from acd.core.service_level import ServiceLevelFormula
from acd.core.work_rules import DEFAULT_MISSED_RINGS, MissRule, Reason, WrapUpRule
from acd.errors import SettingsError
from acd.ivr.expressions import Expression
from acd.ivr.flow import HangUp, Menu, Message, Part, Queue, Say, SoundFile, Speech
from acd.settings.load import check, load_centre
from acd.settings.model import (
    ANY_LANGUAGE,
    DEFAULT_TEXT_TO_SPEECH,
    FeatureCodes,
    RedisSettings,
    SystemSettings,
)
from tests.settings.sandbox import Sandbox

FILES = (
    "config/system.yml",
    "config/agents.yml",
    "config/groups.yml",
    "config/numbers.yml",
    "config/trunks.yml",
    "ivr_flows/main.yml",
    "config/customers.csv",
)


def test_what_is_left_out_has_defaults(sandbox: Sandbox) -> None:
    centre = load_centre(sandbox.config, sandbox.flows)
    assert centre.system == SystemSettings("Test Centre", "Europe/Berlin")
    assert centre.system.service_level_formula is ServiceLevelFormula.OFFERED_MINUS_SHORT
    assert centre.system.text_to_speech == DEFAULT_TEXT_TO_SPEECH
    assert centre.features == FeatureCodes()
    assert centre.plan.groups["sales"].ring_timeout_s == 15
    assert centre.plan.unreachable_after_s == 3
    assert (centre.customers_file, centre.trunks, centre.flows_dir) == (None, {}, sandbox.flows)
    assert centre.redis is None


def test_redis_with_nothing_but_defaults(sandbox: Sandbox) -> None:
    system = sandbox.config / "system.yml"
    system.write_text(system.read_text() + "redis: {}\n")
    centre = load_centre(sandbox.config, sandbox.flows)
    assert centre.redis == RedisSettings("127.0.0.1", 6379, 0, "acd")


def test_every_option_reaches_its_object(sandbox: Sandbox) -> None:
    (sandbox.config / "system.yml").write_text(
        "system:\n"
        "  name: Zentrale\n"
        "  timezone: Asia/Shanghai\n"
        "  language: de\n"
        "  service_level_formula: answered-in-time/answered\n"
        "  lease_s: 20\n"
        "  fallback_after_s: 6.5\n"
        "  fallback_others_after_s: 30\n"
        "  call_id_header: true\n"
        "  direct_ring_timeout_s: 25\n"
        "  unreachable_after_s: 4\n"
        "  transfer_fallback_group: sales\n"
        "  text_to_speech: [speak, '{text_file}', '--wave={sound_file}']\n"
        "features: {login: '*21', logout: '*22', ready: '*23', not_ready: '*24', wrap_up_done: '*25',\n"
        "           wrap_up_extend: '*26', wrap_up: '*27', revoke: '*28'}\n"
        "not_ready_reasons:\n"
        "  lunch: {label: {en: Lunch, zh: 午餐}, key: '7', paid: false, max_s: 1800}\n"
        "  other: {label: Something else}\n"
        "missed_rings: {busy: {not_ready_after: 4, back_off_s: 6, growth: 3, back_off_max_s: 90}}\n"
        "routing: {ageing: {'0': 1, '10': 2.5}, seed: 7}\n"
        "redis: {address: redis.example.net, port: 6380, database: 2, prefix: north}\n"
    )
    jazz = sandbox.flows / "music" / "jazz"
    jazz.mkdir(parents=True)
    (jazz / "blue.wav").write_bytes(b"")
    (sandbox.config / "groups.yml").write_text(
        "groups:\n"
        "  sales: {name: Sales, requires: {sales: 2}, ring_timeout_s: 16, wrap_up_s: 0, music: jazz,\n"
        "          service_level_s: 30, service_level_target: 0.9, short_abandon_s: 4}\n"
    )
    centre = load_centre(sandbox.config, sandbox.flows)
    assert centre.system == SystemSettings(
        "Zentrale", "Asia/Shanghai", "de", ServiceLevelFormula.ANSWERED, 20, 6.5, 30, True,
        {ANY_LANGUAGE: ("speak", "{text_file}", "--wave={sound_file}")}, "sales",
    )  # fmt: skip
    assert centre.features == FeatureCodes("*21", "*22", "*23", "*24", "*25", "*26", "*27", "*28")
    assert centre.reason_keys == {"7": "lunch"}
    assert centre.redis == RedisSettings("redis.example.net", 6380, 2, "north")
    plan, sales = centre.plan, centre.plan.groups["sales"]
    assert plan.reasons == {
        "lunch": Reason({"en": "Lunch", "zh": "午餐"}, paid=False, max_s=1800),
        "other": Reason({"en": "Something else"}),
    }
    assert (plan.direct_ring_timeout_s, plan.unreachable_after_s) == (25, 4)
    assert (plan.ageing, plan.seed) == ({0: 1, 10: 2.5}, 7)
    busy = MissRule("phone-busy", 4, 6, 3, 90)
    assert plan.missed_rings == {**DEFAULT_MISSED_RINGS, OfferFailure.BUSY: busy}
    assert (sales.ring_timeout_s, sales.wrap_up, sales.music) == (16, WrapUpRule.timed(0), "jazz")
    assert (sales.service_level_s, sales.service_level_target, sales.short_abandon_s) == (30, 0.9, 4)
    assert centre.flow_set.flows["main"].languages == ("de",)


def test_every_kind_of_step_and_prompt(sandbox: Sandbox) -> None:
    (sandbox.flows / "sounds" / "menus").mkdir(parents=True)
    (sandbox.flows / "sounds" / "menus" / "main.wav").touch()
    (sandbox.flows / "main.yml").write_text(
        "name: main\n"
        "start: hello\n"
        "steps:\n"
        "  hello: {play: hello-world, next: more}\n"
        "  more: {play: [digits/1, menus/main], next: both}\n"
        "  both: {say: [Hello., {say: 'Good\n\n    day.'}, {play: vm-goodbye}], next: ask}\n"
        "  ask:\n"
        "    menu:\n"
        "      prompt: {play: menus/main}\n"
        "      choices: {'*': ask, '#': line}\n"
        "      failure: bye\n"
        "      timeout_s: 2.5\n"
        "      tries: 1\n"
        "      invalid: [No.]\n"
        "      no_input: {say: Nothing.}\n"
        "  line: {queue: {group: sales, priority: 5}}\n"
        "  bye: {hangup: Goodbye.}\n"
        "  end: {hangup: }\n"
        "error: end\n"
    )
    steps = load_centre(sandbox.config, sandbox.flows).flow_set.flows["main"].steps
    goodbye = SoundFile("vm-goodbye")

    def heard(*parts: Part) -> Message:
        return Message({"en": parts})

    assert steps == {
        "hello": Say(heard(SoundFile("hello-world")), "more"),
        "more": Say(heard(SoundFile("digits/1"), SoundFile("menus/main")), "both"),
        "both": Say(heard(Speech("Hello.", "en"), Speech("Good day.", "en"), goodbye), "ask"),
        "ask": Menu(
            heard(SoundFile("menus/main")), {"*": "ask", "#": "line"}, "bye", 2.5, 2.0, 1,
            heard(Speech("No.", "en")), heard(Speech("Nothing.", "en")),
        ),
        "line": Queue("sales", Expression.constant(5)),
        "bye": HangUp(heard(Speech("Goodbye.", "en"))),
        "end": HangUp(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("[]", "expected a list: a program and its arguments, got a list"),
        ("[flite, 5]", "expected a word of the command, got 5; put it in quotes"),
        ("[flite, '']", "expected a list: a program and its arguments, without empty words and "
                        "control characters"),
        ("[flite, '{text_file}']", "the command's arguments do not say where {sound_file} goes"),
        ("['{text_file}', '{sound_file}']", "the command's arguments do not say where {text_file} goes"),
        ("[flite, '{text_file}', '{sound_file}', '{voice}']",
         "the only words in braces are {text_file} and {sound_file}"),
    ],
)  # fmt: skip
def test_the_command_that_speaks(sandbox: Sandbox, command: str, message: str) -> None:
    with (sandbox.config / "system.yml").open("a") as file:
        file.write(f"  text_to_speech: {command}\n")
    assert check(sandbox.config, sandbox.flows) == [
        f"config/system.yml:4: system > text_to_speech: {message}"
    ]


def test_all_problems_of_all_files_come_at_once_and_sorted(sandbox: Sandbox) -> None:
    (sandbox.config / "agents.yml").write_text("skills: {sales: Selling}\nagents: {anna: {name: Anna}}\n")
    (sandbox.config / "groups.yml").write_text("groups: [\n")
    (sandbox.config / "numbers.yml").write_text("numbers: {'8000': {flow: mian}, '8001': {}}\n")
    (sandbox.config / "trunks.yml").unlink()
    (sandbox.config / "system.yml").write_text("system: {name: X, timezone: Nowhere/Land, lease_s: 0}\n")
    with pytest.raises(SettingsError) as caught:
        load_centre(sandbox.config, sandbox.flows)
    assert [problem.split(": ", 2)[:2] for problem in caught.value.problems] == [
        ["config/agents.yml:2", "agents > anna > extension"],
        ["config/groups.yml:2", "groups"],
        ["config/numbers.yml:1", "numbers > 8000 > flow"],
        ["config/numbers.yml:1", "numbers > 8001"],
        ["config/system.yml:1", "system > lease_s"],
        ["config/system.yml:1", "system > timezone"],
        ["config/trunks.yml:1", "trunks"],
    ]


def test_missing_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(Path("config"), Path("ivr_flows")) == [
        "config:1: config: cannot read the folder: No such file or directory",
        "ivr_flows:1: ivr_flows: cannot read the folder: No such file or directory",
    ]


def test_a_hostile_folder_name(sandbox: Sandbox) -> None:
    problems = check(Path("config\0"), Path("flows\0"))
    assert all(problem.isprintable() for problem in problems)
    assert "cannot read the folder: embedded null byte" in "\n".join(problems)


def test_messages_show_chinese_text(sandbox: Sandbox) -> None:
    (sandbox.config / "numbers.yml").write_text("numbers: {'8000': {flow: 主要}}\n", encoding="utf-8")
    (problem,) = check(sandbox.config, sandbox.flows)
    assert problem.endswith("got '主要'")


def problems_of(spoilt: str, content: bytes) -> list[str]:
    """What `check` says when one file of a sound configuration is replaced."""
    folder = Path(tempfile.mkdtemp())
    try:
        sandbox = Sandbox.create(folder)
        (folder / spoilt).write_bytes(content)
        try:
            load_centre(sandbox.config, sandbox.flows)
        except SettingsError as error:
            return list(error.problems)
        return []
    finally:
        shutil.rmtree(folder)


_WORDS = """
    system features not_ready_reasons skills agents groups numbers trunks name timezone language start
    steps say play menu queue hangup next prompt choices failure timeout_s tries invalid no_input group
    priority requires ring_timeout_s music extension addresses authentication codecs flow label key anna
    sales english main welcome waiting 8000 1001 yes no 0777 1:30 .inf *a &a !x lunch rona text_to_speech
    Europe/Berlin ../.. 127.0.0.2
"""
WORDS = st.sampled_from(_WORDS.split())
MARKS = st.sampled_from([": ", "\n", "\n  ", "\n    ", "- ", "{", "}", "[", "]", ", ", "'", '"'])
YAML_TEXT = st.lists(st.one_of(WORDS, MARKS, st.text(max_size=4))).map("".join)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)
EXAMPLES = 300 if os.environ.get("ACD_TEST_ALL") else 40  # the same ones in each short run
MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(spoilt=st.sampled_from(FILES), content=st.one_of(YAML_TEXT.map(str.encode), st.binary()))
def test_no_text_gives_anything_but_problems(spoilt: str, content: bytes) -> None:
    assert all(problem.isprintable() for problem in problems_of(spoilt, content))


@MANY
@given(spoilt=st.sampled_from(FILES[:-1]), data=st.data())
def test_no_shape_of_data_gives_anything_but_problems(spoilt: str, data: st.DataObject) -> None:
    section = {
        "system": ["system", "features", "not_ready_reasons"],
        "agents": ["skills", "agents"],
        "main": ["name", "start", "language", "steps"],
    }.get(Path(spoilt).stem, [Path(spoilt).stem])
    entries = st.dictionaries(WORDS, st.one_of(VALUES, st.dictionaries(WORDS, VALUES)), max_size=4)
    document = {name: data.draw(st.one_of(VALUES, entries)) for name in section}
    content = yaml.safe_dump(document, allow_unicode=True).encode()
    assert all(problem.isprintable() for problem in problems_of(spoilt, content))


def test_what_the_rules_of_a_line_can_do(sandbox: Sandbox) -> None:
    (sandbox.config / "calendars.yml").write_text("calendars: {office: {open: {mon-sun: '00:00-24:00'}}}\n")
    (sandbox.config / "groups.yml").write_text(
        """
groups:
  sales:
    name: Sales
    requires: {sales: 1}
    hours: office
    announcements: {sorry: {en: Sorry}}
    policy:
      - when: "waited_s >= 60"
        do: [{announce: sorry}, {leave: message}, {leave: {flow: main}}, {group: other}]
  other: {name: Other, requires: sales}
"""
    )
    system = sandbox.config / "system.yml"
    system.write_text(system.read_text() + "routing: {resume_within_s: 0}\n")
    centre = load_centre(sandbox.config, sandbox.flows)
    (step,) = centre.plan.groups["sales"].steps
    assert step.operations == (
        policy.Announce("sorry"),
        policy.LeaveBy("message"),
        policy.LeaveBy("flow:main"),
        policy.MoveTo("other"),
    )
    assert centre.group_hours == {"sales": "office"}
    assert centre.line_announcements["sales"] == {"sorry": {"en": "Sorry"}}
    assert centre.resume_within_s == 0.0
