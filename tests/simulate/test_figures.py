"""Figures and their standard errors."""

from __future__ import annotations

import math
import random

import pytest

from acd.core.facts import AgentInterval
from acd.core.service_level import ServiceLevelFormula
from acd.simulate.figures import FORMULAS, Figure, jackknife, result_of, without
from acd.simulate.ledger import Counts, Ledger, sum_of
from acd.simulate.scenario import Scenario
from acd.simulate.visits import Outcome, Visit
from tests.core.centre import PLAN

HOUR = 3600.0
TWO_HOURS = Scenario({}, length_s=3 * HOUR, warm_up_s=HOUR, opens_s=8 * HOUR, batches=4)


def ledger_of(*visits: Visit) -> Ledger:
    """With these in it."""
    ledger = Ledger(PLAN.groups, TWO_HOURS)
    for visit in visits:
        ledger.visit(visit)
    return ledger


def test_a_mean_has_the_standard_error_of_the_textbook() -> None:
    chance = random.Random(1)
    means = [chance.gauss(10, 2) for _ in range(20)]
    batches = [Counts(hours=1, answered=100, answer_wait_s=100 * mean) for mean in means]
    total = sum_of(batches, 20)
    figure = jackknife(total, [without(total, batch) for batch in batches], FORMULAS["asa_s"][1])
    mean = math.fsum(means) / 20
    error = math.sqrt(math.fsum((m - mean) ** 2 for m in means) / 19 / 20)
    assert figure.value == pytest.approx(mean)
    assert figure.standard_error == pytest.approx(error)
    assert figure.half_width == pytest.approx(2.093 * error)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(2)
    covered = 0
    for _ in range(1000):
        batches = [
            Counts(hours=1, offered=n, answered_in_time=sum(chance.random() < 0.8 for _ in range(n)))
            for n in (chance.randint(20, 60) for _ in range(10))
        ]
        total = sum_of(batches, 10)

        def share(counts: Counts) -> float:
            return counts.answered_in_time / counts.offered

        figure = jackknife(total, [without(total, batch) for batch in batches], share)
        assert figure.value is not None
        assert figure.half_width is not None
        covered += abs(figure.value - 0.8) <= figure.half_width
    assert 920 <= covered <= 975


def test_nothing_is_said_from_nothing() -> None:
    result = result_of(ledger_of(), ServiceLevelFormula.ANSWERED_PLUS_ABANDONED)
    assert {figure for name, figure in result.total.by_name.items() if name != "offered_per_hour"} == {
        Figure(None)
    }
    assert result.total.by_name["offered_per_hour"].value == 0
    assert result.occupancy == Figure(None)
    assert result.intervals == []


def test_where_a_visit_counts() -> None:
    visits = [
        Visit("early", "sales", "", HOUR - 1, Outcome.ANSWERED, 5.0),
        Visit("a", "sales", "", HOUR, Outcome.ANSWERED, 20.0, "anna", 100.0),
        Visit("b", "sales", "gold", 1.5 * HOUR, Outcome.ANSWERED, 21.0, "anna"),
        Visit("c", "sales", "", 2 * HOUR, Outcome.ABANDONED, 4.9),
        Visit("d", "support", "", 3 * HOUR - 1, Outcome.ABANDONED, 5.0),
        Visit("late", "sales", "", 3 * HOUR, Outcome.ANSWERED, 5.0),
    ]
    result = result_of(ledger_of(*visits), ServiceLevelFormula.OFFERED_MINUS_SHORT)
    total = result.total.counts
    assert (total.offered, total.answered, total.abandoned, total.short_abandoned) == (4, 2, 2, 1)
    assert (total.answered_in_time, total.handled, total.handle_s) == (1, 1, 100.0)
    assert result.total.by_name["service_level"].value == pytest.approx(1 / 3)
    assert result.total.by_name["p90_wait_s"].value == 21.0
    assert result.total.by_name["offered_per_hour"].value == 2
    assert [(i.slot, i.counts.offered) for i in result.intervals] == [(18, 1), (19, 1), (20, 1), (21, 1)]
    assert result.classes.keys() == {("sales", ""), ("sales", "gold")}


def test_occupancy_of_intervals_over_several_batches() -> None:
    ledger = ledger_of()
    for state, since, until in (
        ("ready", 0.0, 1.25 * HOUR),
        ("ringing", 1.25 * HOUR, 1.5 * HOUR),
        ("talking", 1.5 * HOUR, 2.6 * HOUR),
        ("wrap_up", 2.6 * HOUR, 2.75 * HOUR),
        ("not_ready", 2.75 * HOUR, 4 * HOUR),
    ):
        ledger.interval_over(AgentInterval("anna", state, None, since, until))
    assert ledger.busy_s == pytest.approx(
        {("anna", 1): 0.5 * HOUR, ("anna", 2): 0.5 * HOUR, ("anna", 3): 0.25 * HOUR}
    )
    assert ledger.ready_s == pytest.approx({("anna", 0): 0.25 * HOUR})
    occupancy = result_of(ledger, ServiceLevelFormula.ANSWERED_PLUS_ABANDONED).agents["anna"]
    assert occupancy.value == pytest.approx(1.25 / 1.5)
