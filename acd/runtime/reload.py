"""Taking the flows from disk while calls are under way: all or nothing, checked and tested first.

What is active are the flows, their calendars and announcements, and where the numbers lead. The rest of
the configuration takes effect at a start. What is checked is a copy, and the copy is what becomes
active: nothing that is edited meanwhile, or later, can reach a call.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from acd.core.plan import Plan
from acd.errors import OperatorError, RequestRefused, SettingsError
from acd.ivr.flow import FlowSet
from acd.runtime.version_files import (
    CONFIG,
    IN_EFFECT_AT_ONCE,
    Staged,
    VersionEntry,
    VersionFiles,
    digests,
)
from acd.runtime.versions import LoadCentre, Loaded, Versions, flows_of, missing_groups
from acd.settings.model import Centre
from acd.settings.problems import shown_file

log = structlog.get_logger(__name__)

REFUSED = "reload-refused"


@dataclass(frozen=True, slots=True)
class TestResult:
    """What the flows' own tests said: in one line, and each failure."""

    __test__ = False  # not a test of pytest's

    summary: str
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tools:
    """What is done with flows before they are active; each may take seconds and runs in a thread.

    `load` is `acd.settings.load.load_centre`, `test` loads likewise and runs the flows' own tests, `render`
    makes what has to be spoken and raises OperatorError where that fails.
    """

    load: LoadCentre
    test: Callable[[Path, Path], tuple[Centre, TestResult]]
    render: Callable[[Centre], object]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the operator edits."""

    config_dir: Path
    flows_dir: Path


@dataclass(frozen=True, slots=True)
class Start:
    """What a controller begins with. `config_files`: the state of each file that `centre` was read from."""

    centre: Centre
    loaded: Loaded
    config_files: Mapping[str, str]


class Refused(Exception):
    """The files cannot become active; every reason a line."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("\n".join(reasons))


def examine(staged: Staged, shown: Folders, tools: Tools, plan: Plan | None) -> tuple[Centre, TestResult]:
    """Load, check, test and render a copy. `plan`: the running centre, None where there is none yet.

    Messages name the files of `shown`. Raises Refused.
    """
    try:
        centre, result = tools.test(staged.config_dir, staged.flows_dir)
        if plan is not None:
            missing = missing_groups(centre.flow_set, centre.numbers, plan)
            if missing:
                names = ", ".join(missing)
                raise Refused([f"group {names}: new in config/groups.yml; it exists from the next start on"])
        if not result.failures:
            tools.render(centre)
    except SettingsError as error:
        raise Refused([_as_edited(line, staged, shown) for line in error.problems]) from None
    except OperatorError as error:
        raise Refused([_as_edited(str(error), staged, shown)]) from None
    if result.failures:
        raise Refused([_as_edited(line, staged, shown) for line in result.failures])
    return centre, result


def _as_edited(text: str, staged: Staged, shown: Folders) -> str:
    """The message with the names of the files that the operator edits, instead of those of the copy."""
    for copy, original in ((staged.config_dir, shown.config_dir), (staged.flows_dir, shown.flows_dir)):
        text = text.replace(shown_file(copy), shown_file(original)).replace(str(copy), str(original))
    return text


class Reloader:
    """Answers `acd reload`, `acd rollback` and `acd versions`. One change at a time.

    `calls` tells how many calls under way are on which version.
    """

    def __init__(
        self, versions: Versions, files: VersionFiles, folders: Folders, tools: Tools, begun: Start
    ) -> None:
        self._versions = versions
        self._files = files
        self._folders = folders
        self._tools = tools
        self._plan = begun.centre.plan
        self._config_at_start = begun.config_files
        self._busy = asyncio.Lock()
        self.calls: Callable[[], Mapping[str, int]] = Counter

    async def reload(self, who: str) -> dict[str, Any]:
        """Make active what is on disk. Raises RequestRefused; nothing has changed then."""
        async with self._busy:
            staged = await self._thread(self._files.stage, *self._edited())
            try:
                later = await self._thread(self._later, staged)
                if staged.version == self._versions.active.version and self._versions.is_kept:
                    return {"changed": False, "number": self._versions.entry.number, "later": later}
                entry = await self._activate(staged, who, "reload", "", self._folders)
            finally:
                await asyncio.to_thread(self._files.drop, staged)
            return {"changed": True, "number": entry.number, "tests": entry.tests, "later": later}

    async def rollback(self, number: int, who: str) -> dict[str, Any]:
        """Make an old version active again, as a new entry. Raises RequestRefused."""
        async with self._busy:
            entries = await asyncio.to_thread(self._files.entries)
            wanted = next((entry for entry in entries if entry.number == number), None)
            if wanted is None:
                known = ", ".join(str(entry.number) for entry in entries)
                raise RequestRefused("unknown-version", f"there is no version {number}; kept are: {known}")
            if wanted.version == self._versions.active.version:
                raise RequestRefused("already-active", f"version {number} is what is active")
            kept = self._files.kept(wanted)
            on_disk = await self._thread(self._hash_on_disk)
            staged = await self._thread(self._files.stage, kept.config_dir, kept.flows_dir)
            try:
                shown = Folders(kept.config_dir, kept.flows_dir)
                entry = await self._activate(staged, who, f"rollback to {number}", on_disk, shown)
            finally:
                await asyncio.to_thread(self._files.drop, staged)
            return {"changed": True, "number": entry.number, "tests": entry.tests, "later": []}

    def listing(self) -> dict[str, Any]:
        """What `acd versions` shows of the running controller."""
        return {"active": self._versions.entry.number, "calls": dict(self.calls())}

    async def _activate(
        self, staged: Staged, who: str, source: str, on_disk: str, shown: Folders
    ) -> VersionEntry:
        try:
            centre, result = await asyncio.to_thread(examine, staged, shown, self._tools, self._plan)
        except Refused as refused:
            log.warning("new flows refused, nothing has changed", by=who, reasons=len(refused.reasons))
            raise RequestRefused(REFUSED, str(refused)) from None
        # Made first, kept then: what is on disk as a version can be used.
        flows = await self._thread(self._flows_to_be, centre, staged)
        entry: VersionEntry = await self._thread(
            self._files.keep, staged, who, source, result.summary, on_disk
        )
        if not self._versions.is_kept:
            await asyncio.to_thread(self._files.begin_run)
        self._versions.activate(Loaded(entry, flows, centre.numbers))
        await self._versions.prune()
        log.info("new flows are active", number=entry.number, version=entry.version, by=who, source=source)
        return entry

    def _flows_to_be(self, centre: Centre, staged: Staged) -> FlowSet:
        return flows_of(centre, staged, self._files.next(staged))

    def _edited(self) -> tuple[Path, Path]:
        return self._folders.config_dir, self._folders.flows_dir

    def _hash_on_disk(self) -> str:
        staged = self._files.stage(*self._edited())
        self._files.drop(staged)
        return staged.version

    def _later(self, staged: Staged) -> list[str]:
        """The files of config/ that are not as they were at the start, and wait for the next one."""
        before, now = self._config_at_start, digests(staged.config_dir)
        changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
        return [f"{CONFIG}/{name}" for name in changed if name not in IN_EFFECT_AT_ONCE]

    async def _thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *arguments)
        except OperatorError as error:
            raise RequestRefused(REFUSED, str(error)) from None
