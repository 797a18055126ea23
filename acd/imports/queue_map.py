"""The file of `acd import queue_log --map`: whose group and agent is meant by which name there."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from acd.errors import SettingsError
from acd.imports.names import Names
from acd.imports.queue_agents import WRAP_UP_REASONS
from acd.settings.document import read_document
from acd.settings.schema.checking import Options, checked, expected, text_of
from acd.settings.schema.values import Id
from acd.settings.validate import validate


def _encoding(value: object) -> str:
    what = "an encoding, such as utf-8 or latin-1"
    text = text_of(what, value)
    try:
        "a".encode(text)  # refuses what Python has under such names but is no encoding of texts: hex, zip
        return codecs.lookup(text).name
    except (LookupError, ValueError):
        raise expected(what, value) from None


def _word(value: object) -> str:
    text = text_of("a name in quotes", value)
    if not text or len(text) > 200:
        raise expected("a name", value)
    return text


Encoding = Annotated[str, checked(_encoding, type="string")]
Word = Annotated[str, checked(_word, type="string", minLength=1)]


class QueueLogMap(Options):
    """Names of the other system to ids of ours; `wrap_up`: reasons of pauses that are after-call work.

    An id need not be in the configuration: of groups and agents that are no more there is history, too.
    """

    queues: dict[Word, Id] = Field(default_factory=dict)
    agents: dict[Word, Id] = Field(default_factory=dict)
    wrap_up: list[Word] = Field(default_factory=lambda: list(WRAP_UP_REASONS))
    encoding: Encoding = "utf-8"


def read_map(path: Path) -> QueueLogMap:
    """The file. Raises SettingsError, each problem with its line."""
    document = read_document(path)
    found = validate(document, QueueLogMap)
    if document.has_errors or found is None:
        raise SettingsError([str(problem) for problem in sorted(document.problems)])
    return found


def suggested(names: Names, queues: str = "queues") -> str:
    """For a mapping, what there was: those that are ids of ours now, and those to be thought about.

    `queues`: the name of that section.
    """
    return _section(queues, names.met_queues, names.groups) + _section(
        "agents", names.met_agents, names.agents
    )


def _section(title: str, met: Mapping[str, str], known: Mapping[str, object]) -> str:
    lines = [f"{title}:" if met else f"{title}: {{}}"]
    for name, ours in sorted(met.items()):
        entry = yaml.safe_dump({name: ours}, allow_unicode=True, default_style='"', width=1000).strip()
        lines.append(
            f"  {entry}" if ours in known else f"  # {entry}   # not in the configuration: kept as it is"
        )
    return "\n".join(lines) + "\n"
