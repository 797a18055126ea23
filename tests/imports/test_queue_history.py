"""From lines of queue_log to calls and states: figures, faults, and our own file read again."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.facts import AgentInterval
from acd.imports.names import Names, phone_of
from acd.imports.queue_calls import LINGER_S
from acd.imports.queue_history import QueueHistory
from acd.imports.refusals import Place, Refusals
from acd.queue_log.line import Line, written
from acd.queue_log.of_agents import AgentLines
from acd.queue_log.of_calls import CallLines
from acd.records.fold import fold
from acd.records.record import CallRecord, GroupVisit, Source, VisitOutcome
from tests.queue_log.test_of_calls import SCENARIOS
from tests.records.scenario import START, facts_of, lines, visits_of

NOW = START + 10_000_000


class Read:
    """What became of a text, whose times are seconds since START."""

    def __init__(self, text: str, names: Names | None = None, list_in: Path | None = None) -> None:
        self.refusals = Refusals(list_in)
        self.refusals.open()
        self.history = QueueHistory(names or Names(), self.refusals, NOW)
        for number, line in enumerate(lines(text), start=1):
            at, bar, rest = line.partition("|")
            absolute = f"{int(START) + int(at)}{bar}{rest}" if bar else line
            self.history.feed(f"{absolute}\n".encode(), Place("q", number), "utf-8")
        self.calls = {call: fold(call, facts, Source.QUEUE_LOG) for call, facts, _ in self.history.rest()}
        self.states = self.history.intervals()
        self.refusals.close()

    @property
    def refused(self) -> dict[str, int]:
        return dict(self.refusals.refused)

    def visits(self, call: str = "c") -> list[str]:
        return visits_of(self.calls[call])

    def shown_states(self) -> list[str]:
        return [
            f"{s.agent} {s.state} {s.since - START:g}-{s.until - START:g}"
            + (f" {s.reason}" if s.reason else "")
            for s in self.states
        ]


CALLS = {
    "answered": (
        """
        0|c|q|NONE|ENTERQUEUE||030|1
        20|c|q|a|RINGNOANSWER|15000
        30|c|q|b|CONNECT|30|x|4
        90|c|q|b|COMPLETEAGENT|30|60|1
        """,
        "q @0 answered b wait=30 talk=60",
    ),
    "on hold twice, the second time to the end, which was rounded to before that": (
        """
        0|c|q|NONE|ENTERQUEUE||030|1
        30|c|q|b|CONNECT|30|x|4
        40|c|q|b|CALLERONHOLD|
        41|c|q|b|CALLERONHOLD|
        55|c|q|b|CALLEROFFHOLD|
        56|c|q|b|CALLEROFFHOLD|
        70|c|q|b|CALLERONHOLD|
        91|c|q|b|CALLEROFFHOLD|
        91|c|q|b|COMPLETECALLER|30|60|1
        """,
        "q @0 answered b wait=30 talk=25 hold=35",
    ),
    "of an old Asterisk, whose lines say less": (
        """
        0|c|q|NONE|ENTERQUEUE||030
        30|c|q|b|CONNECT|30
        90|c|q|b|COMPLETECALLER|30|60
        """,
        "q @0 answered b wait=30 talk=60",
    ),
    "one queue after the other": (
        """
        0|c|q|NONE|ENTERQUEUE||030|1
        20|c|q|NONE|EXITWITHTIMEOUT|1|1|20
        25|c|r|NONE|ENTERQUEUE||030|1
        35|c|r|NONE|ABANDON|1|1|10
        """,
        "q @0 left - wait=20 by=timeout\nr @25 abandoned - wait=10",
    ),
    "blind, then again": (
        """
        0|c|q|NONE|ENTERQUEUE||030|1
        5|c|q|b|CONNECT|5|x|2
        9|c|q|b|BLINDTRANSFER|700|from-internal|5|4|1
        9|c|r|NONE|ENTERQUEUE||030|1
        12|c|r|a|CONNECT|3|x|3
        19|c|r|a|COMPLETECALLER|3|7|1
        """,
        "q @0 answered b wait=5 talk=4\nr @9 answered a wait=3 talk=7",
    ),
    "a transfer of before Asterisk 12": (
        "0|c|q|NONE|ENTERQUEUE||030|1\n5|c|q|b|CONNECT|5|x|2\n9|c|q|b|TRANSFER|700|ctx|5|4",
        "q @0 answered b wait=5 talk=4",
    ),
    "linked bridges": (
        "0|c|q|NONE|ENTERQUEUE||030|1\n5|c|q|b|CONNECT|5|x|2\n9|c|q|b|ATTENDEDTRANSFER|LINK|x|y|5|4|1",
        "q @0 answered b wait=5 talk=4",
    ),
    "after a talk the flow has the caller, and leads into a queue": (
        """
        0|c|q|NONE|ENTERQUEUE||030|1
        5|c|q|b|CONNECT|5|x|2
        9|c|q|b|COMPLETEAGENT|5|4|1
        20|c|r|NONE|ENTERQUEUE||030|1
        22|c|r|NONE|EXITWITHKEY|1|1|1|2
        """,
        "q @0 answered b wait=5 talk=4\nr @20 left - wait=2 by=key",
    ),
    "the figures are what the line says, not when it was written": (
        "0|c|q|NONE|ENTERQUEUE||030|1\n12|c|q|b|CONNECT|10|x|2\n30|c|q|b|COMPLETEAGENT|10|15|1",
        "q @0 answered b wait=10 talk=15",
    ),
    "Asterisk began anew": (
        "0|c|q|NONE|ENTERQUEUE||030|1\n5|c|q|b|CONNECT|5|x|2\n60|NONE|NONE|NONE|QUEUESTART|",
        "q @0 answered b wait=5 talk=55",
    ),
    "everybody rings": (
        """
        0|c|q|NONE|ENTERQUEUE||030|1
        10|c|q|a|RINGNOANSWER|9000
        10|c|q|b|RINGNOANSWER|9000
        15|c|q|a|CONNECT|15|x|4
        20|c|q|a|COMPLETECALLER|15|5|1
        """,
        "q @0 answered a wait=15 talk=5",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    text, expected = CALLS[name]
    read = Read(text)
    assert read.refused == {}
    assert read.visits() == lines(expected)
    assert read.calls["c"].source is Source.QUEUE_LOG
    assert read.calls["c"].ended_at is not None


WHOLE = "0|c|q|NONE|ENTERQUEUE||030|1\n5|c|q|b|CONNECT|5|x|2\n9|c|q|b|COMPLETEAGENT|5|4|1"
SPOILED = "call that is not counted"
FAULTS = {
    "nonsense": ("nonsense", {"no line of queue_log": 1}, 0),
    "a line cut off": ("0|c|q|NONE", {"no line of queue_log": 1}, 0),
    "unknown event": ("0|c|q|NONE|DANCED|1", {"unknown event": 1}, 0),
    "long ago": ("-1763805599|c|q|NONE|ENTERQUEUE||1|1", {"before the year 2000": 1}, 0),
    "in the future": ("99000000|c|q|NONE|ENTERQUEUE||1|1", {"in the future": 1}, 0),
    "no id": ("0|NONE|q|NONE|ENTERQUEUE||1|1", {"a call without an id": 1}, 0),
    "no name": ("0|NONE|q|NONE|ADDMEMBER|", {"an agent without a name": 1}, 0),
    "no beginning": ("5|c|q|b|CONNECT|5|x|2", {"no ENTERQUEUE before it": 1}, 0),
    "twice": (f"{WHOLE}\n9|c|q|b|COMPLETEAGENT|5|4|1", {"duplicate": 1}, 1),
    "behind the end": (f"{WHOLE}\n12|c|q|b|COMPLETECALLER|5|7|1", {"line behind the end of its call": 1}, 1),
    "back from the dead": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|NONE|ABANDON|1|1|5\n9|c|q|NONE|ENTERQUEUE||1|1",
        {"line behind the end of its call": 1},
        1,
    ),
    "negative": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|NONE|ABANDON|1|1|-5",
        {"negative wait": 1, SPOILED: 1},
        0,
    ),
    "no number": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|NONE|ABANDON|1|1|5.5",
        {"wait is no number": 1, SPOILED: 1},
        0,
    ),
    "waited longer than there was time": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|NONE|ABANDON|1|1|500",
        {"end before start": 1, SPOILED: 1},
        0,
    ),
    "talked longer than there was time, and the rest of that call": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|b|CONNECT|5|x|2\n9|c|q|b|BLINDTRANSFER|1|x|5|400|1\n9|c|r|NONE|ENTERQUEUE||1|1",
        {"end before start": 1, SPOILED: 1, "line of a call that is not counted": 1},
        0,
    ),
    "rang longer than it waited": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|b|RINGNOANSWER|60000",
        {"end before start": 1, SPOILED: 1},
        0,
    ),
    "disorder": (
        "20|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|NONE|ABANDON|1|1|5",
        {"disorder": 1, SPOILED: 1},
        0,
    ),
    "in two queues": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|r|NONE|ENTERQUEUE||1|1",
        {"enters twice": 1, SPOILED: 1},
        0,
    ),
    "not connected": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|b|COMPLETEAGENT|5|0|1",
        {"no CONNECT before it": 1, SPOILED: 1},
        0,
    ),
    "on hold, of one who waits": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|b|CALLERONHOLD|\n6|c|q|b|CONNECT|6|x|2\n9|c|q|b|COMPLETEAGENT|6|3|1",
        {"no CONNECT before it": 1},
        1,
    ),
    "on hold, told by names and at a time of its own": (
        """
        0|c|q|NONE|ENTERQUEUE||1|1
        5|c|q|b|CONNECT|5|x|2
        9|c|q|Agent/101|CALLERONHOLD|
        9|c|r|b|CALLERONHOLD|
        9|c|NONE|b|CALLERONHOLD|
        1|c|q|b|CALLEROFFHOLD|
        15|c|q|b|COMPLETEAGENT|5|10|1
        """,
        {"another agent": 1, "another queue": 2, "disorder": 1},
        1,
    ),
    "another agent": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|b|CONNECT|5|x|2\n9|c|q|a|COMPLETEAGENT|5|4|1",
        {"another agent": 1, SPOILED: 1},
        0,
    ),
    "another queue": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|r|NONE|ABANDON|1|1|5",
        {"another queue": 1, SPOILED: 1},
        0,
    ),
    "another wait": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|b|CONNECT|5|x|2\n9|c|q|b|COMPLETEAGENT|60|4|1",
        {"another wait": 1, SPOILED: 1},
        0,
    ),
    "still talking": (
        "0|c|q|NONE|ENTERQUEUE||1|1\n5|c|q|b|CONNECT|5|x|2\n9|c|q|NONE|ABANDON|1|1|9",
        {"still talking": 1, SPOILED: 1},
        0,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str, tmp_path: Path) -> None:
    text, refused, counted = FAULTS[name]
    read = Read(text, list_in=tmp_path / "list")
    assert read.refused == refused
    assert len(read.calls) == counted
    listed = (tmp_path / "list").read_text().splitlines()
    assert len(listed) == sum(refused.values())
    assert all(line.startswith("q:") and ": refused: " in line for line in listed)


def test_no_line_is_neither_counted_nor_listed() -> None:
    """Whatever is fed, a line is part of a whole call, or refused, or its call is."""
    read = Read(
        FAULTS["talked longer than there was time, and the rest of that call"][0]
        + "\n"
        + WHOLE.replace("|c|", "|d|")
    )
    assert list(read.calls) == ["d"]


def test_other_text_than_utf8() -> None:
    read = Read("")
    for number, raw in enumerate((b"\xff|c|q|NONE|ENTERQUEUE\n", b"1763805600|c|q|NONE|ABANDON|1|1|1")):
        read.history.feed(raw, Place("q", number), "utf-8")
    assert read.refused == {"not utf-8": 1, "cut off": 1}


def test_a_call_that_goes_on_is_not_counted_and_one_that_never_ends_is_listed() -> None:
    read = Read("0|c|q|NONE|ENTERQUEUE||1|1")
    assert (read.calls, read.history.calls.open, read.refused) == ({}, 1, {})
    much_later = 13 * 3600
    late = "\n".join(
        f"{at}|{call}|q|NONE|ENTERQUEUE||1|1" for at, call in ((0, "c"), (much_later, "d"), (much_later, "e"))
    )
    read = Read(late)
    assert list(read.history.over()) == []
    assert read.refused == {"call without an end": 1}


def test_one_line_of_another_time_makes_no_call_old() -> None:
    read = Read(
        f"0|c|q|NONE|ENTERQUEUE||1|1\n{90 * 86400}|d|q|NONE|ENTERQUEUE||1|1\n5|c|q|NONE|ABANDON|1|1|5"
    )
    assert list(read.history.over()) == []
    assert read.refused == {}


def test_what_is_over_comes_out_after_a_while_and_once() -> None:
    read = Read("")
    whole = [
        f"{int(START) + n}{rest}\n"
        for n, rest in ((0, "|c|q|NONE|ENTERQUEUE||1|1"), (5, "|c|q|NONE|ABANDON|1|1|5"))
    ]
    later = [f"{int(START) + LINGER_S + n}|d{n}|q|NONE|ENTERQUEUE||1|1\n" for n in (4, 7, 8)]
    found = []
    for text in (*whole, *later):
        read.history.feed(text.encode(), Place("q", 1), "utf-8")
        found.append([call for call, _, _ in read.history.over()])
    assert found == [[], [], [], [], ["c"]]


def test_what_nothing_is_counted_by_is_no_fault() -> None:
    told, visit = CALLS["answered"]
    read = Read(
        told
        + """
        100|NONE|q|a|PENALTY|3
        100|NONE|q|a|RINGINUSE|1
        101|c|q|NONE|INFO|campaign|x
        """
    )
    assert read.visits() == [visit]
    assert (read.refused, sum(read.refusals.unused.values())) == ({}, 3)


def test_a_number_dialled_without_a_queue_is_not_used() -> None:
    read = Read(
        "0|c|NONE|NONE|DID|8000\n1|d|NONE|NONE|DID|8000\n2|d|q|NONE|ENTERQUEUE||1|1\n5|d|q|NONE|ABANDON|1|1|3"
    )
    assert dict(read.refusals.unused) == {"DID of a call that entered no queue": 1}
    assert read.calls["d"].dialed_number == "8000"


# --- agents ----------------------------------------------------------------------------------------
def test_a_day_of_an_agent_has_no_gap() -> None:
    read = Read(
        """
        0|NONE|q|b|ADDMEMBER|
        0|NONE|r|b|ADDMEMBER|
        10|NONE|q|b|PAUSE|lunch
        20|NONE|r|b|PAUSE|lunch
        20|NONE|NONE|b|PAUSEALL|
        60|NONE|q|b|UNPAUSE|
        60|NONE|r|b|UNPAUSE|
        60|NONE|NONE|b|UNPAUSEALL|
        60|c|q|NONE|ENTERQUEUE||1|1
        70|c|q|b|RINGNOANSWER|5000
        80|c|q|b|CONNECT|20|x|4
        100|c|q|b|COMPLETEAGENT|20|20|1
        101|NONE|NONE|b|PAUSEALL|ACW
        111|NONE|NONE|b|UNPAUSEALL|
        150|NONE|q|b|REMOVEMEMBER|
        160|NONE|r|b|REMOVEMEMBER|
        """
    )
    assert read.refused == {}
    assert read.shown_states() == lines(
        """
        b ready 0-10
        b ready 10-20
        b not_ready 20-60 lunch
        b ready 60-65
        b ringing 65-70
        b ready 70-76
        b ringing 76-80
        b talking 80-100
        b ready 100-101
        b wrap_up 101-111
        b ready 111-150
        b ready 150-160
        """
    )
    assert read.visits() == ["q @60 answered b wait=20 talk=20 wrap=10"]


def test_static_members_have_no_states() -> None:
    read = Read(WHOLE + "\n20|NONE|q|b|PAUSE|x")
    assert read.states == []
    assert dict(read.refusals.unused) == {"line of an agent of whom no log-in is known": 1}
    assert len(read.calls) == 1


def test_who_logs_out_while_talking_and_whose_talk_never_ends() -> None:
    read = Read(
        """
        0|NONE|q|b|ADDMEMBER|
        1|c|q|NONE|ENTERQUEUE||1|1
        5|c|q|b|CONNECT|4|x|2
        9|NONE|q|b|REMOVEMEMBER|
        20|NONE|q|b|ADDMEMBER|
        21|d|q|NONE|ENTERQUEUE||1|1
        25|d|q|b|CONNECT|4|x|2
        31|e|q|NONE|ENTERQUEUE||1|1
        35|e|q|b|CONNECT|4|x|2
        40|e|q|b|COMPLETEAGENT|4|5|1
        50|NONE|NONE|b|AGENTLOGOFF|x|30
        """
    )
    assert read.shown_states()[-4:] == [
        "b talking 25-33",
        "b ringing 33-35",
        "b talking 35-40",
        "b ready 40-50",
    ]
    assert read.shown_states()[:3] == ["b ready 0-3", "b ringing 3-5", "b talking 5-9"]


_EVENT = st.sampled_from(
    [
        "ADDMEMBER",
        "REMOVEMEMBER",
        "PAUSE",
        "UNPAUSE",
        "PAUSEALL",
        "UNPAUSEALL",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "ENTERQUEUE",
        "CONNECT",
        "CALLERONHOLD",
        "CALLEROFFHOLD",
        "RINGNOANSWER",
        "COMPLETEAGENT",
        "COMPLETECALLER",
        "ABANDON",
        "QUEUESTART",
    ]
)
_DATA = {
    "CONNECT": ("3", "x", "2"), "RINGNOANSWER": ("2000",), "COMPLETEAGENT": ("3", "5", "1"),
    "COMPLETECALLER": ("3", "5", "1"), "ABANDON": ("1", "1", "2"), "PAUSE": ("acw",), "PAUSEALL": ("lunch",),
}  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.integers(-3, 20), _EVENT, st.sampled_from("ab"), st.sampled_from("qr"), st.sampled_from("cd")
        ),
        max_size=40,
    )
)
def test_whatever_comes_states_never_overlap_and_records_hold(
    told: list[tuple[int, str, str, str, str]],
) -> None:
    refusals, at = Refusals(None), int(START)
    history = QueueHistory(Names(), refusals, NOW)
    for number, (step, event, agent, queue, call) in enumerate(told):
        at += step
        line = Line(at, call, queue, agent, event, _DATA.get(event, ()))
        history.feed(written(line).encode() + b"\n", Place("q", number), "utf-8")
    for call, facts, _ in history.rest():
        record = fold(call, facts, Source.QUEUE_LOG)
        assert all(s.ended_at is not None and s.ended_at >= s.started_at for s in record.segments)
        assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    by_agent: dict[str, list[AgentInterval]] = {}
    for state in history.intervals():
        by_agent.setdefault(state.agent, []).append(state)
    for states in by_agent.values():
        assert all(one.until <= other.since for one, other in itertools.pairwise(states))
        assert all(state.until > state.since for state in states)


# --- our own file ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name, (_, expected) in SCENARIOS.items() if expected])
def test_our_own_lines_make_the_same_visits(name: str) -> None:
    told = facts_of(SCENARIOS[name][0])
    made = [f"{line.at - int(START)}|{written(line).partition('|')[2]}" for line in CallLines().of("c", told)]
    ours, read = fold("c", told), Read("\n".join(made))
    assert read.refused == {}
    assert [_counted(visit) for visit in read.calls["c"].visits] == [
        _counted(visit, with_wrap_up=False)
        for visit in ours.visits
        if visit.outcome is not VisitOutcome.TRANSFERRED_IN  # of which the file has no lines
    ]


def _counted(visit: GroupVisit, *, with_wrap_up: bool = True) -> tuple[object, ...]:
    """Whole seconds; hold is talk there, and after-call work is in the lines of agents."""
    wrap_up_s = visit.wrap_up_s if with_wrap_up else 0.0
    talk_s = round(visit.talk_s + visit.hold_s)
    return visit.group, visit.outcome, visit.agent, round(visit.wait_s), talk_s, wrap_up_s


def test_our_own_agents_make_the_same_times() -> None:
    book, texts = AgentLines(), []
    day = [("ready", 0), ("not_ready", 10), ("ready", 30), ("wrap_up", 50), ("ready", 58), ("logged_out", 90)]
    for state, at in day:
        reason = "lunch" if state == "not_ready" else None
        texts += [written(line) for line in book.changed("anna", state, reason, float(at), ("q", "r"))]
    assert Read("\n".join(texts)).shown_states() == lines(
        """
        anna ready 0-10
        anna not_ready 10-30 lunch
        anna ready 30-50
        anna wrap_up 50-58
        anna ready 58-90
        """
    )


# --- names -----------------------------------------------------------------------------------------
def test_names() -> None:
    names = Names(
        {"sales": "Sales team", "vip": "VIP"},
        {"anna": ("Anna Weber", "1001"), "ben": ("Ben", "1002")},
        {"600": "vip"},
        {"Local/7@x": "ben"},
    )
    assert [names.group(q) for q in ("600", "sales", "SALES", "sales team", "601", "a\x07b")] == [
        "vip", "sales", "sales", "sales", "601", "ab",
    ]  # fmt: skip
    meant = (
        "anna",
        "Anna Weber",
        "PJSIP/1001",
        "SIP/1002-0000a1b2",
        "Local/1001@agents/n",
        "Agent/1001",
        "Local/7@x",
        "SIP/9",
    )
    assert [names.agent(a) for a in meant] == ["anna", "anna", "anna", "ben", "anna", "anna", "ben", "SIP/9"]
    assert phone_of("PJSIP/100-0000a1b2") == "100"


def test_a_record_says_where_it_comes_from() -> None:
    record: CallRecord = Read(WHOLE).calls["c"]
    assert (record.caller_number, record.source) == ("030", Source.QUEUE_LOG)
