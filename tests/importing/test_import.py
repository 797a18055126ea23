"""`acd import`: what becomes of queues, members, penalties, rules and options; the result is sound."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from acd.__main__ import app
from acd.core.facts import OfferFailure
from acd.core.pools import AgentChoice
from acd.core.work_rules import WrapUpMode
from acd.errors import OperatorError
from acd.importing.notes import MOST_NOTES, Kind, Notes, Source
from acd.settings.load import find_problems, load_centre

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration of Asterisk; the current one."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    (tmp_path / "flows").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> str:
    """Import queues.conf of the current folder; what is printed."""
    result = CliRunner().invoke(app, ["import", "queues.conf", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def imported(
    source: Path, text: str, rules: str = "", *arguments: str
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Groups, agents and what was printed, of a configuration that is sound."""
    (source / "queues.conf").write_text(text, encoding="utf-8")
    if rules:
        (source / "queuerules.conf").write_text(rules, encoding="utf-8")
    said = run("--force", *arguments)
    problems = find_problems(source / "imported", source / "flows")
    # A line with a limit wants a flow for the one beyond it, which an import has not.
    assert [str(problem) for problem in problems if "max_waiting" not in problem.message] == []
    assert all(problem.warning for problem in problems)
    groups = yaml.safe_load((source / "imported" / "groups.yml").read_text(encoding="utf-8"))["groups"]
    agents = yaml.safe_load((source / "imported" / "agents.yml").read_text(encoding="utf-8"))["agents"]
    return groups, agents, said


def test_the_next_step_that_is_named_succeeds_beside_the_flows_of_another_centre(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "queues.conf").write_text("[sales]\nmember => PJSIP/1001\n", encoding="utf-8")
    out = source / "new centre"
    said = run("--out", str(out))
    monkeypatch.chdir(CHECKOUT)
    step = next(line for line in said.splitlines() if line.startswith("next: "))
    command = shlex.split(step.partition("'acd ")[2].rpartition("';")[0])
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert (result.exit_code, command[0]) == (0, "check"), result.output
    assert list((out / "flows").iterdir()) == []


def refused(source: Path, text: str | bytes, *arguments: str) -> str:
    """The message; nothing was written."""
    content = text.encode() if isinstance(text, str) else text
    (source / "queues.conf").write_bytes(content)
    with pytest.raises(OperatorError) as error:
        run(*arguments)
    assert not (source / "imported").exists()
    return str(error.value)


# --- members and penalties ------------------------------------------------------------------------
def test_penalties_are_proficiencies_and_rings(source: Path) -> None:
    groups, agents, _ = imported(
        source,
        "[sales]\nstrategy=leastrecent\nmember => PJSIP/1001,0,Anna\nmember => PJSIP/1002,5,Ben\n"
        "member => PJSIP/1003,9\nmember => PJSIP/1004,5\n",
    )
    assert {name: agent["skills"] for name, agent in agents.items()} == {
        "anna": {"sales": 10},
        "ben": {"sales": 9},
        "agent-1003": {"sales": 8},
        "agent-1004": {"sales": 9},
    }
    assert groups["sales"]["requires"] == {"sales": 10}
    assert groups["sales"]["rings"] == [
        {"after_s": 1, "requires": {"sales": 9}},
        {"after_s": 2, "requires": {"sales": 8}},
    ]


def test_equal_penalties_need_no_ring(source: Path) -> None:
    groups, _, _ = imported(source, "[sales]\nmember => PJSIP/1001,3\nmember => PJSIP/1002,3\n")
    assert "rings" not in groups["sales"]
    assert groups["sales"]["requires"] == {"sales": 1}


def test_more_penalties_than_proficiencies(source: Path) -> None:
    lines = "".join(f"member => PJSIP/{1000 + n},{n}\n" for n in range(15))
    groups, agents, _ = imported(source, f"[sales]\nstrategy=leastrecent\n{lines}")
    assert len(groups["sales"]["rings"]) == 9
    assert [a["skills"]["sales"] for a in agents.values()] == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1]


def test_a_rule_says_when_rings_open(source: Path) -> None:
    text = (
        "[sales]\ndefaultrule=later\nmember=>PJSIP/1001,0\nmember=>PJSIP/1002,2\nmember=>PJSIP/1003,4\n"
        "member=>PJSIP/1004,9\n"
    )
    rules = "[later]\npenaltychange => 0,1\npenaltychange => 30,+2\npenaltychange => 60,4,2,3\n"
    groups, agents, said = imported(source, text, rules)
    assert groups["sales"]["rings"] == [
        {"after_s": 30, "requires": {"sales": 9}},
        {"after_s": 60, "requires": {"sales": 8}},
    ]
    assert agents["agent-1004"].get("skills", {}) == {}
    assert "queues.conf:6: changed: member: the rule never lets in penalty 9" in said
    assert "queuerules.conf:4: left out: penaltychange, minimum: rings only widen" in said
    assert "queuerules.conf:4: left out: penaltychange, raise: " in said


def test_a_rule_whose_beginning_only_the_dialplan_knows(source: Path) -> None:
    rules = "[later]\npenaltychange => 40,10\n"
    text = "[sales]\ndefaultrule=later\nmember=>PJSIP/1001,1\nmember=>PJSIP/1002,5\n"
    groups, _, said = imported(source, text, rules)
    assert groups["sales"]["rings"] == [{"after_s": 40, "requires": {"sales": 9}}]
    assert "queuerules.conf:1: changed: [later]: where this begins is said by the dialplan" in said


def test_a_missing_rule_is_told(source: Path) -> None:
    _, _, said = imported(source, "[sales]\ndefaultrule=nosuch\nmember=>PJSIP/1001\n")
    assert "queues.conf:2: left out: defaultrule: there is no rule [nosuch]" in said


def test_interfaces_of_all_kinds(source: Path) -> None:
    groups, agents, said = imported(
        source,
        "[a]\nmember => PJSIP/anna\nmember => Local/2002@agents/n,0,Ben,Agent:2002\n"
        "member => Local/x@agents,0,Chen,PJSIP/2003\nmember => DAHDI/g1\nmember => nonsense\n"
        'member => PJSIP/2005,0,"Eve <evil>"\nmember => PJSIP/anna,1\n'
        "member => PJSIP/2006,-1,Fay,,yes,10,yes\n"
        "member => PJSIP/2007,x,yes\n",
    )
    extensions = {name: agent["extension"] for name, agent in agents.items()}
    assert extensions == {
        "anna": "1001", "ben": "2002", "chen": "2003", "g1": "1002", "eve-evil": "2005", "fay": "2006",
        "yes": "2007",
    }  # fmt: skip
    assert agents["eve-evil"]["name"] == "Eve evil"
    assert "PJSIP/anna names no number of 2 to 15 digits: agent anna got the extension 1001" in said
    assert "expected a phone such as PJSIP/1001, found 'nonsense'" in said
    assert "PJSIP/anna is named twice in [a]; the last one counts" in said
    assert "a negative penalty counts as 0" in said
    assert "the penalty 'x' is no whole number" in said
    assert groups["a"]["rings"] == [{"after_s": 1, "requires": {"a": 9}}]


def test_queues_of_any_name(source: Path) -> None:
    groups, _, _ = imported(
        source,
        "[Sales & Service]\nmember=>PJSIP/1001\n[sales-service]\nmember=>PJSIP/1001\n"
        "[100]\nmember=>PJSIP/1001\n"
        "[客服]\nmember=>PJSIP/1001\n[not]\nmember=>PJSIP/1001\n[" + "x" * 90 + "]\nmember=>PJSIP/1001\n",
    )
    assert list(groups) == ["sales-service", "sales-service-2", "queue-100", "ke-fu", "not-2", "x" * 32]
    assert groups["ke-fu"]["name"] == "客服"


# --- strategies and figures -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("strategy", "choice"),
    [
        ("ringall", "longest_idle"),
        ("leastrecent", "longest_idle"),
        ("fewestcalls", "fewest_calls"),
        ("random", "weighted_random"),
        ("wrandom", "weighted_random"),
        ("rrmemory", "round_robin"),
        ("rrordered", "round_robin"),
        ("linear", "most_skilled"),
        ("leastrecnet", "longest_idle"),
    ],
)
def test_strategies(source: Path, strategy: str, choice: str) -> None:
    groups, _, said = imported(source, f"[sales]\nstrategy = {strategy}\nmember=>PJSIP/1001\n")
    assert groups["sales"]["choose"] == choice
    assert ("did you mean 'leastrecent'" in said) == (strategy == "leastrecnet")


def test_the_default_strategy_rings_all(source: Path) -> None:
    groups, _, said = imported(source, "[sales]\nmember=>PJSIP/1001\n")
    assert groups["sales"]["choose"] == "longest_idle"
    assert "queues.conf:1: changed: strategy = ringall: `choose: longest_idle`; one phone is rung" in said


def test_linear_keeps_the_order(source: Path) -> None:
    _, agents, _ = imported(
        source, "[s]\nstrategy=linear\nmember=>PJSIP/1001,1\nmember=>PJSIP/1002\nmember=>PJSIP/1003\n"
    )
    assert [agent["skills"]["s"] for agent in agents.values()] == [8, 10, 9]


def test_a_drawn_members_penalty_is_its_weight(source: Path) -> None:
    _, agents, _ = imported(source, "[s]\nstrategy=wrandom\nmember=>PJSIP/1001\nmember=>PJSIP/1002,3\n")
    assert [agent.get("weight", 1) for agent in agents.values()] == [1, 0.25]


def test_figures(source: Path) -> None:
    imported(
        source,
        "[s]\ntimeout=25\nwrapuptime=40\nservicelevel=30\nmaxlen=12\nweight=3\nmusicclass=default\n"
        "autopause=yes\nmember=>PJSIP/1001\n[t]\nmember=>PJSIP/1001\n[u]\nautopause=all\nmember=>PJSIP/1001\n",
    )
    plan = load_centre(source / "imported", source / "flows").plan
    group = plan.groups["s"]
    assert (group.ring_timeout_s, group.wrap_up.s, group.service_level_s) == (25, 40, 30)
    assert (group.max_waiting, group.weight, group.music, group.choice) == (
        12,
        4.0,
        "default",
        AgentChoice.LONGEST_IDLE,
    )
    assert plan.groups["t"].wrap_up.mode is WrapUpMode.NONE
    assert plan.missed_rings[OfferFailure.NO_ANSWER].not_ready_after == 1


def test_figures_out_of_bounds_are_told(source: Path) -> None:
    groups, _, said = imported(
        source, "[s]\ntimeout=0\nwrapuptime=soon\nmaxlen=-3\nmusicclass=jazz\nmember=>PJSIP/1001\n"
    )
    assert groups["s"]["ring_timeout_s"] == 600
    assert "max_waiting" not in groups["s"]
    assert "queues.conf:2: changed: timeout = 0: a phone rings for 600 s at most" in said
    assert "queues.conf:3: left out: wrapuptime = soon: expected a whole number" in said
    assert "queues.conf:5: left out: musicclass = jazz: put its sounds into ivr_flows/music/NAME" in said


def test_options_without_counterpart_say_what_to_use(source: Path) -> None:
    _, _, said = imported(
        source,
        "[s]\njoinempty=strict\nretry=5\nmemberdelay=1\nperiodic-announce=wait\nperiodic-announce-frequency=90\n"
        "context=out\nqueue-thankyou=thx\nmembrdelay=1\nmember=>PJSIP/1001\n",
    )
    for line in (
        "queues.conf:2: left out: joinempty = strict: in the flow, in the step `queue`, write"
        " `no_agents: STEP`",
        "queues.conf:3: left out: retry = 5: after a missed ring the next agent is rung at once",
        "queues.conf:4: left out: memberdelay = 1: agent and caller are connected as soon as",
        "queues.conf:5: left out: periodic-announce = wait: in the flow, in the step `queue`, write"
        " `announce: {first_s: 90, every_s: 90, comfort: [{play: FILE}]}`",
        "queues.conf:7: left out: context = out: ",
        "queues.conf:8: left out: queue-thankyou = thx: ",
        "queues.conf:9: left out: membrdelay = 1: app_queue has no such option; did you mean 'memberdelay'?",
    ):
        assert line in said
    assert (source / "imported" / "import-notes.txt").read_text(encoding="utf-8").count("\n") >= 8


# --- the syntax of the source ---------------------------------------------------------------------
def test_templates_comments_and_includes(source: Path) -> None:
    (source / "more").mkdir()
    (source / "more" / "a.conf").write_text("[extra](base)\nmember => PJSIP/1009\n")
    groups, agents, _ = imported(
        source,
        "; a comment\n[base](!) ; a template\ntimeout = 22 ; seconds\n;-- [ghost]\nmember => PJSIP/1\n--;\n"
        "[sales](base)\nmember => PJSIP/1001,0,A\\;B\n[sales](+)\nmember => PJSIP/1002\n"
        '#include "more/*.conf"\n'
        "#tryinclude nosuch.conf\n",
    )
    assert list(groups) == ["sales", "extra"]
    assert {group["ring_timeout_s"] for group in groups.values()} == {22}
    assert list(agents) == ["a-b", "agent-1002", "agent-1009"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#include /etc/passwd\n", "queues.conf:1: error: #include /etc/passwd: is outside the folder"),
        ("#include ../secret.conf\n", "is outside the folder of queues.conf"),
        ("#include a/**/b\n", "is outside the folder of queues.conf"),
        ("#include nosuch.conf\n", "there is no such file"),
        ("#exec /bin/date\n", "programs are not run"),
        ("#include queues.conf\n", "the limit is 50 files, 5 inside each other"),
        ("[a\nmember=>PJSIP/1\n", "expected [name], [name](template) or [name](!)"),
        ("[a](nosuch)\nmember=>PJSIP/10\n", "there is no section [nosuch] before this one"),
        ("member => PJSIP/1001\n", "stands before the first [section]"),
        ("[a]\nwhat is this\n", "queues.conf:2: error: what is this: expected `option = value`"),
        ("", "has no queue: a queue is a section such as [sales]"),
        ("[a]\nstrategy=random\n", "names no members"),
        ("[a]\nx=\x1b[31m\n", "the character U+001B is not allowed here"),
        (
            b"[a]\nmember=>PJSIP/1001,0,M\xfcller\n",
            "queues.conf:2: error: queues.conf: the file is not UTF-8 text",
        ),
        ("[a]\nx=" + "y" * 2000, "the limit is 20000 lines in all, of 1024 characters"),
        ("[a]\n" + "x=1\n" * 25_000, "the limit is 20000 lines in all"),
        (
            "[t](!)\n" + "x=1\n" * 900 + "".join(f"[a{n}](t)\n" for n in range(40)),
            "too many options, templates included: the limit is 20000",
        ),
        (
            "".join(
                f"[a{q}]\n" + "".join(f"member=>P/{q * 3000 + m}0\n" for m in range(3000)) for q in (1, 2)
            ),
            "[a2]: too many members in all: the limit is 5000",
        ),
        ("x" * 1_100_000, "the file is too large: the limit is 1000 kB"),
        ("".join(f"[a{n}]\n" for n in range(1500)), "too many sections: the limit is 1000"),
    ],
)
def test_what_cannot_be_read_is_refused_whole(source: Path, text: str | bytes, message: str) -> None:
    (source.parent / "secret.conf").write_text("[x]\nmember=>PJSIP/6666\n")
    said = refused(source, text)
    assert message in said
    assert len(said) < 30_000
    assert "\x1b" not in said


def test_links_that_lead_out_are_not_followed(source: Path) -> None:
    (source.parent / "secret.conf").write_text("[x]\nmember=>PJSIP/6666\n")
    (source / "link.conf").symlink_to(source.parent / "secret.conf")
    assert "is outside the folder" in refused(source, "#include link.conf\n")


# --- writing --------------------------------------------------------------------------------------
def test_nothing_is_written_over_without_force(source: Path) -> None:
    (source / "queues.conf").write_text("[sales]\nmember=>PJSIP/1001\n")
    run()
    groups = source / "imported" / "groups.yml"
    groups.write_text("mine\n")
    with pytest.raises(OperatorError, match=r"imported has groups.yml, agents.yml, import-notes.txt already"):
        run()
    assert groups.read_text() == "mine\n"
    (source / "imported" / "system.yml").write_text("system: {name: Mine, timezone: Asia/Shanghai}\n")
    said = run("--force")
    assert "Mine" in (source / "imported" / "system.yml").read_text()
    assert "sales" in groups.read_text()
    assert "its `missed_rings` would be: {'no_answer': {'not_ready_after': 0}}" in said
    assert not [file for file in (source / "imported").iterdir() if file.name.endswith(".part")]


def test_a_folder_that_cannot_be_written_to(source: Path) -> None:
    (source / "queues.conf").write_text("[sales]\nmember=>PJSIP/1001\n")
    (source / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot write to file"):
        run("--out", "file")


# --- who the members are --------------------------------------------------------------------------
def test_members_are_found_in_our_agents(source: Path) -> None:
    (source / "agents.yml").write_text(
        "skills: {english: Speaks English}\nlimits: {max_calls_per_day: 80}\nagents:\n"
        "  anna: {name: Anna Weber, extension: '1001', skills: {english: 9}}\n"
        "  ben: {name: Ben, extension: '4002'}\n"
    )
    text = "[sales]\nmember=>PJSIP/1001,0,A. Weber\nmember=>Local/77@x,0,Ben\nmember=>PJSIP/1003\n"
    _, agents, _ = imported(source, text, "", "--agents", "agents.yml")
    assert agents["anna"] == {
        "name": "Anna Weber",
        "extension": "1001",
        "skills": {"english": 9, "sales": 10},
    }
    assert agents["ben"]["extension"] == "4002"
    assert list(agents) == ["anna", "ben", "agent-1003"]


def test_names_come_from_agents_conf(source: Path) -> None:
    (source / "agents.conf").write_text(
        "[1001]\nfullname = Anna Weber\n[agents]\nagent => 1002,,Ben Okafor\n"
    )
    text = "[sales]\nmember=>Agent/1001\nmember=>PJSIP/1002\n"
    _, agents, _ = imported(source, text, "", "--agents", "agents.conf")
    assert {agent["extension"]: agent["name"] for agent in agents.values()} == {
        "1001": "Anna Weber",
        "1002": "Ben Okafor",
    }


def test_faulty_agents_are_refused(source: Path) -> None:
    (source / "agents.yml").write_text("skills: {}\nagents:\n  anna: {name: Anna}\n")
    said = refused(source, "[sales]\nmember=>PJSIP/1001\n", "--agents", "agents.yml")
    assert (
        "agents.yml:3: error: agents > anna > extension: the required option 'extension' is missing" in said
    )


def test_a_big_house_is_taken_over(source: Path) -> None:
    members = "".join(f"member=>PJSIP/{1000 + number},{number % 3}\n" for number in range(10))
    text = "".join(f"[q{number}]\nretry=5\nringinuse=no\n{members}" for number in range(300))
    groups, agents, said = imported(source, text)
    assert (len(groups), len(agents)) == (300, 10)
    assert "600 options changed, 600 left out" in said
    assert said.count("\n") < 50


def test_too_many_notes_are_counted_and_no_mistake_is_lost() -> None:
    notes = Notes()
    for line in range(MOST_NOTES + 7):
        notes.add(Source("queues.conf", line), Kind.LEFT_OUT, "retry", "no")
        notes.add(Source("queues.conf", 1), Kind.LEFT_OUT, "retry", "no")  # said already
    notes.add(Source("queues.conf", 9), Kind.ERROR, "x", "a mistake")
    assert (len(notes.found), notes.more) == (MOST_NOTES + 1, 7)
    assert [note.text for note in notes.errors] == ["a mistake"]


def test_a_file_that_is_not_there_has_no_line() -> None:
    with pytest.raises(OperatorError, match=r"^nofile: there is no such file, or it may not be read$"):
        CliRunner().invoke(app, ["import", "nofile"], catch_exceptions=False)
