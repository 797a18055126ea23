"""`acd try` and `acd test`, as somebody types them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.__main__ import app
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
        "try", "bank", "--script", "-", typed="# a remark\n1234\nv\n9876\nnonsense\nsum=5\n7\nkey 1\n\n"
    )
    assert result.exit_code == 0
    assert result.output.splitlines()[:16] == [
        "  Your number",
        "account> 1234",
        "  Your PIN",
        "pin> v",
        "  account = 1234",
        "pin> •••",
        "  (look-up GET http://127.0.0.1:1/1234: sum=…, not_found or failed)",
        "balance: nonsense",
        "  look-up GET http://127.0.0.1:1/1234: sum=…, not_found or failed",
        "balance: sum=5",
        "  You have five euros",
        "  (in the line of sales, priority 0: Enter (stays), agent, key 1, no_agents)",
        "line: 7",
        "  this line has: Enter (stays), agent, key 1, no_agents",
        "line: key 1",
        "  Speak",
    ]
    assert "ends: hangup" in result.output
    assert "  bank/pin – next (•••) → balance\n" in result.output
    assert "9876" not in result.output


def test_a_script_that_is_over_is_a_caller_who_hangs_up(flows: Path) -> None:
    (flows / "script").write_text("1234\n")
    assert "ends: caller hangs up\n" in acd("try", "bank", "--script", str(flows / "script")).output


def test_try_says_what_it_needs(flows: Path) -> None:
    for arguments, message in (
        (("nothing",), "no flow 'nothing'"),
        (("bank", "--at", "soon"), "--at: a time such as '2026-12-25 10:00' is expected, got 'soon'"),
        (("bank", "--script", "gone"), "--script: cannot read gone"),
    ):
        with pytest.raises(OperatorError, match=message):
            acd("try", *arguments)


LOOK = talk.Look(talk.HttpRequest("GET", "http://h/secret", {}, {}, 1, 0, {"a": "b"}, masked=True))
LINE = talk.JoinQueue("sales", 0, "en", frozenset("1"), None, 60)
DIAL = talk.Dial(TransferKind.NUMBER, "100", 5)
SOUND = talk.RecordSound((), 5, 5)
CALLBACK = talk.TakeCallback("sales", "1", "en")


@pytest.mark.parametrize(
    ("command", "typed", "outcome"),
    [
        (LOOK, "a=1 b=2.5 c=true d=none", talk.Found({"a": 1, "b": 2.5, "c": True, "d": None})),
        (LOOK, "name=Ann+Lee", talk.Found({"name": "Ann Lee"})),
        (LOOK, "not found", talk.NotFound()),
        (LOOK, "", talk.LookupFailed("as you say")),
        (LINE, "", None),
        (LINE, "agent", talk.AgentLeft()),
        (LINE, "1", talk.QueueKey("1")),
        (LINE, "timeout", talk.QueueTimeout()),
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


@pytest.mark.parametrize(("command", "typed"), [(LOOK, "=5"), (LINE, "no_agents"), (SOUND, "long")])
def test_what_makes_no_sense_is_asked_again(command: talk.FlowCommand, typed: str) -> None:
    with pytest.raises(Unclear):
        outcome_of(command, typed)
