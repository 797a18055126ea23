"""Penalties, and rules that change them over time, as proficiencies and rings.

A member with a lower penalty is asked first: it has the higher proficiency and is in the inner ring. A rule
(`penaltychange => SECONDS,MAX,MIN,RAISE`) that lets in members with a higher penalty later is a ring that
opens then. Where no rule says when, each ring follows the one inside it by a second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acd.importing.conf import Entry, Section
from acd.importing.members import Member
from acd.importing.notes import Kind, Notes

BEST = 10
LATEST_S = 86_400
MOST_CHANGES = 100


@dataclass(frozen=True, slots=True)
class Ladder:
    """`levels`: penalty → proficiency; `least`: that of the inner ring; `rings` as groups.yml has them."""

    levels: dict[int, int]
    least: int
    rings: list[dict[str, Any]]


def ladder(skill: str, members: Sequence[Member], rule: Section | None, notes: Notes) -> Ladder:
    """For the members of one queue. Penalties that no rule ever lets in have no proficiency."""
    penalties = sorted({member.penalty for member in members})
    opens = _openings(penalties, rule, notes)
    let_in = [penalty for penalty in penalties if penalty in opens]
    for member in members:
        if member.penalty not in opens:
            text = f"the rule never lets in penalty {member.penalty}: the skill is left out"
            notes.add(member.entry.source, Kind.CHANGED, "member", text)
    levels = {penalty: max(1, BEST - place) for place, penalty in enumerate(let_in)}
    rings: list[dict[str, Any]] = []
    steps = sorted(set(levels.values()), reverse=True)
    for level in steps[1:]:
        opens_s = min(opens[penalty] for penalty in let_in if levels[penalty] == level)
        earliest = rings[-1]["after_s"] + 1 if rings else 1
        rings.append({"after_s": max(opens_s, earliest), "requires": {skill: level}})
    return Ladder(levels, steps[0] if rings else 1, rings)


def _openings(penalties: Sequence[int], rule: Section | None, notes: Notes) -> dict[int, int]:
    """Penalty → after how many seconds it may be asked; without a rule all may at once."""
    if rule is None or not rule.all("penaltychange") or not penalties:
        return dict.fromkeys(penalties, 0)
    entries = rule.all("penaltychange")
    if len(entries) > MOST_CHANGES:
        text = f"too many changes: the limit is {MOST_CHANGES}"
        notes.add(entries[MOST_CHANGES].source, Kind.ERROR, f"[{rule.name}]", text)
    changes = sorted(
        (c for e in entries[:MOST_CHANGES] if (c := _change(e, notes)) is not None), key=lambda c: c[0]
    )
    most = penalties[0]
    if not any(at_s == 0 for at_s, _, _ in changes):
        text = (
            "where this begins is said by the dialplan (QUEUE_MAX_PENALTY) and not known here: penalty"
            f" {most} is taken; correct `rings` in groups.yml if it is another one"
        )
        notes.add(rule.source, Kind.CHANGED, f"[{rule.name}]", text)
    opens = {penalty: 0 for penalty in penalties if penalty <= most}
    for at_s, change, relative in changes:
        most = most + change if relative else change
        for penalty in penalties:
            if penalty <= most or (not relative and change == 0):  # a limit of 0 is none
                opens.setdefault(penalty, at_s)
    return opens


def _change(entry: Entry, notes: Notes) -> tuple[int, int, bool] | None:
    """Seconds, the change to the highest penalty, and whether that is relative."""
    fields = [text.strip() for text in entry.value.split(",")]
    fields += [""] * (4 - len(fields))
    at, most, least, lifted = fields[:4]
    if not re.fullmatch(r"\d{1,6}", at) or int(at) > LATEST_S or not re.fullmatch(r"[+-]?\d{0,9}", most):
        text = "expected SECONDS,MAX with whole numbers such as 30,+3; this change is left out"
        notes.add(entry.source, Kind.LEFT_OUT, entry.key, text)
        return None
    if least:
        text = "rings only widen: agents of the inner rings stay, and are asked first when they are free"
        notes.add(entry.source, Kind.LEFT_OUT, f"{entry.key}, minimum", text)
    if lifted:
        text = "who is in an inner ring is asked first; give both the same proficiency to make them equal"
        notes.add(entry.source, Kind.LEFT_OUT, f"{entry.key}, raise", text)
    if not most.strip("+-"):
        return None
    return int(at), int(most), most[0] in "+-"
