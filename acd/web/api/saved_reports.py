"""`/api/saved-reports`: questions that are kept, and sent by e-mail when they are due or somebody says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from acd.core.service_level import ServiceLevelFormula
from acd.reports.asked import By, Grain
from acd.reports.files.make import FileFormat
from acd.reports.periods import Comparison, RelativePeriod
from acd.reports.sending.saved import LONGEST_NAME, RECIPIENTS_MAX, draft_of
from acd.reports.sending.store import BrokenReport, Run, Runs, SavedReport, SavedReports
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import Refusal, forbidden, not_found
from acd.web.report_question import NAMES_MAX, Kpis, Language
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input, Line, Name

RUNS_SHOWN = 20


class AskedGiven(Input):
    """As `/api/reports/{name}` takes it, but of a period that moves along; None: the usual ones."""

    report: Name
    period: RelativePeriod
    grain: Grain = Grain.WHOLE
    by: By | None = None
    filter: Annotated[
        dict[Name, Annotated[list[Name], Field(max_length=NAMES_MAX)]],
        Field(max_length=10, default_factory=dict),
    ]
    formula: ServiceLevelFormula | None = None
    compare: Comparison = Comparison.NONE
    kpis: Kpis


class Draft(Input):
    """`schedule`: 'daily 06:00', 'weekly mon 06:00', 'monthly 1 06:00' or 'monthly last 06:00', in local time
    of the centre; None: it is sent when somebody says so. `enabled`: whether it is sent by itself now.
    """

    name: Annotated[Name, Field(max_length=LONGEST_NAME)]
    asked: AskedGiven
    format: FileFormat = FileFormat.PDF
    language: Language = "en"
    recipients: Annotated[list[Name], Field(max_length=RECIPIENTS_MAX, default_factory=list)]
    schedule: Line | None = None
    enabled: bool = True


class AskedShown(Answer):
    """What is asked."""

    report: str
    period: str
    grain: str
    by: str | None
    filter: dict[str, list[str]]
    formula: str | None
    compare: str
    kpis: list[str]


class RunShown(Answer):
    """One sending. `state`: waiting, sent, failed; `waiting`: whom it has yet to go to.

    `refused`: who cannot get it, each with the reason; `error`: what went wrong the last time.
    """

    id: int
    due_at: datetime
    state: str
    tries: int
    done_at: datetime | None
    waiting: list[str]
    refused: dict[str, str]
    file_name: str | None
    error: str | None


class SavedShown(Answer):
    """`next_at`: when it is sent next; `last`: the newest sending."""

    id: str
    name: str
    owner: str
    asked: AskedShown
    format: str
    language: str
    recipients: list[str]
    schedule: str | None
    enabled: bool
    created_at: datetime
    next_at: datetime | None
    last: RunShown | None


class BrokenShown(Answer):
    """One that cannot be read, and `why`: it can only be removed."""

    id: str
    name: str
    owner: str
    why: str


class SavedList(Answer):
    """`mail`: whether there is a mail server to send with. `broken`: those that cannot be read."""

    reports: list[SavedShown]
    broken: list[BrokenShown]
    mail: bool


async def every(ctx: Context[None, None]) -> SavedList:
    """By name; who has rights for some teams sees the own ones."""
    centre = await ctx.services.centre.get()

    def read() -> SavedList:
        engine = ctx.services.store.engine
        return SavedList(
            reports=[
                _saved(one, Runs(engine).of(one.id, 1))
                for one in SavedReports(engine).every()
                if _may_see(ctx, one)
            ],
            broken=[
                BrokenShown(**one.plain()) for one in SavedReports(engine).broken() if _may_see(ctx, one)
            ],
            mail=centre.reports.mail is not None,
        )

    return await ctx.sql(read)


async def create(ctx: Context[None, Draft]) -> SavedShown:
    """Kept under a name of its own."""
    zone, now = await ctx.services.centre.zone(), datetime.now(UTC)

    def work() -> SavedReport:
        draft = draft_of(ctx.body.model_dump(mode="json"), ctx.asker.name)
        return SavedReports(ctx.services.store.engine).add(draft, zone, now, enabled=ctx.body.enabled)

    saved = await ctx.sql(work)
    _note(ctx, saved)
    return _saved(saved, [])


async def change(ctx: Context[None, Draft]) -> SavedShown:
    """All of it anew; its owner, or an admin, may."""
    zone, now = await ctx.services.centre.zone(), datetime.now(UTC)

    def work() -> SavedReport:
        old = _own(ctx)
        draft = draft_of(ctx.body.model_dump(mode="json"), old.owner)
        kept = SavedReports(ctx.services.store.engine)
        kept.change(old.id, draft, zone, now, enabled=ctx.body.enabled)
        return kept.find(old.id) or old

    saved = await ctx.sql(work)
    _note(ctx, saved)
    return _saved(saved, [])


async def delete(ctx: Context[None, None]) -> None:
    """With what became of its sendings; its owner, or an admin, may."""

    def work() -> SavedReport | BrokenReport:
        saved = SavedReports(ctx.services.store.engine).look_up(ctx.path["id"])
        if saved is None or not _may_see(ctx, saved):
            raise not_found("saved report", ctx.path["id"])
        _check_owner(ctx, saved)
        SavedReports(ctx.services.store.engine).remove(saved.id)
        return saved

    _note(ctx, await ctx.sql(work))


async def runs(ctx: Context[None, None]) -> list[RunShown]:
    """The newest first."""

    def read() -> list[Run]:
        return Runs(ctx.services.store.engine).of(_found(ctx).id, RUNS_SHOWN)

    return [_run(run) for run in await ctx.sql(read)]


async def send(ctx: Context[None, None]) -> RunShown:
    """Now, of the period as it is now; the answer does not wait for the mail server."""
    mail, now = (await ctx.services.centre.get()).reports.mail, datetime.now(UTC)

    def work() -> tuple[SavedReport, Run]:
        saved = _found(ctx)
        if mail is None:
            raise Refusal(409, "no-mail-server", "config/reports.yml names no mail server (mail)")
        if not saved.recipients:
            raise Refusal(409, "no-recipients", f"{saved.name} has nobody whom it is sent to")
        return saved, Runs(ctx.services.store.engine).add(saved, now)

    saved, run = await ctx.sql(work)
    _note(ctx, saved)
    return _run(run)


def _found(ctx: Context[Any, Any]) -> SavedReport:
    saved = SavedReports(ctx.services.store.engine).find(ctx.path["id"])
    if saved is None or not _may_see(ctx, saved):
        raise not_found("saved report", ctx.path["id"])
    return saved


def _may_see(ctx: Context[Any, Any], saved: SavedReport | BrokenReport) -> bool:
    """Others' reports are sent with the rights of others."""
    return ctx.reach.is_all or saved.owner == ctx.asker.name


def _own(ctx: Context[Any, Any]) -> SavedReport:
    saved = _found(ctx)
    _check_owner(ctx, saved)
    return saved


def _check_owner(ctx: Context[Any, Any], saved: SavedReport | BrokenReport) -> None:
    if saved.owner != ctx.asker.name and not ctx.asker.role.includes(Role.ADMIN):
        raise forbidden(f"the report {saved.name!r} belongs to {saved.owner}", "not-your-report")


def _note(ctx: Context[Any, Any], saved: SavedReport | BrokenReport) -> None:
    if isinstance(saved, BrokenReport):
        ctx.note(f"saved report {saved.name}", broken=saved.why)
        return
    schedule = None if saved.schedule is None else str(saved.schedule)
    ctx.note(f"saved report {saved.name}", schedule=schedule, recipients=list(saved.recipients))


def _saved(saved: SavedReport, runs: list[Run]) -> SavedShown:
    last = _run(runs[0]) if runs else None
    return SavedShown.model_validate({**saved.plain(), "last": last})


def _run(run: Run) -> RunShown:
    told = run.plain()
    return RunShown.model_validate({name: told[name] for name in RunShown.model_fields})


_READ, _WRITE = Scope.READ_RECORDS, Scope.SUPERVISE

ROUTES = [
    Route("GET", "/api/saved-reports", "Reports that are kept", every, Role.SUPERVISOR, _READ,
          answer=SavedList, bound=Bound.REACH),
    Route("POST", "/api/saved-reports", "Keep a report", create, Role.SUPERVISOR, _WRITE, body=Draft,
          answer=SavedShown, status=201, audit="saved-report-create", refusals=(422,), bound=Bound.OWN),
    Route("PUT", "/api/saved-reports/{id}", "Change a report that is kept", change, Role.SUPERVISOR, _WRITE,
          body=Draft, answer=SavedShown, audit="saved-report-change", refusals=(422,), bound=Bound.REACH),
    Route("DELETE", "/api/saved-reports/{id}", "Keep a report no longer", delete, Role.SUPERVISOR, _WRITE,
          audit="saved-report-delete", bound=Bound.REACH),
    Route("GET", "/api/saved-reports/{id}/runs", "When it was sent", runs, Role.SUPERVISOR, _READ,
          answer=list[RunShown], bound=Bound.REACH),
    Route("POST", "/api/saved-reports/{id}/send", "Send it now", send, Role.SUPERVISOR, _WRITE,
          answer=RunShown, audit="saved-report-send", may_conflict=True, bound=Bound.REACH),
]  # fmt: skip
