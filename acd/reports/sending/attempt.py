"""One try to send a report that is due, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from acd.errors import OperatorError
from acd.reports.sending.job import InUse, Job, Made
from acd.reports.sending.smtp import Handed, NotHanded, hand_over, password_of
from acd.reports.sending.store import Run, Runs, RunState, SavedReport

PAUSES_S = (60, 300, 900, 1800, 3600)
GIVEN_UP_AFTER = timedelta(days=2)
CLAIMED_FOR = timedelta(minutes=15)
"""So long nobody else tries it, should this process die in the middle."""
_ERROR_MAX = 1_000

Rights = Callable[[Engine, str], frozenset[str] | None]
"""The teams that an owner's rights are for; None: all. Raises OperatorError for who has none any more."""


def attempt(
    engine: Engine,
    saved: SavedReport,
    run: Run,
    in_use: InUse,
    database_url: str,
    make: Callable[[Job], Made],
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    rights: Rights,
) -> bool:
    """Whether this process was the one to try. The figures are those that `rights` gives the report's owner
    at this moment. Raises SQLAlchemy's errors of what it keeps."""
    runs = Runs(engine)
    if not runs.claim(run, now() + CLAIMED_FOR):
        return False
    values: dict[str, Any] = {}
    try:
        in_use = replace(in_use, teams=rights(engine, saved.owner))
        made = make(Job(saved, run.id, run.due_at, in_use, database_url))
        values = {"file_name": made.file_name, "bytes": made.file_bytes}
        password = password_of(made.mail, environ)
        handed = hand_over(made.mail, password, made.sender, run.waiting, made.message)
    except (OperatorError, NotHanded, SQLAlchemyError) as error:
        reason = type(error).__name__ if isinstance(error, SQLAlchemyError) else str(error)
        values |= _again(run, run.waiting, reason, now())
    else:
        values |= _after(run, handed, now())
    runs.keep(run.id, **values)
    return True


def pause_s(tries: int) -> int:
    """How long to wait after so many tries that failed."""
    return PAUSES_S[min(tries, len(PAUSES_S)) - 1]


def _after(run: Run, handed: Handed, now: datetime) -> dict[str, Any]:
    refused = {**run.refused, **handed.refused}
    error = _told({**refused, **handed.later})
    if handed.later:
        return {"refused": refused, **_again(run, tuple(handed.later), error or "", now)}
    state = RunState.FAILED if refused else RunState.SENT
    return {"refused": refused, "waiting": [], "state": state, "done_at": now, "error": error}


def _again(run: Run, waiting: tuple[str, ...], error: str, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"waiting": list(waiting), "error": error[:_ERROR_MAX]}
    next_at = now + timedelta(seconds=pause_s(run.tries + 1))
    if next_at > run.due_at + GIVEN_UP_AFTER:
        return {**values, "state": RunState.FAILED, "done_at": now}
    return {**values, "next_at": next_at}


def _told(answers: Mapping[str, str]) -> str | None:
    return "; ".join(f"{address}: {answer}" for address, answer in answers.items())[:_ERROR_MAX] or None
