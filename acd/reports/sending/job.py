"""Works out a saved report and makes the e-mail of it.

The web process has it done by a process of its own (`acd.reports.sending.child`): a PDF of many lines takes
seconds, in which no page would be served, and what makes it would stay in memory.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.errors import OperatorError
from acd.reports.sending.store import SavedReport
from acd.settings.report_settings import MailSettings

CHILD = "acd.reports.sending.child"
LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """`due_at`: the moment that the period is meant of. `folders`: of the configuration and of the flows."""

    saved: SavedReport
    run_id: int
    due_at: datetime
    folders: tuple[Path, Path]
    database_url: str


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
    from acd.reports.of_centre import known_of
    from acd.reports.run import run_report
    from acd.reports.sending.message import Envelope, compose, sender_address
    from acd.reports.targets import Targets
    from acd.settings.load import load_centre
    from acd.settings.schema.checking import variables_left_out

    with variables_left_out():
        centre = load_centre(*job.folders)
    mail, saved, now = centre.reports.mail, job.saved, datetime.now(UTC)
    if mail is None:
        raise OperatorError("reports cannot be sent: config/reports.yml has no `mail`")
    asked = saved.question.asked(
        ZoneInfo(centre.system.timezone), job.due_at, centre.system.service_level_formula
    )
    with RecordStore(job.database_url, create=False) as store:
        table = run_report(store.engine, known_of(centre, saved.language), asked, now)
    labels, targets = labels_of(table, saved.language), Targets.of_settings(centre.reports)
    file = make_file(saved.format, table, labels, now, targets)
    id = f"report-{job.run_id}-{int(job.due_at.timestamp())}"
    envelope = Envelope(saved.name, saved.owner, mail.sender, saved.recipients, id)
    message = compose(envelope, table, labels, targets, file, now)
    return Made(mail, sender_address(mail.sender), message, file.name, len(file.content))


def make_elsewhere(job: Job) -> Made:
    """In a process of its own. Raises OperatorError. In a thread: it takes seconds."""
    command = [sys.executable, "-m", CHILD]
    try:
        done = subprocess.run(
            command, input=pickle.dumps(job), stdout=subprocess.PIPE, check=True, timeout=LIMIT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise OperatorError(f"the report cannot be made: {error}; the log says more") from error
    found = pickle.loads(done.stdout)  # noqa: S301 - from the process that was started here
    if isinstance(found, Made):
        return found
    raise OperatorError(found)
