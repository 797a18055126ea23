"""`acd try` and `acd test`, as somebody types them."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from acd.__main__ import app
from acd.cli import flows as flows_cli
from acd.cli.played_outcomes import Unclear, outcome_of, question
from acd.errors import OperatorError
from acd.ivr import talk
from acd.ivr.flow import TransferKind

CHECKOUT = Path(__file__).parents[2]
FLOW = """
name: bank
language: en
start: account
error: bye
steps:
  account: {collect: {into: account, prompt: "Your number", length: 4, failure: bye}, next: pin}
  pin: {collect: {into: pin, prompt: "Your PIN", length: 4, masked: true, failure: bye}, next: balance}
  balance:
    lookup: {get: "'http://127.0.0.1:1/' ~ account", into: {sum: s}}
    next: tell
    not_found: bye
    failure: bye
  tell: {say: ["You have", {money: sum, currency: EUR}], next: line}
  line: {queue: {group: sales, keys: {"1": mail}, no_agents: mail}}
  mail: {voicemail: {group: sales, prompt: "Speak"}, next: bye}
  bye: {hangup: "Goodbye"}
tests:
  - name: good
    keys: ["1234", "9876"]
    outcomes: {balance: {sum: 5}}
    expect: {heard: five euros, ends: group sales}
  - name: wrong
    keys: ["1234", "9876"]
    outcomes: {balance: failed}
    expect: {heard: five euros, ends: group sales}
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's configuration, with one more flow."""
    monkeypatch.setenv("ACD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copytree(CHECKOUT / "ivr_flows", tmp_path / "flows")
    shutil.copytree(CHECKOUT / "config", tmp_path / "config")
    monkeypatch.setenv("ACD_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("ACD_FLOWS", str(tmp_path / "flows"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows" / "bank.yml").write_text(FLOW)
    return tmp_path / "flows"


def acd(*arguments: str, typed: str = "") -> Result:
    result = CliRunner().invoke(app, arguments, input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_files_that_changed_keep_their_names_whole() -> None:
    changed = ["config/groups.yml", "config/agents.yml", "ivr_flows/complaint.yml", "ivr_flows/main.yml"]
    row = {"number": 12, "at": "2026-11-26T03:03:02+00:00", "who": "root", "source": "reload",
           "tests": "17 of 17", "changed": changed, "calls": 3, "version": "abc", "active": True}  # fmt: skip
    out = io.StringIO()
    Console(file=out, width=80).print(flows_cli._versions_table([row], ZoneInfo("UTC"), wide=False))
    for name in ("groups.yml,", "agents.yml,", " complaint.yml "):
        assert name in out.getvalue()


def test_a_failing_case_is_told_with_file_line_and_both_sides(flows: Path) -> None:
    result = acd("test", "bank")
    line = FLOW.splitlines().index("  - name: wrong") + 1
    assert result.exit_code == 1
    assert result.output.startswith(
        f"flows/bank.yml:{line}: bank: wrong\n    heard: 'five euros' was not heard;"
    )
    assert "    ends: expected 'group sales', got 'hangup' at bank/bye\n" in result.output
    assert "1 passed, 1 failed in " in result.output


def test_coverage_can_be_shown_and_demanded(flows: Path) -> None:
    (flows / "bank.yml").write_text(FLOW[: FLOW.index("  - name: wrong")])
    result = acd("test", "bank", "--coverage")
    assert result.exit_code == 0
    assert "bank: 9 of 18 steps and ways; not taken:\n    account: failure\n" in result.output
    assert acd("test", "bank", "--min-coverage", "50").exit_code == 0
    result = acd("test", "bank", "--min-coverage", "51")
    assert result.exit_code == 1
    assert "the coverage of 50.0 % is below 51 %; --coverage shows what is missing" in result.output


def test_a_folder_is_tested_as_a_whole(flows: Path) -> None:
    assert "bank: wrong" in acd("test", str(flows)).output
    assert "bank: wrong" in acd("test", str(flows / "bank.yml")).output
    assert "bank: wrong" not in acd("test", str(flows / "main.yml")).output
    with pytest.raises(
        OperatorError, match="no flow 'banks' is defined; did you mean 'bank'\\?; there are: balance, bank"
    ):
        acd("test", "banks")


def test_a_flow_is_walked_from_a_pipe(flows: Path) -> None:
    result = acd(
        "try", "bank", "--script", "-", typed="# a remark\n1234\nv\n9876#\nnonsense\nsum=5\n7\nkey 1\n\n"
    )
    line = "Enter (waits on), agent (one talked, and hangs up), key 1, no_agents (nobody is logged in)"
    assert result.exit_code == 0
    assert result.output.splitlines()[:16] == [
        "  Your number",
        "account> 1234",
        "  Your PIN",
        "pin> v",
        "  account = 1234",
        "pin> •••",
        "  (look-up GET http://127.0.0.1:1/1234; type its answer: sum=…, not_found, or Enter (it failed))",
        "balance: nonsense",
        "  look-up GET http://127.0.0.1:1/1234; type its answer: sum=…, not_found, or Enter (it failed)",
        "balance: sum=5",
        "  You have five euros",
        f"  (in the line of sales, priority 0; type what happens: {line})",
        "line: 7",
        f"  that cannot happen in this line; type {line}",
        "line: key 1",
        "  Speak",
    ]
    assert "ends: hangup" in result.output
    assert "  bank/pin – next (•••) → balance\n" in result.output
    assert "9876" not in result.output


def test_a_customer_is_known_with_the_language_and_however_the_number_is_written(flows: Path) -> None:
    for number in ("+8613900139001", "008613900139001"):
        shown = acd("try", "main", "--caller", number, "--script", "-", typed="3\n12345674\n").output
        assert "  (customer 李娜)\n  欢迎再次致电示例银行。\n" in shown
        assert "一二三四五六七四" in shown


def test_a_script_that_is_over_is_a_caller_who_hangs_up(flows: Path) -> None:
    (flows / "script").write_text("1234\n")
    assert "ends: caller hangs up\n" in acd("try", "bank", "--script", str(flows / "script")).output


def test_try_says_what_it_needs(flows: Path) -> None:
    for arguments, message in (
        (("nothing",), "no flow 'nothing'"),
        (("bank", "--at", "soon"), "--at: a time such as '2026-12-25 10:00' is expected, got 'soon'"),
        (
            ("main", "--announcement", "outrage"),
            "no announcement 'outrage' is defined; did you mean 'outage'",
        ),
        (("bank", "--script", "gone"), "--script: cannot read gone"),
    ):
        with pytest.raises(OperatorError, match=message):
            acd("try", *arguments)


LOOK = talk.Look(talk.HttpRequest("GET", "http://h/secret", {}, {}, 1, 0, {"a": "b"}, masked=True))
WHO = talk.Look(talk.CustomerRequest("+4930"))
LINE = talk.JoinQueue("sales", 0, "en", frozenset("1"), None, 60)
LED = talk.JoinQueue(
    "sales", 0, "en", leave_when_full=True, leave_when_closed=True, exits=frozenset({"sorry"}), prefer="anna"
)
DIAL = talk.Dial(TransferKind.NUMBER, "100", 5)
SOUND = talk.RecordSound((), 5, 5)
CALLBACK = talk.TakeCallback("sales", "1", "en")


@pytest.mark.parametrize(
    ("command", "typed", "outcome"),
    [
        (WHO, "", talk.NotFound()),
        (WHO, "failed", talk.LookupFailed("as you say")),
        (WHO, "name=Ann+Lee language=zh", talk.Found({"name": "Ann Lee", "language": "zh"})),
        (LOOK, "a=1 b=2.5 c=true d=none", talk.Found({"a": 1, "b": 2.5, "c": True, "d": None})),
        (LOOK, "a=Ann+Lee", talk.Found({"a": "Ann Lee"})),
        (LOOK, "not found", talk.NotFound()),
        (LOOK, "", talk.LookupFailed("as you say")),
        (LINE, "", None),
        (LINE, "agent", talk.AgentLeft()),
        (LINE, "1", talk.QueueKey("1")),
        (LINE, "timeout", talk.QueueTimeout()),
        (LED, "full", talk.QueueFull()),
        (LED, "closed", talk.QueueClosed()),
        (LED, "left sorry", talk.QueueLeft("sorry")),
        (LED, "sorry", talk.QueueLeft("sorry")),
        (DIAL, "", None),
        (DIAL, "over", talk.AgentLeft()),
        (DIAL, "busy", talk.NotTaken("busy")),
        (SOUND, "", talk.Recorded("recording", 5)),
        (SOUND, "0", talk.Recorded("", 0)),
        (SOUND, "hangup", None),
        (CALLBACK, "", talk.Done()),
        (CALLBACK, "one is open", talk.Refused("one is open")),
    ],
)  # fmt: skip
def test_what_is_typed_is_an_outcome(
    command: talk.FlowCommand, typed: str, outcome: talk.Outcome | None
) -> None:
    assert question(command)
    assert "secret" not in question(command)
    assert outcome_of(command, typed) == outcome


@pytest.mark.parametrize(
    ("command", "typed"),
    [(LOOK, "=5"), (LOOK, "b=1"), (LINE, "no_agents"), (LINE, "full"), (LINE, "left sorry"), (SOUND, "long")],
)
def test_what_makes_no_sense_is_asked_again(command: talk.FlowCommand, typed: str) -> None:
    with pytest.raises(Unclear):
        outcome_of(command, typed)
