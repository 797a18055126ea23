"""What was found, kept in a file so that a run may be interrupted, and as the table of the documentation."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from bench.faults.kinds import FAULTS
from bench.faults.run import Outcome

WITHIN_S = {"controller-killed": 3.0, "controller-frozen": 6.0}
"""Of a take-over, until the next call is at an agent."""
BEGIN, END = "<!-- script/faults: begin -->", "<!-- script/faults: end -->"


def kept(path: Path) -> list[Outcome]:
    """What earlier runs have found; a torn last line is left out. Raises OSError."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Outcome(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def keep(path: Path, outcome: Outcome) -> None:
    """Add one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")


def table(outcomes: Iterable[Outcome]) -> str:
    """Markdown: a line for each fault that was tried, in their order."""
    by_fault: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_fault[outcome.fault].append(outcome)
    lines = [
        "| fault | seeds | calls in progress | calls lost | records lost | next call at an agent, s:"
        " median (worst) | longest pause, s: median (worst) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_line(FAULTS[name].title, by_fault[name]) for name in FAULTS if name in by_fault]
    return "\n".join(lines)


def _line(title: str, of: Sequence[Outcome]) -> str:
    busy = [outcome.in_progress for outcome in of]
    lost = str(sum(outcome.lost for outcome in of))
    if expected := sum(outcome.expected for outcome in of):
        lost += f" (and {expected} with the dead Asterisk)"
    cells = (
        title,
        str(len(of)),
        f"{min(busy)}–{max(busy)}" if min(busy) < max(busy) else str(busy[0]),
        lost,
        str(sum(outcome.records_lost for outcome in of)),
        _times([outcome.resumed_s for outcome in of]),
        _times([outcome.pause_s for outcome in of]),
    )
    return f"| {' | '.join(cells)} |"


def _times(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} ({max(seconds):.1f})"


def summary(outcomes: Sequence[Outcome], when: str, machine: str) -> str:
    """What was run, and what of it is as wanted, above the table."""
    loads = sorted({(o.rate, o.agents) for o in outcomes})
    at = " and ".join(f"{rate:g} calls a second with {agents} agents" for rate, agents in loads)
    calls = sum(outcome.calls for outcome in outcomes)
    made = f"Made by `script/faults` on {when}, {machine}: {len(outcomes)} faults, {calls:,} calls, {at}."
    return f"{made}\n\n**Targets**: {'; '.join(_targets(outcomes))}."


def _targets(outcomes: Sequence[Outcome]) -> Iterator[str]:
    lost, records = sum(o.lost for o in outcomes), sum(o.records_lost for o in outcomes)
    yield f"no call lost but on a dead Asterisk: {_met(not lost, f'{lost} lost')}"
    yield f"no record lost: {_met(not records, f'{records} lost')}"
    for name, limit_s in WITHIN_S.items():
        if times := [outcome.resumed_s for outcome in outcomes if outcome.fault == name]:
            told = _met(max(times) <= limit_s, f"{max(times):.1f} s at worst")
            yield f"{FAULTS[name].title}, next call within {limit_s:g} s: {told}"


def _met(is_met: bool, told: str) -> str:
    return f"{'met' if is_met else '**missed**'} ({told})"


def write_into(page: Path, text: str) -> None:
    """Between the two marks of a page. Raises ValueError where they are not there."""
    old = page.read_text(encoding="utf-8")
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: the marks {BEGIN} and {END} are missing")
    page.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")
