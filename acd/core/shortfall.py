"""Which part of a requirement somebody's skills fail, in words."""

from __future__ import annotations

from collections.abc import Mapping

from acd.core.formula import parse_kept, split
from acd.core.requirement import Requirement


def shortfall(requirement: Requirement, skills: Mapping[str, int]) -> tuple[str, ...]:
    """`english >= 5 (has 3)` for each part that does not hold; empty for who may take the call.

    Of parts that have to hold together only those that fail are named; of alternatives, all.
    """
    if requirement.admits(skills):
        return ()
    if len(alternatives := split(requirement.text, "or")) > 1:
        return (_with_values(" or ".join(alternatives), skills),)
    parts = split(requirement.text, "and")
    if len(parts) == 1:
        return (_with_values(parts[0], skills),)
    found = (line for part in parts for line in shortfall(Requirement.kept(part), skills))
    return tuple(dict.fromkeys(found))


def _with_values(text: str, skills: Mapping[str, int]) -> str:
    names = list(dict.fromkeys(compared.name for compared in parse_kept(text).compared))
    if len(names) == 1:
        return f"{text} (has {skills.get(names[0], 0)})"
    return f"{text} (has {', '.join(f'{name} {skills.get(name, 0)}' for name in names)})"
