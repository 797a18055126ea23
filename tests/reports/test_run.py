"""Reports of a handful of calls, worked out by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, event, insert, text
from sqlalchemy.engine import make_url

from acd.core.callback_facts import CallbackNews, CallbackNote, entry_id
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder
from acd.errors import OperatorError
from acd.ivr.hours import Calendar
from acd.records import connecting, schema
from acd.records.corrections import Correction, Field
from acd.records.fold import fold, utc
from acd.records.imports import ImportLog
from acd.records.period import Period
from acd.records.store import RecordStore
from acd.reports.asked import Asked, By, Grain, Where
from acd.reports.behind import calls_behind
from acd.reports.going_on import GoingOn, going_on
from acd.reports.known import Known
from acd.reports.run import ReportTooLong, run_report, snapshot
from acd.reports.table import Figure, Line, ReportTable
from tests.records.scenario import START, facts_of
from tests.reports.centre import BERLIN, KNOWN, asked, day

NOW = datetime(2025, 12, 22, 12, tzinfo=UTC)
CALLS = {
    "a": """
        0 arrived 5550100 8000
        0 flow main
        5 step main/menu 1 sales
        5 queued sales
        10 offered anna
        20 answered anna
        50 held
        60 resumed
        80 blind anna 8002
        80 queued support
        90 offered ben
        140 answered ben
        150 ended caller
        150 wrap ben
        160 wrapped ben""",
    "b": """
        10 arrived 5550199 8000
        10 flow main
        12 step main/menu 1 sales
        12 queued sales
        14 ended caller""",
    "c": """
        1000 arrived 5550100 8000
        1000 flow main
        1002 queued sales
        1010 offered anna
        1025 failed anna no_answer
        1032 ended caller""",
    "d": """
        1900 arrived 5550111 8001
        1900 flow info
        1905 step info/play done bye
        1910 step info/bye hangup
        1910 ended system""",
    "e": """
        2000 arrived 5550112 8001
        2000 flow info
        2003 ended caller""",
    "f": """
        2100 arrived 5550113 8001
        2100 flow info
        2105 queued support
        2200 leftline support timeout
        2205 scored polite 5
        2206 scored fast 3
        2210 callback support 5550113
        2220 ended system""",
    "own": """
        2300 arrived 1001 8001 internal anna
        2300 queued sales
        2310 answered ben
        2320 ended caller""",
}  # fmt: skip


def stretch(agent: str, state: str, begin: float, end: float, reason: str | None = None) -> AgentInterval:
    return AgentInterval(agent, state, reason, START + begin, START + end)


STATES = [
    stretch("anna", "not_ready", -600, 0, "login"),
    stretch("anna", "ready", 0, 10),
    stretch("anna", "ringing", 10, 20),
    stretch("anna", "talking", 20, 80),
    stretch("anna", "wrap_up", 80, 90),
    stretch("anna", "ready", 90, 1100),
    stretch("anna", "not_ready", 1100, 3600, "lunch"),
    stretch("ben", "ready", 0, 90),
    stretch("ben", "ringing", 90, 140),
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the calls, to be copied: making its tables is what takes time."""
    path = tmp_path_factory.mktemp("reports") / "acd.db"
    with RecordStore(f"sqlite:///{path}") as opened:
        opened.save_calls([fold(name, facts_of(story)) for name, story in CALLS.items()])
        opened.save_intervals(STATES)
    return path


@pytest.fixture
def store(written: Path, tmp_path: Path) -> Iterator[RecordStore]:
    shutil.copy(written, tmp_path / "acd.db")
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as opened:
        yield opened


def run(store: RecordStore, wanted: Asked, known: Known = KNOWN) -> ReportTable:
    table = run_report(store.engine, known, wanted, NOW)
    assert [check for check in table.checks if not check.ok] == []
    return table


def by_key(table: ReportTable) -> dict[str | None, Line]:
    return {line.key: line for line in table.lines}


def some(line: Line, *ids: str) -> list[Figure]:
    return [line.values[id] for id in ids]


def test_groups(store: RecordStore) -> None:
    table = run(store, asked("groups", By.GROUP))
    lines = by_key(table)
    ends = ("offered", "answered", "abandoned", "short_abandoned", "left", "waiting")
    assert some(lines["sales"], *ends) == [3, 1, 1, 1, 0, 0]
    assert some(lines["support"], *ends) == [2, 1, 0, 0, 1, 0]
    assert some(table.total, *ends) == [5, 2, 1, 1, 1, 0]
    assert some(lines["sales"], "service_level", "abandon_rate") == [1 / 2, 1 / 2]  # b was short
    assert some(lines["support"], "service_level") == [1 / 2]  # 60 s by its own threshold
    assert some(lines["sales"], "asa_s", "longest_wait_s", "wait_p50_s") == [15, 30, 15]
    assert some(lines["sales"], "aht_s", "att_s", "hold_s", "acw_s") == [60, 50, 10, 0]
    assert some(lines["support"], "aht_s", "att_s", "hold_s", "acw_s") == [20, 10, 0, 10]
    assert some(lines["sales"], "transfers_blind", "transfers_attended", "transfer_rate") == [1, 0, 1]
    assert [line.name for line in table.lines] == ["Sales", "Support"]
    assert ("own-calls", {"count": 1}) in table.notes


def test_agents(store: RecordStore) -> None:
    table = run(store, asked("agents", By.AGENT))
    anna, ben = (by_key(table)[agent] for agent in ("anna", "ben"))
    assert some(anna, "answered", "rings", "rona", "rona_rate") == [1, 2, 1, 1 / 2]
    assert some(ben, "answered", "rings", "rona", "rona_rate") == [1, 1, 0, 0]
    assert some(anna, "ready_s", "ringing_s", "talking_s", "wrap_up_s", "not_ready_s") == [
        1020, 10, 60, 10, 3100,
    ]  # fmt: skip
    assert some(anna, "logged_in_s", "paid_s") == [4200, 1700]
    assert some(anna, "occupancy", "utilisation") == [70 / 1090, 80 / 1700]
    assert [line.name for line in table.lines] == ["Anna Weber", "Ben Okafor"]
    teams = by_key(run(store, asked("agents", By.TEAM)))
    assert some(teams["north"], "logged_in_s") == [4200]


def test_reasons(store: RecordStore) -> None:
    lines = by_key(run(store, asked("not-ready", By.REASON)))
    assert {key: some(line, "not_ready_s", "not_ready_stretches") for key, line in lines.items()} == {
        "login": [600, 1],
        "lunch": [2500, 1],
    }
    assert [line.name for line in lines.values()] == ["Just logged in", "Lunch"]


def test_states_are_cut_at_the_borders_of_intervals(store: RecordStore) -> None:
    table = run(store, asked("agents", By.ALL, Grain.HALF))
    found = {
        line.at.strftime("%H:%M"): some(line, "logged_in_s", "not_ready_s")
        for line in table.lines
        if line.at is not None and line.values["logged_in_s"]
    }
    assert found == {"10:30": [600, 600], "11:00": [1940, 700], "11:30": [1800, 1800]}


def test_a_visit_counts_in_the_interval_in_which_it_was_offered(store: RecordStore) -> None:
    table = run(store, asked("groups", By.ALL, Grain.QUARTER, kpis=("offered", "answered")))
    found = {f"{line.at:%H:%M}": some(line, "offered", "answered") for line in table.lines if line.at}
    assert len(found) == 96
    assert {at: figures for at, figures in found.items() if any(figures)} == {
        "11:00": [3, 2],
        "11:15": [1, 0],
        "11:30": [1, 0],
    }


def test_filters(store: RecordStore) -> None:
    sales = run(store, asked("groups", By.GROUP, where=Where(groups=("sales",))))
    assert (sales.total.values["offered"], [line.key for line in sales.lines]) == (3, ["sales"])
    gold = run(store, asked("groups", By.ALL, where=Where(segments=("gold",))))
    assert gold.total.values["offered"] == 3
    south = run(store, asked("groups", By.ALL, where=Where(teams=("south",))))
    assert south.total.values["offered"] == 1
    number = run(store, asked("groups", By.NUMBER, where=Where(numbers=("8001",), flows=("info",))))
    assert [(line.key, line.values["offered"]) for line in number.lines] == [("8001", 1)]


def test_what_cannot_be_told_by_a_filter_is_left_out_and_named(store: RecordStore) -> None:
    table = run(store, asked("agents", By.AGENT, where=Where(groups=("sales",))))
    assert "rings" in {column.id for column in table.columns}
    assert "occupancy" not in {column.id for column in table.columns}
    assert any(id == "left-out" and "occupancy" in str(told["kpis"]) for id, told in table.notes)


def test_calls_and_menus(store: RecordStore) -> None:
    table = run(store, asked("calls", By.FLOW))
    main, info = by_key(table)["main"], by_key(table)["info"]
    ivr = ("ivr_calls", "ivr_contained", "ivr_completed", "ivr_dropped")
    assert some(main, "calls", "calls_answered", *ivr) == [3, 1, 3, 0, 0, 0]
    assert some(info, "calls", "calls_answered", *ivr) == [3, 0, 3, 2, 1, 1]
    assert some(info, "ivr_containment", "ivr_drop_rate") == [2 / 3, 1 / 3]
    assert some(table.total, "contacts", "contacts_resolved", "fcr") == [1, 0, 0]  # c came back
    early = run_report(store.engine, KNOWN, asked("calls", By.ALL), datetime(2025, 11, 25, tzinfo=UTC))
    assert some(early.total, "contacts", "fcr") == [0, None]
    assert ("fcr-open", {"count": 1, "days": "7"}) in early.notes


def test_steps(store: RecordStore) -> None:
    lines = by_key(run(store, asked("ivr", By.STEP)))
    assert some(lines["info/"], "step_visits", "step_dropped", "step_drop_rate") == [2, 1, 1 / 2]
    assert some(lines["main/sales"], "step_visits", "step_dropped") == [2, 1]


def test_peaks(store: RecordStore) -> None:
    table = run(store, asked("peaks", By.ALL, Grain.QUARTER))
    found = {
        f"{line.at:%H:%M}": some(line, "peak_calls", "peak_waiting", "peak_talking")
        for line in table.lines
        if line.at and any(line.values.values())
    }
    assert found == {"11:00": [2, 2, 1], "11:15": [1, 1, 0], "11:30": [1, 1, 1]}
    assert some(table.total, "peak_calls", "peak_waiting", "peak_talking") == [2, 2, 1]


def test_outcomes(store: RecordStore) -> None:
    store.save_dispositions(
        [
            Disposition("a", "anna", START + 90, "sales", "sold", "Sold", False, {}, "", None),
            Disposition("a", "anna", START + 95, "sales", "angry", "Angry", True, {}, "", None),
            Disposition("a", "ben", START + 160, "support", "sold", "Sold", False, {}, "", None),
        ]
    )
    orders = [CallbackOrder("f", START + 2210, "support", "5550113", "en")]
    orders += [CallbackOrder("x", START + n, "sales", f"555020{n}", "en") for n in range(3)]
    store.add_callbacks(orders)
    store.note_callbacks(
        [
            CallbackNote(entry_id("f", START + 2210), START + 3000, CallbackNews.DONE),
            CallbackNote(entry_id("x", START), START + 3000, CallbackNews.EXPIRED),
        ]
    )
    told = by_key(run(store, asked("dispositions", By.CODE)))
    assert {code: some(line, "dispositions", "complaints") for code, line in told.items()} == {
        "angry": [1, 1],
        "sold": [1, 0],
    }
    backs = run(store, asked("callbacks", By.GROUP))
    wanted = ("callbacks", "callbacks_done", "callbacks_failed", "callbacks_open", "callback_success")
    assert some(by_key(backs)["sales"], *wanted) == [3, 0, 1, 2, 0]
    assert some(backs.total, *wanted) == [4, 1, 1, 2, 1 / 2]
    scores = run(store, asked("surveys", By.QUESTION))
    assert {key: some(line, "csat", "score_mean") for key, line in by_key(scores).items()} == {
        "main/survey/fast": [0, 3],
        "main/survey/polite": [1, 5],
    }
    assert some(scores.total, "survey_answers", "csat", "score_mean") == [2, 1 / 2, 4]


def test_adherence(store: RecordStore) -> None:
    hours = Calendar("early", BERLIN, weekly={5: ((10 * 60 + 55, 11 * 60 + 10),)})  # 22 November: a Saturday
    planned = replace(KNOWN.agents["anna"], hours=hours)
    known = replace(KNOWN, agents={**KNOWN.agents, "anna": planned})
    table = run(store, asked("adherence", By.AGENT), known)
    assert [line.key for line in table.lines] == ["anna"]
    assert some(table.total, "planned_s", "in_plan_s", "adherence", "outside_plan_s") == [900, 900, 1, 3300]
    assert ("no-plan", {"count": 1}) in table.notes


def test_adherence_counts_what_goes_on_until_now(store: RecordStore) -> None:
    now = utc(START + 5_400)
    hours = Calendar("day", BERLIN, weekly={5: ((11 * 60, 13 * 60),)})  # from START on
    agents = {id: replace(agent, hours=hours) for id, agent in KNOWN.agents.items() if id in ("anna", "ben")}
    known, wanted = replace(KNOWN, agents=agents), asked("adherence", By.AGENT)
    ids = ("planned_s", "in_plan_s", "outside_plan_s", "adherence")

    def found(goes_on: GoingOn | None) -> tuple[dict[str | None, list[Figure]], list[str]]:
        table = run_report(store.engine, known, wanted, now, goes_on)
        assert [check for check in table.checks if not check.ok] == []
        return {line.key: some(line, *ids) for line in table.lines}, [id for id, _ in table.notes]

    lines, notes = found(None)
    assert lines == {"anna": [5400, 3600, 600, 3600 / 5400], "ben": [5400, 140, 0, 140 / 5400]}
    assert "open-plans" in notes
    # Anna has been ready since her lunch; Ben is logged out.
    lines, notes = found(going_on([("anna", "ready", None, 1_800), ("ben", "logged_out", None, 9)], now))
    assert lines == {"anna": [5400, 5400, 600, 1], "ben": [5400, 140, 0, 140 / 5400]}
    assert "open-plans" not in notes
    # What has come onto the record meanwhile counts once.
    lines, _ = found(going_on([("anna", "not_ready", "lunch", 4_300)], now))
    assert lines["anna"] == [5400, 5400, 600, 1]


def test_a_gap_in_the_states_of_an_agent_is_seen(store: RecordStore) -> None:
    back = [stretch("anna", "not_ready", 4_000, 4_010, "login"), stretch("anna", "ready", 4_010, 4_100)]
    store.save_intervals(back)  # logged out in between: that is no gap
    states = schema.agent_states
    with store.engine.begin() as connection:
        connection.execute(delete(states).where(states.c.state == "talking", states.c.agent_id == "anna"))
    for grain in (Grain.WHOLE, Grain.QUARTER):
        table = run_report(store.engine, KNOWN, asked("agents", By.AGENT, grain), NOW)
        (broken,) = [check for check in table.checks if not check.ok]
        assert broken.id == "states"
        assert broken.text.startswith("4440.000 s ≠ ")  # 60 s of them are missing


@pytest.mark.parametrize("has_ended", [True, False])
def test_gaps_in_history_of_another_system_tell_nothing(store: RecordStore, *, has_ended: bool) -> None:
    """Nor does the way from there to here; also while it is imported, or when that was interrupted."""
    log = ImportLog(store.engine)
    number = log.begin("queue_log", "cli:eva", NOW)
    morning = [
        stretch("eve", "ready", 100, 400), stretch("eve", "ready", 700, 900),
        stretch("eve", "not_ready", 1_200, 1_500, "lunch"), stretch("eve", "ready", 1_500, 1_800),
    ]  # fmt: skip
    store.save_intervals(morning)
    if has_ended:  # of states alone: no call says until when
        log.end(number, NOW, files=[], states=len(morning), first=None, last=None)
    here = [stretch("eve", "not_ready", 3_000, 3_005, "login"), stretch("eve", "ready", 3_005, 3_100)]
    store.save_intervals(here)
    for grain in (Grain.WHOLE, Grain.QUARTER):
        table = run_report(store.engine, KNOWN, asked("agents", By.AGENT, grain), NOW)
        assert [check for check in table.checks if not check.ok] == []
    store.save_intervals([stretch("eve", "ready", 3_160, 3_200)])  # here each gap ends with a log-in
    later = Period(utc(START + 3_150), utc(START + 4_000))
    for period in (day(), later):  # her log-in in it, or before
        wanted = asked("agents", By.AGENT, period=period, where=Where(agents=("eve",)))
        table = run_report(store.engine, KNOWN, wanted, NOW)
        assert [check.id for check in table.checks if not check.ok] == ["states"]


def test_a_complaint_counts_once_for_its_call(store: RecordStore) -> None:
    def said(agent: str, after: float, code: str, *, complaint: bool) -> Disposition:
        return Disposition("a", agent, START + after, "sales", code, code, complaint)

    def complaints() -> dict[str | None, list[Figure]]:
        table = run(store, asked("dispositions", By.AGENT))
        return {line.key: some(line, "dispositions", "complaints") for line in table.lines}

    store.save_dispositions([said("anna", 90, "angry", complaint=True)])
    assert complaints() == {"anna": [1, 1]}
    store.save_dispositions([said("ben", 150, "angry", complaint=True)])
    assert complaints() == {"anna": [1, 0], "ben": [1, 1]}
    store.save_dispositions([said("ben", 160, "sold", complaint=False)])
    assert complaints() == {"anna": [1, 1], "ben": [1, 0]}
    store.correct(Correction("a", NOW, "eva", Field.COMPLAINT, "yes", "heard it"))
    assert complaints() == {"anna": [1, 0], "ben": [1, 1]}
    found = calls_behind(store.engine, KNOWN, asked("dispositions", By.ALL), "complaints", None, None, 9)
    assert found.calls == ("a",)
    store.correct(Correction("a", NOW, "eva", Field.COMPLAINT, "no", "it was none"))
    assert complaints() == {"anna": [1, 0], "ben": [1, 0]}


def test_a_complaint_of_a_call_without_a_disposition_is_refused(store: RecordStore) -> None:
    for value in ("yes", "no"):
        with pytest.raises(OperatorError, match="no agent has recorded a disposition of call b"):
            store.correct(Correction("b", NOW, "eva", Field.COMPLAINT, value, "it was"))
    store.save_dispositions([Disposition("b", "anna", START + 999, "sales", "", "", False, note="hm")])
    with pytest.raises(OperatorError, match="no agent has recorded"):
        store.correct(Correction("b", NOW, "eva", Field.COMPLAINT, "yes", "it was"))
    assert store.corrections("b") == []


def test_the_day_before_stands_beside(store: RecordStore) -> None:
    wanted = asked("groups", By.GROUP, Grain.HOUR, day("2025-11-23"), compare=day("2025-11-22"))
    table = run(store, wanted)
    assert table.total.before is not None
    assert (table.total.values["offered"], table.total.before["offered"]) == (0, 5)
    before = run(store, replace(wanted, period=day("2025-11-22"), compare=day("2025-11-22")))
    eleven = [line for line in before.lines if line.at and line.at.hour == 11 and line.key == "sales"]
    assert [(line.values, line.before) for line in eleven] == [(line.values, line.values) for line in eleven]


@pytest.mark.parametrize(
    ("grain", "period", "before"),
    [
        (Grain.MONTH, ("2026-02-01", "2026-05-01"), ("2025-09-01", "2025-12-01")),
        (Grain.WEEK, ("2025-11-24", "2025-12-15"), ("2025-11-04", "2025-11-24")),
    ],
)
def test_weeks_and_months_stand_beside_those_of_the_same_turn(
    store: RecordStore, grain: Grain, period: tuple[str, str], before: tuple[str, str]
) -> None:
    now, then = (
        Period(*(datetime.fromisoformat(text).replace(tzinfo=BERLIN) for text in span))
        for span in (period, before)
    )
    table = run(store, asked("calls", By.ALL, grain, now, compare=then, kpis=("calls",)))
    assert [line.before for line in table.lines] == [{"calls": 0}, {"calls": 0}, {"calls": 6}]


def test_calls_that_a_correction_excludes_do_not_count(store: RecordStore) -> None:
    said = {"call_id": "a", "who": "eva", "field": "excluded", "reason": "a test", "at": NOW}
    with store.engine.begin() as connection:
        connection.execute(insert(schema.corrections), [{**said, "position": 0, "value": "yes"}])
    table = run(store, asked("groups", By.ALL))
    assert (table.total.values["offered"], table.total.values["transfers_blind"]) == (3, 0)
    assert ("excluded", {"count": 1}) in table.notes
    with store.engine.begin() as connection:
        connection.execute(insert(schema.corrections), [{**said, "position": 1, "value": "no"}])
    assert run(store, asked("groups", By.ALL)).total.values["offered"] == 5


def test_an_excluded_call_is_no_repeat_no_peak_and_not_on_the_wallboard(store: RecordStore) -> None:
    def told() -> tuple[list[Figure], list[Figure], set[str]]:
        calls, peaks = run(store, asked("calls", By.ALL)).total, run(store, asked("peaks", By.ALL)).total
        visits = store.visits(day().since, day().until)
        return (
            some(calls, "contacts", "contacts_resolved"),
            some(peaks, "peak_calls", "peak_waiting", "peak_talking"),
            {visit.call_id for visit in visits},
        )

    assert told() == ([1, 0], [2, 2, 1], {"a", "b", "c", "f", "own"})
    store.correct(Correction("c", NOW, "eva", Field.EXCLUDED, "yes", "a test"))
    assert told() == ([1, 1], [2, 2, 1], {"a", "b", "f", "own"})
    store.correct(Correction("a", NOW, "eva", Field.EXCLUDED, "yes", "a test"))
    assert told() == ([0, 0], [1, 1, 1], {"b", "f", "own"})


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (asked("group", By.ALL), "there is no report 'group'; did you mean 'groups'?"),
        (asked("peaks", By.GROUP), "report peaks cannot be broken down by group, only by all"),
        (asked("groups", By.ALL, where=Where(groups=("sale",))), "no group 'sale'; did you mean 'sales'?"),
        (asked("groups", By.ALL, where=Where(teams=("nort",))), "no team 'nort'; did you mean 'north'?"),
        (asked("groups", By.ALL, kpis=("ofered",)), "no figure 'ofered'; did you mean 'offered'?"),
        (asked("peaks", By.ALL, where=Where(groups=("sales",))), "cannot be filtered by groups"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(store: RecordStore, wanted: Asked, told: str) -> None:
    with pytest.raises(OperatorError, match=told.replace("?", r"\?")):
        run_report(store.engine, KNOWN, wanted, NOW)


def test_the_transfer_rate_is_of_callers_of_groups(store: RecordStore) -> None:
    direct = """
        3000 arrived 5550150 8002
        3000 directed anna
        3005 offered anna
        3010 answered anna
        3020 blind anna 8002
        3021 ended caller"""
    store.save_calls([fold("direct", facts_of(direct))])
    wanted = asked("groups", By.ALL)
    total = run(store, wanted).total
    assert some(total, "transfers_blind", "answered", "transfer_rate") == [2, 2, 1 / 2]
    assert calls_behind(store.engine, KNOWN, wanted, "transfer_rate", None, None, 9).calls == ("a",)


def test_what_was_excluded_is_counted_from_the_corrections(store: RecordStore) -> None:
    for call_id, value in (("a", "yes"), ("b", "yes"), ("b", "no"), ("c", "no"), ("c", "yes")):
        store.correct(Correction(call_id, NOW, "eva", Field.EXCLUDED, value, "a test"))
    seen: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
    table = run(store, asked("groups", By.ALL))
    assert ("excluded", {"count": 2}) in table.notes
    (counting,) = [statement for statement in seen if "FROM calls" in statement and "count(*)" in statement]
    assert "calls.call_id IN" in counting  # and not a look at each call of the period


def test_states_that_overlap_are_shown(store: RecordStore) -> None:
    store.save_intervals([stretch("anna", "talking", 50, 85)])
    table = run_report(store.engine, KNOWN, asked("agents", By.AGENT), NOW)
    assert [(check.id, check.text) for check in table.checks if not check.ok] == [
        ("overlap", "35.000 s ≠ 0.000 s")
    ]


@pytest.mark.parametrize(("language", "said"), [("en", "ended the report after"), ("zh-CN", "被数据库终止")])
def test_what_takes_the_database_too_long_says_so(postgresql_url: str, language: str, said: str) -> None:
    engine = connecting._postgresql(make_url(postgresql_url), answer_limit_s=0.4)
    with (
        pytest.raises(ReportTooLong, match=rf"{said}.*18.*acd records roll-up"),
        snapshot(engine, language) as connection,
    ):
        connection.execute(text("SELECT pg_sleep(20)"))
    engine.dispose()
