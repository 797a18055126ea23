"""What a fault has cost: from what phones saw, from Asterisk's account and from the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from acd.records.record import CallRecord
from acd.telephony.cdr import Row
from bench.faults.load import SURE_S, Caller

AGREE_S = 1.0


@dataclass(frozen=True, slots=True)
class Books:
    """`problems`: a sentence for each record that is missing, too many or says something else."""

    missing: int
    differing: int
    problems: tuple[str, ...]

    @property
    def lost(self) -> int:
        """Of records, all in all."""
        return self.missing + self.differing


def compared(
    callers: Mapping[str, Caller], rows: Iterable[Row], records: Iterable[CallRecord], *, by_length: bool
) -> Books:
    """Each caller whom Asterisk took must be on record once, as Asterisk and the phones saw it.

    `by_length`: a clock was set, so that of times only their differences can be compared, with the caller's
    own watch.
    """
    legs: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["channel"].startswith("PJSIP/trunk-") and row["source"] in callers:
            legs[row["source"]].append(row)
    ours: dict[str, list[CallRecord]] = defaultdict(list)
    for record in records:
        if record.caller_number in callers:
            ours[record.caller_number].append(record)
    missing, problems = 0, []
    differing: set[str] = set()
    for number, caller in callers.items():
        if not legs[number] and not caller.reached_at:
            continue  # Asterisk never saw the caller
        expected = max(1, len({row["uniqueid"] for row in legs[number]}))
        if len(ours[number]) != expected:
            missing += 1
            problems.append(f"{number}: {len(ours[number])} records, {expected} expected")
            continue
        found = _says_otherwise(caller, legs[number], ours[number][0], by_length=by_length)
        if found:
            differing.add(number)
            problems += [f"{ours[number][0].call_id}: {text}{_story(ours[number][0])}" for text in found]
    return Books(missing, len(differing), tuple(problems))


def _story(record: CallRecord) -> str:
    """What is on record: each fact, and how many seconds after the call came."""
    began = record.started_at.timestamp()
    told = (
        f"{type(fact).__name__} {fact.at - began:.1f} {getattr(fact, 'agent', None) or ''}".rstrip()
        for fact in record.facts
    )
    return f" ({', '.join(told)})"


def _says_otherwise(caller: Caller, legs: Sequence[Row], record: CallRecord, *, by_length: bool) -> list[str]:
    found = []
    if record.ended_at is None:
        return ["it has not ended"]
    if _was_answered(caller) is not None and _was_answered(caller) != (record.answered_at is not None):
        seen = "answered" if caller.answered_at else "not answered"
        found.append(f"{seen} at the phones, not so on record")
    began, ended = record.started_at.timestamp(), record.ended_at.timestamp()
    if by_length:
        off = (ended - began) - (caller.ended_at - caller.dialled_at)
        if abs(off) > AGREE_S:
            found.append(f"{off:+.1f} s longer on record than at the caller's phone")
    elif legs:
        for what, ours_at, theirs_at in (
            ("begins", began, min(float(row["start"]) for row in legs)),
            ("ends", ended, max(float(row["end"]) for row in legs)),
        ):
            if abs(ours_at - theirs_at) > AGREE_S:
                found.append(f"{what} {ours_at - theirs_at:+.1f} s from Asterisk's account")
    return found


def _was_answered(caller: Caller) -> bool | None:
    """None: it is too close to tell."""
    if not caller.answered_at:
        return None if caller.was_let_go else False
    ended_at = caller.agent_left_at or caller.ended_at
    return True if ended_at - caller.answered_at > SURE_S else None
