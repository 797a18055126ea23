"""The figures of a simulation, each with the half width of its confidence interval.

Intervals are of 95 %, from batch means: the time after the warm-up is cut into equal parts, long enough to
know little of each other, and what their figures differ by tells how far off the whole may be. Each batch
is left out in turn (jackknife), so that ratios such as the service level are treated rightly. Source:
Law, Simulation Modeling and Analysis, chapter 9; Efron and Tibshirani, chapter 11.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from acd.core.service_level import ServiceCounts, ServiceLevelFormula, service_level
from acd.simulate.ledger import SLOT_S, Counts, Ledger, sum_of

PERCENTILE = 0.9
# Of Student's t for 97.5 %, by degrees of freedom; beyond the last the normal's is close enough.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
      2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
      2.042)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, and its standard error over batches with that number of degrees of freedom.

    None: nothing to divide by, or too few batches to say.
    """

    value: float | None
    standard_error: float | None = None
    freedom: int = 0

    @property
    def half_width(self) -> float | None:
        """Of the confidence interval of 95 %."""
        if self.standard_error is None or self.freedom < 1:
            return None
        return self.standard_error * (_T[self.freedom - 1] if self.freedom <= len(_T) else 1.96)


Formula = Callable[[Counts], float | None]


def _ratio(part: str, whole: str) -> Formula:
    def formula(counts: Counts) -> float | None:
        below = getattr(counts, whole)
        return getattr(counts, part) / below if below else None

    return formula


FORMULAS: Mapping[str, tuple[str, Formula]] = {
    "offered_per_hour": ("offered ÷ hours", _ratio("offered", "hours")),
    "blocked": (
        "blocked ÷ (offered + blocked): no line was free",
        lambda c: c.blocked / (c.offered + c.blocked) if c.offered + c.blocked else None,
    ),
    "closed": (
        "closed ÷ (offered + closed): came outside of the opening hours",
        lambda c: c.closed / (c.offered + c.closed) if c.offered + c.closed else None,
    ),
    "abandon_rate": (
        "abandoned ÷ (offered − short abandons), short abandons apart",
        lambda c: (
            (c.abandoned - c.short_abandoned) / (c.offered - c.short_abandoned)
            if c.offered > c.short_abandoned
            else None
        ),
    ),
    "short_abandoned": ("short abandons ÷ offered", _ratio("short_abandoned", "offered")),
    "left": ("left the line for the flow ÷ offered", _ratio("left", "offered")),
    "delayed": ("had to wait at all ÷ offered", _ratio("delayed", "offered")),
    "asa_s": ("wait of answered ÷ answered (ringing included)", _ratio("answer_wait_s", "answered")),
    "wait_s": ("wait of all ÷ offered", _ratio("wait_s", "offered")),
    "aht_s": ("(talk + hold + wrap-up) ÷ handled", _ratio("handle_s", "handled")),
    "same_agent": (
        "answered by the one agent waited for at first ÷ those who waited for one",
        _ratio("kept_promises", "kept"),
    ),
    "callbacks_offered": ("callbacks offered ÷ offered", _ratio("callbacks_offered", "offered")),
    "callbacks_accepted": ("accepted ÷ callbacks offered", _ratio("callbacks_accepted", "callbacks_offered")),
    "callbacks_done": ("came to a talk ÷ callbacks accepted", _ratio("callbacks_done", "callbacks_accepted")),
    "callback_wait_s": (
        "from the wish to the talk ÷ callbacks done",
        _ratio("callback_wait_s", "callbacks_done"),
    ),
    "callback_dials": ("dials ÷ callbacks accepted", _ratio("callback_dials", "callbacks_accepted")),
}
"""Name → formula in words, and how it is worked out. Beside them: service_level, p90_wait_s, occupancy."""

OCCUPANCY = "(talk + hold + wrap-up) ÷ (that + ready time)"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a group, of a class of callers, or of all: `counts`, and figures by the names of FORMULAS."""

    counts: Counts
    by_name: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Interval:
    """A half hour of the day: `slot` counts from midnight."""

    slot: int
    counts: Counts
    service_level: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """All of one simulation. `classes` is keyed by group and class, without groups that have but one."""

    formula: ServiceLevelFormula
    batches: int
    groups: Mapping[str, Figures]
    classes: Mapping[tuple[str, str], Figures]
    total: Figures
    occupancy: Figure
    agents: Mapping[str, Figure]
    intervals: Sequence[Interval]
    waits: Sequence[float]
    callback_waits: Sequence[float]


def result_of(ledger: Ledger, formula: ServiceLevelFormula) -> Result:
    """The figures of a ledger that is complete."""
    of_class: dict[tuple[str, str], dict[int, list[Counts]]] = {}
    of_slot: dict[int, list[Counts]] = {}
    for key, counts in ledger.counts.items():
        of_class.setdefault((key.group, key.segment), {}).setdefault(key.batch, []).append(counts)
        of_slot.setdefault(key.slot, []).append(counts)
    classes = {key: _batched(ledger, batches) for key, batches in sorted(of_class.items())}
    groups = {
        group: _together(ledger, [batches for (of, _), batches in classes.items() if of == group])
        for group in ledger.groups
    }
    several = {group for group in groups if sum(of == group for of, _ in classes) > 1}
    waits = {group: [ledger.waits[group, batch] for batch in range(ledger.batches)] for group in groups}
    all_waits = [[wait for part in parts for wait in part] for parts in zip(*waits.values(), strict=True)]
    agents = sorted({agent for agent, _ in [*ledger.busy_s, *ledger.ready_s]})
    return Result(
        formula,
        ledger.batches,
        {group: _figures(batches, formula, waits[group]) for group, batches in groups.items()},
        {key: _figures(batches, formula, []) for key, batches in classes.items() if key[0] in several},
        _figures(_together(ledger, list(groups.values())), formula, all_waits),
        _occupancy(ledger, agents),
        {agent: _occupancy(ledger, [agent]) for agent in agents},
        [_interval(slot, of_slot[slot], formula) for slot in sorted(of_slot)],
        sorted(wait for waits_s in all_waits for wait in waits_s),
        sorted(ledger.callback_waits),
    )


def _together(ledger: Ledger, rows: Sequence[Sequence[Counts]]) -> list[Counts]:
    """Batch by batch."""
    return [sum_of((row[batch] for row in rows), ledger.batch_hours) for batch in range(ledger.batches)]


def _batched(ledger: Ledger, batches: Mapping[int, Iterable[Counts]]) -> list[Counts]:
    return [sum_of(batches.get(batch, ()), ledger.batch_hours) for batch in range(ledger.batches)]


def _figures(
    batches: Sequence[Counts], formula: ServiceLevelFormula, waits: Sequence[Sequence[float]]
) -> Figures:
    total = sum_of(batches, sum(batch.hours for batch in batches))
    rests = [without(total, batch) for batch in batches]
    figures = {name: jackknife(total, rests, work_out) for name, (_, work_out) in FORMULAS.items()}
    figures["service_level"] = jackknife(total, rests, lambda counts: _service_level(formula, counts))
    figures["p90_wait_s"] = _percentile(waits)
    return Figures(total, figures)


def _service_level(formula: ServiceLevelFormula, counts: Counts) -> float | None:
    names = ("offered", "answered", "abandoned", "short_abandoned", "answered_in_time", "abandoned_in_time")
    return service_level(formula, ServiceCounts(**{name: getattr(counts, name) for name in names}))


def without(total: Counts, batch: Counts) -> Counts:
    """What is left without one batch."""
    rest = replace(total)
    rest.add(batch, -1)
    return rest


def jackknife(total: Counts, rests: Sequence[Counts], work_out: Formula) -> Figure:
    """The figure of the whole, with its standard error from the figures without one batch each."""
    values = [value for rest in rests if (value := work_out(rest)) is not None]
    return _with_error(work_out(total), values, len(rests))


def _with_error(value: float | None, rests: Sequence[float], batches: int) -> Figure:
    if value is None or batches < 2 or len(rests) < batches:
        return Figure(value)
    mean = math.fsum(rests) / batches
    variance = (batches - 1) / batches * math.fsum((rest - mean) ** 2 for rest in rests)
    return Figure(value, math.sqrt(variance), batches - 1)


def _percentile(waits: Sequence[Sequence[float]]) -> Figure:
    """Nearest rank; the standard error from the percentiles of the batches themselves."""

    def of(some: Iterable[float]) -> float | None:
        ordered = sorted(some)
        return ordered[math.ceil(PERCENTILE * len(ordered)) - 1] if ordered else None

    parts = [part for waits_s in waits if (part := of(waits_s)) is not None]
    value = of(wait for waits_s in waits for wait in waits_s)
    if value is None or len(parts) < 2 or len(parts) < len(waits):
        return Figure(value)
    mean = math.fsum(parts) / len(parts)
    variance = math.fsum((part - mean) ** 2 for part in parts) / (len(parts) - 1) / len(parts)
    return Figure(value, math.sqrt(variance), len(parts) - 1)


def _occupancy(ledger: Ledger, agents: Iterable[str]) -> Figure:
    busy, ready = [0.0] * ledger.batches, [0.0] * ledger.batches
    for agent in agents:
        for batch in range(ledger.batches):
            busy[batch] += ledger.busy_s.get((agent, batch), 0.0)
            ready[batch] += ledger.ready_s.get((agent, batch), 0.0)
    all_busy, all_there = sum(busy), sum(busy) + sum(ready)
    rests = [
        (all_busy - b) / rest for b, r in zip(busy, ready, strict=True) if (rest := all_there - b - r) > 0
    ]
    return _with_error(all_busy / all_there if all_there else None, rests, ledger.batches)


def _interval(slot: int, some: Iterable[Counts], formula: ServiceLevelFormula) -> Interval:
    counts = sum_of(some, SLOT_S / 3600)
    return Interval(slot, counts, _service_level(formula, counts))
