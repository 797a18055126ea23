"""The result of a simulation as tables, and for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from acd.core.plan import Plan
from acd.core.router import Router
from acd.core.work_rules import WrapUpMode, WrapUpRule
from acd.simulate.figures import FORMULAS, OCCUPANCY, Figure, Figures, Result
from acd.simulate.ledger import SLOT_S
from acd.simulate.scenario import CallerClass, GroupTraffic, Scenario

HEADING_WIDTH = 9  # of a figure that is narrow, too
FEWEST_BUSIEST = 5
_COLUMNS = (
    ("offered/h", "offered_per_hour"),
    ("service level", "service_level"),
    ("ASA, s", "asa_s"),
    ("90 % within, s", "p90_wait_s"),
    ("abandoned", "abandon_rate"),
    ("AHT, s", "aht_s"),
)
_ON_DEMAND = (
    ("blocked", "blocked", "blocked"),
    ("closed", "closed", "closed"),
    ("left", "left", "left"),
    ("same agent", "same_agent", "kept"),
)
"""Title, figure, and the count without which nobody needs it."""
_CALLBACKS = (
    ("offered", "callbacks_offered"),
    ("accepted", "callbacks_accepted"),
    ("done", "callbacks_done"),
    ("wait, s", "callback_wait_s"),
    ("dials", "callback_dials"),
)
_COUNTED = (
    "offered", "blocked", "closed", "answered", "abandoned", "short_abandoned", "left", "kept",
    "callbacks_offered", "callbacks_accepted", "callbacks_done", "callbacks_failed", "callbacks_by_hand",
)  # fmt: skip
NINETY = "the wait that 90 % of the answered did not exceed"
SHARES = frozenset(
    {
        "service_level",
        "abandon_rate",
        "short_abandoned",
        "blocked",
        "closed",
        "left",
        "delayed",
        "occupancy",
        "same_agent",
        "callbacks_offered",
        "callbacks_accepted",
        "callbacks_done",
    }
)


def assumptions(plan: Plan, scenario: Scenario) -> Table:
    """What was simulated: so that nobody takes an assumption for a fact."""
    hours, warm_up = scenario.length_s / 3600, scenario.warm_up_s / 3600
    lines = "" if scenario.lines is None else f", {scenario.lines} lines"
    out = Table(title=f"{hours:g} hours, the first {warm_up:g} to warm up; seed {scenario.seed}{lines}")
    router = Router(plan)
    for column in ("group", "callers", "talk", "wrap-up", "patience", "agents"):
        out.add_column(column)
    for group, traffic in scenario.traffic.items():
        policy = plan.groups[group]
        who = [agent for agent in plan.agents if group in router.groups_of(agent)]
        callers = [str(traffic.arrivals), *_classes(traffic.classes), *_wishes(traffic)]
        out.add_row(
            group,
            "\n".join(callers),
            str(traffic.talk),
            _wrap_up(policy.wrap_up, scenario),
            str(traffic.patience),
            str(len(who)),
        )
    return out


def _wrap_up(rule: WrapUpRule, scenario: Scenario) -> str:
    match rule.mode:
        case WrapUpMode.TIMED:
            return f"{rule.s:g} s"
        case WrapUpMode.UNTIL_RELEASED:
            return str(scenario.habits.work)
        case _:
            return "none"


def _classes(classes: Sequence[CallerClass]) -> Iterator[str]:
    for kind in classes:
        if kind.name:
            yield f"{kind.share:.0%} {kind.name}, priority {kind.priority}"


def _wishes(traffic: GroupTraffic) -> Iterator[str]:
    if traffic.returning.share:
        days = traffic.returning.within_days
        yield f"{traffic.returning.share:.0%} talked with an agent within {days:g} days"
    if traffic.callbacks is not None:
        yield f"{traffic.callbacks.accept:.0%} take a callback, {traffic.callbacks.reached:.0%} answer it"


def habits(scenario: Scenario) -> str:
    """One line about the agents."""
    of = scenario.habits
    parts = [f"time to answer: {of.answer}"]
    if of.unanswered:
        parts.append(f"{of.unanswered:.1%} of rings go unanswered (ready again after {of.back_after_s:g} s)")
    parts.append("in shifts" if scenario.shifts is not None else "there around the clock")
    if of.shrinkage:
        parts.append(f"{of.shrinkage:.0%} of them away each day")
    return "; ".join(parts)


def tables(result: Result, width: int) -> Group:
    """The figures, and how they are to be read. `width`: of the screen."""
    rows = dict(result.groups) if len(result.groups) > 1 else {}
    parts: list[Any] = [figures_table(result, {**rows, "all": result.total}, width)]
    if result.classes:
        classes = {f"{g} {c}": f for (g, c), f in result.classes.items()}
        parts.append(figures_table(result, classes, width, "class"))
    if result.total.counts.callbacks_offered:
        parts.append(callbacks_table({**rows, "all": result.total}, width))
    parts += [agents_table(result), Text("\n".join(notes(result)))]
    return Group(*parts)


def figures_table(result: Result, rows: Mapping[str, Figures], width: int, of: str = "group") -> Table:
    """One row for each; columns that nobody needs are left out."""
    columns = [*_COLUMNS, *((t, n) for t, n, count in _ON_DEMAND if getattr(result.total.counts, count))]
    out = Table(title="± half the width of the 95 % confidence interval")
    _fill(
        out, [of, *(t for t, _ in columns)], [_row(name, of_, columns) for name, of_ in rows.items()], width
    )
    return out


def callbacks_table(rows: Mapping[str, Figures], width: int) -> Table:
    """Those groups whose callers were offered one."""
    out = Table(title="callbacks")
    offered = {name: figures for name, figures in rows.items() if figures.counts.callbacks_offered}
    cells = [_row(name, figures, _CALLBACKS) for name, figures in offered.items()]
    _fill(out, ["group", *(title for title, _ in _CALLBACKS)], cells, width)
    return out


def _row(name: str, figures: Figures, columns: Sequence[tuple[str, str]]) -> list[str]:
    return [name, *(shown(of, figures.by_name[of]) for _, of in columns)]


def _fill(out: Table, titles: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    """A name and its figures in each row; where they would not fit, each half width goes below its figure."""
    longest = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    if sum(longest) + 3 * len(longest) + 1 > width:
        titles = [textwrap.fill(title, HEADING_WIDTH, break_long_words=False) for title in titles]
        rows = [[row[0], *(cell.replace(" ±", "\n±") for cell in row[1:])] for row in rows]
    for place, title in enumerate(titles):
        out.add_column(title, justify="right" if place else "left", overflow="fold")
    for row in rows:
        out.add_row(*map(Text, row))


def agents_table(result: Result) -> Table:
    """Occupancy of everybody together, and of those who have most and least to do."""
    out = Table()
    out.add_column("agents")
    out.add_column("occupancy", justify="right")
    out.add_row(f"all {len(result.agents)}", shown("occupancy", result.occupancy))
    ordered = sorted(result.agents.items(), key=lambda entry: -(entry[1].value or 0.0))
    if len(ordered) > 2 * FEWEST_BUSIEST:
        ordered = [*ordered[:FEWEST_BUSIEST], *ordered[-FEWEST_BUSIEST:]]
    for agent, figure in ordered:
        out.add_row(agent, shown("occupancy", figure))
    return out


def notes(result: Result) -> Iterator[str]:
    """The formulas."""
    yield f"service level: {result.formula.text}, T and short abandons by group ({result.formula.value})"
    for name in ("asa_s", "abandon_rate", "aht_s"):
        title = next(title for title, of in _COLUMNS if of == name)
        yield f"{title}: {FORMULAS[name][0]}"
    counts = result.total.counts
    for title, name, count in _ON_DEMAND:
        if count in ("closed", "kept") and getattr(counts, count):
            yield f"{title}: {FORMULAS[name][0]}"
    if counts.callbacks_offered:
        for title, name in _CALLBACKS:
            yield f"callbacks, {title}: {FORMULAS[name][0]}"
    yield f"occupancy: {OCCUPANCY}"
    yield f"intervals: batch means, {result.batches} batches, jackknife; Student's t"


def title_of(name: str) -> str:
    """A figure's heading, by its name in JSON."""
    titled = [
        *((title, of) for title, of, _ in _ON_DEMAND),
        *((f"callbacks, {t}", of) for t, of in _CALLBACKS),
    ]
    return next(title for title, of in [*_COLUMNS, *titled] if of == name)


def shown(name: str, figure: Figure) -> str:
    """Value and half width: a share in per cent, else seconds or calls, as the name says."""
    if figure.value is None:
        return "–"
    half = figure.half_width
    if name in SHARES:
        return f"{figure.value:.1%}" + ("" if half is None else f" ± {100 * half:.1f}")
    return f"{figure.value:.1f}" + ("" if half is None else f" ± {half:.1f}")


def to_json(result: Result, scenario: Scenario) -> dict[str, Any]:
    """Shares are 0..1, times seconds; `half_width` None: too few batches with calls to say."""
    return {
        "hours": scenario.length_s / 3600,
        "warm_up_hours": scenario.warm_up_s / 3600,
        "seed": scenario.seed,
        "service_level_formula": {"id": result.formula.value, "text": result.formula.text},
        "formulas": {name: text for name, (text, _) in FORMULAS.items()}
        | {"service_level": result.formula.text, "p90_wait_s": NINETY, "occupancy": OCCUPANCY},
        "confidence": {"level": 0.95, "method": "batch means, jackknife", "batches": result.batches},
        "total": _json_of(result.total),
        "groups": {group: _json_of(figures) for group, figures in result.groups.items()},
        "classes": [
            {"group": group, "class": kind, **_json_of(figures)}
            for (group, kind), figures in result.classes.items()
        ],
        "occupancy": _json_figure(result.occupancy),
        "agents": {agent: {"occupancy": _json_figure(figure)} for agent, figure in result.agents.items()},
        "intervals": [
            {
                "from": clock(interval.slot),
                "offered": interval.counts.offered,
                "answered": interval.counts.answered,
                "service_level": interval.service_level,
            }
            for interval in result.intervals
        ],
    }


def clock(slot: int) -> str:
    """The time of day at which a half hour begins."""
    minutes = int(slot * SLOT_S / 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _json_of(figures: Figures) -> dict[str, Any]:
    counts = figures.counts
    return {
        "counts": {name: getattr(counts, name) for name in _COUNTED},
        **{name: _json_figure(figure) for name, figure in figures.by_name.items()},
    }


def _json_figure(figure: Figure) -> dict[str, float | None]:
    return {"value": figure.value, "half_width": figure.half_width}
