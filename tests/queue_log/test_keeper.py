"""The file as calls go on: restarts, rotation, a disk that is full."""

from __future__ import annotations

import errno
import gzip
import lzma
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.core.agents import Agent, AgentState
from acd.core.calls import Call, CallState
from acd.core.facts import CallKind
from acd.queue_log import file as file_module
from acd.queue_log import keeper as keeper_module
from acd.queue_log.file import LogFile, mend
from acd.queue_log.keeper import QueueLog
from acd.queue_log.past import lines_since
from acd.settings.model import QueueLogSettings
from tests.records.scenario import START, facts_of

ON = QueueLogSettings(enabled=True)


class Centre:
    """Live state as the shell keeps it, and the log that is told of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.calls: dict[str, Call] = {}
        self.agents: dict[str, Agent] = {}
        self.queues: tuple[str, ...] = ("sales",)
        self.extensions = {"anna": "1001", "ben": "1002"}
        self.log = self._new(ON)

    def _new(self, settings: QueueLogSettings) -> QueueLog:
        return QueueLog(
            self.home,
            settings,
            lambda: START + 100,
            queues_of=lambda _agent: self.queues,
            extension_of=self.extensions.get,
            is_live=self.calls.__contains__,
        )

    def start(self, settings: QueueLogSettings = ON, kept_as: str = "call") -> None:
        self.log.close()
        self.log = self._new(settings)
        kept: dict[str, dict[str, Any]] = {f"{kept_as}:{c.id}": c.to_dict() for c in self.calls.values()}
        kept |= {f"agent:{a.id}": a.to_dict() for a in self.agents.values()}
        self.log.restore(kept)

    def happens(self, call_id: str, told: str) -> None:
        facts = facts_of(told)
        if call_id not in self.calls:
            self.calls[call_id] = Call(call_id, CallKind.INBOUND, "1", "", "8000", facts[0].at)
        self.calls[call_id].facts.extend(facts)
        self.log.call_changed(self.calls[call_id])

    def works(self, agent: str, state: str, at: float, reason: str | None = None) -> None:
        known = self.agents.setdefault(agent, Agent(agent))
        known.state, known.since, known.reason = AgentState(state), START + at, reason
        known.login_at = known.login_at or START + at
        self.log.agent_changed(known)

    def lines(self, name: str = "queue_log") -> list[str]:
        self.log.close()
        found = []
        for text in (self.home / name).read_text(encoding="utf-8").splitlines():
            at, rest = text.split("|", 1)
            found.append(f"{int(at) - int(START)}|{rest}")
        return found


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.log.close()


def test_lines_come_as_the_call_goes_on(centre: Centre) -> None:
    centre.start()
    centre.works("anna", "ready", 0)
    centre.happens("c", "1 arrived 1 8000\n1 queued sales")
    centre.happens("c", "5 answered anna")
    centre.happens("c", "9 ended caller")
    centre.log.call_changed(centre.calls["c"])  # ended ones may be told of more than once
    assert centre.lines() == [
        "100|NONE|NONE|NONE|QUEUESTART|",
        "0|NONE|sales|anna|ADDMEMBER|",
        "1|c|sales|NONE|DID|8000",
        "1|c|sales|NONE|ENTERQUEUE||1|1|W. Fang",
        "5|c|sales|anna|CONNECT|4|c|0",
        "9|c|sales|anna|COMPLETECALLER|4|4|1",
    ]


def test_off_unless_wanted(centre: Centre) -> None:
    centre.start(QueueLogSettings())
    centre.works("anna", "ready", 0)
    centre.happens("c", "1 arrived 1 8000\n1 queued sales")
    centre.log.close()
    assert not (centre.home / "queue_log").exists()


def test_what_was_before_a_loss_is_told_once(centre: Centre) -> None:
    """The node was taken for dead at 13; it lived, and its account tells of an end at 9. Then a restart."""
    centre.start()
    centre.happens("c", "1 arrived 1 8000\n1 queued sales\n5 answered anna\n13 ended node")
    centre.happens("c", "9 returned late\n9 ended unknown")
    before = centre.lines()
    centre.start()
    assert [line for line in centre.lines() if "QUEUESTART" not in line] == [
        line for line in before if "QUEUESTART" not in line
    ]


TOLD = [
    "1 arrived 1 8000\n1 queued sales",
    "3 offered anna",
    "5 answered anna",
    "8 left anna\n8 queued vip",
    "9 leftline vip key",
    "12 ended caller",
]


@pytest.mark.parametrize("restarted", [False, True])
def test_who_is_found_again_in_line_is_told_of_again(centre: Centre, restarted: bool) -> None:
    centre.start()
    centre.happens("c", "1 arrived 1 8000\n1 queued sales\n13 ended node b")
    if restarted:
        centre.calls["c"].state = CallState.ENDED
        centre.start(kept_as="lost")
    centre.happens("c", "20 returned x\n20 queued sales\n22 offered anna\n24 answered anna\n30 ended caller")
    told = [line.split("|")[4] for line in centre.lines() if "|c|" in line]
    assert told == ["DID", "ENTERQUEUE", "EXITWITHTIMEOUT", "ENTERQUEUE", "CONNECT", "COMPLETECALLER"]


@pytest.mark.parametrize("written", range(len(TOLD) + 1))
@pytest.mark.parametrize("lost", range(3))
def test_nothing_twice_and_nothing_lost_after_a_restart(centre: Centre, written: int, lost: int) -> None:
    """`lost`: how many lines a sudden end has kept from the disk, the last of them torn."""
    whole = Centre(centre.home / "whole")
    whole.happens("other", "0 arrived 2 8000\n0 queued sales")
    whole.start()
    for each in TOLD:
        whole.happens("c", each)
    centre.happens("other", "0 arrived 2 8000\n0 queued sales")
    centre.start()
    centre.works("anna", "not_ready", 0, "lunch")
    for each in TOLD[:written]:
        centre.happens("c", each)
    centre.log.close()
    file = centre.home / "queue_log"
    kept = file.read_text().splitlines(keepends=True)
    torn = kept[len(kept) - lost][:7] if lost else ""
    file.write_text("".join(kept[: len(kept) - lost]) + torn)
    centre.start()
    for each in TOLD[written:]:
        centre.happens("c", each)
    assert [text for text in centre.lines() if "|c|" in text] == [
        text for text in whole.lines() if "|c|" in text
    ]
    assert len([text for text in centre.lines() if "|other|" in text]) == 2
    assert [
        text for text in centre.lines() if "|anna|" in text and "RING" not in text and "|c|" not in text
    ] == [
        "0|NONE|sales|anna|ADDMEMBER|",
        "0|NONE|NONE|anna|PAUSEALL|lunch",
        "0|NONE|sales|anna|PAUSE|lunch",
    ]


@pytest.mark.parametrize("other", ["without hold", "with a talk that has no lines now"])
def test_nothing_twice_of_a_call_that_an_earlier_version_told_in_other_lines(
    centre: Centre, other: str
) -> None:
    centre.start()
    for each in (TOLD[0], TOLD[2], "6 held", "7 resumed", TOLD[3]):
        centre.happens("c", each)
    told = centre.lines()
    file = centre.home / "queue_log"
    kept = file.read_text().splitlines(keepends=True)
    if other == "without hold":
        kept = [line for line in kept if "HOLD" not in line]
    else:
        kept.insert(4, kept[3].replace("|CONNECT|", "|TRANSFER|"))
    file.write_text("".join(kept))
    centre.start()
    centre.happens("c", "12 ended caller")
    ours = [text for text in centre.lines() if "|c|" in text and "|TRANSFER|" not in text]
    assert sorted(ours[:-1]) == sorted(text for text in told if "|c|" in text)
    assert ours[-1] == "12|c|vip|NONE|ABANDON|1|1|4"


def _packed(moved: Path, how: str) -> None:
    content = moved.read_bytes()
    if how.startswith("gzip"):
        Path(f"{moved}.gz").write_bytes(gzip.compress(content))
    elif how == "xz":
        Path(f"{moved}.xz").write_bytes(lzma.compress(content))
    if how in ("gzip", "xz"):
        moved.unlink()


@pytest.mark.parametrize("written", range(1, len(TOLD) + 1))
@pytest.mark.parametrize("how", ["not at all", "gzip, not over yet", "gzip", "xz"])
def test_nothing_twice_and_nothing_lost_after_a_rotation_and_a_restart(
    centre: Centre, written: int, how: str
) -> None:
    """Of a call whose lines are in two files; the new one is there already, empty, as logrotate makes it.

    `how` the old one is packed.
    """
    file = centre.home / "queue_log"
    centre.start()
    for each in TOLD[:written]:
        centre.happens("c", each)
    lines = centre.lines()
    os.rename(file, centre.home / "queue_log.1")
    file.touch()
    _packed(centre.home / "queue_log.1", how)
    centre.start()
    for each in TOLD[written:]:
        centre.happens("c", each)
    whole = Centre(centre.home / "whole")
    whole.start()
    for each in TOLD:
        whole.happens("c", each)
    told = [text for text in [*lines, *centre.lines()] if "QUEUESTART" not in text]
    assert told == [text for text in whole.lines() if "QUEUESTART" not in text]


def test_a_rotated_file_that_is_broken_keeps_nothing_from_starting(centre: Centre) -> None:
    centre.happens("c", TOLD[0])
    for name, content in (("queue_log.1.gz", gzip.compress(b"x" * 1000)[:20]), ("queue_log.2.xz", b"y")):
        (centre.home / name).write_bytes(content)
        with capture_logs() as logs:
            centre.start()
        assert [entry["event"] for entry in logs] == ["queue_log cannot be read: lines may be in it twice"]
        (centre.home / name).unlink()
    centre.happens("c", "9 ended caller")
    assert centre.lines()[-1] == "9|c|sales|NONE|ABANDON|1|1|8"


def test_nothing_twice_of_a_call_that_is_found_again_after_a_restart(centre: Centre) -> None:
    """It was lost with its node, which lives."""
    centre.start()
    centre.happens("c", "1 arrived 1 8000\n1 queued sales\n5 answered anna\n9 ended node b")
    before = centre.lines()
    centre.calls["c"].state = CallState.ENDED
    centre.start(kept_as="lost")
    centre.happens("c", "20 returned x\n20 answered anna\n30 ended caller")
    assert [line for line in centre.lines() if "|c|" in line] == [line for line in before if "|c|" in line]


def test_who_went_home_meanwhile_is_no_member_any_more(centre: Centre) -> None:
    centre.start()
    centre.works("anna", "ready", 0)
    centre.works("ben", "ready", 1)
    centre.log.close()
    centre.agents["anna"] = Agent("anna")
    centre.start()
    assert [text for text in centre.lines() if "REMOVE" in text] == ["100|NONE|sales|anna|REMOVEMEMBER|"]


def test_a_call_that_goes_on_is_no_new_start(centre: Centre) -> None:
    centre.happens("c", TOLD[0])
    centre.start()
    assert not any("QUEUESTART" in text for text in centre.lines())


def test_agents_who_are_still_at_work_do_not_begin_anew_either(centre: Centre) -> None:
    """A program may hold everybody for logged out at a QUEUESTART."""
    centre.start()
    centre.works("anna", "ready", 0)
    centre.start()
    assert [text.split("|")[4] for text in centre.lines()] == ["QUEUESTART", "ADDMEMBER"]


def test_agents_named_by_their_extensions(centre: Centre) -> None:
    by_extension = QueueLogSettings(enabled=True, agents="extension")
    centre.start(by_extension)
    for agent in ("anna", "ben", "old"):
        centre.works(agent, "ready", 0)
    centre.happens("c", "1 arrived 1 8000\n1 queued sales\n2 offered ben\n3 failed ben busy\n5 answered anna")
    centre.start(by_extension)
    centre.happens("c", "9 ended agent")
    assert [text.split("|", 2)[2] for text in centre.lines()] == [
        "NONE|NONE|QUEUESTART|",
        "sales|Agent/1001|ADDMEMBER|",
        "sales|Agent/1002|ADDMEMBER|",
        "sales|old|ADDMEMBER|",  # no longer in the configuration
        "sales|NONE|DID|8000",
        "sales|NONE|ENTERQUEUE||1|1|W. Fang",
        "sales|Agent/1002|RINGNOANSWER|1000",
        "sales|Agent/1001|CONNECT|4|c|0",
        "sales|Agent/1001|COMPLETEAGENT|4|4|1",
    ]


@pytest.mark.parametrize("what", ["the setting", "the extension"])
def test_another_name_is_another_member(centre: Centre, what: str) -> None:
    by_extension = QueueLogSettings(enabled=True, agents="extension")
    centre.start(by_extension if what == "the extension" else ON)
    centre.works("anna", "not_ready", 0, "lunch")
    centre.extensions["anna"] = "1009"
    centre.log.changed(by_extension, [], list(centre.agents.values()))
    old = "Agent/1001" if what == "the extension" else "anna"
    added = ["ADDMEMBER", "PAUSEALL", "PAUSE"]
    assert sorted(text.split("|")[3:5] for text in centre.lines()[1:]) == sorted(
        [
            *([old, event] for event in (*added, "UNPAUSEALL", "UNPAUSE", "REMOVEMEMBER")),
            *(["Agent/1009", event] for event in added),
            ["NONE", "CONFIGRELOAD"],
        ]
    )


def test_a_consultation_that_became_part_of_a_call_is_forgotten(centre: Centre) -> None:
    centre.start()
    centre.happens("c", TOLD[0])
    centre.log.call_merged("c")
    centre.happens("d", "2 arrived 1 8000\n2 queued sales\n5 ended caller")
    assert centre.lines()[-1] == "5|d|sales|NONE|ABANDON|1|1|3"


def test_a_reload(centre: Centre) -> None:
    centre.start()
    centre.works("anna", "ready", 0)
    centre.queues = ("vip",)
    centre.log.changed(ON, list(centre.calls.values()), list(centre.agents.values()))
    assert centre.lines()[-3:] == [
        "100|NONE|NONE|NONE|CONFIGRELOAD|",
        "100|NONE|sales|anna|REMOVEMEMBER|",
        "100|NONE|vip|anna|ADDMEMBER|",
    ]


def test_switched_on_and_off_by_a_reload(centre: Centre) -> None:
    centre.start(QueueLogSettings())
    centre.happens("c", TOLD[0])
    centre.works("anna", "ready", 0)
    everything = (list(centre.calls.values()), list(centre.agents.values()))
    centre.log.changed(QueueLogSettings(enabled=True, file="log/q"), *everything)
    centre.happens("c", "9 ended caller")
    centre.log.changed(QueueLogSettings(), *everything)
    centre.works("anna", "logged_out", 50)
    assert [text.split("|")[4] for text in centre.lines("log/q")] == [
        "ADDMEMBER", "DID", "ENTERQUEUE", "CONFIGRELOAD", "ABANDON",
    ]  # fmt: skip


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Takes nothing before this is set; a reload does not wait for it."""
    takes, write = threading.Event(), os.write

    def hanging(file: int, data: bytes) -> int:
        takes.wait(30)
        return write(file, data)

    monkeypatch.setattr(os, "write", hanging)
    monkeypatch.setattr(keeper_module, "CHANGE_LIMIT_S", 0.01)
    yield takes
    takes.set()


ELSEWHERE = QueueLogSettings(enabled=True, file="elsewhere")


@pytest.mark.parametrize(
    "reloads",
    [
        [QueueLogSettings(enabled=True, agents="extension"), ON],
        [QueueLogSettings(), ON],
        [ELSEWHERE, ON],
        [QueueLogSettings(), ELSEWHERE, QueueLogSettings(), ON],
    ],
)
def test_a_reload_while_the_disk_hangs_writes_nothing_twice(
    centre: Centre, slow_disk: threading.Event, reloads: list[QueueLogSettings]
) -> None:
    centre.start()
    centre.happens("c", TOLD[0])
    centre.happens("c", TOLD[1])
    with capture_logs() as logs:
        for number, settings in enumerate(reloads):
            centre.log.changed(settings, list(centre.calls.values()), [])
            if number == 0:
                centre.happens("c", TOLD[2])
        centre.happens("c", "9 ended caller")
        slow_disk.set()
        told = centre.lines()
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    assert [text.split("|")[4] for text in told if "|c|" in text] == [
        "DID", "ENTERQUEUE", "CONNECT", "COMPLETECALLER",
    ]  # fmt: skip


def test_what_a_slow_disk_has_not_taken_at_a_reload_is_written_later(
    centre: Centre, slow_disk: threading.Event
) -> None:
    centre.start()
    centre.happens("c", TOLD[0])
    with capture_logs() as logs:
        centre.log.changed(QueueLogSettings(), list(centre.calls.values()), [])
    assert [entry["event"] for entry in logs] == ["queue_log is written to its end while calls go on"]
    slow_disk.set()
    _wait_for(centre.home / "queue_log", "W. Fang\n")
    centre.happens("c", TOLD[2])
    centre.log.changed(ON, list(centre.calls.values()), [])
    assert [text.split("|")[4] for text in centre.lines()] == [
        "QUEUESTART", "DID", "ENTERQUEUE", "CONNECT", "CONFIGRELOAD",
    ]  # fmt: skip


def test_times_do_not_step_back_by_a_second(centre: Centre) -> None:
    centre.start()
    centre.happens("c", "101.9 arrived 1 8000\n101.9 queued sales")
    centre.works("anna", "ready", 100.8)
    assert centre.lines()[-1] == "101|NONE|sales|anna|ADDMEMBER|"


# --- the file ------------------------------------------------------------------------------------
def _wait_for(path: Path, text: str) -> None:
    for _ in range(500):
        if path.exists() and path.read_text().endswith(text):
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{path}: {path.read_text() if path.exists() else 'missing'}")


def test_moved_away_it_begins_anew(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "queue_log")
    file.add(["a", "b"])
    _wait_for(tmp_path / "queue_log", "b\n")
    os.rename(tmp_path / "queue_log", tmp_path / "queue_log.1")
    file.add(["c"])
    _wait_for(tmp_path / "queue_log", "c\n")
    file.close()
    assert (tmp_path / "queue_log.1").read_text() == "a\nb\n"
    assert (tmp_path / "queue_log").read_text() == "c\n"
    assert (tmp_path / "queue_log").stat().st_mode & 0o777 == 0o640


def test_a_file_that_somebody_made_keeps_its_mode(tmp_path: Path) -> None:
    """By `create 0660 root acd` of logrotate: it may not be ours to change."""
    path = tmp_path / "queue_log"
    path.touch()
    path.chmod(0o604)
    file = LogFile(path)
    file.add(["a"])
    file.close()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("a\n", 0o604)


def test_a_disk_that_hangs_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, write = threading.Event(), os.write

    def hanging(file: int, data: bytes) -> int:
        hangs.wait(30)
        return write(file, data)

    monkeypatch.setattr(os, "write", hanging)
    file = LogFile(tmp_path / "queue_log")
    lines = [f"line {n}" for n in range(10_000)]
    begun = time.monotonic()
    for line in lines:
        file.add([line])
    with capture_logs() as logs:
        file.close(limit_s=0.1)
    assert time.monotonic() - begun < 5
    assert [entry["event"] for entry in logs] == ["queue_log ends without its last lines"]
    hangs.set()
    _wait_for(tmp_path / "queue_log", "line 9999\n")
    assert (tmp_path / "queue_log").read_text().splitlines() == lines


def test_what_a_full_disk_has_not_taken_at_the_end_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with capture_logs() as logs:
        file = LogFile(tmp_path / "queue_log")
        file.add(["a", "b"])
        file.close()
    assert [(entry["event"], entry.get("reason"), entry.get("lines")) for entry in logs] == [
        ("queue_log cannot be written, calls go on", "No space left on device", None),
        ("queue_log ends without its last lines", None, 2),
    ]


def test_a_full_disk_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = [3]
    write = os.write

    def limited(file: int, data: bytes) -> int:
        if not data or not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = write(file, data[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(file_module, "RETRY_S", 0.01)
    monkeypatch.setattr(os, "write", limited)
    file = LogFile(tmp_path / "queue_log")
    file.add(["first"])
    _wait_for(tmp_path / "queue_log", "fir")
    for _ in range(500):
        if file.failing:
            break
        threading.Event().wait(0.01)
    assert file.failing
    os.rename(tmp_path / "queue_log", tmp_path / "queue_log.1")  # the line's rest belongs to its beginning
    file.add(["second"])
    room[0] = 1000
    _wait_for(tmp_path / "queue_log", "second\n")
    file.close()
    assert (tmp_path / "queue_log.1").read_text() == "first\n"
    assert (file.failing, file.lost) == (False, 0)


def test_what_finds_no_room_in_memory_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "PENDING_MAX_BYTES", 10)
    monkeypatch.setattr(file_module, "RETRY_S", 0.01)
    (tmp_path / "queue_log").mkdir()
    file = LogFile(tmp_path / "queue_log")
    file.add(["1234567", "89"])
    assert file.lost == 1
    file.close()


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "queue_log"
    mend(file)
    for before, after in (("", ""), ("a\n", "a\n"), ("a\nb", "a\n"), ("b", "")):
        file.write_text(before)
        mend(file)
        assert file.read_text() == after


def test_the_past_is_found_in_files_that_were_moved_away(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "queue_log.2.gz", "wt") as old:
        old.write("5|c|q|a|CONNECT|1|1|1\nnonsense\n")
    (tmp_path / "queue_log.1").write_text("6|c|q|a|RINGNOANSWER|1\n")
    lines = [f"{at}|d|q|a|X|" for at in range(7, 3000)]
    (tmp_path / "queue_log").write_text("\n".join(lines) + "\n7|torn|q|a|X|")
    os.utime(tmp_path / "queue_log.2.gz", (10, 10))
    os.utime(tmp_path / "queue_log.1", (20, 20))
    found = list(lines_since(tmp_path / "queue_log", 5))
    assert [line.at for line in found] == [5, 6, *range(7, 3000)]
    assert [line.at for line in lines_since(tmp_path / "queue_log", 2990)] == list(range(2990, 3000))
    assert list(lines_since(tmp_path / "nowhere" / "x", 0)) == []


def test_a_leader_of_the_past_writes_nothing_into_the_file_of_all(tmp_path: Path) -> None:
    """It asks in the thread, each time: a process that was frozen wakes up anywhere."""
    asked, may = threading.Event(), threading.Event()

    def may_write() -> None:
        asked.set()
        assert may.wait(5)

    log = QueueLog(tmp_path, ON, lambda: START, lambda _agent: (), lambda _agent: None, lambda _call: True)
    log.may_write = may_write
    log.restore({})  # QUEUESTART
    assert asked.wait(5)
    assert (tmp_path / ON.file).read_bytes() == b""
    may.set()
    log.close()
    assert b"QUEUESTART" in (tmp_path / ON.file).read_bytes()
