"""Who the members of queues are: an agents.yml of ours, or an agents.conf of Asterisk's agent pool."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from acd.importing.conf import read_conf
from acd.importing.members import Agents
from acd.importing.notes import Kind, Notes, Source
from acd.settings.document import read_document
from acd.settings.schema.agents import AgentsFile
from acd.settings.validate import validate


def known_agents(path: Path | None, notes: Notes) -> tuple[Agents, dict[str, Any]]:
    """The agents to begin with, and the rest of agents.yml. What is wrong is in `notes`."""
    if path is None:
        return Agents(notes), {}
    if path.suffix in (".yml", ".yaml"):
        return _ours(path, notes)
    names = {}
    for section in read_conf(path, notes).values():
        name = section.last("fullname")
        if name is not None and not section.is_template:
            names[section.name] = name.value
        for entry in section.all("agent"):  # the form of old versions: number,password,name
            fields = [field.strip() for field in entry.value.split(",")]
            if len(fields) > 2 and fields[2]:
                names[fields[0]] = fields[2]
    return Agents(notes, names=names), {}


def _ours(path: Path, notes: Notes) -> tuple[Agents, dict[str, Any]]:
    document = read_document(path)
    validate(document, AgentsFile)
    for problem in document.problems:
        notes.add(Source(problem.file, problem.line), Kind.ERROR, problem.path, problem.message)
    if document.has_errors or not isinstance(document.data, dict):
        return Agents(notes), {}
    data = copy.deepcopy(document.data)
    agents = data.pop("agents")
    for agent in agents.values():
        agent.setdefault("skills", {})
    return Agents(notes, agents=agents), data
