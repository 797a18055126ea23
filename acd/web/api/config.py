"""`/api/config`, `/api/flows`, `/api/versions`: the configuration, to be looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from acd.records.period import parse_period
from acd.records.traffic import traffic
from acd.runtime.version_files import VersionEntry, VersionFiles, changed_files
from acd.web import reading
from acd.web.asker import Role, Scope
from acd.web.centre import CentreShown
from acd.web.context import Context
from acd.web.graphviz import laid_out
from acd.web.masked_files import masked_message, masked_text
from acd.web.refusal import Refusal, not_found
from acd.web.route import Route
from acd.web.values import Answer, Input

FILE_MAX = 1_000_000
SVG = "image/svg+xml"


class FileShown(Answer):
    """A file as it is on disk, which may be newer than what is in use; values of HTTP headers are dots."""

    name: str
    text: str


class ProblemShown(Answer):
    """As `acd check` says it; a warning keeps nothing from being used."""

    file: str
    line: int
    path: str
    message: str
    warning: bool


class Config(Answer):
    """`sound`: no mistakes, perhaps warnings."""

    files: list[FileShown]
    problems: list[ProblemShown]
    sound: bool


class FlowShown(Answer):
    """`here`: how many callers are in which step at this moment."""

    id: str
    languages: list[str]
    steps: int
    here: dict[str, int]


class Look(Input):
    """`traffic`: with today's counts of callers at the arrows."""

    traffic: Literal["none", "today"] = "none"


class VersionShown(Answer):
    """A version that was made active; `calls` go on that began with it."""

    number: int
    version: str
    at: datetime
    who: str
    source: str
    tests: str
    changed: list[str]
    active: bool
    calls: int


async def config(ctx: Context[None, None]) -> Config:
    """The files on disk and the result of checking them."""
    environment = ctx.services.environment
    folders = (environment.config_dir, environment.flows_dir)
    files = await ctx.sql(lambda: [file for folder in folders for file in _files(folder)])
    async with ctx.services.reading:
        problems = await ctx.sql(reading.read, "problems", *folders)
    shown = [
        ProblemShown(**asdict(replace(problem, message=masked_message(problem.path, problem.message))))
        for problem in problems
    ]
    return Config(files=files, problems=shown, sound=all(problem.warning for problem in problems))


def _files(folder: Path) -> list[FileShown]:
    """The YAML files below a folder; never what a link leads to elsewhere."""
    found = []
    for path in sorted(folder.rglob("*.y*ml")):
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            continue
        try:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                text = masked_text(file.read(FILE_MAX))
        except OSError as error:
            text = f"# cannot be read: {error.strerror}"
        found.append(FileShown(name=f"{folder.name}/{path.relative_to(folder).as_posix()}", text=text))
    return found


async def flows(ctx: Context[None, None]) -> list[FlowShown]:
    """Those in use: first those that numbers lead to, in the order of the numbers; callers begin there."""
    centre = await ctx.services.centre.get()
    reached = (route.flow for route in centre.numbers.values() if route.flow is not None)
    steps = [
        call.get("flow_step") for key, call in ctx.services.picture.objects.items() if key[:5] == "call:"
    ]
    here: dict[str, Counter[str]] = {}
    for place in steps:
        flow, _, step = str(place or "").partition("/")
        here.setdefault(flow, Counter())[step] += 1
    return [
        FlowShown(
            id=name,
            languages=list(centre.flows[name].languages),
            steps=centre.flows[name].steps,
            here=here.get(name, {}),
        )
        for name in dict.fromkeys([*reached, *centre.flows])
    ]


async def picture(ctx: Context[Look, None]) -> bytes:
    """A flow drawn from itself. A node's title is FLOW/STEP, so that a page can mark those in `here`."""
    centre, flow = await ctx.services.centre.get(), ctx.path["id"]
    if flow not in centre.flows:
        raise not_found("flow", flow)
    async with ctx.services.reading:
        return await ctx.sql(_drawn, ctx, centre, flow)


def _drawn(ctx: Context[Look, None], centre: CentreShown, flow: str) -> bytes:
    counts = None
    if ctx.query.traffic == "today":
        tz = ZoneInfo(centre.system.timezone)
        period = parse_period("today", None, tz, datetime.now(UTC))
        counted = traffic(ctx.services.store.engine, period.since, period.until, flow)
        counts = (dict(counted.arrows), dict(counted.hung_up))
    return laid_out(reading.read("picture", *centre.folders, flow, counts).encode(), "svg")


async def versions(ctx: Context[None, None]) -> list[VersionShown]:
    """The newest first."""
    try:
        running: dict[str, Any] = await ctx.ask("versions")
    except Refusal:  # which one is active is not known then
        running = {}
    return await ctx.sql(_versions, VersionFiles(ctx.services.environment.versions_dir), running)


def _versions(files: VersionFiles, running: dict[str, Any]) -> list[VersionShown]:
    entries = files.entries()
    befores: list[VersionEntry | None] = [None, *entries]
    shown = [
        VersionShown(
            number=entry.number,
            version=entry.version,
            at=entry.at,
            who=entry.who,
            source=entry.source,
            tests=entry.tests,
            changed=[] if before is None else changed_files(files.kept(before), files.kept(entry)),
            active=entry.number == running.get("active"),
            calls=running.get("calls", {}).get(entry.version, 0),
        )
        for before, entry in zip(befores, entries, strict=False)
    ]
    return shown[::-1]


ROUTES = [
    Route("GET", "/api/config", "The files of the configuration, and what is wrong with them", config,
          Role.ADMIN, Scope.ADMIN, answer=Config),
    Route("GET", "/api/flows", "The flows in use", flows, Role.ADMIN, Scope.ADMIN, answer=list[FlowShown]),
    Route("GET", "/api/flows/{id}/picture", "A flow as a picture", picture, Role.ADMIN, Scope.ADMIN,
          query=Look, answer_media=SVG, may_conflict=True),
    Route("GET", "/api/versions", "Versions of the configuration", versions, Role.ADMIN, Scope.ADMIN,
          answer=list[VersionShown]),
]  # fmt: skip
