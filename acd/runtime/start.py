"""With which flows a controller begins; see ADR 0012."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from acd.errors import OperatorError
from acd.ivr.flow import FlowSet
from acd.runtime.reload import Folders, Refused, Start, TestResult, Tools, examine, moved
from acd.runtime.version_files import NOT_KEPT, Staged, VersionEntry, VersionFiles
from acd.runtime.versions import Loaded, flows_of
from acd.settings.model import Centre

log = structlog.get_logger(__name__)


def choose_start(files: VersionFiles, folders: Folders, tools: Tools, who: str) -> Start:
    """Decides it.

    What is on disk, as a new version, if it is sound. But after a sudden end, and after a rollback as long as
    the disk is untouched, and where the disk is faulty: the version that was active last. Raises
    OperatorError where nothing can be used.
    """
    last = files.last()
    if last is None:
        return _first(files, folders, tools, who)
    try:
        return _after(last, files, folders, tools, who)
    except OperatorError as error:
        # Written for an older release, perhaps: what is sound on disk must not wait for it.
        log.error("the last version cannot be used", number=last.number, reason=str(error))
        return _first(files, folders, tools, who)


def _after(last: VersionEntry, files: VersionFiles, folders: Folders, tools: Tools, who: str) -> Start:
    """There has been a version. Raises OperatorError where it is wanted and cannot be used."""
    staged = _staged(files, folders)
    try:
        if staged.version == last.version:
            return _as_kept(last, files, tools)
        if files.was_cut_off:
            log.warning(
                "the files on disk are not the active ones; 'acd reload' takes them", active=last.number
            )
            return _as_kept(last, files, tools)
        if staged.version == last.on_disk:
            log.warning("the files on disk are those that were rolled back", active=last.number)
            return _as_kept(last, files, tools)
        try:
            centre, result = examine(staged, folders, tools)
        except Refused as refused:
            log.error("the files on disk cannot be used", active=last.number, reasons=refused.reasons)
            return _as_kept(last, files, tools)
        return _new(staged, files, folders, who, centre, result)
    finally:
        files.drop(staged)


def _first(files: VersionFiles, folders: Folders, tools: Tools, who: str) -> Start:
    """There is nothing else to go by: only files that cannot be read keep a centre closed."""
    staged = _staged(files, folders)
    try:
        try:
            centre, result = examine(staged, folders, tools)
        except Refused as refused:
            centre = tools.load(folders.config_dir, folders.flows_dir)
            tools.render(centre)
            log.error("tests of the flows fail", reasons=refused.reasons)
            result = TestResult(f"{len(refused.reasons)} failed")
        return _new(staged, files, folders, who, centre, result)
    finally:
        files.drop(staged)


def _as_kept(entry: VersionEntry, files: VersionFiles, tools: Tools) -> Start:
    kept = files.kept(entry)
    centre = tools.load(kept.config_dir, kept.flows_dir)
    tools.render(centre)
    return _begun(entry, centre, flows_of(centre, kept, kept))


def _staged(files: VersionFiles, folders: Folders) -> Staged:
    """A copy; a disk that takes none must not keep the centre closed."""
    try:
        return files.stage(folders.config_dir, folders.flows_dir)
    except OperatorError as error:
        log.error("the disk takes no copy: what has changed is used as it is", reason=str(error))
        return files.originals(folders.config_dir, folders.flows_dir)


def _new(
    staged: Staged, files: VersionFiles, folders: Folders, who: str, centre: Centre, result: TestResult
) -> Start:
    """The copy as a new version. Its flows are made first: what is a version can be used."""
    if staged.folder is not None:
        flows = flows_of(centre, staged, files.next(staged))
        try:
            entry = files.entry_to_be(staged, who, "start", result.summary)
            files.keep(staged, entry)
        except OperatorError as error:
            log.error("the disk takes no version: what has changed is used as it is", reason=str(error))
        else:
            kept = files.kept(entry)
            return _begun(entry, moved(centre, staged, kept), flows)
    originals = Staged(staged.version, folders.config_dir, folders.flows_dir)
    entry = VersionEntry(NOT_KEPT, staged.version, datetime.now(UTC), who, "start", result.summary)
    flows = flows_of(centre, staged, originals)
    return _begun(entry, moved(centre, staged, originals), flows)


def _begun(entry: VersionEntry, centre: Centre, flows: FlowSet) -> Start:
    return Start(centre, Loaded(entry, flows, centre.numbers))
