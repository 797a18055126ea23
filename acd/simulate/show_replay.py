"""A replay as tables, and for programs: what was, and what the configurations make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from acd.settings.problems import shown as safe
from acd.simulate.figures import Figure, Figures, Result
from acd.simulate.replay import Difference, Replay
from acd.simulate.show import notes, shown, title_of
from acd.simulate.visits import Outcome, Visit

_ROWS = ("service_level", "asa_s", "p90_wait_s", "abandon_rate", "left", "aht_s")
_ON_DEMAND = {
    "closed": "closed",
    "same_agent": "kept",
    "callbacks_accepted": "callbacks_offered",
    "callbacks_done": "callbacks_accepted",
    "callback_wait_s": "callbacks_done",
}
"""Figure, and the count without which nobody needs it."""


def tables(replay: Replay, begins: datetime, first: int) -> Group:
    """The figures side by side, and the first differences."""
    parts: list[Any] = [figures_table(replay)]
    if replay.changed is not None:
        parts.append(differences_table(replay.differences[:first], begins))
        share = len(replay.differences) / replay.calls if replay.calls else 0.0
        parts.append(Text(f"{len(replay.differences)} of {replay.calls} calls ({share:.1%}) went otherwise"))
    parts += [Text(line) for line in _left_out(replay.left_out)]
    parts.append(Text("\n".join(notes(replay.present))))
    return Group(*parts)


def _left_out(left_out: Mapping[str, int]) -> Iterator[str]:
    for group, number in sorted(left_out.items()):
        yield f"left out: {number} calls of {group}, a group that not every configuration has"


def results(replay: Replay) -> Mapping[str, Result]:
    """By the name of the column."""
    found = {"recorded": replay.recorded, "present": replay.present}
    return found if replay.changed is None else {**found, "changed": replay.changed}


def figures_table(replay: Replay) -> Table:
    """A row for each figure of each group, a column for each configuration."""
    of = results(replay)
    out = Table(title=f"{replay.calls} recorded calls; ± half the width of the 95 % confidence interval")
    out.add_column("group")
    out.add_column("figure")
    for name in of:
        out.add_column(name, justify="right", overflow="fold")
    groups: list[str | None] = [*replay.present.groups, None]
    for group in groups:
        columns = [_figures(result, group) for result in of.values()]
        if not any(figures and figures.counts.offered for figures in columns):
            continue
        calls = (str(figures.counts.offered) if figures else "–" for figures in columns)
        out.add_row(group or "all", "calls", *calls)
        for name in _rows(columns):
            cells = (shown(name, figures.by_name[name] if figures else Figure(None)) for figures in columns)
            out.add_row("", title_of(name), *cells)
    occupancy = (shown("occupancy", result.occupancy) for result in of.values())
    out.add_row("agents", "occupancy", *occupancy)
    return out


def _rows(columns: Sequence[Figures | None]) -> list[str]:
    counts = [figures.counts for figures in columns if figures]
    wanted = [name for name, count in _ON_DEMAND.items() if any(getattr(of, count) for of in counts)]
    return [*_ROWS, *wanted]


def _figures(result: Result, group: str | None) -> Figures | None:
    return result.total if group is None else result.groups.get(group)


def differences_table(some: Sequence[Difference], begins: datetime) -> Table:
    """One row for each call."""
    out = Table(title="the first calls that went otherwise")
    for column in ("time", "group", "call", "caller", "present", "changed", "why in the changed"):
        out.add_column(column, overflow="fold")
    for difference in some:
        one, other = difference.present, difference.changed
        at = f"{begins + timedelta(seconds=one.queued_at):%Y-%m-%d %H:%M:%S}"
        why = other.reasons[0] if other.reasons else ""
        cells = (
            at,
            one.group,
            one.call_id,
            safe(one.customer.name if one.customer else one.number),
            _fate(one),
            _fate(other),
            why,
        )
        out.add_row(*(Text(cell) for cell in cells))
    return out


def _fate(visit: Visit) -> str:
    words = {
        Outcome.ANSWERED: f"{visit.agent} after {visit.wait_s:.1f} s",
        Outcome.ABANDONED: f"hung up after {visit.wait_s:.1f} s",
        Outcome.LEFT: f"left the line after {visit.wait_s:.1f} s",
        Outcome.CLOSED: "came after hours",
        Outcome.WAITING: "still waited at the end",
    }
    return words[visit.outcome]


def to_json(replay: Replay, begins: datetime) -> dict[str, Any]:
    """Figures by configuration and group, and every difference."""
    return {
        "calls": replay.calls,
        "left_out": dict(replay.left_out),
        "service_level_formula": {"id": replay.present.formula.value, "text": replay.present.formula.text},
        "figures": {
            name: {
                group or "all": _json_of(_figures(result, group)) for group in [*replay.present.groups, None]
            }
            for name, result in results(replay).items()
        },
        "occupancy": {name: result.occupancy.value for name, result in results(replay).items()},
        "differences": [
            {
                "at": (begins + timedelta(seconds=difference.present.queued_at)).isoformat(),
                "call_id": difference.present.call_id,
                "group": difference.present.group,
                "present": _json_visit(difference.present),
                "changed": _json_visit(difference.changed),
            }
            for difference in replay.differences
        ],
    }


def _json_of(figures: Figures | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    values: dict[str, Any] = {"offered": figures.counts.offered}
    for name in _rows([figures]):
        figure = figures.by_name[name]
        values[name] = {"value": figure.value, "half_width": figure.half_width}
    return values


def _json_visit(visit: Visit) -> dict[str, Any]:
    return {
        "outcome": visit.outcome.value,
        "agent": visit.agent or None,
        "wait_s": round(visit.wait_s, 3),
        "reasons": list(visit.reasons),
    }
