"""Works out a saved report and makes the e-mail of it, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.errors import OperatorError
from acd.reports.elsewhere import done_elsewhere
from acd.reports.going_on import GoingOn
from acd.reports.sending.store import SavedReport
from acd.settings.report_settings import MailSettings

LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class InUse:
    """The configuration that is in use, and what agents are doing, where that is known.

    `folders`: of the configuration and of the flows; `tz`: the centre's; `teams`: those that the rights
    of who keeps the report are for, None: all.
    """

    folders: tuple[Path, Path]
    tz: ZoneInfo
    going_on: GoingOn | None = None
    teams: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """`due_at`: the moment that the period is meant of. `in_use`: see there."""

    saved: SavedReport
    run_id: int
    due_at: datetime
    in_use: InUse
    database_url: str

    def do(self) -> Made:
        """Here and now. Raises OperatorError, and SQLAlchemy's errors."""
        return make(self)


@dataclass(frozen=True, slots=True)
class Made:
    """A message that is ready to go."""

    mail: MailSettings
    sender: str
    message: bytes
    file_name: str
    file_bytes: int


def make(job: Job) -> Made:
    """Here and now. Raises OperatorError, and SQLAlchemy's errors."""
    from acd.records.store import RecordStore
    from acd.reports.files.make import make_file
    from acd.reports.files.told import labels_of
    from acd.reports.of_centre import known_of, reach_of_centre
    from acd.reports.run import run_report
    from acd.reports.sending.message import Envelope, compose, sender_address
    from acd.reports.targets import Targets
    from acd.settings.load import load_centre
    from acd.settings.schema.checking import variables_left_out

    with variables_left_out():
        centre = load_centre(*job.in_use.folders)
    mail, saved, now = centre.reports.mail, job.saved, datetime.now(UTC)
    if mail is None:
        raise OperatorError("reports cannot be sent: config/reports.yml has no `mail`")
    asked = saved.question.asked(
        ZoneInfo(centre.system.timezone), job.due_at, centre.system.service_level_formula
    )
    with RecordStore(job.database_url, create=False) as store:
        known = known_of(centre, saved.language, reach_of_centre(centre, job.in_use.teams))
        table = run_report(store.engine, known, asked, now, job.in_use.going_on)
    labels, targets = labels_of(table, saved.language), Targets.of_settings(centre.reports)
    file = make_file(saved.format, table, labels, now, targets)
    id = f"report-{job.run_id}-{int(job.due_at.timestamp())}"
    envelope = Envelope(saved.name, saved.owner, mail.sender, saved.recipients, id)
    message = compose(envelope, table, labels, targets, file, now)
    return Made(mail, sender_address(mail.sender), message, file.name, len(file.content))


def make_elsewhere(job: Job) -> Made:
    """In a process of its own. Raises OperatorError. In a thread: it takes seconds."""
    return done_elsewhere(job, LIMIT_S)
