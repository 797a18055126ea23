"""Asterisk's own account of calls: of those that ended, or came and went, while no controller watched.

It has a row for each talk and each attempt; what belongs together has our id of the call.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from acd.telephony.cdr_files import LINE_MAX, files, lines_since

_SECONDS = re.compile(r"\d+(\.\d+)?")
_PHONE_LEG = re.compile(r"^(?:PJSIP|Local)/(?P<phone>w?\d+)[-@]")
_AGENT_LEG = re.compile(r"^PJSIP/(?P<phone>w?\d+)-[0-9a-f]+$")
_MEMBER_LEG = re.compile(r"^Local/(?P<phone>\d+)@acd-member-[0-9a-f]+;2$")
_TRUNK_LEG = re.compile(r"^PJSIP/trunk-(?P<trunk>.+)-[0-9a-f]+$")
_DISPOSITIONS = frozenset({"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"})
LONGEST_S = 2 * 86_400.0
"""No call is longer: the account is in the order in which calls ended, and is read no further."""
BEYOND_MAX = 1000
"""So many lines that are too young, one after the other, tell that no more are wanted."""
TALK_IS_OVER = "over"
"""The extension of the dialplan that hangs up when the agent has."""
COLUMNS = (
    "call_id", "dialed", "uniqueid", "source", "destination", "channel", "dest_channel",
    "start", "answer", "end", "disposition", "group", "fell",
)  # fmt: skip
"""`fell`: when the caller came to the fallback queue; older rows do not have it."""

Row: TypeAlias = Mapping[str, str]


def read(line: str) -> Row | None:
    """A row of a call of ours, ended, and not cut short by a crash; None for anything else."""
    if len(line) > LINE_MAX:
        return None
    try:
        row = next(csv.reader([line]), [])
    except csv.Error:  # a bare carriage return where a torn line is joined to the next
        return None
    if len(row) == len(COLUMNS) - 1:
        row = [*row, ""]
    if len(row) != len(COLUMNS) or not row[0]:
        return None
    leg = dict(zip(COLUMNS, row, strict=True))
    if any(_SECONDS.fullmatch(leg[name]) is None for name in ("start", "answer", "end")):
        return None
    return leg if leg["disposition"] in _DISPOSITIONS and _is_moment_or_empty(leg["fell"]) else None


def _is_moment_or_empty(text: str) -> bool:
    return not text or _SECONDS.fullmatch(text) is not None


def ends_at(line: str) -> float | None:
    """When the leg of this line ended, Unix seconds; None: it is no row."""
    row = read(line)
    return None if row is None else float(row["end"])


def rows(path: Path) -> list[Row]:
    """All rows of the file, without those that were rotated away; [] when there is no file yet."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    # Line by line: a quote that a torn line left open must not swallow the rest of the file.
    return [row for line in text.split("\n") if (row := read(line)) is not None]


@dataclass(frozen=True, slots=True)
class Served:
    """Who answered: the phone, and when, in Unix seconds."""

    phone: str
    at: float


@dataclass(frozen=True, slots=True)
class Ends:
    """Of calls that are gone, by call id: when the last leg ended, in Unix seconds, and the member of the
    fallback queue who answered last. `by_agent`: those that the dialplan ended when the agent had hung up.
    `answered`: the phone of an agent that was dialled last, but by that queue, where that one was answered.
    `whole`: those with a row of another channel than a member's, whose attempts are over before the call.
    """

    at: dict[str, float] = field(default_factory=dict)
    served: dict[str, Served] = field(default_factory=dict)
    by_agent: set[str] = field(default_factory=set)
    answered: dict[str, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)

    def add(self, others: Ends) -> None:
        """What is told of other calls."""
        self.at.update(others.at)
        self.served.update(others.served)
        self.by_agent.update(others.by_agent)
        self.answered.update(others.answered)
        self.whole.update(others.whole)


def ends(path: Path, calls: Collection[str], since: float) -> Ends:
    """What Asterisk tells of these calls, none of which ended before `since`, Unix seconds."""
    found, wanted = Ends(), frozenset(calls)
    dialled: dict[str, Row] = {}
    for line in lines_since(path, since, ends_at):
        if line[1:].partition('"')[0] not in wanted or (row := read(line)) is None:
            continue
        call_id = row["call_id"]
        found.at[call_id] = max(float(row["end"]), found.at.get(call_id, 0.0))
        if not _MEMBER_LEG.match(row["channel"]):
            found.whole.add(call_id)
        if (served := _member_answered(row)) is not None:
            found.served[call_id] = served
        if row["destination"] == TALK_IS_OVER:
            found.by_agent.add(call_id)
        is_ours = _AGENT_LEG.match(row["dest_channel"]) and not _MEMBER_LEG.match(row["channel"])
        if is_ours and row["start"] >= dialled.get(call_id, row)["start"]:
            dialled[call_id] = row
    for call_id, row in dialled.items():
        match = _AGENT_LEG.match(row["dest_channel"])
        if match is not None and _answered(row):
            found.answered[call_id] = match["phone"]
    return found


def _member_answered(row: Row) -> Served | None:
    """A member's own leg tells when the member answered; the caller's is answered before, for the music."""
    match = _MEMBER_LEG.match(row["channel"])
    return Served(match["phone"], float(row["answer"])) if match and _answered(row) else None


def _answered(row: Row) -> bool:
    return row["disposition"] == "ANSWERED" and float(row["answer"]) > 0


@dataclass(frozen=True, slots=True)
class OutsideLeg:
    """A number outside that was dialled over a trunk; times in Unix seconds, `answered_at` None: in vain."""

    trunk: str
    at: float
    answered_at: float | None


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call as Asterisk saw it; times in Unix seconds.

    `trunk` brought it, or `phone` dialled it; the other is ''. `answered_at`: when the caller first heard
    something else than ringing, be it music or an agent; None: never. `group`: the skill group whose line it
    stood in last, '' if none is known. `served`: the phone that answered first; where the controller had it
    dialled, `at` may be when it began to ring. `fell_at`: when the fallback queue had the caller first; None:
    never, as far as known. `by_agent`: the agent had hung up, and nothing was to follow.
    """

    call_id: str
    caller_number: str
    dialed_number: str
    started_at: float
    answered_at: float | None
    ended_at: float
    group: str
    served: Served | None
    trunk: str = ""
    phone: str = ""
    fell_at: float | None = None
    by_agent: bool = False
    outside: tuple[OutsideLeg, ...] = ()


def ids_of(lines: Iterable[str], since: float, until: float) -> set[str]:
    """The ids in these lines of which a row began in [since, until), Unix seconds: what is known of the calls
    themselves would not fit into memory for many days.
    """
    return {
        row["call_id"]
        for line in lines
        if (row := read(line)) is not None and since <= float(row["start"]) < until
    }


def calls_of(lines: Iterable[str], wanted: Container[str] | None = None) -> dict[str, CallSeen]:
    """The calls of these lines, by call id; what phones dial to log in and the like is none.

    `wanted`: only those.
    """
    legs: dict[str, list[Row]] = {}
    for line in lines:
        if wanted is not None and line[1:].partition('"')[0] not in wanted:
            continue
        if (row := read(line)) is not None:
            legs.setdefault(row["call_id"], []).append(row)
    calls = {call_id: _call(call_id, of_call) for call_id, of_call in legs.items()}
    return {call_id: call for call_id, call in calls.items() if call is not None}


def lines_between(path: Path, since: float, until: float) -> Iterator[str]:
    """The lines of calls that began in [since, until), Unix seconds, and of others of about that time."""
    beyond = 0
    for line in lines_since(path, since, ends_at):
        at = ends_at(line)
        beyond = beyond + 1 if at is not None and at >= until + LONGEST_S else 0
        if beyond == BEYOND_MAX:  # not at the first: a clock may have been wrong for a while
            return
        yield line


def is_there(path: Path) -> bool:
    """Whether Asterisk has written any account, or one that was rotated away."""
    return bool(files(path))


def _call(call_id: str, all_legs: list[Row]) -> CallSeen | None:
    own = [leg for leg in all_legs if _TRUNK_LEG.match(leg["channel"])]
    trunk = phone = ""
    if own:
        trunk = _trunk_of(own[0]["channel"])
    else:
        own = [leg for leg in all_legs if leg["channel"].startswith("PJSIP/") and _dialled(leg)]
        if not own or own[0]["dialed"].startswith("*"):
            return None
        phone = _dialled(own[0])
    members = [served for leg in all_legs if (served := _member_answered(leg)) is not None]
    dialled = [
        Served(match["phone"], float(leg["answer"]))
        for leg in own
        if _answered(leg) and (match := _PHONE_LEG.match(leg["dest_channel"]))
    ]
    groups = [leg["group"] for leg in own if leg["group"]]
    answers = [float(leg["answer"]) for leg in own if float(leg["answer"]) > 0]
    return CallSeen(
        call_id=call_id,
        caller_number=own[0]["source"],
        dialed_number=own[0]["dialed"],
        started_at=min(float(leg["start"]) for leg in own),
        answered_at=min(answers, default=None),
        ended_at=max(float(leg["end"]) for leg in own),
        group=groups[-1] if groups else "",
        served=min(members or dialled, key=lambda served: served.at, default=None),
        trunk=trunk,
        phone=phone,
        fell_at=_fell_at(own, all_legs),
        by_agent=any(leg["destination"] == TALK_IS_OVER for leg in own),
        outside=tuple(_outside(leg) for leg in own if _TRUNK_LEG.match(leg["dest_channel"])),
    )


def _fell_at(own: list[Row], all_legs: list[Row]) -> float | None:
    """As the dialplan has noted it; else when it tried the first member."""
    fell = [float(leg["fell"]) for leg in own if leg["fell"]]
    tried = [float(leg["start"]) for leg in all_legs if _MEMBER_LEG.match(leg["channel"])]
    return min(fell or tried, default=None)


def _trunk_of(channel: str) -> str:
    match = _TRUNK_LEG.match(channel)
    return match["trunk"] if match else ""


def _dialled(leg: Row) -> str:
    match = _PHONE_LEG.match(leg["channel"])
    return match["phone"] if match else ""


def _outside(leg: Row) -> OutsideLeg:
    answered_at = float(leg["answer"]) if _answered(leg) else None
    return OutsideLeg(_trunk_of(leg["dest_channel"]), float(leg["start"]), answered_at)
