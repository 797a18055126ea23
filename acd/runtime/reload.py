"""Taking configuration and flows from disk while calls are under way: all or nothing, tested first.

What is checked is a copy, and the copy is what becomes active: nothing that is edited meanwhile, or later,
can reach a call. Then everything is exchanged in one step of the event loop; calls under way go on in
the flows that they began with.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import structlog

from acd.errors import OperatorError, RequestRefused, SettingsError
from acd.runtime.version_files import Staged, VersionFiles, changed_files
from acd.runtime.versions import LoadCentre, Loaded, Versions, flows_of
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
    """What a controller begins with."""

    centre: Centre
    loaded: Loaded


class Change(Protocol):
    """One change of the running centre. Until `put_to_use`, nothing that calls can notice has changed."""

    def faults(self) -> list[str]:
        """What stands against it in the centre as it is now; a line each."""

    def prepare(self, copy: Centre) -> None:
        """Whatever takes time or can fail, in a thread. Raises OperatorError; nothing has changed then.

        `copy`: the centre to be, as it was read: its files move to where the change's own centre has them.
        """

    def undo(self) -> None:
        """What `prepare` has written is as before; in a thread."""

    def put_to_use(self) -> None:
        """The exchange itself. Must not fail, and awaits nothing."""

    async def settle(self) -> list[str]:
        """Have others follow; what is left for somebody to do, a line each."""


ChangeTo = Callable[[Centre, Loaded, Folders], Change]
"""Makes a Change; messages name the files of the folders."""


class Refused(Exception):
    """The files cannot become active; every reason a line."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("\n".join(reasons))


def examine(staged: Staged, shown: Folders, tools: Tools) -> tuple[Centre, TestResult]:
    """Load, check, test and render a copy. Messages name the files of `shown`. Raises Refused."""
    try:
        centre, result = tools.test(staged.config_dir, staged.flows_dir)
        if not result.failures:
            tools.render(centre)
    except SettingsError as error:
        raise Refused([_as_edited(line, staged, shown) for line in error.problems]) from None
    except OperatorError as error:
        raise Refused([_as_edited(str(error), staged, shown)]) from None
    if result.failures:
        raise Refused([_as_edited(line, staged, shown) for line in result.failures])
    return centre, result


def not_followed(what: str, error: Exception) -> str:
    """The note on a part of the centre where making the new files active has failed."""
    return (
        f"{what}: not everything follows the new files ({type(error).__name__}; the controller's log says"
        " more): restart the controller, callers stay"
    )


def moved(centre: Centre, staged: Staged, home: Staged) -> Centre:
    """What was read from a copy is where that has been kept since."""
    customers = centre.customers_file
    if customers is not None and customers.is_relative_to(staged.config_dir):
        customers = home.config_dir / customers.relative_to(staged.config_dir)
    is_copy = centre.flows_dir == staged.flows_dir
    flows_dir = home.flows_dir if is_copy else centre.flows_dir
    return replace(centre, customers_file=customers, flows_dir=flows_dir)


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
        self, versions: Versions, files: VersionFiles, folders: Folders, tools: Tools, change_to: ChangeTo
    ) -> None:
        self._versions = versions
        self._files = files
        self._folders = folders
        self._tools = tools
        self._change_to = change_to
        self._busy = asyncio.Lock()
        self.calls: Callable[[], Mapping[str, int]] = Counter

    async def reload(self, who: str) -> dict[str, Any]:
        """Make active what is on disk. Raises RequestRefused; nothing has changed then."""
        async with self._busy:
            staged = await self._thread(self._files.stage, *self._edited())
            try:
                if staged.version == self._versions.active.version and self._versions.is_kept:
                    return {"changed": False, "number": self._versions.entry.number, "notes": []}
                return await self._activate(staged, who, "reload", "", self._folders)
            finally:
                await asyncio.to_thread(self._files.drop, staged)

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
                return await self._activate(staged, who, f"rollback to {number}", on_disk, shown)
            finally:
                await asyncio.to_thread(self._files.drop, staged)

    def listing(self) -> dict[str, Any]:
        """What `acd versions` shows of the running controller."""
        return {"active": self._versions.entry.number, "calls": dict(self.calls())}

    async def _activate(
        self, staged: Staged, who: str, source: str, on_disk: str, shown: Folders
    ) -> dict[str, Any]:
        before = self._files.kept(self._versions.entry) if self._versions.is_kept else None
        try:
            centre, result = await asyncio.to_thread(examine, staged, shown, self._tools)
        except Refused as refused:
            raise self._refusal(who, refused.reasons) from None
        # Made first, kept then: what is on disk as a version can be used.
        home = await self._thread(self._files.next, staged)
        flows = await self._thread(flows_of, centre, staged, home)
        entry = self._files.entry_to_be(staged, who, source, result.summary, on_disk)
        lasting = moved(centre, staged, home)
        change = self._change_to(lasting, Loaded(entry, flows, centre.numbers), shown)
        if faults := change.faults():
            raise self._refusal(who, faults)
        changed = [] if before is None else await self._thread(changed_files, before, staged)
        await self._thread(change.prepare, centre)
        try:
            await self._thread(self._files.keep, staged, entry)
        except BaseException:
            await asyncio.to_thread(change.undo)
            raise
        if faults := change.faults():  # of somebody who has come meanwhile; from here on nobody can
            await self._thread(self._files.take_back, staged, entry)
            await asyncio.to_thread(change.undo)
            raise self._refusal(who, faults)
        was_kept = self._versions.is_kept
        change.put_to_use()
        log.info("new files are active", number=entry.number, version=entry.version, by=who, source=source)
        if not was_kept:
            await asyncio.to_thread(self._files.begin_run)
        notes = await self._settled(change)
        return {
            "changed": True,
            "number": entry.number,
            "tests": entry.tests,
            "files": changed,
            "notes": notes,
        }

    async def _settled(self, change: Change) -> list[str]:
        """What is left to do. The new files are active: whatever fails from here on is no refusal."""
        notes = []
        try:
            notes += await change.settle()
        except Exception as error:
            log.exception("not everything follows the new files")
            notes.append(not_followed("what comes after the exchange", error))
        try:
            await self._versions.prune()
        except Exception as error:
            log.exception("old versions cannot be removed")
            notes.append(f"old versions are still on disk ({type(error).__name__}): the log says why")
        return notes

    def _refusal(self, who: str, reasons: list[str]) -> RequestRefused:
        log.warning("new files refused, nothing has changed", by=who, reasons=len(reasons))
        return RequestRefused(REFUSED, "\n".join(reasons))

    def _edited(self) -> tuple[Path, Path]:
        return self._folders.config_dir, self._folders.flows_dir

    def _hash_on_disk(self) -> str:
        staged = self._files.stage(*self._edited())
        self._files.drop(staged)
        return staged.version

    async def _thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *arguments)
        except OperatorError as error:
            raise RequestRefused(REFUSED, str(error)) from None
