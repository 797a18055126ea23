"""What an import writes: the files of a configuration, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from acd.errors import OperatorError
from acd.importing.notes import Notes
from acd.importing.translate import Imported
from acd.settings.problems import shown, shown_file

NOTES_FILE = "import-notes.txt"
FLOWS_FOLDER = "flows"
FIRST_NUMBER = 8001


def contents(found: Imported, rest: Mapping[str, Any], notes: Notes, source: str) -> dict[str, str]:
    """By file name; `rest`: of agents.yml, beside its agents. Those of `frame` are for an empty folder."""
    head = f"# Made from {shown(source, longest=200)} by 'acd import'; what changed is in {NOTES_FILE}.\n\n"
    skills = {**rest.get("skills", {}), **found.skills}
    agents = {"skills": skills, **{k: v for k, v in rest.items() if k != "skills"}, "agents": found.agents}
    groups = "groups:\n" + "".join(_group(group_id, found) for group_id in found.groups)
    return {
        "groups.yml": head + groups,
        "agents.yml": head + _yaml(agents),
        NOTES_FILE: _notes(notes),
    }


def frame(found: Imported) -> dict[str, str]:
    """What else a configuration needs; written only where it is missing."""
    taken = {agent["extension"] for agent in found.agents.values()}
    free = (str(number) for number in range(FIRST_NUMBER, FIRST_NUMBER + 100_000) if str(number) not in taken)
    numbers = {next(free): {"group": group_id} for group_id in found.groups}
    system = {"system": {"name": "Imported centre", "timezone": "UTC"}, "missed_rings": found.missed_rings}
    return {
        "system.yml": "# The time zone of the centre is to be set, such as Europe/Berlin.\n\n"
        + _yaml(system),
        "numbers.yml": "# Give each group the number that callers dial, or lead it into a flow.\n\n"
        + _yaml({"numbers": numbers}),
        "trunks.yml": "# See 'Connecting a provider' in docs/operations.md.\n\n" + _yaml({"trunks": {}}),
    }


def write(folder: Path, new: Mapping[str, str], missing: Mapping[str, str], *, force: bool) -> list[str]:
    """Writes `new`, and of `missing` what is not there; the names written. Nothing if one may not be.

    A folder for flows is made, too: those of another configuration lead to groups that this one lacks.

    Raises OperatorError for a file that is there already, without `force`, and for a folder that takes none.
    """
    there = [name for name in new if (folder / name).exists() or (folder / name).is_symlink()]
    if there and not force:
        raise OperatorError(
            f"{shown_file(folder)} has {', '.join(there)} already: name another folder by --out,"
            " or write over them with --force"
        )
    wanted = {**{n: t for n, t in missing.items() if not (folder / n).exists()}, **new}
    ready: list[tuple[Path, Path]] = []
    try:
        (folder / FLOWS_FOLDER).mkdir(parents=True, exist_ok=True)
        for name, text in wanted.items():
            part = folder / f".{name}.{os.getpid()}.part"
            ready.append((part, folder / name))
            part.write_text(text, encoding="utf-8")
        for part, file in ready:
            part.replace(file)
    except OSError as error:
        for part, _ in ready:
            part.unlink(missing_ok=True)
        raise OperatorError(f"cannot write to {shown(str(folder), longest=200)}: {error.strerror}") from error
    return list(wanted)


def _notes(notes: Notes) -> str:
    lines = [str(note) for note in notes.in_order()]
    lines += [f"and {notes.more} more that changed or were left out"] if notes.more else []
    return "".join(f"{line}\n" for line in lines) or "nothing changed, and nothing was left out\n"


def _group(group_id: str, found: Imported) -> str:
    body = "".join(f"  {line}\n" for line in _yaml({group_id: found.groups[group_id]}).splitlines())
    return f"  # {shown(found.comments[group_id], longest=300)}\n{body}\n"


def _yaml(data: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        dict(data), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return text
