"""Whether Asterisk's account and the records tell the same of calls. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.core.facts import CallKind
from acd.records.outlines import Outline
from acd.telephony.cdr import CallSeen

AGREE_S = 1.0
KEPT = 50
"""So many calls can be shown with what Asterisk knows of them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: begin, answer or end; `by_s`: so much later on record than in Asterisk's account.

    Of an answer of which Asterisk knows nothing: how long the call went on after it.
    """

    call_id: str
    what: str
    by_s: float


@dataclass(slots=True)
class Agreement:
    """What a comparison has found: how many calls, and the ids of those that differ.

    `seen`: the calls of Asterisk's account. `part_of_another`: consultations whose call has become that of
    the customer. `going_on`: known to the controller and not written yet. `unseen`: on record, and not in
    Asterisk's account. `shown`: the first KEPT of those that differ, as Asterisk saw them.
    """

    seen: int = 0
    on_record: int = 0
    part_of_another: int = 0
    going_on: int = 0
    missing: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    shown: dict[str, CallSeen] = field(default_factory=dict)

    def add(
        self,
        seen: Mapping[str, CallSeen],
        known: Mapping[str, Outline],
        part_of_another: Collection[str],
        going_on: Collection[str],
    ) -> None:
        """Some more of the calls of Asterisk's account. `known`: those of them that are on record."""
        self.seen += len(seen)
        for call_id, call in seen.items():
            outline = known.get(call_id)
            if outline is not None:
                self.on_record += 1
                differing = differences(call, outline)
                self.differences += differing
                self._show(call_id, call, differs=bool(differing))
            elif call_id in going_on:
                self.going_on += 1
            elif call_id in part_of_another:
                self.part_of_another += 1
            else:
                self.missing.append(call_id)
                self._show(call_id, call, differs=True)

    def _show(self, call_id: str, call: CallSeen, *, differs: bool) -> None:
        if differs and len(self.shown) < KEPT:
            self.shown[call_id] = call

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "calls": self.seen,
            "on_record": self.on_record,
            "part_of_another_call": self.part_of_another,
            "going_on": self.going_on,
            "missing": self.missing,
            "differences": [
                {"call_id": d.call_id, "what": d.what, "by_s": round(d.by_s, 3)} for d in self.differences
            ],
            "not_in_asterisks_account": self.unseen,
        }


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
    """A flow answers when it takes the caller. Elsewhere music may come before the agent, never later.

    A caller who hangs up in the moment of the answer has none in Asterisk's account.
    """
    answered_at = outline.flow_at or outline.answered_at
    if outline.kind is not CallKind.INBOUND or answered_at is None:
        return 0.0
    at = answered_at.timestamp()
    if call.answered_at is None:
        return max(0.0, call.ended_at - at)
    return at - call.answered_at if outline.flow_at is not None else min(0.0, at - call.answered_at)
