"""An import of many calls, which a second process writes: the same comes of it, whichever of the two ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from acd.errors import OperatorError
from acd.imports import batches, queue_log
from acd.imports.files import Files
from acd.imports.intake import Intake, Taken
from acd.imports.names import Names
from acd.imports.queue_history import QueueHistory
from acd.imports.refusals import Refusals
from acd.imports.writer_process import PROGRAM, WriterProcess
from acd.records import schema
from acd.records.record import Source
from acd.records.store import RecordStore
from bench.queue_log_lines import BEGIN, lines

CHECKOUT = Path(__file__).resolve().parents[2]
LIMIT_S = 60.0
NEVER = 10**9
DAY_S = 86_400
OTHER = "another call of the same id"
COUNT = 1000
Found = TypeVar("Found")
LINES = list(lines(COUNT))


def imported(folder: Path, engine: Engine, content: Sequence[str]) -> tuple[Taken, list[str]]:
    """What came of a queue_log with these lines, and the list of those that do not count."""
    file = folder / "queue_log"
    file.write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
    refusals = Refusals(folder / "problems.txt")
    refusals.open()
    intake = Intake(engine, Source.QUEUE_LOG, refusals)
    with closing(refusals):
        history = QueueHistory(Names(), refusals, time.time())
        queue_log.run(Files([str(file)], refusals), history, intake, "utf-8")
    problems = folder / "problems.txt"
    return intake.taken, sorted(problems.read_text("utf-8").splitlines()) if problems.exists() else []


def everything(engine: Engine) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in schema.metadata.sorted_tables
        }


def refused(problems: Sequence[str], why: str = "") -> list[str]:
    return [line for line in problems if f": refused: {why}" in line]


def calls_on_record(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(schema.calls)) or 0


def some_calls(most: str, later_s: int = 0) -> list[str]:
    """The lines of those whose id ends with a digit up to this one, so much later; and of agents."""
    told = [line.split("|") for line in LINES]
    return [
        "|".join([str(int(at) + later_s), call, *rest])
        for at, call, *rest in told
        if call == "NONE" or call[-1] <= most
    ]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 50)
    monkeypatch.setattr(batches, "FEW", 1)
    monkeypatch.setattr(queue_log, "LOOK_EVERY", 100)


def test_the_same_comes_of_it_as_in_one_process(
    tmp_path: Path, database_url: str, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = some_calls("4"), [*some_calls("6", DAY_S), "nonsense"], LINES
    (tmp_path / "one").mkdir()
    found = []
    with (
        RecordStore(database_url) as store,
        RecordStore(f"sqlite:///{tmp_path}/one/records.sqlite3") as other,
    ):
        for content in runs:
            found.append(imported(tmp_path, store.engine, content))
            with monkeypatch.context() as patched:
                patched.setattr(batches, "FEW", NEVER)
                assert imported(tmp_path, other.engine, content) == found[-1]
            assert everything(store.engine) == everything(other.engine)
    (first, _), (later, others), (mixed, also_others) = found
    assert first.known == 0
    assert len(refused(others, OTHER)) == first.calls
    assert len(refused(others)) == first.calls + 1  # and the line that is none
    assert (mixed.known, len(refused(also_others, OTHER))) == (first.calls, later.calls)
    assert min(first.calls, later.calls, mixed.calls) > 20
    assert min(first.states, mixed.states_known, mixed.overlapping) > 0


def test_a_process_that_is_killed_is_said_and_the_rest_comes_with_the_next_import(
    tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, answers = WriterProcess.answer, []

    def kill_before_the_third(self: WriterProcess) -> Any:
        answers.append(1)
        if len(answers) == 3:
            os.kill(self.pid, signal.SIGKILL)
            while True:  # what it had answered before
                answer(self)
        return answer(self)

    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        with monkeypatch.context() as patched:
            patched.setattr(WriterProcess, "answer", kill_before_the_third)
            with pytest.raises(OperatorError, match=r"ended by SIGKILL.*run the import again"):
                imported(tmp_path, store.engine, LINES)
        there = calls_on_record(store.engine)
        taken, problems = imported(tmp_path, store.engine, LINES)
        assert 0 < there < taken.calls + there == calls_on_record(store.engine)
        assert (taken.known, refused(problems)) == (there, [])
        assert len(whole_calls(store.engine)) == taken.calls + there


def test_what_the_database_says_there_is_said_here(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "FEW", 0)
    with RecordStore(database_url) as store:
        with store.engine.begin() as connection:
            connection.execute(text("DROP TABLE segments"))
        with pytest.raises(DBAPIError, match="segments"):
            imported(tmp_path, store.engine, LINES)
        assert calls_on_record(store.engine) == 0  # although the rows of calls come before those of segments


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_both_processes_end_together(tmp_path: Path, sent: signal.Signals) -> None:
    home = {
        "ACD_HOME": str(tmp_path),
        "ACD_CONFIG": f"{CHECKOUT}/config",
        "ACD_FLOWS": f"{CHECKOUT}/ivr_flows",
    }
    much_later = [f"{BEGIN + DAY_S}|NONE|NONE|NONE|CONFIGRELOAD|"] * 3000  # so that the calls are over
    given = "".join(f"{line}\n" for line in [*LINES, *much_later])
    # Whoever started the tests in the background may have had SIGINT ignored, and so it would stay.
    heeding = ["env", "--default-signal=INT"]
    command = [*heeding, sys.executable, "-c", SMALL, "import", "queue_log", "-"]
    first = subprocess.Popen(
        command, env={**os.environ, **home}, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert first.stdin is not None
    with first:
        first.stdin.write(given.encode())
        first.stdin.flush()  # it stays open: the import waits for more
        second = eventually(lambda: writer_of(first.pid))
        first.send_signal(sent)
        assert first.wait(LIMIT_S) != 0
        eventually(lambda: not is_alive(second))
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        taken, problems = imported(tmp_path, store.engine, LINES)
        assert taken.known + taken.calls == calls_on_record(store.engine) == len(whole_calls(store.engine))
        assert refused(problems) == []


SMALL = """
from acd.__main__ import main
from acd.imports import batches
batches.BATCH, batches.FEW = 50, 1
main()
"""


def whole_calls(engine: Engine) -> list[str]:
    """Ids of calls of which there is all that every call has."""
    with engine.connect() as connection:
        calls, facts, visits = (table.c.call_id for table in (schema.calls, schema.facts, schema.visits))
        found = select(calls).where(calls.in_(select(facts)), calls.in_(select(visits)))
        return list(connection.scalars(found))


def writer_of(pid: int) -> int | None:
    """The process that writes for this one, once it runs."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        if PROGRAM.encode() in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    return None


def is_alive(pid: int) -> bool:
    """Whether there is such a process, which may still be waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(look: Callable[[], Found | None]) -> Found:
    """What it finds in the end."""
    until = time.monotonic() + LIMIT_S
    while not (found := look()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)
    return found
