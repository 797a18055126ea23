"""Whether Asterisk's account and the records tell the same of calls. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.core.facts import CallKind
from acd.records.outlines import Outline
from acd.telephony.cdr import CallSeen

AGREE_S = 1.0


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: begin, answer or end; `by_s`: so much later on record than in Asterisk's account."""

    call_id: str
    what: str
    by_s: float


@dataclass(slots=True)
class Agreement:
    """What a comparison has found; call ids.

    `seen`: the calls of Asterisk's account. `part_of_another`: consultations whose call has become that of
    the customer. `going_on`: known to the controller and not written yet. `unseen`: on record, and not in
    Asterisk's account.
    """

    seen: dict[str, CallSeen] = field(default_factory=dict)
    on_record: set[str] = field(default_factory=set)
    part_of_another: set[str] = field(default_factory=set)
    going_on: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "calls": len(self.seen),
            "on_record": len(self.on_record),
            "part_of_another_call": len(self.part_of_another),
            "going_on": len(self.going_on),
            "missing": self.missing,
            "differences": [
                {"call_id": d.call_id, "what": d.what, "by_s": round(d.by_s, 3)} for d in self.differences
            ],
            "not_in_asterisks_account": self.unseen,
        }


def compare(
    seen: Mapping[str, CallSeen],
    known: Mapping[str, Outline],
    part_of_another: Collection[str],
    going_on: Collection[str],
    on_record: Collection[str] = (),
) -> Agreement:
    """`known`: of those seen the ones on record; `on_record`: all of the period, for `Agreement.unseen`."""
    found = Agreement(seen=dict(seen))
    for call_id, call in seen.items():
        outline = known.get(call_id)
        if outline is not None:
            found.on_record.add(call_id)
            found.differences += differences(call, outline)
        elif call_id in going_on:
            found.going_on.add(call_id)
        elif call_id in part_of_another:
            found.part_of_another.add(call_id)
        else:
            found.missing.append(call_id)
    found.unseen = sorted(call_id for call_id in on_record if call_id not in seen and call_id not in known)
    return found


def differences(call: CallSeen, outline: Outline) -> list[Difference]:
    """By more than AGREE_S.

    The end of a call that an agent has dialled is not compared: the agent may leave it to those two who
    talk, and it goes on with the leg of one of them, which Asterisk accounts for elsewhere.
    """
    offs = {"begin": outline.started_at.timestamp() - call.started_at, "answer": _answer_off(call, outline)}
    if outline.ended_at is None:
        offs["end"] = -call.ended_at
    elif outline.kind is CallKind.INBOUND:
        offs["end"] = outline.ended_at.timestamp() - call.ended_at
    return [Difference(call.call_id, what, by_s) for what, by_s in offs.items() if abs(by_s) > AGREE_S]


def _answer_off(call: CallSeen, outline: Outline) -> float:
    """A flow answers when it takes the caller. Elsewhere music may come before the agent, never later."""
    if outline.kind is not CallKind.INBOUND:
        return 0.0
    if outline.flow_at is not None:
        at = outline.flow_at.timestamp()
        return at - (call.answered_at if call.answered_at is not None else 0.0)
    if outline.answered_at is None:
        return 0.0
    at = outline.answered_at.timestamp()
    return min(0.0, at - call.answered_at) if call.answered_at is not None else at
