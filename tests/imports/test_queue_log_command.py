"""`acd import queue_log`: into the database, once, also when it was interrupted."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner, Result

from acd.__main__ import app
from acd.cli.imports import PROBLEMS_DIR
from acd.core.facts import AgentInterval
from acd.errors import OperatorError, SettingsError
from acd.imports.intake import Intake
from acd.records.imports import ImportLog
from acd.records.record import Source
from acd.records.store import RecordStore

AT = 1_700_000_000
DAY = datetime.fromtimestamp(AT, UTC)
CHECKOUT = Path(__file__).resolve().parents[2]

FIRST = [
    f"{AT}|NONE|600|SIP/1001|ADDMEMBER|",
    f"{AT}|c1|600|NONE|ENTERQUEUE||030|1",
    f"{AT + 9}|c1|600|SIP/1001|CONNECT|9|c1.2|4",
    f"{AT + 60}|c2|600|NONE|ENTERQUEUE||030|2",
]
SECOND = [
    f"{AT + 69}|c1|600|SIP/1001|COMPLETECALLER|9|60|1",
    f"{AT + 90}|c2|600|NONE|ABANDON|1|2|30",
    f"{AT + 95}|NONE|600|SIP/1001|REMOVEMEMBER|",
]


class House:
    """A home, files, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = RecordStore(f"sqlite:///{folder / 'home' / 'records.sqlite3'}", create=False)

    def file(self, name: str, lines: list[str], end: str = "\n") -> Path:
        path = self.folder / name
        content = ("\n".join(lines) + end).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    def run(self, *arguments: object, given: bytes = b"") -> Result:
        return CliRunner().invoke(app, ["import", "queue_log", *map(str, arguments)], input=given)

    def told(self, *arguments: object, given: bytes = b"") -> str:
        result = self.run(*arguments, given=given)
        assert result.exception is None, result.output
        return result.stdout

    def ids(self) -> list[str]:
        with self.store as store:
            return sorted(call.call_id for call in store.calls(DAY - timedelta(1), DAY + timedelta(1)))

    def ids_all(self) -> frozenset[str]:
        with self.store as store:
            return store.known([f"c{n}" for n in range(3000)])

    def states(self) -> list[AgentInterval]:
        with self.store as store:
            return store.intervals(DAY - timedelta(1), DAY + timedelta(1))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("ACD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ACD_CONFIG", str(CHECKOUT / "config"))
    monkeypatch.setenv("ACD_FLOWS", str(CHECKOUT / "ivr_flows"))
    monkeypatch.chdir(tmp_path)
    return House(tmp_path)


def test_files_in_any_order_plain_or_packed_once(house: House) -> None:
    first, second = house.file("queue_log.1.gz", FIRST), house.file("queue_log", SECOND)
    assert "2 calls added" in house.told(second, first)
    assert house.ids() == ["c1", "c2"]
    before = house.states()
    assert "0 calls added, 2 were on record already" in house.told(first, second)
    assert house.states() == before
    assert [state.state for state in before] == ["ready", "ringing", "talking", "ready"]
    with house.store as store:
        assert {call.source for call in store.calls(DAY - timedelta(1), DAY + timedelta(1))} == {
            Source.QUEUE_LOG
        }
        runs = ImportLog(store.engine).all()
    assert [(run.calls, run.known, len(run.files)) for run in runs] == [(0, 2, 2), (2, 0, 2)]
    listed = CliRunner().invoke(app, ["import", "list", "--wide"]).stdout
    assert "queue_log.1.gz" in listed
    assert list((house.folder / "home" / PROBLEMS_DIR).iterdir()) == []


def test_what_goes_on_at_the_end_comes_with_the_next_import(house: House) -> None:
    first, second = house.file("queue_log.1", FIRST), house.file("queue_log", SECOND)
    assert "2 calls go on at the end" in house.told(first)
    assert "2 calls added" in house.told(first, second)


def test_from_standard_input(house: House) -> None:
    given = ("\n".join([*FIRST, *SECOND]) + "\n").encode()
    assert "2 calls added" in house.told("-", given=given)


def test_refused_lines_are_listed_and_the_rest_is_taken(house: House) -> None:
    file = house.file("queue_log", [*FIRST, *SECOND, SECOND[0], "nonsense"], end="\n1700000100|c3|600|NON")
    result = house.run(file)
    assert result.exit_code == 1
    assert "2 calls added" in result.stdout
    [problems] = (house.folder / "home" / PROBLEMS_DIR).iterdir()
    listed = problems.read_text().splitlines()
    assert [line.split(": ")[0] for line in listed] == ["queue_log:8", "queue_log:9", "queue_log:10"]
    assert problems.stat().st_mode & 0o777 == 0o600
    assert str(problems) in result.stdout.replace("\n", "")
    assert house.run(file, "--accept").exit_code == 0
    assert len(list(problems.parent.iterdir())) == 2  # that of before is still there


def test_a_dry_run_shows_the_first_refused_lines_and_writes_no_list(house: House) -> None:
    file = house.file("queue_log", [*FIRST, *SECOND, *["nonsense"] * 25])
    result = house.run(file, "--dry-run")
    assert result.exit_code == 1
    told = result.stdout.splitlines()
    assert "  queue_log:8: refused: no line of queue_log: has 1 field instead of 5 or more: nonsense" in told
    assert sum(": refused: " in line for line in told) == 20
    assert "  and 5 more: --problems FILE writes all of them" in told
    assert not (house.folder / "home").exists()
    named = house.folder / "all.txt"
    assert "and 5 more" not in house.run(file, "--dry-run", "--problems", named).stdout
    assert len(named.read_text().splitlines()) == 25


def test_a_list_that_cannot_be_written_stops_it_before_it_begins(house: House) -> None:
    file = house.file("queue_log", [*FIRST, *SECOND, "nonsense"])
    result = house.run(file, "--problems", house.folder / "queue_log" / "list.txt")
    assert isinstance(result.exception, OperatorError)
    assert "--problems" in str(result.exception)
    assert not (house.folder / "home" / "records.sqlite3").exists()
    full = house.run(file, "--problems", "/dev/full")
    assert isinstance(full.exception, OperatorError)
    assert "No space left" in str(full.exception)


def test_a_mapping_is_suggested_and_used(house: House) -> None:
    file = house.file("queue_log", [*FIRST, *SECOND])
    told = house.told(file, "--dry-run")
    assert "2 calls would be added" in told
    assert '"SIP/1001": "anna"' in told
    assert '# "600": "600"' in told
    assert not (house.folder / "home" / "records.sqlite3").exists()
    (house.folder / "map.yml").write_text('queues: {"600": sales}\nagents: {SIP/1001: ben}\n')
    house.told(file, "--map", "map.yml")
    with house.store as store:
        call = store.call("c1")
    assert call is not None
    assert [(visit.group, visit.agent) for visit in call.visits] == [("sales", "ben")]


def test_a_faulty_mapping_says_where(house: House) -> None:
    (house.folder / "map.yml").write_text("queues:\n  600: sales\nagent: {}\nencoding: klingon\n")
    error = house.run(house.file("queue_log", FIRST), "--map", "map.yml").exception
    assert isinstance(error, SettingsError)
    assert [problem.split(" ")[0] for problem in error.problems] == ["map.yml:2:", "map.yml:3:", "map.yml:4:"]


def test_files_that_cannot_be_read(house: House) -> None:
    assert isinstance(house.run("nowhere").exception, OperatorError)
    house.file("broken.gz", FIRST)
    content = (house.folder / "broken.gz").read_bytes()
    (house.folder / "broken.gz").write_bytes(content[:-20])
    assert isinstance(house.run("broken.gz").exception, OperatorError)


def test_interrupted_it_goes_on_where_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = []
    for n in range(3000):
        at = AT + 4 * n
        lines += [f"{at}|c{n}|600|NONE|ENTERQUEUE||030|1", f"{at + 3}|c{n}|600|NONE|ABANDON|1|1|3"]
    file, add, batches = house.file("queue_log", lines), Intake.add, []

    def add_one_batch(self: Intake, calls: object, states: object) -> None:
        batches.append(1)
        if len(batches) == 2:
            raise OperationalError("INSERT", {}, Exception("disk full"))
        add(self, calls, states)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Intake, "add", add_one_batch)
        assert "run the import again" in str(house.run(file).exception)
    written = len(house.ids_all())
    assert 0 < written < 3000
    assert f"{3000 - written} calls added, {written} were on record already" in house.told(file)
    assert len(house.ids_all()) == 3000
    assert "interrupted" in CliRunner().invoke(app, ["import", "list", "--wide"]).stdout


def test_another_call_of_the_same_id_is_not_taken_for_known(house: House) -> None:
    house.told(house.file("queue_log", [*FIRST, *SECOND]))
    other = [line.replace(str(AT)[:5], "17001") for line in [*FIRST, *SECOND]]
    result = house.run(house.file("other", other))
    assert (result.exit_code, "2 × another call of the same id" in result.stdout) == (1, True)
    assert "2 calls added" in house.told("other", "--prefix", "b-")
    assert house.told("queue_log", "--prefix", "b-", "--accept")


def test_states_on_record_are_not_overlapped(house: House) -> None:
    house.told(house.file("queue_log", [*FIRST, *SECOND]))
    moved = [f"{AT + 3}|NONE|600|SIP/1001|ADDMEMBER|", f"{AT + 50}|NONE|600|SIP/1001|REMOVEMEMBER|"]
    before = house.states()
    assert "1 states of agents left out" in house.told(house.file("moved", moved))
    assert house.states() == before
