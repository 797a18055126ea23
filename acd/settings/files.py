"""Reads every file of the configuration, each held against its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from acd.settings.customer_file import read_customers
from acd.settings.document import Document, read_document
from acd.settings.problems import Problem, did_you_mean, shown, shown_file
from acd.settings.schema.agents import AgentsFile
from acd.settings.schema.dialing import DialingFile
from acd.settings.schema.flow import FlowFile
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.numbers import NumbersFile
from acd.settings.schema.system import SystemFile
from acd.settings.schema.trunks import TrunksFile
from acd.settings.validate import validate

M = TypeVar("M", bound=BaseModel)

CONFIG_FILES = ("system.yml", "agents.yml", "groups.yml", "numbers.yml", "trunks.yml", "dialing.yml")
CUSTOMERS_FILE = "customers.csv"


@dataclass(frozen=True, slots=True)
class Read(Generic[M]):
    """A file that was read. `content` is its sound part, None if there is none."""

    document: Document
    content: M | None


@dataclass(frozen=True, slots=True)
class Files:
    """The whole configuration, not yet checked for references between entries.

    `folder_problems` are about the folders themselves; `flows` is keyed by the file's name
    without extension; `dialing` is None where there is no such file.
    """

    system: Read[SystemFile]
    agents: Read[AgentsFile]
    groups: Read[GroupsFile]
    numbers: Read[NumbersFile]
    trunks: Read[TrunksFile]
    dialing: Read[DialingFile] | None
    flows: Mapping[str, Read[FlowFile]]
    flows_dir: Path
    customers: Document | None
    customers_file: Path | None
    folder_problems: tuple[Problem, ...]

    def documents(self) -> Iterator[Document]:
        """Every file's document."""
        for read in (self.system, self.agents, self.groups, self.numbers, self.trunks):
            yield read.document
        for flow in self.flows.values():
            yield flow.document
        if self.dialing is not None:
            yield self.dialing.document
        if self.customers is not None:
            yield self.customers

    def problems(self) -> list[Problem]:
        """All that is known to be wrong, by file and line."""
        found = {problem for document in self.documents() for problem in document.problems}
        return sorted(found | set(self.folder_problems))


def read_files(config_dir: Path, flows_dir: Path) -> Files:
    """Reads both folders. Never raises for what is in them."""
    config_names, config_problems = _listing(config_dir)
    flow_names, flow_problems = _listing(flows_dir)
    if not config_problems:
        config_problems = _unknown_files(config_dir, config_names)
    customers_file = config_dir / CUSTOMERS_FILE if CUSTOMERS_FILE in config_names else None
    system = _read(config_dir / "system.yml", SystemFile)
    country = system.content.system.country if system.content is not None else None
    return Files(
        system=system,
        agents=_read(config_dir / "agents.yml", AgentsFile),
        groups=_read(config_dir / "groups.yml", GroupsFile),
        numbers=_read(config_dir / "numbers.yml", NumbersFile),
        trunks=_read(config_dir / "trunks.yml", TrunksFile),
        dialing=_read(config_dir / "dialing.yml", DialingFile) if "dialing.yml" in config_names else None,
        flows={
            name.removesuffix(".yml"): _read(flows_dir / name, FlowFile)
            for name in flow_names
            if name.endswith(".yml")
        },
        flows_dir=flows_dir,
        customers=read_customers(customers_file, country)[1] if customers_file else None,
        customers_file=customers_file,
        folder_problems=(*config_problems, *flow_problems, *_wrong_extensions(flows_dir, flow_names)),
    )


def _read(path: Path, model: type[M]) -> Read[M]:
    document = read_document(path)
    return Read(document, validate(document, model))


def _listing(folder: Path) -> tuple[list[str], list[Problem]]:
    """The names in a folder, hidden ones left out, and the problem if it cannot be read."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        name = shown_file(folder)
        return [], [Problem(name, 1, shown(folder.name) or name, f"cannot read the folder: {reason}")]
    return names, []


def _unknown_files(config_dir: Path, names: list[str]) -> list[Problem]:
    """A misspelt file would otherwise be left out without a word."""
    problems = []
    for name in names:
        if Path(name).suffix in (".yml", ".yaml") and name not in CONFIG_FILES:
            hint = did_you_mean(name, CONFIG_FILES, separator=",")
            message = f"unknown file{hint or '; the files are ' + ', '.join(CONFIG_FILES)}"
            problems.append(Problem(shown_file(config_dir / name), 1, shown(Path(name).stem), message))
    return problems


def _wrong_extensions(flows_dir: Path, names: list[str]) -> list[Problem]:
    return [
        Problem(shown_file(flows_dir / name), 1, shown(Path(name).stem), "a flow's file name ends in .yml")
        for name in names
        if name.endswith(".yaml")
    ]
