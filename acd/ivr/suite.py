"""Many test cases in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import tzinfo

from acd.ivr.cases import Case
from acd.ivr.flow import FlowSet
from acd.ivr.script import play
from acd.ivr.verdict import Coverage
from acd.ivr.world import World


@dataclass(slots=True)
class Report:
    """What running the cases has shown; each text of `failed` begins with the place of its case."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)


def run_cases(flows: FlowSet, cases: Iterable[Case], timezone: tzinfo) -> Report:
    """Every case; what failed has its place, its name and what differs."""
    report = Report()
    for case in cases:
        ending, found = play(flows, case, World(case.at, timezone=timezone))
        report.coverage.add(ending)
        if found:
            lines = [line for difference in found for line in difference.splitlines()]
            report.failed.append("\n    ".join([f"{case.place}: {case.flow}: {case.name}", *lines]))
        else:
            report.passed += 1
    return report
