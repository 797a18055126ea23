"""Rows of any system's call list as facts of calls. Pure.

A row is one visit of a group's line. Rows of the same call, one below the other, are one call with several
visits: it was transferred.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.core.facts import (
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    Held,
    LeftBy,
    LeftLine,
    Queued,
    Resumed,
    Transferred,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.imports.csv_map import CsvMap
from acd.imports.durations import LONGEST_S, TOLERANCE_S
from acd.imports.names import Names
from acd.imports.refusals import Impossible, Place

FUTURE_S = 86_400
EARLIEST = 0.0
_DECIMAL = re.compile(r"-?[0-9]{1,14}([.,][0-9]{1,9})?")
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{1,2}(?:\.[0-9]{1,9})?)")


@dataclass(frozen=True, slots=True)
class Times:
    """What became of a visit (`outcome` as in the mapping), and when: Unix time, and seconds."""

    outcome: str
    queued_at: float
    wait_s: float
    talk_s: float = 0.0
    hold_s: float = 0.0
    wrap_up_s: float = 0.0

    @property
    def left_at(self) -> float:
        """When the caller was out of the line and out of the talk."""
        return self.queued_at + self.wait_s + self.talk_s + self.hold_s


@dataclass(frozen=True, slots=True)
class Row:
    """One visit of the call of this id."""

    call: str
    place: Place
    times: Times
    group: str
    agent: str
    number: str
    name: str
    dialed: str
    ended_by: EndedBy


class RowReader:
    """Reads rows by a mapping. `now`: Unix time, for moments of the future."""

    def __init__(self, mapping: CsvMap, names: Names, now: float) -> None:
        self._mapping = mapping
        self._names = names
        self._latest = now + FUTURE_S
        self._zone = ZoneInfo(mapping.times.zone)
        self._columns = {key: name for key, name in mapping.columns.model_dump().items() if name is not None}
        self._outcomes = {word.casefold(): what for word, what in mapping.outcomes.items()}
        self._nobody = {word.casefold() for word in (*mapping.nobody, "")}
        self._agent_ends = {word.casefold() for word in mapping.ended_by_agent}

    def missing(self, headings: Sequence[str]) -> list[str]:
        """Columns that the mapping names and the list does not have."""
        return sorted(set(self._columns.values()) - set(headings))

    def read(self, row: Mapping[str, str], place: Place) -> Row | None:
        """The visit; None for a row that is to be ignored. Raises Impossible."""
        said = {key: row[name].strip() for key, name in self._columns.items()}
        if not said["call"]:
            raise Impossible("a call without an id")
        outcome = self._outcome(said)
        if outcome == "ignore":
            return None
        agent = said.get("agent", "")
        agent = "" if agent.casefold() in self._nobody else self._names.agent(agent)
        times = self._times(said, agent, outcome)
        return Row(
            said["call"],
            place,
            times,
            self._group(said),
            agent if times.outcome == "answered" else "",
            said.get("number", ""),
            said.get("name", ""),
            said.get("dialed", ""),
            EndedBy.AGENT if said.get("ended_by", "").casefold() in self._agent_ends else EndedBy.CALLER,
        )

    def _times(self, said: Mapping[str, str], agent: str, outcome: str) -> Times:
        start, answered = self._moment(said, "start"), self._moment(said, "answered")
        if start is None:
            raise Impossible("no start")
        ended, wait_s, talk_s = (
            self._moment(said, "ended"),
            self._length(said, "wait"),
            self._length(said, "talk"),
        )
        queued_at = start
        if self._mapping.times.start_is == "answered":
            queued_at = start - (wait_s or 0.0)
        if not outcome:
            outcome = "answered" if agent and (answered is not None or talk_s) else "abandoned"
        whole_s = self._length(said, "whole")
        if ended is None and whole_s is not None:
            ended = queued_at + whole_s
        if wait_s is None:
            until = answered or self._answered_before(said, talk_s, ended) if outcome == "answered" else ended
            wait_s = None if until is None else _between(queued_at, until, "wait")
        if outcome != "answered":
            if wait_s is None:
                raise Impossible(
                    "no wait", "not answered, and when the caller was out of the line is not said"
                )
            times = Times(outcome, queued_at, wait_s)
        else:
            if not agent:
                raise Impossible("answered by nobody", "answered, but no agent is named")
            if wait_s is None:
                raise Impossible("no wait", "answered, but when is not said")
            hold_s = self._length(said, "hold") or 0.0
            talk_s = self._talk(talk_s, hold_s, queued_at + wait_s, ended)
            times = Times(outcome, queued_at, wait_s, talk_s, hold_s, self._length(said, "wrap_up") or 0.0)
        if ended is not None and times.left_at > ended + TOLERANCE_S:
            raise Impossible("end before start", "end before start: it lasts longer than its end says")
        if max(times.left_at - queued_at, times.wrap_up_s) > LONGEST_S:
            raise Impossible("longer than a week")
        return times

    def _answered_before(
        self, said: Mapping[str, str], talk_s: float | None, ended: float | None
    ) -> float | None:
        """So long before the end as the talk and the hold were."""
        if talk_s is None or ended is None:
            return None
        hold_s = 0.0 if self._mapping.talk_includes_hold else self._length(said, "hold") or 0.0
        return ended - talk_s - hold_s

    def _talk(self, said_s: float | None, hold_s: float, begin: float, ended: float | None) -> float:
        """Without the hold."""
        talk_s = said_s
        if talk_s is None:
            if ended is None:
                raise Impossible("no talk", "answered, but for how long is not said")
            talk_s = _between(begin, ended, "talk") - hold_s
        elif self._mapping.talk_includes_hold:
            talk_s -= hold_s
        if talk_s < 0:
            raise Impossible("end before start", "end before start: the hold is longer than the talk")
        return talk_s

    def _outcome(self, said: Mapping[str, str]) -> str:
        if "outcome" not in said:
            return ""
        word = said["outcome"]
        try:
            return self._outcomes[word.casefold()]
        except KeyError:
            raise Impossible(
                "unknown outcome", f"unknown outcome '{word}': name it under `outcomes:`"
            ) from None

    def _group(self, said: Mapping[str, str]) -> str:
        if said.get("group"):
            return self._names.group(said["group"])
        if self._mapping.group is None:
            raise Impossible("no group")
        return self._mapping.group

    def _moment(self, said: Mapping[str, str], key: str) -> float | None:
        text = said.get(key, "")
        if not text:
            return None
        try:
            at = self._parsed(text)
        except Impossible:
            raise
        except (ValueError, OverflowError):
            raise Impossible(
                f"{key} is no moment", f"{key} is no moment in this form: '{text[:60]}'"
            ) from None
        if at > self._latest:
            raise Impossible("in the future")
        if at <= EARLIEST:
            raise Impossible("before 1970")
        return at

    def _parsed(self, text: str) -> float:
        form = self._mapping.times.format
        if form in ("unix", "unix_ms"):
            if not _DECIMAL.fullmatch(text):
                raise ValueError(text)
            return float(text) / (1000 if form == "unix_ms" else 1)
        moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
        if moment.tzinfo is not None:
            return moment.timestamp()
        local = moment.replace(tzinfo=self._zone)
        if local.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != moment:
            raise Impossible(
                "no such time", f"no such time in {self._zone}: the clock skips it, '{text[:60]}'"
            )
        return local.timestamp()

    def _length(self, said: Mapping[str, str], key: str) -> float | None:
        text = said.get(key, "")
        if not text:
            return None
        what = key.replace("_", "-")
        if text.startswith("-"):
            raise Impossible(f"negative {what}", f"the {what} is negative: {text[:60]}")
        unit = self._mapping.times.durations
        if unit == "h:m:s":
            found = _CLOCK.fullmatch(text)
            if found is None:
                raise Impossible(f"{what} is no duration", f"the {what} is no duration: '{text[:60]}'")
            hours, minutes, seconds = found.groups()
            return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
        if not _DECIMAL.fullmatch(text):
            raise Impossible(f"{what} is no number", f"the {what} is no number: '{text[:60]}'")
        return round(float(text.replace(",", ".")) * {"s": 1.0, "ms": 0.001, "min": 60.0}[unit], 3)


def _between(begin: float, end: float, what: str) -> float:
    if end < begin:
        raise Impossible("end before start", f"end before start: the {what} would be {end - begin:.0f} s")
    return round(end - begin, 3)


def facts_of(rows: Sequence[Row]) -> list[Fact]:
    """The call that these visits, in order, are of."""
    first, last = rows[0], rows[-1]
    at = first.times.queued_at
    facts: list[Fact] = [Arrived(at, CallKind.INBOUND, first.number, first.name, first.dialed)]
    for row in rows:
        times = row.times
        facts.append(Queued(max(at, times.queued_at), row.group))
        at = max(at, times.queued_at + times.wait_s)
        if times.outcome == "answered":
            facts.append(Answered(at, row.agent))
            if times.hold_s:
                facts += [Held(at), Resumed(at + times.hold_s)]
            at += times.talk_s + times.hold_s
            if row is not last:
                facts.append(Transferred(at, row.agent, "", "blind"))
        elif row is not last or times.outcome == "left":
            facts.append(LeftLine(at, row.group, LeftBy.TIMEOUT))
    ended_by = {"left": EndedBy.UNKNOWN, "abandoned": EndedBy.CALLER}.get(last.times.outcome, last.ended_by)
    facts.append(Ended(at, ended_by))
    for row in rows:
        if row.times.wrap_up_s:
            since = row.times.left_at
            facts += [WrapUpStarted(since, row.agent), WrapUpEnded(since + row.times.wrap_up_s, row.agent)]
    return sorted(facts, key=lambda fact: fact.at)  # stable: but for after-call work they are in order


def as_call(rows: Sequence[Row], prefix: str) -> tuple[str, list[Fact], Place]:
    """What is to be brought into the records. Raises Impossible for visits that overlap."""
    in_order = sorted(rows, key=lambda row: row.times.queued_at)
    for before, after in itertools.pairwise(in_order):
        if after.times.queued_at < before.times.left_at - TOLERANCE_S:
            raise Impossible(
                "visits overlap",
                f"visits overlap: the one of line {after.place.line} begins before this one ends",
            )
    return prefix + rows[0].call, facts_of(in_order), in_order[0].place
