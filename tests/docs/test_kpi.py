"""docs/kpi.md: its words are those of the program, and its examples come out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd.core.service_level import ServiceLevelFormula
from acd.reports.kpis import KPIS
from acd.reports.kpis.visits import variant_id
from acd.reports.measures import ABANDONED, ANSWERED, LEFT, REASON, SCORE, WAITING, Limits, Measures, measured
from acd.reports.table import Figure, Unit
from acd.reports.wording import words
from tests.reports.test_service_levels import the_example

TEXT = Path("docs/kpi.md").read_text(encoding="utf-8")
CHAPTERS = dict(re.findall(r"^### .* \(`(\w+)`\)\n\n((?:- .*\n?)+)", TEXT, re.MULTILINE))


def row(what: str) -> list[int]:
    """The numbers of a line of the table."""
    found = re.search(rf"^\| {re.escape(what)} \| (.*?)(?: s)? \|$", TEXT, re.MULTILINE)
    assert found is not None, what
    return [int(number) for number in found[1].split(", ")]


def the_day() -> Measures:
    """The day of the document's table."""
    m = Measures()
    for kind in (ANSWERED, ABANDONED, LEFT, WAITING):
        for wait_s in row(f"waits of {kind}"):
            m.wait(kind, wait_s * 1000)
            m.add("offered")
    lunch, meeting = row("not ready for lunch (not paid), meeting")
    told = {
        "taken over": ("transferred_in",),
        "talk, hold, wrap-up of calls": ("talk_us", "hold_us", "acw_us"),
        "rings answered, no_answer, declined, busy": (
            "ring:answered", "ring:no_answer", "ring:declined", "ring:busy",
        ),
        "transfers blind, attended, of these of callers of groups": (
            "transfers_blind", "transfers_attended", "group_transfers",
        ),
        "states ready, ringing, talking, wrap_up": ("ready_us", "ringing_us", "talking_us", "wrap_up_us"),
        "planned, of it logged in, outside of it": ("planned_us", "in_plan_us", "outside_plan_us"),
        "calls, answered, contacts, resolved contacts": (
            "calls", "calls_answered", "contacts", "contacts_resolved",
        ),
        "calls in the IVR, contained, completed, dropped": (
            "ivr_calls", "ivr_contained", "ivr_completed", "ivr_dropped",
        ),
        "at the step, hung up there": ("step_visits", "step_dropped"),
        "callbacks done, failed, cancelled, open": (
            "callbacks_done", "callbacks_failed", "callbacks_cancelled", "callbacks_open",
        ),
        "scores 5, 4, 2, 1": (f"{SCORE}5", f"{SCORE}4", f"{SCORE}2", f"{SCORE}1"),
        "dispositions, complaints": ("dispositions", "complaints"),
    }  # fmt: skip
    for what, names in told.items():
        for name, amount in zip(names, row(what), strict=True):
            m.add(name, amount * 1_000_000 if name.endswith("_us") else amount)
    for reason, length_s in (("lunch", lunch), ("meeting", meeting)):
        m.add("not_ready")
        for name in ("not_ready_us", f"{REASON}{reason}"):
            m.add(name, length_s * 1_000_000)
    states = ("ready_us", "ringing_us", "talking_us", "wrap_up_us", "not_ready_us")
    m.add("logged_in_us", sum(m.sum(name) for name in states))
    m.add("rings", sum(amount for name, amount in m.sums.items() if name.startswith("ring:")))
    m.add("callbacks", sum(amount for name, amount in m.sums.items() if name.startswith("callbacks_")))
    m.add("survey_answers", sum(amount for name, amount in m.sums.items() if name.startswith(SCORE)))
    for name, most in zip(
        ("peak_calls", "peak_waiting", "peak_talking"), row("calls, waiting, talking at once"), strict=True
    ):
        m.most(name, most)
    return measured([(Limits(20.0, 5.0, 4, frozenset({"lunch"})), m)])


def shown(figure: Figure, unit: Unit) -> str:
    """As the examples have it."""
    assert figure is not None
    return {
        Unit.COUNT: f"{figure}",
        Unit.SHARE: f"{100 * figure:.1f} %",
        Unit.SECONDS: f"{figure:.1f} s",
        Unit.SCORE: f"{figure:.1f}",
    }[unit]


def test_every_kpi_has_its_chapter() -> None:
    assert list(CHAPTERS) == list(KPIS)


@pytest.mark.parametrize("id", KPIS)
def test_the_words_are_those_of_the_program(id: str) -> None:
    told = words("en").kpis[id]
    origin = words("en").origins[KPIS[id].origin.value]
    assert f"### {told.label} (`{id}`)\n" in TEXT
    for line in (
        f"- Formula: {told.formula}",
        f"- Counted: {told.counted}",
        f"- Not counted: {told.not_counted}",
        f"Origin: {origin}",
    ):
        assert f"{line}\n" in CHAPTERS[id]


@pytest.mark.parametrize("id", KPIS)
def test_the_example_comes_out(id: str) -> None:
    example = re.search(r"^- Example: (.*?)\*\*(.*)\*\*$", CHAPTERS[id].rstrip(), re.MULTILINE)
    assert example is not None
    sum_, figure = example[1].removesuffix(" = "), example[2]
    assert shown(KPIS[id].of(the_day()), KPIS[id].unit) == figure
    if sum_ and re.fullmatch(r"[\d +−×÷()]+", sum_):
        python = sum_.replace("−", "-").replace("×", "*").replace("÷", "/")
        assert shown(eval(python), KPIS[id].unit) == figure


def test_five_service_levels_of_one_day() -> None:
    table = dict(re.findall(r"^\| `([\w/-]+)`.* \| ([\d.]+ %) \|$", TEXT, re.MULTILINE))
    assert set(table) == {formula.value for formula in ServiceLevelFormula}
    for formula in ServiceLevelFormula:
        kpi = KPIS[variant_id(formula)]
        assert shown(kpi.of(the_example()), kpi.unit) == table[formula.value]
