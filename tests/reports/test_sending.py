"""Saved reports are sent to a real mail server: over TLS, when it refuses, while it is away and after."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from aiosmtpd.controller import Controller
from typer.testing import CliRunner

from acd.__main__ import app
from acd.accounts.audit import AuditLog
from acd.accounts.rights import teams_of_owner
from acd.accounts.store import AccountStore
from acd.cli import context
from acd.cli.console import new_console
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.reports.files.make import FileFormat, make_file
from acd.reports.sending.attempt import CLAIMED_FOR, attempt
from acd.reports.sending.job import InUse, Job, Made, make, make_elsewhere
from acd.reports.sending.message import Envelope, compose
from acd.reports.sending.saved import draft_of
from acd.reports.sending.smtp import Handed, NotHanded, hand_over, password_of
from acd.reports.sending.store import Run, Runs, RunState, SavedReport, SavedReports
from acd.reports.sending.worker import ReportSender
from acd.settings.report_settings import MailSecurity, MailSettings
from tests.reports.mail_server import Mailbox, certificate, free_port, server
from tests.reports.tables import HOSTILE, MADE_AT, by_group, labels
from tests.reports.test_files import TARGETS
from tests.reports.test_saved import PLAIN

CHECKOUT = Path(__file__).parents[2]
BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 11, 23, 5, tzinfo=UTC)
SENDER = "Call centre <reports@example.com>"
TO = ("anna@example.com", "ben@example.com")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def mailbox(port: int) -> Iterator[Mailbox]:
    box = Mailbox()
    running = server(box, port)
    running.start()
    yield box
    running.stop()


class House:
    """A centre with one saved report that is due, and a clock."""

    def __init__(self, folder: Path, store: RecordStore, port: int) -> None:
        shutil.copytree(CHECKOUT / "config", folder / "config")
        shutil.copytree(CHECKOUT / "ivr_flows", folder / "ivr_flows")
        mail = f"mail: {{host: 127.0.0.1, port: {port}, security: none, sender: {SENDER}}}\n"
        (folder / "config" / "reports.yml").write_text(mail)
        self.folders = (folder / "config", folder / "ivr_flows")
        self.url = f"sqlite:///{folder}/acd.db"
        self.engine = store.engine
        self.runs = Runs(store.engine)
        self.now = DUE
        AccountStore(store.engine).add("chief", "admin", "-", must_change=False)
        self.saved = self.add({})

    def add(self, change: dict[str, Any]) -> SavedReport:
        draft = draft_of({**PLAIN, "name": f"{PLAIN['name']} {len(change)}", **change}, "chief")
        return SavedReports(self.engine).add(draft, BERLIN, DUE - timedelta(hours=1))

    def due(self) -> Run:
        self.runs.take_due(BERLIN, self.now)
        return self.runs.of(self.saved.id)[0]

    def attempt(self, run: Run, make: Callable[[Job], Made] = make) -> Run:
        in_use = InUse(self.folders, BERLIN)
        attempt(self.engine, self.saved, run, in_use, self.url, make, {}, lambda: self.now, teams_of_owner)
        found = self.runs.get(run.id)
        assert found is not None
        return found


@pytest.fixture
def house(tmp_path: Path, port: int) -> Iterator[House]:
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        yield House(tmp_path, store, port)


def made(house: House) -> Callable[[Job], Made]:
    """A message that is made at once, for tests of its way."""
    mail = MailSettings("127.0.0.1", SENDER, int(house.folders[0].joinpath("reports.yml").read_text().split("port: ")[1].split(",")[0]), MailSecurity.NONE)  # fmt: skip # noqa: E501
    return lambda job: Made(mail, "reports@example.com", b"Subject: x\r\n\r\ny\r\n", "x.xlsx", 1)


# --- the message ------------------------------------------------------------------------------
def parsed(name: str = "Every morning", language: str = "en", *, broken: bool = False) -> Any:
    from email import message_from_bytes, policy

    table, told = by_group(compare=True, broken=broken), labels(language)
    file = make_file(FileFormat.XLSX, table, told, MADE_AT, TARGETS)
    envelope = Envelope(name, "<chief>", SENDER, TO, "report-7-1")
    return message_from_bytes(compose(envelope, table, told, TARGETS, file, MADE_AT), policy=policy.default)


def test_the_message_has_a_summary_in_text_and_html_and_the_file() -> None:
    message = parsed(broken=True)
    assert (message["From"], message["To"]) == (SENDER, ", ".join(TO))
    assert message["Subject"] == "Every morning: Groups, 2026-11-22 00:00 – 2026-11-23 00:00"
    assert message["Message-ID"] == "<report-7-1@example.com>"
    text = message.get_body(("plain",)).get_content()
    assert "Service level: 82.0 % [good] (before: 75.0 %, +7.0 points)" in text
    assert "a check of these figures does not hold" in text
    html = message.get_body(("html",)).get_content()
    assert "&lt;chief&gt;" in html
    assert "<chief>" not in html
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "acd-groups-2026-11-22.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(attached.get_content()))
    assert book["Report"]["C2"].value == 120


def test_the_message_in_chinese() -> None:
    message = parsed("每日报表", "zh-CN")
    assert message["Subject"].startswith("每日报表：技能组，")
    assert "服务水平: 82.0 % [达标]" in message.get_body(("plain",)).get_content()


@pytest.mark.parametrize("name", ["x\r\nBcc: all@example.com", HOSTILE, "x\u2028Bcc: y", "=?utf-8?q?a=0Ab?="])
def test_no_name_gets_into_the_headers(name: str) -> None:
    message = parsed(name)
    assert message["Bcc"] is None
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip


# --- the way ----------------------------------------------------------------------------------
def test_over_starttls_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    cert, key = certificate(tmp_path)
    box = Mailbox()
    running = server(box, port, (cert, key))
    running.start()
    try:
        mail = MailSettings("127.0.0.1", SENDER, port, MailSecurity.STARTTLS, "reports")
        with pytest.raises(NotHanded, match="certificate"):  # nobody vouches for it
            hand_over(mail, "secret", "reports@example.com", TO, b"Subject: x\r\n\r\ny\r\n")
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        with pytest.raises(NotHanded, match="535"):
            hand_over(mail, "wrong", "reports@example.com", TO, b"Subject: x\r\n\r\ny\r\n")
        assert box.got == []
        told = hand_over(mail, "secret", "reports@example.com", TO, b"Subject: x\r\n\r\ny\r\n")
        assert told == Handed()
        assert (box.secure, set(box.users)) == ([True], {"reports"})
    finally:
        running.stop()


def test_a_server_without_starttls_gets_nothing(mailbox: Mailbox, port: int) -> None:
    mail = MailSettings("127.0.0.1", SENDER, port, MailSecurity.STARTTLS)
    with pytest.raises(NotHanded, match="STARTTLS"):
        hand_over(mail, "", "reports@example.com", TO, b"Subject: x\r\n\r\ny\r\n")
    assert mailbox.got == []


def test_passwords(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    file.chmod(0o600)
    mail = MailSettings("mail", SENDER, user="reports", password_file=str(file))
    assert password_of(mail, {}) == "secret"
    assert password_of(mail, {"ACD_SMTP_PASSWORD": "other"}) == "other"
    assert password_of(MailSettings("mail", SENDER), {}) == ""
    file.chmod(0o644)
    with pytest.raises(OperatorError, match="chmod 600"):
        password_of(mail, {})
    with pytest.raises(OperatorError, match="ACD_SMTP_PASSWORD"):
        password_of(MailSettings("mail", SENDER, user="reports"), {})


# --- what becomes of it -----------------------------------------------------------------------
def test_one_that_is_due_arrives_whole_and_once(house: House, mailbox: Mailbox) -> None:
    run = house.attempt(house.due(), make_elsewhere)
    assert (run.state, run.error, run.file_name) == ("sent", None, "acd-groups-2026-11-22.xlsx")
    ((recipients, message),) = mailbox.got
    assert recipients == list(TO)
    assert message["Subject"].startswith("Every morning 0：技能组，2026-11-22 00:00")
    (attached,) = message.iter_attachments()
    book = openpyxl.load_workbook(io.BytesIO(attached.get_content()))
    assert book.sheetnames == ["报表", "指标定义", "说明"]
    assert house.runs.to_try(house.now + timedelta(days=1)) == []
    house.attempt(run)  # somebody who has read it before it was sent
    assert len(mailbox.got) == 1


def test_who_is_refused_is_told_and_the_others_have_it(house: House, mailbox: Mailbox) -> None:
    mailbox.answers = {"ben@example.com": "550 no such user"}
    run = house.attempt(house.due(), made(house))
    assert (run.state, run.waiting) == (RunState.FAILED, ())
    assert run.refused == {"ben@example.com": "550 no such user"}
    assert run.error == "ben@example.com: 550 no such user"
    assert [to for to, _ in mailbox.got] == [["anna@example.com"]]


def test_who_may_get_it_later_gets_it_later(house: House, mailbox: Mailbox) -> None:
    mailbox.answers = {"ben@example.com": "450 busy"}
    run = house.attempt(house.due(), made(house))
    assert (run.state, run.waiting) == (RunState.WAITING, ("ben@example.com",))
    assert run.next_at == house.now + timedelta(seconds=60)
    mailbox.answers = {}
    house.now = run.next_at
    assert house.attempt(run, made(house)).state == RunState.SENT
    assert [to for to, _ in mailbox.got] == [["anna@example.com"], ["ben@example.com"]]


@pytest.mark.parametrize("closes_at", [0, 1, 2])
def test_a_server_that_closes_among_the_recipients_has_sent_nothing(
    house: House, mailbox: Mailbox, closes_at: int
) -> None:
    to = ("anna@example.com", "ben@example.com", "cleo@example.com")
    house.saved = house.add({"recipients": list(to)})
    mailbox.answers = {to[closes_at]: "421 closing"}
    run = house.attempt(house.due(), made(house))
    assert (run.state, run.waiting, run.refused) == (RunState.WAITING, to, {})
    assert "anna@example.com: 421 closing" in str(run.error)
    assert mailbox.got == []
    mailbox.answers = {"anna@example.com": "550 no such user", "ben@example.com": "421 closing"}
    house.now = run.next_at
    run = house.attempt(run, made(house))
    assert (run.waiting, run.refused) == (to[1:], {"anna@example.com": "550 no such user"})
    mailbox.answers = {}
    house.now = run.next_at
    house.attempt(run, made(house))
    assert [to for to, _ in mailbox.got] == [["ben@example.com", "cleo@example.com"]]


def test_a_message_that_the_server_will_never_take_is_not_tried_again(house: House, mailbox: Mailbox) -> None:
    mailbox.data_answer = "552 too large"
    run = house.attempt(house.due(), made(house))
    assert (run.state, run.tries) == (RunState.FAILED, 1)
    assert set(run.refused) == set(TO)


def test_a_server_that_is_away_is_asked_again_with_growing_pauses(house: House, port: int) -> None:
    run = house.due()
    pauses = []
    while run.state == RunState.WAITING:
        began = house.now
        run = house.attempt(run, made(house))
        asked = "is the mail server running, and is this its port?"
        assert run.error == f"127.0.0.1:{port}: nothing answers there: {asked}"
        pauses.append((run.next_at - began).total_seconds())
        house.now = max(run.next_at, house.now)
    assert pauses[:6] == [60, 300, 900, 1800, 3600, 3600]
    assert run.state == RunState.FAILED
    assert timedelta(days=1, hours=23) < house.now - CLAIMED_FOR - DUE <= timedelta(days=2)


def test_a_report_that_cannot_be_made_is_tried_again(house: House, mailbox: Mailbox) -> None:
    (house.folders[0] / "reports.yml").unlink()
    run = house.attempt(house.due())
    assert (run.state, run.error) == (
        "waiting",
        "reports cannot be sent: config/reports.yml has no `mail`",
    )


def test_it_is_made_with_the_rights_of_who_keeps_it_and_of_who_is_gone_not_at_all(
    house: House, mailbox: Mailbox
) -> None:
    accounts, asked = AccountStore(house.engine), list[frozenset[str] | None]()
    accounts.add("root", "admin", "-", must_change=False)
    accounts.change("chief", role="supervisor", teams=["north"])

    def noted(job: Job) -> Made:
        asked.append(job.in_use.teams)
        return made(house)(job)

    assert house.attempt(house.due(), noted).state == RunState.SENT
    accounts.remove("chief")
    again = house.runs.add(house.saved, house.now + timedelta(minutes=1))
    failed = house.attempt(again, noted)
    assert "nothing is sent of what chief keeps" in (failed.error or "")
    assert asked == [frozenset({"north"})]
    assert len(mailbox.got) == 1


def test_a_process_that_dies_in_the_middle_leaves_it_to_the_next(house: House, mailbox: Mailbox) -> None:
    def dies(job: Job) -> Made:
        raise KeyboardInterrupt

    run = house.due()
    with pytest.raises(KeyboardInterrupt):
        house.attempt(run, dies)
    assert house.runs.to_try(house.now) == []
    (again,) = house.runs.to_try(house.now + CLAIMED_FOR)
    assert house.attempt(again, made(house)).state == RunState.SENT


async def until(what: Callable[[], bool]) -> None:
    """It is in the database in a moment: which one, nothing tells."""
    async with asyncio.timeout(20):
        while True:
            if what():
                return
            await asyncio.sleep(0.01)


# --- the worker -------------------------------------------------------------------------------
async def test_two_processes_send_each_report_once_also_after_the_server_was_away(
    house: House, port: int
) -> None:
    async def in_use() -> InUse:
        return InUse(house.folders, BERLIN)

    def process() -> ReportSender:
        return ReportSender(
            lambda: house.engine, house.url, in_use, teams_of_owner, made(house), lambda: house.now, 0.01
        )

    tasks = [asyncio.create_task(process().run()) for _ in range(2)]
    running: Controller | None = None
    try:
        await until(lambda: [run.error is not None for run in house.runs.of()] == [True])
        box = Mailbox()
        running = server(box, port)
        running.start()
        house.now += timedelta(days=1)
        await until(lambda: [run.state for run in house.runs.of()] == [RunState.SENT] * 2)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if running is not None:
            running.stop()
    assert len(box.got) == 2  # that of yesterday, late, and that of today


# --- the commands -----------------------------------------------------------------------------
def test_commands(house: House, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("ACD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ACD_CONFIG", str(house.folders[0]))
    monkeypatch.setenv("ACD_FLOWS", str(house.folders[1]))
    monkeypatch.setenv("COLUMNS", "200")
    with RecordStore(f"sqlite:///{tmp_path}/home/records.sqlite3"):
        pass

    def acd(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["reports", *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    said = acd(
        "add", "Monday", "--report", "agents", "--period", "last-week", "--format", "csv",
        "--to", "anna@example.com", "--schedule", "weekly mon 06:00", "--compare", "week",
    )  # fmt: skip
    assert said.startswith("saved as Monday (")
    assert '"weekly mon 06:00"' in acd("list", "--json")
    assert "Monday" in acd("list")
    assert "was sent to anna@example.com" in acd("run", "Monday")
    assert "sent" in acd("runs", "Monday")
    assert '"agents"' in acd("list", "--json")
    assert '"sent"' in acd("runs", "--json")
    mailbox.answers = {"anna@example.com": "550 gone"}
    with pytest.raises(OperatorError, match="550 gone; it is not tried again"):
        acd("run", "Monday")
    last = "Monday, the last time: failed, not to anna@example.com (anna@example.com: 550 gone)"
    assert last in acd("list").splitlines()
    monkeypatch.setattr(context, "console", new_console(width=100))
    acd("add", "Each", "--to", "somebody.else@mail.example.com", "--to", "reports@branch.example.org")
    for address in ("somebody.else@mail.example.com", "reports@branch.example.org"):
        assert address in acd("list")
    acd("remove", "Each")
    with pytest.raises(OperatorError, match="did you mean 'Monday'"):
        acd("remove", "Mondy")
    assert acd("remove", "Monday") == "Monday is removed\n"
    with RecordStore(f"sqlite:///{tmp_path}/home/records.sqlite3") as store:
        told = [(entry.what, entry.about) for entry in reversed(AuditLog(store.engine).find())]
    done = ("create", "send", "send", "delete")
    expected = [(f"saved-report-{what}", "saved report Monday") for what in done]
    assert [entry for entry in told if entry[1] == "saved report Monday"] == expected
    with pytest.raises(OperatorError, match="'anna' is no e-mail address"):
        acd("add", "Other", "--to", "anna", "--schedule", "daily 06:00")
