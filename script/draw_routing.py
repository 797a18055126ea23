"""The pictures of docs/routing.md: its own examples, simulated. Used by script/draw."""

import html
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from acd.core.plan import GroupPolicy, LastAgent, Plan
from acd.core.pools import AgentChoice
from acd.core.requirement import Requirement
from acd.settings.load import load_centre
from acd.simulate.chance import Exponential
from acd.simulate.figures import Result
from acd.simulate.run import simulate
from acd.simulate.scenario import CallerClass, GroupTraffic, Poisson, Returning, Scenario

CHECKOUT = Path(__file__).resolve().parents[1]
DOCUMENT = CHECKOUT / "docs" / "routing.md"
HOURS = 25.0
TALK_S = 150.0
COLOURS = ("#3b6ea5", "#d98032", "#5a9a5a", "#8a6bb0", "#777777")
_EXAMPLE = re.compile(r"^```yaml\n# (\w+)\.yml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PICTURE = re.compile(r"\(pictures/routing-(\w+)\.svg\)")

Rows = Sequence[tuple[str, Mapping[str, float]]]


def routing_pictures() -> dict[Path, Callable[[], str]]:
    """Each file with what draws it."""
    of = _examples(DOCUMENT.read_text(encoding="utf-8"))
    folder = CHECKOUT / "docs" / "pictures"
    return {
        folder / f"routing-{name}.svg": partial(_drawn, title, rows, of[name])
        for name, (title, rows) in _PICTURES.items()
    }


def _drawn(title: str, rows: Callable[[Plan], Rows], plan: Plan) -> str:
    return bars(title, rows(plan))


# --- examples ---------------------------------------------------------------------------------
def _examples(text: str) -> dict[str, Plan]:
    """The centre with each example, by the name of the picture that follows it."""
    found = [(match.end(), match[1], match[2]) for match in _EXAMPLE.finditer(text)]
    plans = {}
    for picture in _PICTURE.finditer(text):
        _, file, example = max(entry for entry in found if entry[0] < picture.start())
        plans[picture[1]] = with_example(file, example)
    return plans


@cache
def with_example(file: str, example: str) -> Plan:
    """The example centre, with this in place of its own entries of the same names. Raises SettingsError."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        shutil.copytree(CHECKOUT / "config", config)
        path = config / f"{file}.yml"
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        for section, entries in yaml.safe_load(example).items():
            values.setdefault(section, {}).update(entries)
        path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
        return load_centre(config, CHECKOUT / "ivr_flows").plan


def _group(plan: Plan, name: str, **changes: Any) -> Plan:
    group: GroupPolicy = replace(plan.groups[name], **changes)
    return replace(plan, groups={**plan.groups, name: group})


# --- simulations ------------------------------------------------------------------------------
def _run(
    plan: Plan, sales: float, support: float = 0.0, classes: Sequence[CallerClass] = (CallerClass(),),
    exits: frozenset[str] = frozenset(), returning: Returning | None = None,
) -> Result:  # fmt: skip
    talk, patience, back = Exponential(TALK_S), Exponential(600), returning or Returning()
    traffic = {
        group: GroupTraffic(Poisson.even(rate), talk, patience, classes, exits=exits, returning=back)
        for group, rate in (("sales", sales), ("support", support))
        if rate
    }
    return simulate(plan, Scenario(traffic, HOURS * 3600, 3600.0, seed=7))


def _wait_s(result: Result, group: str = "sales") -> float:
    return result.groups[group].by_name["wait_s"].value or 0.0


def _skills(plan: Plan) -> Rows:
    texts = ("sales", str(plan.groups["sales"].requirement), "sales >= 7", "sales and vip >= 8")
    plans = {text: _group(plan, "sales", requirement=Requirement.parse(text)) for text in texts}
    return [(text, {"": _wait_s(_run(plan, 20))}) for text, plan in plans.items()]


def _rings(plan: Plan) -> Rows:
    at_once = _group(plan, "sales", requirement=Requirement.parse("sales"), rings=())
    plans = {"no rings": _group(plan, "sales", rings=()), "rings": plan, "all of sales at once": at_once}
    return [(name, {"": _wait_s(_run(plan, 30, 50))}) for name, plan in plans.items()]


def _choice(plan: Plan) -> Rows:
    weights = {"anna": 3.0, "ben": 1.0, "chen": 1.0}
    agents = {name: replace(agent, weight=weights.get(name, 1.0)) for name, agent in plan.agents.items()}
    rows = []
    for choice in AgentChoice:
        result = _run(_group(replace(plan, agents=agents), "sales", choice=choice), 30)
        rows.append((choice.value, {name: 100 * (result.agents[name].value or 0.0) for name in weights}))
    return rows


def _ageing(plan: Plan) -> Rows:
    classes = [CallerClass("10", 0.5, 10), CallerClass("0", 0.5, 0)]
    rows = []
    for name, centre in (("strict", replace(plan, ageing={})), ("with ageing", plan)):
        result = _run(centre, 65, classes=classes)
        waits = {kind.name: result.classes["sales", kind.name].by_name["wait_s"] for kind in classes}
        rows.append((name, {f"priority {kind}": wait.value or 0.0 for kind, wait in waits.items()}))
    return rows


def _shared(plan: Plan, name: str) -> Rows:
    rows = []
    for title, centre in (("without", with_example("groups", "groups: {}")), (name, plan)):
        result = _run(centre, 55, 60)
        rows.append((title, {group: _wait_s(result, group) for group in ("sales", "support")}))
    return rows


def _policy(plan: Plan) -> Rows:
    plans = {"no steps": _group(plan, "sales", steps=()), "the steps above": plan}
    return [(name, {"": _wait_s(_run(plan, 35))}) for name, plan in plans.items()]


def _limit(plan: Plan) -> Rows:
    rows = []
    for limit in (None, 10, plan.groups["sales"].max_waiting, 1):
        result = _run(_group(plan, "sales", max_waiting=limit), 80, exits=frozenset({"full"}))
        left = 100 * (result.groups["sales"].by_name["left"].value or 0.0)
        name = "no limit" if limit is None else f"max_waiting: {limit}"
        rows.append((name, {"wait": _wait_s(result), "sent back": left}))
    return rows


def _last_agent(plan: Plan) -> Rows:
    rows = []
    for wait_s in (0.0, 20.0, 120.0):
        result = _run(_group(plan, "sales", last_agent=LastAgent(7, wait_s)), 40, returning=Returning(0.5))
        rows.append((f"wait_s: {wait_s:g}", _same_agent(result)))
    return rows


def _preferred(plan: Plan) -> Rows:
    centre, rows = _group(plan, "sales", last_agent=None), []
    for wait_s in (1.0, 20.0, 120.0):
        classes = [CallerClass("wish", 0.5, prefer="anna", prefer_wait_s=wait_s), CallerClass("none", 0.5)]
        result = _run(centre, 40, classes=classes)
        rows.append((f"prefer_wait_s: {wait_s:g}", _same_agent(result)))
    return rows


def _same_agent(result: Result) -> Mapping[str, float]:
    same = 100 * (result.groups["sales"].by_name["same_agent"].value or 0.0)
    return {"% got the agent they wished": same, "s mean wait of all": _wait_s(result)}


_PICTURES: Mapping[str, tuple[str, Callable[[Plan], Rows]]] = {
    "skills": ("Mean wait in sales by `requires`, seconds", _skills),
    "rings": ("Mean wait in sales, seconds", _rings),
    "choice": ("Occupancy by agent, %", _choice),
    "ageing": ("Mean wait by priority, seconds", _ageing),
    "weight": ("Mean wait, seconds", partial(_shared, name="weight 3 for sales")),
    "reserve": ("Mean wait, seconds", partial(_shared, name="reserve of 1 for support")),
    "policy": ("Mean wait in sales, seconds", _policy),
    "last_agent": ("Sales: half of the callers talked with somebody before", _last_agent),
    "preferred": ("Sales: half of the callers ask for Anna", _preferred),
    "limit": ("Sales: mean wait, seconds; callers sent back, %", _limit),
}


# --- drawing ----------------------------------------------------------------------------------
def bars(title: str, rows: Rows) -> str:
    """Horizontal bars, one for each value; a colour for each name of the inner mappings."""
    names = list(rows[0][1])
    most = max(value for _, values in rows for value in values.values()) or 1.0
    height_each, left, width = 16, 250, 300
    y, lines = 44, [f'<text x="8" y="20" font-weight="bold">{html.escape(title)}</text>']
    for label, values in rows:
        middle = y + height_each * len(values) / 2 + 4
        lines.append(f'<text x="{left - 8}" y="{middle:g}" text-anchor="end">{html.escape(label)}</text>')
        for name, value in values.items():
            long = width * value / most
            colour = COLOURS[names.index(name) % len(COLOURS)]
            lines.append(
                f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{height_each - 3}" fill="{colour}"/>'
            )
            said = f"{value:.0f} {name}".strip()
            lines.append(f'<text x="{left + long + 6:.1f}" y="{y + 11}">{html.escape(said)}</text>')
            y += height_each
        y += 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {y}" width="720" height="{y}"'
        ' font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="720" height="{y}" fill="white"/>', *lines, "</svg>"]) + "\n"
