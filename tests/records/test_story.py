"""Calls as people read them."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from rich.console import Console

from acd.core.callback_facts import entry_id
from acd.core.fact_json import FACT_TYPES
from acd.core.facts import Arrived, CallKind, EndedBy, Fact, OfferFailure
from acd.core.outside_facts import DialFailure
from acd.records import story
from acd.records.call_list import calls_table
from acd.records.fold import fold
from acd.records.record import CallRecord
from acd.records.story import call_story
from acd.records.trace import call_trace
from tests.records.scenario import START, facts_of
from tests.records.test_fold import FACTS, SCENARIOS

SHANGHAI = ZoneInfo("Asia/Shanghai")


def table_text(*records: CallRecord, width: int | None = 160) -> str:
    console = Console(width=width or 240, color_system=None)
    with console.capture() as capture:
        console.print(calls_table(records, SHANGHAI, width))
    return capture.get()


def test_a_call_from_menu_to_wrap_up() -> None:
    told = facts_of(SCENARIOS["through the menu to an agent, with hold and wrap-up"][0])
    assert "\n".join(call_story(fold("c1", told), SHANGHAI)) == (
        "Call c1, inbound, 2025-11-22 (Asia/Shanghai)\n"
        "18:00:00   +0:00.0  call from 5550100 (W. Fang) to 8000: customer 王芳 (gold)\n"
        "18:00:00   +0:00.0  flow main\n"
        "18:00:07   +0:07.0  waits for sales\n"
        "18:00:09   +0:09.0  offered to anna on 1001\n"
        "                      anna idle longest\n"
        "                      ben passed over\n"
        "18:00:09   +0:09.2  anna's phone rings\n"
        "18:00:12   +0:12.0  anna answered\n"
        "18:00:20   +0:20.0  on hold\n"
        "18:00:25   +0:25.0  off hold\n"
        "18:00:42   +0:42.0  the caller hung up\n"
        "18:00:42   +0:42.0  anna began wrap-up\n"
        "18:00:50   +0:50.0  anna finished wrap-up\n"
        "sales: answered after 5.0 s by anna, talk 25.0 s, hold 5.0 s, wrap-up 8.0 s"
    )


def test_a_consultation_is_told_inside_its_transfer() -> None:
    told = facts_of(SCENARIOS["attended transfer to an agent called directly"][0])
    lines = call_story(fold("c1", told), SHANGHAI)
    at = lines.index("18:00:30   +0:30.0  anna handed the caller over after a consultation (c2):")
    assert lines[at + 1 : at + 3] == [
        "    18:00:21   +0:21.0  anna dialled 1002",
        "    18:00:21   +0:21.0  waits for agent ben",
    ]


def rows_of(text: str) -> list[str]:
    return [
        " | ".join(cell.strip() for cell in line.split("│")[1:-1])
        for line in text.splitlines()
        if "│" in line
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_the_long_id_of_a_callback_leaves_room_for_the_rest(width: int) -> None:
    entry = entry_id("a261126-030436-47", START)
    callback = fold(entry, facts_of("0 arrived 493012345678 8001\n0 queued sales"))
    rows = rows_of(table_text(callback, width=width))
    assert "".join(row.split(" | ")[0] for row in rows) == entry
    first = rows[0].split(" | ")
    assert first[:2] == ["a261126-030436-47", "11-22 18:00"]
    assert first[2].startswith("493012345678")


def test_list() -> None:
    talked = fold(
        "c1", facts_of(SCENARIOS["blind transfer to an agent who cannot, back, and on to the other group"][0])
    )
    going_on = fold("c2", facts_of("0 arrived 5550199 8001\n0 queued sales"))
    when = "11-22 18:00"
    assert rows_of(table_text(talked, going_on)) == [
        f"c1 | {when} | 5550100 (王芳) | sales, support | anna, chen | caller | 30.0 s | 30.0 s",
        f"c2 | {when} | 5550199 (W. Fang) | sales | – | going on | – | –",
    ]
    assert rows_of(table_text(going_on, width=None)) == [
        f"c2 | 2025-{when}:00 | 5550199 (W. Fang) | sales | – | going on | – | – | 8001 | inbound | – | acd",
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_the_list_fits_the_screen(width: int) -> None:
    told = facts_of(SCENARIOS["an agent calls outside, over the second trunk"][0])
    long = replace(
        fold("a251122-100000-1234", told), caller_number="+4930123456789", customer_name="W. " + "x" * 40
    )
    shown = table_text(long, width=width)
    assert max(map(len, shown.splitlines())) <= width
    assert all(line[-1] in "┓┃┩│┘" for line in shown.splitlines()[1:])
    assert "a251122-100000-1234" in shown
    assert "…" not in shown
    assert shown.count("x") == 40


def test_a_callers_name_cannot_draw_on_the_terminal() -> None:
    named = Arrived(START, CallKind.INBOUND, "", "[red]Eve\x1b[2J\n", "8000")
    record = fold("c1", [named])
    assert call_story(record, SHANGHAI)[1].endswith("call from an unknown number ([red]Eve�[2J�) to 8000")
    assert "[red]Eve�[2J�" in table_text(record)


@given(FACTS)
def test_any_call_can_be_told(told: tuple[Fact, ...]) -> None:
    record = fold("c1", told)
    lines = call_story(record, SHANGHAI)
    assert len(lines) >= 1 + len(told) + len(record.visits)
    assert all(line.isprintable() for line in lines)
    assert table_text(record)


def test_every_fact_failure_and_end_has_its_words() -> None:
    assert set(story._TEXTS) == set(FACT_TYPES.values())
    assert set(story.FAILURES) == set(OfferFailure)
    assert set(story._ENDS) == set(EndedBy)
    assert set(story._DIAL_FAILURES) == set(DialFailure)


def test_a_call_outside_over_two_trunks() -> None:
    record = fold("c1", facts_of(SCENARIOS["an agent calls outside, over the second trunk"][0]))
    told = "\n".join(call_story(record, SHANGHAI))
    assert "anna dialled 030123" in told
    assert "+4930123 is dialled over main for anna, which is shown +4930100" in told
    assert "main: the number cannot be reached: the trunk refuses (SIP 503)" in told
    assert [(d.trunk, d.result, d.cause) for d in record.outside_dials()] == [
        ("main", "congestion", "SIP 503"),
        ("backup", "answered", ""),
    ]
    assert record.answered_at is not None
    assert "anna" in table_text(record)
    assert "20.0 s" in table_text(record)  # talked outside


def test_a_flow_calls_outside() -> None:
    record = fold("c1", facts_of("0 arrived 5550100 8000\n1 outside main flow:\n3 ended caller"))
    assert "+4930123 is dialled over main for the flow, which" in "\n".join(call_story(record, SHANGHAI))


def test_an_end_that_nobody_saw() -> None:
    told = facts_of("0 arrived 5550100 8000\n0 flow main\n3 step main/a next b\n9 ended unknown")
    record = fold("c1", told)
    assert call_story(record, SHANGHAI)[-1].endswith("the call ended while the controller was away")
    assert "main/b  ended  (while the controller was away)" in call_trace("c1", told, SHANGHAI)[-1]
    assert "controller away" in table_text(record, width=None)
    assert "unknown" not in table_text(record, width=None)


def test_a_colleague_who_took_the_callers_place() -> None:
    told = facts_of("0 arrived 1001 1004 internal anna\n2 answered dora\n9 replaced ben c7\n20 ended caller")
    assert "ben took the caller's place, from call c7" in "\n".join(call_story(fold("c1", told), SHANGHAI))
    assert [s.outcome.value for s in fold("c1", told).segments] == ["caller_hung_up"]
