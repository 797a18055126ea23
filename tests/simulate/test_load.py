"""Scenario files: what they may say, what is assumed, and every mistake with its file and line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from acd.core.plan import Plan
from acd.core.work_rules import WrapUpMode, WrapUpRule
from acd.errors import OperatorError, SettingsError
from acd.settings.load import load_centre
from acd.simulate.chance import Constant, Empirical, Exponential, Lognormal, Never
from acd.simulate.load import default_rates, default_scenario, load_scenario, talk_of
from acd.simulate.quick import Wishes, with_wishes
from acd.simulate.recorded import Recorded, RecordedCall
from acd.simulate.scenario import (
    CallbackHabits,
    CallerClass,
    Habits,
    KnownCall,
    Listed,
    Poisson,
    Returning,
    Shift,
)
from acd.simulate.visits import Outcome, Visit

CHECKOUT = Path(__file__).resolve().parents[2]
HOUR = 3600.0


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Of the example."""
    return load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows").plan


def write(folder: Path, text: str, name: str = "day.yml") -> Path:
    """A file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, plan: Plan) -> list[str]:
    """Without the folder."""
    with pytest.raises(SettingsError) as raised:
        load_scenario(path, plan)
    return [problem.replace(f"{path.parent}/", "") for problem in raised.value.problems]


WHOLE = """\
simulation: {hours: 48, warm_up_hours: 2, begins: "06:30", seed: 7, lines: 30, batches: 10}
groups:
  sales:
    arrivals: {by_time: {"08:00": 60, "18:00": 5}}
    talk: {lognormal: {mean_s: 240, cv: 0.7}}
    patience: {never: true}
    classes:
      vip: {share: 0.25, priority: 10, value: 900, requires: "vip >= 5", prefer: anna, prefer_wait_s: 40}
      plain: {share: 0.75}
    max_wait_s: 300
    exits: [no_agents, voicemail]
    returning: {share: 0.4, within_days: 3}
    callbacks: {accept: 0.7, reached: 0.9, answer: {constant: 6}, exits: [voicemail]}
  support:
    arrivals: {csv: times.csv}
    talk: {constant: 200}
agents:
  answer: {exponential: 4}
  wrap_up: {lognormal: {mean_s: 40, cv: 0.5}}
  unanswered: 0.05
  back_after_s: 45
  shrinkage: 0.25
  shifts:
    day: {hours: "08:00-16:00", agents: [anna, dora], breaks: ["12:00-12:30"]}
    night: {hours: "22:00-06:00", agents: [ben], breaks: ["02:00-02:30"]}
"""


def test_everything_that_can_be_said(tmp_path: Path, plan: Plan) -> None:
    write(tmp_path, "arrived_at,priority,talk_s,customer\n60,5,,C-7\n120.5,,90,\n", "times.csv")
    scenario = load_scenario(write(tmp_path, WHOLE), plan)
    sales, support = scenario.traffic["sales"], scenario.traffic["support"]
    assert sales.arrivals == Poisson(((8 * HOUR, 60.0), (18 * HOUR, 5.0)))
    assert (sales.talk, sales.patience) == (Lognormal(240, 0.7), Never())
    assert sales.classes == (
        CallerClass("vip", 0.25, 10, 900, "vip >= 5", "anna", 40),
        CallerClass("plain", 0.75, 0),
    )
    assert sales.max_wait_s == 300
    assert sales.exits == {"no_agents", "voicemail"}
    assert support.exits == {"full", "callback", "voicemail"}  # those of the policy, where nothing is said
    assert support.arrivals == Listed(
        [KnownCall(60.0, priority=5, customer_id="C-7"), KnownCall(120.5, talk_s=90.0)]
    )
    assert support.talk == Constant(200)
    assert sales.returning == Returning(0.4, 3)
    assert sales.callbacks == CallbackHabits(0.7, 0.9, Constant(6), frozenset({"voicemail"}))
    assert (support.returning, support.callbacks) == (Returning(), None)
    assert scenario.habits.answer == Exponential(4)
    assert scenario.habits.work == Lognormal(40, 0.5)
    assert (scenario.habits.unanswered, scenario.habits.shrinkage) == (0.05, 0.25)
    assert scenario.shifts == [
        Shift(["anna", "dora"], 8 * HOUR, 16 * HOUR, [(12 * HOUR, 12.5 * HOUR)]),
        Shift(["ben"], 22 * HOUR, 30 * HOUR, [(26 * HOUR, 26.5 * HOUR)]),
    ]
    assert (scenario.length_s, scenario.warm_up_s, scenario.opens_s) == (48 * HOUR, 2 * HOUR, 6.5 * HOUR)
    assert (scenario.seed, scenario.lines, scenario.batches) == (7, 30, 10)


def test_nothing_said(tmp_path: Path, plan: Plan) -> None:
    scenario = load_scenario(write(tmp_path, "groups: {}\n"), plan)
    assert scenario == default_scenario(plan)
    assert scenario.traffic.keys() == plan.groups.keys()
    assert scenario.traffic["sales"].arrivals == Poisson.even(default_rates(plan)["sales"])
    assert scenario.traffic["sales"].talk == Exponential(170)  # with the wrap-up, three minutes
    # Three quarters of what six agents can do at three minutes a call.
    assert sum(default_rates(plan).values()) == pytest.approx(0.75 * 6 * 20)


MISTAKES = """\
simulation: {hours: 1, warm_up_hours: 1, sede: 3}
groups:
  sale:
    arrivals: {per_hour: 60}
  sales:
    arrivals: {per_hour: 60, by_time: {"08:00": 5}}
    talk: {exponential: -1}
    patience: {lognormal: {mean_s: 5}}
  support:
    arrivals: {per_hour: 5}
    classes: {vip: {share: 0.3}}
  complaints:
    arrivals: {by_time: {"8:00": 5}}
agents:
  shifts:
    day: {hours: "08:00-16:00", agents: [anna, dorra], breaks: ["16:00-16:30"]}
"""


def test_every_mistake_has_its_line(tmp_path: Path, plan: Plan) -> None:
    found = problems(write(tmp_path, MISTAKES), plan)
    assert [problem.partition(": ")[0] for problem in found] == [
        "day.yml:1",
        "day.yml:1",
        "day.yml:3",
        "day.yml:6",
        "day.yml:7",
        "day.yml:8",
        "day.yml:9",
        "day.yml:12",
        "day.yml:13",
        "day.yml:16",
        "day.yml:16",
    ]
    text = "\n".join(found)
    assert "unknown option 'sede', did you mean 'seed'?" in text
    assert "groups > sale: no group 'sale' is defined; did you mean 'sales'?" in text
    assert "expected exactly one of per_hour, by_time, csv, records" in text
    assert "expected a number of seconds from 0 to 86400, got -1" in text
    assert "the required option 'cv' is missing" in text
    assert "the shares of the classes make 0.3 together, not 1" in text
    assert "expected a time of day in quotes such as '08:00', got '8:00'" in text
    assert "no agent 'dorra' is defined; did you mean 'dora'?" in text
    assert "the break is not within the shift" in text
    assert "the warm-up is as long as all 1 hours" in text


def test_the_clock_shows_the_centres_own_time(tmp_path: Path, plan: Plan) -> None:
    path = write(tmp_path, 'simulation: {begins: "2026-11-02T08:00+01:00"}\n')
    assert problems(path, plan) == [
        "day.yml:1: simulation > begins: expected a time in quotes such as '08:00' or '2026-11-02 08:00',"
        " got '2026-11-02T08:00+01:00'; times are those of the centre's own zone"
    ]
    path = write(tmp_path, 'simulation: {begins: "2026-11-02 08:00:30"}\n')
    assert load_scenario(path, plan).opens_s == 8 * HOUR + 30


def test_wishes_that_nobody_can_fulfil(tmp_path: Path, plan: Plan) -> None:
    text = "groups:\n  sales:\n    classes: {vip: {share: 1, prefer: ana}}\n"
    assert problems(write(tmp_path, text), plan) == [
        "day.yml:3: groups > sales > classes > vip > prefer: no agent 'ana' is defined; did you mean 'anna'?"
    ]
    text = 'groups:\n  sales:\n    classes: {vip: {share: 1, requires: "saless >= 6"}}\n'
    assert problems(write(tmp_path, text), plan) == [
        "day.yml:3: groups > sales > classes > vip > requires: no agent has the skill 'saless', and no group"
        " asks for it; did you mean 'sales'?"
    ]
    text = "groups:\n  sales:\n    callbacks: {accept: 2}\n    returning: {within_days: 3}\n"
    found = problems(write(tmp_path, text), plan)
    assert [problem.partition(": ")[0] for problem in found] == ["day.yml:3", "day.yml:4"]


def test_mistakes_in_a_csv_file(tmp_path: Path, plan: Plan) -> None:
    text = "groups:\n  sales:\n    arrivals: {csv: times.csv}\n"
    write(tmp_path, "arrived_at,prio\n5,1\n", "times.csv")
    assert problems(write(tmp_path, text), plan) == [
        "times.csv:1: times: unknown column 'prio', did you mean 'priority'?"
    ]
    write(tmp_path, "arrived_at,talk_s\n5,1\nsoon,2\n6,-2\n", "times.csv")
    assert problems(write(tmp_path, text), plan) == [
        "times.csv:3: times: arrived_at: expected seconds or a time such as 2026-11-02 09:15:30, got 'soon'",
        "times.csv:4: times: talk_s: expected a number of seconds, 0 or more, got '-2'",
    ]
    (tmp_path / "times.csv").unlink()
    assert problems(write(tmp_path, text), plan) == ["times.csv:1: times: the file is missing"]


def test_dates_in_a_csv_file(tmp_path: Path, plan: Plan) -> None:
    text = "simulation: {hours: 24}\ngroups:\n  sales:\n    arrivals: {csv: times.csv}\n"
    write(tmp_path, "arrived_at\n2026-11-02 09:00:30\n2026-11-02 08:00:00\n", "times.csv")
    path = write(tmp_path, text)
    assert load_scenario(path, plan).traffic["sales"].arrivals == Listed(
        [KnownCall(9 * HOUR + 30), KnownCall(8 * HOUR)]
    )
    write(tmp_path, text.replace("24}", '24, begins: "2026-11-02 08:30"}'))
    assert problems(path, plan) == [
        "day.yml:4: groups > sales > arrivals > csv: 1 of 2 times lie outside of the 24 hours that are"
        " simulated: see `begins` and `hours` of `simulation`"
    ]


def test_dates_in_two_csv_files_count_from_one_beginning(tmp_path: Path, plan: Plan) -> None:
    text = "groups:\n  sales: {arrivals: {csv: a.csv}}\n  support: {arrivals: {csv: b.csv}}\n"
    write(tmp_path, "arrived_at\n2026-11-02 09:00\n", "a.csv")
    write(tmp_path, "arrived_at\n2026-11-03 09:30\n", "b.csv")
    path = write(tmp_path, text)
    scenario = load_scenario(path, plan)
    assert scenario.traffic["sales"].arrivals == Listed([KnownCall(9 * HOUR)])
    assert scenario.traffic["support"].arrivals == Listed([KnownCall(33.5 * HOUR)])
    assert (scenario.first_day, scenario.opens_s) == (date(2026, 11, 2), 0.0)
    # Until the last ones have been talked with, and nothing of it is taken for a warm-up.
    assert (scenario.length_s, scenario.warm_up_s) == (35 * HOUR, 0.0)
    write(tmp_path, 'simulation: {begins: "08:00"}\n' + text)  # a time alone is one of the first day
    scenario = load_scenario(path, plan)
    assert scenario.traffic["sales"].arrivals == Listed([KnownCall(HOUR)])
    assert (scenario.first_day, scenario.opens_s) == (date(2026, 11, 2), 8 * HOUR)


def test_a_csv_file_without_callers(tmp_path: Path, plan: Plan) -> None:
    path = write(tmp_path, "groups:\n  sales:\n    arrivals: {csv: times.csv}\n")
    write(tmp_path, "arrived_at\n", "times.csv")
    assert problems(path, plan) == [
        "times.csv:1: times: no caller is in this file: below the first line, each line is one"
    ]


RECORDED = Recorded(
    opens_s=8 * HOUR,
    length_s=4 * HOUR,
    calls=[
        RecordedCall(Visit("c1", "sales", "", 60.0, Outcome.ANSWERED, 5.0, "anna", 110.0), 3, 100.0),
        RecordedCall(Visit("c2", "sales", "", 90.0, Outcome.ABANDONED, 40.0)),
        RecordedCall(Visit("c3", "support", "", 95.0, Outcome.ANSWERED, 1.0, "dora", 40.0), 0, 20.0),
    ],
    there={},
    pauses={},
)
OF_RECORDS = """\
groups:
  sales:
    arrivals: {records: {from: "2026-11-02", to: "2026-11-02"}}
    talk: {records: {from: "2026-11-02", to: "2026-11-02"}}
"""


def test_arrivals_and_talks_of_the_records(tmp_path: Path, plan: Plan) -> None:
    asked = []

    def history(from_: str, to: str) -> Recorded:
        asked.append((from_, to))
        return RECORDED

    scenario = load_scenario(write(tmp_path, OF_RECORDS), plan, history)
    assert asked == [("2026-11-02", "2026-11-02")]
    assert scenario.traffic["sales"].arrivals == Listed(
        [KnownCall(60.0, priority=3), KnownCall(90.0, priority=0)]
    )
    assert scenario.traffic["sales"].talk == Empirical([100.0])
    assert scenario.opens_s == 8 * HOUR
    # As long as the period, and from its first call on: a day on record begins as empty as it did.
    assert (scenario.length_s, scenario.warm_up_s) == (4 * HOUR, 0.0)
    assert with_wishes(scenario, plan, Wishes()) == scenario


def test_callers_on_record_beyond_the_end(tmp_path: Path, plan: Plan) -> None:
    path = write(tmp_path, "simulation: {hours: 0.02}\n" + OF_RECORDS)
    with pytest.raises(SettingsError) as raised:
        load_scenario(path, plan, lambda _from, _to: RECORDED)
    assert [problem.replace(f"{path.parent}/", "") for problem in raised.value.problems] == [
        "day.yml:4: groups > sales > arrivals > records: 1 of 2 times lie outside of the 0.02 hours that are"
        " simulated: see `begins` and `hours` of `simulation`"
    ]
    scenario = load_scenario(write(tmp_path, OF_RECORDS), plan, lambda _from, _to: RECORDED)
    cut = with_wishes(scenario, plan, Wishes(hours=0.02))  # who says so knows; the head of the result, too
    assert str(cut.traffic["sales"].arrivals) == "1 known times"


def test_groups_of_different_periods(tmp_path: Path, plan: Plan) -> None:
    other = (
        OF_RECORDS.partition("\n")[2].replace("sales", "support").replace('from: "2026-11-02"', 'from: "x"')
    )
    path = write(tmp_path, 'simulation: {begins: "09:00"}\n' + OF_RECORDS + other)
    with pytest.raises(SettingsError) as raised:
        load_scenario(
            path, plan, lambda from_, _to: replace(RECORDED, first_day=date(2026, 11, 1 + (from_ == "x")))
        )
    assert [problem.replace(f"{path.parent}/", "") for problem in raised.value.problems] == [
        "day.yml:1: simulation > begins: the period of the records begins at 08:00: leave this out, or change"
        " `from`",
        "day.yml:7: groups > support > arrivals > records: this is not the period of sales, 2026-11-01 08:00"
        " for 4 hours: all groups need the same one",
    ]


def test_records_that_are_not_there(tmp_path: Path, plan: Plan) -> None:
    found = problems(write(tmp_path, OF_RECORDS), plan)
    assert found[0] == "day.yml:3: groups > sales > arrivals > records: there are no records here"


def test_wishes_of_the_command_line(plan: Plan) -> None:
    base = default_scenario(plan)
    wished = with_wishes(
        base, plan, Wishes(["90", "sales=60"], aht_s=240, patience="never", hours=10, seed=5, lines=9)
    )
    assert wished.traffic["sales"].arrivals == Poisson.even(60)
    support = wished.traffic["support"].arrivals
    assert isinstance(support, Poisson)
    assert support.mean_per_hour == pytest.approx(90 * 52.5 / 90)
    assert wished.traffic["support"].talk == Exponential(220)
    assert wished.traffic["support"].patience == Never()
    assert (wished.length_s, wished.seed, wished.lines) == (10 * HOUR, 5, 9)
    assert with_wishes(base, plan, Wishes()) == base
    sales = replace(base, traffic={"sales": base.traffic["sales"]})
    assert with_wishes(sales, plan, Wishes(["support=52.5"])) == base


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes(["many"]), "expected a number such as 200, or sales=120"),
        (Wishes(["sale=5"]), "no group 'sale' is defined; did you mean 'sales'?"),
        (Wishes(patience="long"), "expected a mean in seconds such as 120, or never"),
        (Wishes(aht_s=15), "not more than the wrap-up of support"),
        (Wishes(hours=1, warm_up_hours=1), "the warm-up is as long as all 1 hours"),
    ],
)
def test_wishes_that_cannot_be(plan: Plan, wishes: Wishes, message: str) -> None:
    with pytest.raises(OperatorError, match=message.replace("?", r"\?")):
        with_wishes(default_scenario(plan), plan, wishes)


def test_the_handle_time_contains_the_wrap_up(plan: Plan) -> None:
    policy = replace(plan.groups["sales"], wrap_up=WrapUpRule.timed(30))
    assert talk_of(policy, Habits(), 180) == Exponential(150)
    released = replace(policy, wrap_up=WrapUpRule(WrapUpMode.UNTIL_RELEASED))
    assert talk_of(released, Habits(work=Exponential(45)), 180) == Exponential(135)
