"""The report: key figures of a period by group and in total, as data and as a table. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from acd.core.facts import CallKind
from acd.core.plan import GroupPolicy
from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.records.kpi import FORMULAS, GroupFigures, figures_by_group
from acd.records.period import Period
from acd.records.record import CallVisit

if TYPE_CHECKING:  # only commands draw tables
    from rich.table import Table
    from rich.text import Text

NOTHING = "–"  # shown where a figure has no value


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of [period.since, period.until). `names` maps group to its name for people.

    `internal`: visits of calls that agents made; they are not counted in any figure.
    """

    period: Period
    formula: ServiceLevelFormula
    groups: tuple[GroupFigures, ...]
    total: GroupFigures
    names: Mapping[str, str]
    internal: int = 0


def build_report(
    visits: Iterable[CallVisit],
    policies: Mapping[str, GroupPolicy],
    period: Period,
    formula: ServiceLevelFormula = ServiceLevelFormula.OFFERED_MINUS_SHORT,
    group: str | None = None,
) -> Report:
    """The report on the visits offered in the period, of all groups or of one.

    Raises OperatorError for a group that is neither configured nor among the visits.
    """
    inside = [
        entry
        for entry in visits
        if period.since.timestamp() <= entry.visit.queued_at.timestamp() < period.until.timestamp()
    ]
    if group is not None:
        known = sorted({*policies, *(entry.visit.group for entry in inside)})
        if group not in known:
            raise OperatorError(_unknown_group(group, known))
        inside = [entry for entry in inside if entry.visit.group == group]
        policies = {group: policies[group]} if group in policies else {}
    groups, total = figures_by_group(inside, policies, formula)
    names = {figures.group: _name(figures.group, policies) for figures in groups if figures.group}
    internal = sum(entry.kind is not CallKind.INBOUND for entry in inside)
    return Report(period, formula, groups, total, names, internal)


def to_json(report: Report) -> dict[str, Any]:
    """JSON-ready form; shares are 0..1, times in seconds, null where a figure has no value."""
    return {
        "from": report.period.since.isoformat(),
        "to": report.period.until.isoformat(),
        "service_level_formula": report.formula.value,
        "internal_not_counted": report.internal,
        "formulas": {"service_level": report.formula.text, **FORMULAS},
        "groups": [{"name": report.names[f.group or ""], **_plain(f)} for f in report.groups],
        "total": _plain(report.total),
    }


def render(report: Report, tz: ZoneInfo, width: int | None = None) -> Table:
    """The report as a table, times in `tz`, with the formulas below it.

    `width`: of the screen; only the figures that it holds are shown. None: all.
    """
    from rich.table import Table
    from rich.text import Text

    left_out = _left_out(width)
    columns = {name: cell for name, cell in _COLUMNS.items() if name not in left_out}
    since, until = report.period.since.astimezone(tz), report.period.until.astimezone(tz)
    title = f"{since:%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M} ({tz.key})"
    table = Table(title=title, caption=_caption(report, left_out), caption_justify="left", show_footer=True)
    table.add_column("Group", footer="Total", overflow="fold")
    for name, cell in columns.items():
        heading = name if width is None else name.replace(" ", "\n")
        table.add_column(heading, footer=cell(report.total), justify="right")
    for figures in report.groups:
        group = Text(report.names[figures.group or ""])
        table.add_row(group, *(cell(figures) for cell in columns.values()))
    return table


def duration(seconds: float | None) -> str:
    """Seconds for people: `7.4 s`, `3:05`, `1:02:03`."""
    if seconds is None:
        return NOTHING
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(share: float | None) -> str:
    """A share 0..1 for people: `81.9 %`."""
    return NOTHING if share is None else f"{100 * share:.1f} %"


_COLUMNS: Mapping[str, Callable[[GroupFigures], str]] = {
    "Offered": lambda f: str(f.offered),
    "Answered": lambda f: str(f.answered),
    "Abandoned": lambda f: str(f.abandoned),
    "Short": lambda f: str(f.short_abandoned),
    "Left": lambda f: str(f.left),
    "Waiting": lambda f: str(f.waiting),
    "T": lambda f: NOTHING if f.service_level_s is None else f"{f.service_level_s:g} s",
    "Service level": lambda f: percent(f.service_level),
    "Abandon rate": lambda f: percent(f.abandon_rate),
    "ASA": lambda f: duration(f.asa_s),
    "AHT": lambda f: duration(f.aht_s),
    "ATT": lambda f: duration(f.att_s),
    "ACW": lambda f: duration(f.acw_s),
    "Longest wait": lambda f: duration(f.longest_wait_s),
}
_BEYOND_100_COLUMNS = ("Short", "Left", "Waiting", "T", "ATT", "ACW")
_BEYOND_80_COLUMNS = ("Abandon rate", "Longest wait")


def _left_out(width: int | None) -> tuple[str, ...]:
    """The figures that do not fit, beside a group's name of a dozen letters."""
    if width is None:
        return ()
    return _BEYOND_100_COLUMNS if width >= 100 else _BEYOND_100_COLUMNS + _BEYOND_80_COLUMNS


def _caption(report: Report, left_out: tuple[str, ...]) -> Text:
    from rich.text import Text

    formulas = {
        "Service level": f"{report.formula.text} [{report.formula.value}]",
        "Offered": FORMULAS["offered"],
        "Abandon rate": FORMULAS["abandon_rate"],
        "ASA": FORMULAS["asa_s"],
        "AHT": FORMULAS["aht_s"],
        "ATT": FORMULAS["att_s"],
        "ACW": FORMULAS["acw_s"],
    }
    lines = [f"{name}: {formula}" for name, formula in formulas.items() if name not in left_out]
    if left_out:
        lines.append(f"With --wide also: {', '.join(left_out)}")
    if report.internal:
        lines.insert(0, f"Not counted: {report.internal} of agents' own calls")
    return Text("\n".join(lines))


def _plain(figures: GroupFigures) -> dict[str, Any]:
    """Without the formula, which the header names once; rounded to what the counts can carry."""
    data = asdict(figures)
    del data["formula"]
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in data.items()}


def _name(group: str, policies: Mapping[str, GroupPolicy]) -> str:
    return policies[group].name if group in policies else f"{group} (not configured)"


def _unknown_group(group: str, known: list[str]) -> str:
    nearest = get_close_matches(group, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(known) or 'none'}"
    return f"there is no group {group!r}; {hint}"
