"""Reads every file of the configuration, each held against its schema."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from acd.settings.config_files import (
    CALENDARS_FILE,
    CUSTOMER_SETTINGS_FILE,
    CUSTOMERS_FILE,
    DO_NOT_CALL_FILE,
    REPORTS_FILE,
    RETENTION_FILE,
    YAML_FILES,
    is_misspelt,
)
from acd.settings.customer_file import read_customers
from acd.settings.do_not_call import read_do_not_call
from acd.settings.document import Document, read_document
from acd.settings.problems import Problem, did_you_mean, shown, shown_file
from acd.settings.schema.agents import AgentsFile
from acd.settings.schema.calendars import CalendarsFile
from acd.settings.schema.customers import CustomersFile
from acd.settings.schema.dialing import DialingFile
from acd.settings.schema.flow import AnnouncementsFile, FlowFile, PieceFile
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.numbers import NumbersFile
from acd.settings.schema.reports import ReportsFile
from acd.settings.schema.retention import RetentionFile
from acd.settings.schema.system import SystemFile
from acd.settings.schema.trunks import TrunksFile
from acd.settings.validate import validate

M = TypeVar("M", bound=BaseModel)

ANNOUNCEMENTS_FILE = "announcements.yml"  # beside the flows; may be missing
SOUND_FOLDERS = ("sounds", "music")
_UNREAD = "cannot read the folder"
DEEPEST_PIECE = 6
MOST_FLOW_FILES = 500
MOST_FLOW_VALUES = 10_000
MOST_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Read(Generic[M]):
    """A file that was read.

    `content` is its sound part, None if there is none; `is_whole`: nothing is left out of it.
    """

    document: Document
    content: M | None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Files:
    """The whole configuration, not yet checked for references between entries.

    `folder_problems` are about the folders themselves; `flows` is keyed by the file's name
    without extension, `pieces` by the path below the flows' folder. `customer_requirements`: what
    customers need, each with the first line that says it. `dialing`, `calendars` and
    `announcements` are None where there is no such file.
    """

    system: Read[SystemFile]
    agents: Read[AgentsFile]
    groups: Read[GroupsFile]
    numbers: Read[NumbersFile]
    trunks: Read[TrunksFile]
    dialing: Read[DialingFile] | None
    flows: Mapping[str, Read[FlowFile]]
    pieces: Mapping[str, Read[PieceFile]]
    calendars: Read[CalendarsFile] | None
    announcements: Read[AnnouncementsFile] | None
    flows_dir: Path
    customers: Document | None
    customer_requirements: Mapping[str, int]
    customers_file: Path | None
    customer_settings: Read[CustomersFile] | None
    folder_problems: tuple[Problem, ...]
    do_not_call: frozenset[str] = frozenset()
    do_not_call_document: Document | None = None
    reports: Read[ReportsFile] | None = None
    retention: Read[RetentionFile] | None = None

    def reads(self) -> Iterator[Read[Any]]:
        """Every file that has a schema."""
        yield from (self.system, self.agents, self.groups, self.numbers, self.trunks)
        yield from self.flows.values()
        yield from self.pieces.values()
        optional = (
            self.calendars,
            self.announcements,
            self.dialing,
            self.customer_settings,
            self.reports,
            self.retention,
        )
        yield from (read for read in optional if read is not None)

    def documents(self) -> Iterator[Document]:
        """Every file's document."""
        yield from (read.document for read in self.reads())
        for document in (self.customers, self.do_not_call_document):
            if document is not None:
                yield document

    @property
    def is_whole(self) -> bool:
        """Whether every file could be held against the others in full, with no part left out as faulty."""
        return all(read.is_whole and read.content is not None for read in self.reads())

    def problems(self) -> list[Problem]:
        """All that is known to be wrong, by file and line; of a folder that cannot be read, that alone."""
        unread = tuple(f"{p.file}/" for p in self.folder_problems if p.message.startswith(_UNREAD))
        noted = (problem for document in self.documents() for problem in document.problems)
        found = {problem for problem in noted if not problem.file.startswith(unread)}
        return sorted(found | set(self.folder_problems))


def read_files(config_dir: Path, flows_dir: Path) -> Files:
    """Reads both folders. Never raises for what is in them."""
    config_names, config_problems = _listing(config_dir)
    flow_names, flow_problems = _listing(flows_dir)
    pieces, piece_problems = ([], []) if flow_problems else _pieces(flows_dir)
    flow_stems = [
        name.removesuffix(".yml")
        for name in flow_names
        if name.endswith(".yml") and name != ANNOUNCEMENTS_FILE
    ]
    if len(flow_stems) > MOST_FLOW_FILES:
        message = f"too many flows: the limit is {MOST_FLOW_FILES}"
        flow_problems.append(Problem(shown_file(flows_dir), 1, shown(flows_dir.name), message))
        flow_stems = []
    if not config_problems:
        config_problems = _unknown_files(config_dir, config_names)
    customers_file = config_dir / CUSTOMERS_FILE if CUSTOMERS_FILE in config_names else None
    system = _read(config_dir / "system.yml", SystemFile)
    do_not_call_file = config_dir / DO_NOT_CALL_FILE
    country = system.content.system.country if system.content is not None else None
    customers, requirements = _customers(customers_file, country)
    numbers, do_not_call = (
        read_do_not_call(do_not_call_file, country)
        if DO_NOT_CALL_FILE in config_names
        else (frozenset[str](), None)
    )
    return Files(
        system=system,
        agents=_read(config_dir / "agents.yml", AgentsFile),
        groups=_read(config_dir / "groups.yml", GroupsFile),
        numbers=_read(config_dir / "numbers.yml", NumbersFile),
        trunks=_read(config_dir / "trunks.yml", TrunksFile),
        dialing=_read_if("dialing.yml" in config_names, config_dir / "dialing.yml", DialingFile),
        flows={stem: _read_flow(flows_dir / f"{stem}.yml", FlowFile) for stem in flow_stems},
        pieces={name: _read_flow(flows_dir / name, PieceFile) for name in pieces},
        calendars=_read_if(CALENDARS_FILE in config_names, config_dir / CALENDARS_FILE, CalendarsFile),
        announcements=_read_if(
            ANNOUNCEMENTS_FILE in flow_names, flows_dir / ANNOUNCEMENTS_FILE, AnnouncementsFile
        ),
        flows_dir=flows_dir,
        customers=customers,
        customer_requirements=requirements,
        customers_file=customers_file,
        customer_settings=_read_if(
            CUSTOMER_SETTINGS_FILE in config_names, config_dir / CUSTOMER_SETTINGS_FILE, CustomersFile
        ),
        do_not_call=numbers,
        do_not_call_document=do_not_call,
        reports=_read_if(REPORTS_FILE in config_names, config_dir / REPORTS_FILE, ReportsFile),
        retention=_read_if(RETENTION_FILE in config_names, config_dir / RETENTION_FILE, RetentionFile),
        folder_problems=(
            *config_problems,
            *flow_problems,
            *piece_problems,
            *_wrong_extensions(flows_dir, flow_names),
        ),
    )


def _customers(file: Path | None, country: str | None) -> tuple[Document | None, dict[str, int]]:
    if file is None:
        return None, {}
    rows, document = read_customers(file, country)
    requirements: dict[str, int] = {}
    for row in rows:
        if row.customer.requirement:
            requirements.setdefault(row.customer.requirement, row.line)
    return document, requirements


def _read(path: Path, model: type[M]) -> Read[M]:
    document = read_document(path)
    content = validate(document, model)
    return Read(document, content, not document.has_errors)


def _read_flow(path: Path, model: type[M]) -> Read[M]:
    """Each expression costs time to compile, so there must not be too many."""
    document = read_document(path, MOST_FLOW_VALUES)
    steps = len(document.names("steps") or ())
    if steps > MOST_STEPS:
        document.report(
            ("steps",), f"there are {steps} steps; the limit is {MOST_STEPS}: make it several flows"
        )
        return Read(document, None)
    content = validate(document, model)
    return Read(document, content, not document.has_errors)


def _read_if(exists: bool, path: Path, model: type[M]) -> Read[M] | None:
    return _read(path, model) if exists else None


def _pieces(flows_dir: Path) -> tuple[list[str], list[Problem]]:
    """The files in sub-folders, as `include` names them. Links that lead out are not followed."""
    names: list[str] = []
    problems: list[Problem] = []
    for folder, folders, files in os.walk(flows_dir):
        below = Path(folder).relative_to(flows_dir)
        depth = len(below.parts)
        hidden = {name for name in folders if name.startswith(".")}
        skipped = set(SOUND_FOLDERS) if depth == 0 else set()
        folders[:] = sorted(set(folders) - hidden - skipped) if depth < DEEPEST_PIECE else []
        found = [below / name for name in sorted(files) if depth and name.endswith(".yml")]
        names += [name.as_posix() for name in found if not name.name.startswith(".")]
        if len(names) > MOST_FLOW_FILES:
            message = f"too many files in sub-folders: the limit is {MOST_FLOW_FILES}"
            problems.append(Problem(shown_file(flows_dir), 1, shown(flows_dir.name), message))
            return [], problems
    root = flows_dir.resolve()
    for name in list(names):
        if not leads_inside(flows_dir / name, root):
            names.remove(name)
            message = "the file is a link that leads out of the flows' folder; copy it here"
            problems.append(Problem(shown_file(flows_dir / name), 1, shown(Path(name).stem), message))
    return names, problems


def leads_inside(path: Path, root: Path) -> bool:
    """Whether the path, links followed, is below the root, which is resolved already."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a circle of links
        return False


def _listing(folder: Path) -> tuple[list[str], list[Problem]]:
    """The names in a folder, hidden ones left out, and the problem if it cannot be read."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        name = shown_file(folder)
        return [], [Problem(name, 1, shown(folder.name) or name, f"{_UNREAD}: {reason}")]
    return names, []


def _unknown_files(config_dir: Path, names: list[str]) -> list[Problem]:
    """A misspelt file would otherwise be left out without a word."""
    problems = []
    for name in names:
        if is_misspelt(name):
            hint = did_you_mean(name, YAML_FILES, separator=",")
            message = f"unknown file{hint or '; the files are ' + ', '.join(YAML_FILES)}"
            problems.append(Problem(shown_file(config_dir / name), 1, shown(Path(name).stem), message))
    return problems


def _wrong_extensions(flows_dir: Path, names: list[str]) -> list[Problem]:
    return [
        Problem(shown_file(flows_dir / name), 1, shown(Path(name).stem), "a flow's file name ends in .yml")
        for name in names
        if name.endswith(".yaml")
    ]
