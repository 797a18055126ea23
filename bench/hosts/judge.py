"""What must hold at the end, whatever was cut: of leaders, of calls and agents, of records."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from acd.journal.replay import steps_of
from acd.telephony.cdr import Row
from bench.centre import agent_of
from bench.faults.load import Caller
from bench.hosts.centre import HOST_OF
from bench.hosts.kinds import Window
from bench.hosts.load import Ring
from bench.hosts.merged import Term
from bench.hosts.network import HOSTS

LEADS = "this controller leads"
OFFERED_WITHIN_S = 5.0
"""Between a decision to ring and the phone's first ring."""
REPEATED_S = 35.0
"""So long SIP repeats a ring that was not answered; what a cut has swallowed may come so late."""
GIVEN_UP_S, GIVEN_UP_RACE_S = 32.0, 1.0
"""After so long SIP gives up what was not answered, and the call with it: RFC 3261 17.1.1.2, 13.3.1.4."""
SAID_AGAIN_S = 5.0
"""At most so long after a cut SIP says again what was not answered, RFC 3261 17.1.2.2 (T2 is 4 s)."""
LEADS_WITHIN_S = 15.0
"""After a blow, also where the other host is cut off."""
RACE_S = 0.3
TOLD_WITHIN_S = 1.0
"""A ring that is said again, and was given up, is taken back as soon as the phone has answered."""
_PHONE = re.compile(r"^(?:PJSIP|Local)/(?P<phone>\d+)[-@]")


@dataclass(frozen=True, slots=True)
class Offers:
    """Of the merged journal: when each agent was given each call, by any leader."""

    at: Mapping[tuple[str, str], list[float]]

    def since(self, ring: Ring, moment: float) -> int:
        """How often a leader has decided it after this moment."""
        moments = self.at.get((agent_of(ring.phone), ring.caller), [])
        return sum(moment < at <= ring.at + RACE_S for at in moments)

    def made(self, ring: Ring) -> bool:
        """Whether a leader has decided it, rather than a node's own queue."""
        moments = self.at.get((agent_of(ring.phone), ring.caller), [])
        where = bisect_left(moments, ring.at - OFFERED_WITHIN_S)
        return where < len(moments) and moments[where] <= ring.at + RACE_S


@dataclass(frozen=True, slots=True)
class LegEnds:
    """Of Asterisk's own account: when each phone's legs of each caller's call ended there, in order."""

    at: Mapping[tuple[str, str], list[float]]

    def of(self, ring: Ring) -> float | None:
        """When this one did; None: Asterisk does not know of an end."""
        moments = self.at.get((ring.phone, ring.caller), [])
        where = bisect_left(moments, ring.at - RACE_S)
        return moments[where] if where < len(moments) else None


def leg_ends(rows: Iterable[Row]) -> LegEnds:
    """By phone and caller's number, of all nodes."""
    moments: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        if (match := _PHONE.match(row["dest_channel"])) is not None:
            moments[match["phone"], row["source"]].append(float(row["end"]))
    return LegEnds({key: sorted(at) for key, at in moments.items()})


def offers_of(found: Iterable[Term]) -> Offers:
    """By agent and caller's number."""
    numbers: dict[str, str] = {}
    moments: dict[tuple[str, str], list[float]] = defaultdict(list)
    for term in found:
        for step in steps_of(term.file):
            event = step.told.get("event", {})
            if event.get("is") == "CallArrived":
                numbers[event["call_id"]] = event["caller_number"]
            for call in step.told.get("restored", {}).get("calls", ()) if "restored" in step.told else ():
                numbers[call["id"]] = call["caller_number"]
            for command in step.outcome.get("did", ()):
                if command["is"] == "Offer":
                    number = numbers.get(command["call_id"], command["call_id"])
                    moments[command["agent"], number].append(step.at)
    return Offers({key: sorted(at) for key, at in moments.items()})


@dataclass(frozen=True, slots=True)
class Led:
    """A controller began to lead, as its log has it."""

    at: float
    name: str
    fence: int


def led(logs: Iterable[Path]) -> list[Led]:
    """All beginnings, in the order of time."""
    found = []
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if LEADS in line and line.startswith("{"):
                told = json.loads(line)
                if told["event"] == LEADS:
                    at = datetime.fromisoformat(told["timestamp"]).timestamp()
                    found.append(Led(at, told["controller"], told["fence"]))
    return sorted(found, key=lambda each: each.at)


def fences_that_do_not_grow(found: Sequence[Led]) -> list[str]:
    """A sentence for each leader whose number is not greater than all before."""
    out, highest = [], 0
    for each in found:
        if each.fence <= highest:
            out.append(f"{each.name} led under number {each.fence}, but {highest} had been given before")
        highest = max(highest, each.fence)
    return out


@dataclass(slots=True)
class Verdict:
    """`problems` must be none.

    `by_queue`: rings by a node's own queue of a phone that was busy at the other node; `cut_rings`: rings of
    a phone that had not been told of the end of its last call; `glares`: answers to rings that had been taken
    back, which ended at once. `caused_at`: when what cut off the caller of this number began.
    """

    problems: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    caused_at: dict[str, float] = field(default_factory=dict)
    by_queue: int = 0
    cut_rings: int = 0
    glares: int = 0


def leaderless(windows: Iterable[Window], leads: Sequence[Led]) -> list[Window]:
    """From a blow to the leader until another one leads nobody knows of any node: each is as if cut off.

    A blow to one that led no more, of which the run did not know yet, is none. LEADS_WITHIN_S is the most.
    """
    out = []
    for window in windows:
        last = max((led for led in leads if led.at <= window.began), key=lambda led: led.at, default=None)
        if window.what == "leader" and last is not None and HOST_OF[last.name] == window.host:
            latest = window.ended + LEADS_WITHIN_S
            until = min((led.at for led in leads if led.at > window.began), default=latest)
            out += [Window("between", host, window.began, min(until, latest)) for host in HOSTS]
    return out


class Excuses:
    """What was cut off or dead, and when."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = windows

    def path_in(self, node: str, began: float, ended: float) -> Window | None:
        """The cut of the phones' way to this node in this time, or so shortly before that SIP says again."""
        return self._last("path", node, began, ended, SAID_AGAIN_S)

    def path(self, node: str, ended: float) -> Window | None:
        """The cut of the phones' way to this node that may have ended a call there then.

        It was there, or so shortly before that SIP says again what it swallowed; or it swallowed all that was
        repeated from some moment in it on, until it was given up just then.
        """
        begun = ended - GIVEN_UP_S
        return self.path_in(node, ended, ended) or self._last(
            "path", node, begun - GIVEN_UP_RACE_S, begun + GIVEN_UP_RACE_S, 0.0
        )

    def swallowed(self, node: str, ended: float, at: float) -> bool:
        """Whether a phone was not told before `at` of what ended at this node then."""
        cut = self._last("path", node, ended, ended, 0.0)
        return cut is not None and self._last("path", node, at, at, SAID_AGAIN_S) is not None

    def never_told(self, node: str, since: float, at: float) -> bool:
        """Whether the way was cut anew just after `since`, so that a phone heard nothing until about `at`."""
        cut = self._last("path", node, since, since + TOLD_WITHIN_S, 0.0)
        return cut is not None and cut.began <= at <= cut.ended + SAID_AGAIN_S

    def path_until(self, node: str, at: float) -> float | None:
        """When the last cut of the phones' way to this node ended, of which SIP may repeat something yet."""
        ends = (
            w.ended
            for w in self._windows
            if w.what == "path" and w.host == node and w.ended <= at <= w.ended + REPEATED_S
        )
        return max(ends, default=None)

    def dead(self, node: str, began: float, ended: float) -> Window | None:
        """When the node's Asterisk did not run at some moment of this time."""
        return self._last("dead", node, began, ended, 5.0)

    def apart(self, node: str, began: float, ended: float) -> Window | None:
        """When the leader may not have known the node then."""
        return self._last("between", node, began, ended, 15.0)

    def _last(self, what: str, node: str, began: float, ended: float, after_s: float) -> Window | None:
        found = (
            w
            for w in self._windows
            if w.what == what and w.host == node and w.began <= ended and began <= w.ended + after_s
        )
        return max(found, key=lambda w: w.began, default=None)


def judge_rings(
    rings: Sequence[Ring], offers: Offers, ends: LegEnds, excuses: Excuses, pulse: Sequence[float]
) -> Verdict:
    """No phone is rung by two calls at once, no caller is with two agents.

    `pulse`: moments at which leaders changed; a node's own queue serves around them.
    """
    judge = _RingJudge(offers, ends, excuses, pulse)
    for ring in rings:
        judge.take(ring)
    by_caller: dict[str, list[Ring]] = defaultdict(list)
    for ring in rings:
        if ring.talk is not None:
            by_caller[ring.caller].append(ring)
    for of_caller in by_caller.values():
        of_caller.sort(key=lambda ring: ring.talk or (0.0, 0.0))
        for first, second in pairwise(of_caller):
            judge.compare_talks(first, second)
    return judge.verdict


@dataclass(slots=True)
class _RingJudge:
    """Takes rings in order, see `judge_rings`. `rung_at`: of each phone by each caller.

    `said_again`: phone, caller and moment of rings that were decided before a cut's end, and given up since.
    """

    offers: Offers
    ends: LegEnds
    excuses: Excuses
    pulse: Sequence[float]
    verdict: Verdict = field(default_factory=Verdict)
    rung_at: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    said_again: set[tuple[str, str, float]] = field(default_factory=set)

    def take(self, ring: Ring) -> None:
        """The next one."""
        self.rung_at[ring.phone, ring.caller].append(ring.at)
        is_again = self._is_said_again(ring)
        if is_again:
            self.said_again.add((ring.phone, ring.caller, ring.at))
        first = ring.busy
        if first is None or self._is_on_its_way_out(first, ring):
            return
        if is_again or self._not_told(first, ring.at):
            self.verdict.cut_rings += 1
        else:
            self._second(ring, first)

    def compare_talks(self, first: Ring, second: Ring) -> None:
        """Two of one caller, in the order of their beginnings."""
        assert first.talk is not None
        assert second.talk is not None
        if first.phone == second.phone or first.talk[1] <= second.talk[0] + RACE_S:
            return
        both_s = min(first.talk[1], second.talk[1]) - second.talk[0]
        if both_s <= RACE_S:
            self.verdict.glares += 1  # a ring that was taken back when the phone answered: nobody was heard
            return
        text = f"{first.caller} was with {first.phone} and {second.phone} at once, for {both_s:.1f} s"
        was_cut = self._not_told(first, second.talk[0])
        (self.verdict.excused if was_cut else self.verdict.problems).append(text)

    @staticmethod
    def _is_on_its_way_out(first: Ring, ring: Ring) -> bool:
        """The end had been sent, and was not read yet."""
        return first.leg.at.get("ended", float("inf")) <= ring.at + RACE_S and first.caller != ring.caller

    def _not_told(self, ring: Ring, at: float) -> bool:
        """Whether this one was over by then, and the phone could not know."""
        over = self.ends.of(ring)
        if over is not None and over <= at + RACE_S and self.excuses.swallowed(ring.node, over, at):
            return True
        if (ring.phone, ring.caller, ring.at) in self.said_again:
            return self.excuses.never_told(ring.node, ring.at, at)
        return self.excuses.dead(ring.node, ring.at, at) is not None  # nobody was left to tell it

    def _is_said_again(self, ring: Ring) -> bool:
        """It, or another by this caller, was sent before a cut's end, and has been given up meanwhile."""
        cut_until = self.excuses.path_until(ring.node, ring.at)
        if cut_until is None:
            return False
        rung = sum(at > cut_until for at in self.rung_at[ring.phone, ring.caller])
        return rung > self.offers.since(ring, cut_until)

    def _second(self, ring: Ring, first: Ring) -> None:
        since = first.at
        ours = self.offers.made(ring), self.offers.made(first)
        text = (
            f"phone {ring.phone} was rung by {ring.caller} at {ring.node}, while with {first.caller} at"
            f" {first.node}"
            f" for {ring.at - since:.1f} s ({'leader' if ours[0] else 'own queue'} after"
            f" {'leader' if ours[1] else 'own queue'}), {datetime.fromtimestamp(ring.at):%H:%M:%S.%f}"
        )
        queue = ring if not ours[0] else first
        unknown = self.excuses.apart(queue.node, since, ring.at) or any(
            since - 30.0 <= moment <= ring.at for moment in self.pulse
        )
        if not all(ours) and unknown:
            self.verdict.by_queue += 1
            self.verdict.excused.append(text)
        else:
            self.verdict.problems.append(text)


def judge_losses(callers: Mapping[str, Caller], node_of: Mapping[str, str], excuses: Excuses) -> Verdict:
    """Who was cut off, and whether what was done to the caller's node is a reason."""
    verdict = Verdict()
    for number, caller in callers.items():
        if not (caller.is_lost or caller.cut_off):
            continue
        node = node_of[number]
        where = "in a talk" if caller.answered_at else "in line" if caller.reached_at else "before any answer"
        text = (
            f"{number} at node {node} was cut off {where}, {caller.ended_at - caller.dialled_at:.1f} s after"
            f" dialling, {datetime.fromtimestamp(caller.ended_at):%H:%M:%S.%f}"
        )
        ended = caller.ended_at  # of one who hears nothing any more: when nobody has answered the hang-up
        died = excuses.dead(node, caller.dialled_at if caller.cut_off else ended, ended)
        if died is not None:
            verdict.excused.append(f"{text}: its Asterisk was killed")
            verdict.caused_at[number] = died.began
        elif (cut := excuses.path(node, ended)) is not None:
            verdict.excused.append(f"{text}: its way to phones and callers was cut")
            verdict.caused_at[number] = cut.began
        else:
            verdict.problems.append(text)
    return verdict
