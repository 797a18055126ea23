"""Voicemails, callbacks, traces, versions and announcements as an operator gives the commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acd.cli import tasks
from acd.cli.flows import moment
from acd.core import facts
from acd.core.facts import CallbackOrder, CallKind, EndedBy, LeftBy, SoundPurpose
from acd.errors import OperatorError
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.runtime.version_files import VersionFiles
from tests.cli.test_commands import CHECKOUT, TEN, acd, home, message_of

__all__ = ["home"]  # the fixture
BERLIN = ZoneInfo("Europe/Berlin")
MAIL = "2026-11-22/a261122-100000-1-1"
STORY = [
    facts.Arrived(TEN, CallKind.INBOUND, "+4930777", "W. \x1b[31mFang", "8000"),
    facts.FlowEntered(TEN, "main", "0123456789abcdef"),
    facts.StepTaken(TEN + 3, "main", "0123456789abcdef", "menu", "choice 1", "line", "keyed 1"),
    facts.Queued(TEN + 3, "sales"),
    facts.LeftLine(TEN + 63, "sales", LeftBy.TIMEOUT),
    facts.StepTaken(TEN + 63, "main", "0123456789abcdef", "line", "timeout", "message"),
    facts.Ended(TEN + 80, EndedBy.CALLER),
    facts.SoundKept(TEN + 81, MAIL, 12.4, SoundPurpose.VOICEMAIL, "sales"),
]


@pytest.fixture
def records(home: Path) -> Path:
    """A caller who waited in vain and left a message; another one who wants to be called back."""
    with RecordStore(f"sqlite:///{home / 'records.sqlite3'}") as store:
        store.save_calls([fold("a261122-100000-1", STORY)])
        store.add_callbacks([CallbackOrder("a261122-100500-2", TEN + 300, "support", "+4940", "zh")])
    (home / "recordings" / "2026-11-22").mkdir(parents=True)
    (home / "recordings" / f"{MAIL}.wav").write_bytes(b"RIFF sound")
    return home


def test_a_voicemail_from_the_list_to_done(records: Path) -> None:
    shown = acd("voicemail", "list")
    assert "a261122-100000-1-1" in shown
    assert "+4930777" in shown
    assert "\x1b[31m" not in shown
    assert acd("voicemail", "assign", "a261122-100000-1-1", "anna") == (
        "voicemail a261122-100000-1-1: assigned to anna\n"
    )
    assert acd("voicemail", "done", "a261122-100000-1-1", "--note", "sent the form").endswith(": done\n")
    assert acd("voicemail", "list") == "nothing is open\n"
    story = acd("voicemail", "show", "a261122-100000-1-1").splitlines()
    assert [line.split("  ")[1].split(" by ")[0] for line in story[2:]] == ["assigned to anna", "done"]
    assert story[-1].endswith(": sent the form")
    (plain,) = json.loads(acd("voicemail", "list", "--all", "--json"))
    assert (plain["state"], plain["agent"], plain["sound"]) == ("done", "anna", MAIL)
    assert [change["state"] for change in plain["history"]] == ["assigned", "done"]


def test_a_callback_from_the_list_to_cancelled(records: Path) -> None:
    assert "+4940" in acd("callbacks", "list", "--group", "support")
    assert acd("callbacks", "list", "--group", "sales") == "nothing is open\n"
    assert acd("callbacks", "cancel", "1", "--note", "rang meanwhile") == "callback 1: cancelled\n"
    assert acd("callbacks", "list") == "nothing is open\n"
    assert "callback 1 is cancelled already" in message_of("callbacks", "done", "1")


def test_what_cannot_be_is_one_message(records: Path) -> None:
    assert message_of("voicemail", "show", "nothing").startswith("there is no voicemail 'nothing'")
    assert message_of("voicemail", "assign", "a261122-100000-1-1", "nobody").startswith(
        "there is no agent 'nobody'; ids: anna"
    )
    assert message_of("trace", "nothing").startswith("no call 'nothing' is on record, and none goes on")
    assert message_of("trace") == "give either a call's id or --flow NAME"
    assert message_of("trace", "--flow", "night") == "no run of a flow 'night' is on record"
    assert message_of("reload").startswith("no controller answers on")


def test_hearing_a_voicemail(records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.wav"
    assert acd("voicemail", "play", "a261122-100000-1-1", "--out", str(out)) == f"wrote {out}\n"
    assert out.read_bytes() == b"RIFF sound"
    monkeypatch.setattr(tasks, "PLAYERS", (("no-such-player",),))
    assert acd("voicemail", "play", "a261122-100000-1-1") == f"{records / 'recordings' / MAIL}.wav\n"
    monkeypatch.setattr(tasks, "PLAYERS", (("true",),))
    assert acd("voicemail", "play", "a261122-100000-1-1") == ""
    (records / "recordings" / f"{MAIL}.wav").unlink()
    assert "the recording is not there" in message_of("voicemail", "play", "a261122-100000-1-1")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "2026/../../secret", "."])
def test_no_recording_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.wav").write_bytes(b"x")
    (tmp_path / "recordings").mkdir()
    with pytest.raises(OperatorError, match="is not there"):
        tasks.sound_file(tmp_path / "recordings", name)


def test_the_trace_of_a_call(records: Path) -> None:
    heading, *steps = acd("trace", "a261122-100000-1").splitlines()
    assert heading.startswith("Call a261122-100000-1, 2026-11-22")
    assert [line.split(maxsplit=2)[1:] for line in steps] == [
        ["+0:00.0", "flow main, version 0123456789abcdef"],
        ["+0:03.0", "main/menu  choice 1 → line  (keyed 1)"],
        ["+1:03.0", "left the line of sales: the longest wait was over"],
        ["+1:03.0", "main/line  timeout → message"],
        ["+1:20.0", "main/message  hung up"],
        ["+1:21.0", f"left a voicemail for sales (12 s, {MAIL})"],
    ]


def test_the_last_runs_of_a_flow(records: Path) -> None:
    (line,) = acd("trace", "--flow", "main").splitlines()
    assert line.endswith("a261122-100000-1  +4930777  1:20  menu → line → message: hung up")


def test_the_story_of_the_call_says_why_the_line_was_left(records: Path) -> None:
    story = acd("calls", "show", "a261122-100000-1")
    assert "main/menu: choice 1 to line (keyed 1)" in story
    assert "sales: left after 1:00 (the longest wait was over)" in story


def test_versions_without_a_controller(home: Path) -> None:
    files = VersionFiles(home / "versions")
    staged = files.stage(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    files.keep(staged, "anna", "start", "no tests")
    (entry,) = json.loads(acd("versions", "--json"))
    assert (entry["number"], entry["who"], entry["source"]) == (1, "anna", "start")
    assert (entry["version"], entry["active"], entry["calls"]) == (staged.version, False, 0)
    assert "no controller is running" in acd("versions")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("18:00", "2026-11-25T18:00:00+01:00"),
        ("12:59", "2026-11-26T12:59:00+01:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00:00+01:00"),
    ],
)
def test_until_when(text: str, found: str) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)  # 13:00 in Berlin
    assert moment(text, BERLIN, now).isoformat() == found


@pytest.mark.parametrize("text", ["tomorrow", "25:00", "", "18"])
def test_until_what(text: str) -> None:
    with pytest.raises(OperatorError, match="expected '18:00' or '2026-12-24 18:00'"):
        moment(text, BERLIN, datetime(2026, 11, 25, tzinfo=UTC))
