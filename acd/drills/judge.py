"""How a drill is judged: what is there before and after it, against its limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from acd.drills.kinds import CRASH_WITH_STANDBY_S, Drill
from acd.drills.report import Check, Report
from acd.runtime.leader import Standing

BY_SOMEBODY = ("caller", "agent", "outside")
"""Who may end a call meanwhile: also whom it had been put through to."""
SHORT_CALL_S = 60.0
"""Of calls that last so long some end by themselves while nobody watches; of longer ones fewer."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is there before it begins. `leader` is '' where there is one controller only.

    `nodes`: of each Asterisk that has a name, whether it takes part, and is not drained; `at`: the node of
    each call. `in_redis`: whether Redis has the live state, None where there is no Redis. `records_away_s`:
    for how long the database has been away.
    """

    calls: list[str]
    leader: str
    fence: int
    standings: list[Standing]
    pid: int
    nodes: Mapping[str, bool] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)
    in_redis: bool | None = None
    records_away_s: float = 0.0

    def calls_at(self, node: str) -> list[str]:
        """All of them where nodes have no names."""
        return [call for call in self.calls if not self.nodes or self.at.get(call) == node]

    @property
    def standing_by(self) -> list[str]:
        """The controllers that could take over."""
        return [one.name for one in self.standings if not one.leads and one.reason == "stands by"]


def sort_calls(
    report: Report, drill: Drill, before: Before, gone: Collection[str], by: Mapping[str, str]
) -> None:
    """What became of the calls that were in progress. `gone`: not there any more, and by whom each ended."""
    report.kept = [call for call in report.in_progress if call not in gone]
    # An Asterisk that stops hangs up in order: who ended its calls, as it is on record, is nobody.
    dies = set(before.calls_at(report.node)) if drill.ends_calls else set()
    report.ended = [call for call in gone if call not in dies and by.get(call) in BY_SOMEBODY]
    rest = [call for call in gone if call not in report.ended]
    report.unseen = [call for call in rest if call not in dies and by.get(call) == "unknown"]
    report.lost = [call for call in rest if call not in report.unseen]


def checks(
    drill: Drill,
    report: Report,
    before: Before,
    after: Before,
    *,
    was_seen: bool,
    disturbed: Collection[str],
) -> list[Check]:
    """All that is held against a limit. `disturbed`: other nodes at which calls were not routed meanwhile."""
    found = [_routed_again(drill, report, before), *_of_calls(drill, report, before)]
    if report.node:
        told = ", ".join(sorted(disturbed)) or "throughout"
        found.append(Check("calls are routed at the other nodes", "throughout", told, not disturbed))
    seen = "seen" if was_seen else "not seen"
    found += [
        Check("the fault showed from outside", "seen", seen, was_seen),
        _whole_again(drill, report),
        *_of_leaders(drill, before, after),
    ]
    return found


def _routed_again(drill: Drill, report: Report, before: Before) -> Check:
    limit_s = drill.resumes_within_s
    if drill.name == "controller-crash" and before.standing_by:
        limit_s = CRASH_WITH_STANDBY_S
    resumed = "never" if report.resumed_s is None else f"{report.resumed_s:g} s"
    in_time = report.resumed_s is not None and report.resumed_s <= limit_s
    where = f" at node {report.node}" if report.node else ""
    return Check(f"calls are routed again{where}", f"within {limit_s:g} s", resumed, in_time)


def _of_calls(drill: Drill, report: Report, before: Before) -> list[Check]:
    lost, unseen = str(len(report.lost)), len(report.unseen)
    if drill.ends_calls:
        dies = set(before.calls_at(report.node))
        where = f"at node {report.node}" if report.node else "on the Asterisk that started again"
        told = Check("calls lost", f"those {where}: at most {len(dies)}", lost, dies.issuperset(report.lost))
    else:
        told = Check("calls lost", "0", lost, not report.lost)
    most = _unseen_at_most(drill, report)
    return [
        told,
        Check("calls whose end nobody saw", f"at most {most}" if most else "0", str(unseen), unseen <= most),
    ]


def _unseen_at_most(drill: Drill, report: Report) -> int:
    """What ends by itself while nobody watches, which is so in a crash and a freeze alone: a call that is
    dropped then looks the same."""
    if drill.takes_away or drill.ends_calls or report.resumed_s is None:
        return 0
    return int(len(report.in_progress) * report.resumed_s / SHORT_CALL_S)


def _whole_again(drill: Drill, report: Report) -> Check:
    took = "not" if report.whole_s is None else f"{report.whole_s:g} s"
    in_time = report.whole_s is not None and report.whole_s <= drill.whole_within_s
    return Check("all is as before", f"within {drill.whole_within_s:g} s after its end", took, in_time)


def _of_leaders(drill: Drill, before: Before, after: Before) -> list[Check]:
    found = []
    leader = after.leader or "nobody"
    if drill.changes_leader or (drill.name == "controller-crash" and before.standing_by):
        passed = after.leader not in ("", before.leader) and after.fence > before.fence
        found.append(Check("another controller leads", f"not {before.leader}", leader, passed))
    elif before.leader:
        found.append(Check("the same controller leads", before.leader, leader, after.leader == before.leader))
    if before.standings:
        stand_by = len(after.standing_by) >= len(before.standing_by)
        told = ", ".join(after.standing_by) or "nobody"
        found.append(Check("controllers stand by as before", f"{len(before.standing_by)}", told, stand_by))
    return found
