"""Asterisk's account and queue_log lose what tells of one person, and nothing else, while others write."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from acd.privacy.accounts_of_calls import Cleaner
from acd.privacy.person import Person
from acd.queue_log import line as queue_log
from acd.telephony import cdr
from acd.telephony.cdr_files import Place, end_of, lines_from

KAETHE = Person("C-1", ("C-1",), ("+4930778899001",), ("Käthe Vergessmich",), ())
NOON = 1_763_812_800


def row(call_id: str, source: str, dialed: str = "8000", at: int = NOON) -> str:
    """As Asterisk writes one."""
    channels = ("1.1", source, "s", "PJSIP/1001-00000001", "PJSIP/trunk-x-00000002")
    times = (f"{at}.000", f"{at + 1}.000", f"{at + 9}.000", "ANSWERED", "sales", "")
    return ",".join(f'"{value}"' for value in (call_id, dialed, *channels, *times)) + "\n"


@pytest.fixture
def account(tmp_path: Path) -> Path:
    file = tmp_path / "acd.csv"
    file.write_text(
        row("c1", "+49555123456") + row("c3", "5550100") + row("c4", "1001", "030778899001") + '"c1","torn'
    )
    return file


def test_numbers_of_the_account_are_overwritten_where_they_stand(account: Path) -> None:
    before, number = account.read_text(), account.stat().st_ino
    place = end_of(account, NOON)
    cleaner = Cleaner({"c1"}, KAETHE.pattern())
    cleaner.clean_account(account)
    after = account.read_text()
    assert (cleaner.lines, cleaner.failed) == (2, [])
    assert (len(after), account.stat().st_ino) == (len(before), number)
    assert after == before.replace("+49555123456", "x" * 12).replace("030778899001", "x" * 12)
    calls = [line["call_id"] for line in cdr.rows(account)]
    assert calls == ["c1", "c3", "c4"]
    with account.open("a") as file:  # who read so far reads on
        file.write('"\n' + row("c5", "5550199"))
    lines, _ = lines_from(account, place, NOON, cdr.ends_at)
    assert [told["call_id"] for line in lines if (told := cdr.read(line)) is not None] == ["c5"]
    again = Cleaner({"c1"}, KAETHE.pattern())
    again.clean_account(account)
    assert again.lines == 0


def test_rows_of_deleted_calls_are_none_any_more(account: Path) -> None:
    size = account.stat().st_size
    Cleaner({"c1"}, KAETHE.pattern(), whole=True).clean_account(account)
    assert [line["call_id"] for line in cdr.rows(account)] == ["c3", "c4"]
    assert account.stat().st_size == size


def test_files_that_were_put_aside_are_cleaned_and_keep_their_time(account: Path) -> None:
    packed = account.with_name("acd.csv-20251122.gz")
    packed.write_bytes(gzip.compress((row("c1", "+4930778899001") + row("c3", "5550100")).encode()))
    os.utime(packed, (NOON, NOON))
    account.rename(account.with_name("acd.csv.1"))
    os.utime(account.with_name("acd.csv.1"), (NOON, NOON))
    (account.with_name("acd.csv.2.gz")).write_bytes(b"no such thing")
    cleaner = Cleaner({"c1"}, KAETHE.pattern())
    cleaner.clean_account(account)
    assert [file.name for file in cleaner.failed] == ["acd.csv.2.gz"]
    assert gzip.decompress(packed.read_bytes()).decode() == row("c1", "x" * 14) + row("c3", "5550100")
    assert {file.stat().st_mtime for file in (packed, account.with_name("acd.csv.1"))} == {NOON}
    assert sorted(file.name for file in account.parent.iterdir()) == [
        "acd.csv-20251122.gz", "acd.csv.1", "acd.csv.2.gz",
    ]  # fmt: skip


def test_queue_log_says_no_more_who_called(tmp_path: Path) -> None:
    file = tmp_path / "queue_log"
    lines = [
        f"{NOON}|c1|NONE|NONE|DID|8000",
        f"{NOON}|c1|sales|NONE|ENTERQUEUE||+49555123456|1|K. V.",
        f"{NOON}|c3|sales|NONE|ENTERQUEUE||5550100|1|Käthe Vergessmich",
        f"{NOON}|c3|sales|anna|BLINDTRANSFER|+4930778899001|acd|1|2|1",
        f"{NOON}|c3|sales|anna|ENTERQUEUE",
        "none of ours",
    ]
    file.write_text("\n".join(lines) + "\n")
    size = file.stat().st_size
    cleaner = Cleaner({"c1"}, KAETHE.pattern())
    cleaner.clean_queue_log(file)
    told = file.read_text().splitlines()
    assert (cleaner.lines, file.stat().st_size) == (3, size)
    assert told[1] == f"{NOON}|c1|sales|NONE|ENTERQUEUE||{'x' * 12}|1|xxxxx"
    assert told[2] == f"{NOON}|c3|sales|NONE|ENTERQUEUE||5550100|1|{'x' * 18}"
    assert queue_log.read(told[3]).data[0] == "x" * 14
    assert [told[0], *told[4:]] == [lines[0], *lines[4:]]
    again = Cleaner({"c1"}, KAETHE.pattern())
    again.clean_queue_log(file)
    assert again.lines == 0


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    cleaner = Cleaner({"c1"}, None)
    cleaner.clean_account(tmp_path / "nowhere" / "acd.csv")
    assert (cleaner.lines, cleaner.failed) == (0, [])
    assert Place(0, 0, 0.0) == end_of(tmp_path / "acd.csv", 0.0)
