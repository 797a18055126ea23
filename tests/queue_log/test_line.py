"""One line: as app_queue writes it, and read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.queue_log.line import BadLine, Line, read, written


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line(1366720340, "1366720340.303267", "sales", "SIP/8007", "RINGNOANSWER", ("1000",)),
         "1366720340|1366720340.303267|sales|SIP/8007|RINGNOANSWER|1000"),
        (Line(1, "NONE", "NONE", "NONE", "QUEUESTART"), "1|NONE|NONE|NONE|QUEUESTART|"),
        (Line(1, "c1", "sales", "NONE", "ENTERQUEUE", ("", "+4930", "1", "王芳")),
         "1|c1|sales|NONE|ENTERQUEUE||+4930|1|王芳"),
    ],
)  # fmt: skip
def test_is_written_and_read(line: Line, text: str) -> None:
    assert written(line) == text
    assert read(text) == line


def test_hostile_names_make_neither_fields_nor_lines() -> None:
    text = written(
        Line(1, "c1", "a|b", "x\n2|c9|q|NONE|ABANDON|1", "ENTERQUEUE", ("\r", "\u2028", "\ud800", "y" * 999))
    )
    assert text == "1|c1|a/b|x 2/c9/q/NONE/ABANDON/1|ENTERQUEUE| | | |" + "y" * 200
    assert len(text.splitlines()) == 1


@given(st.tuples(*[st.text()] * 4), st.lists(st.text(), max_size=5))
def test_whatever_is_written_is_one_line_that_can_be_read(words: tuple[str, ...], data: list[str]) -> None:
    call, queue, agent, event = words
    text = written(Line(5, call, queue, agent, event or "X", tuple(data)))
    assert "\n" not in text
    assert read(text).at == 5
    assert text.count("|") == 4 + max(1, len(data))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has 1 field instead"),
        ("1|c1|sales|NONE", "4 fields"),
        ("-5|c1|sales|NONE|ABANDON|1|1|1", "time"),
        ("12.5|c1|sales|NONE|ABANDON|1|1|1", "time"),
        ("¹²|c1|sales|NONE|ABANDON|1|1|1", "time"),
        ("999999999999|c1|sales|NONE|ABANDON|1|1|1", "time"),
        ("1|c1|sales|NONE||1", "no event"),
        ("1|c1|sales|NONE|ABANDON" + "|1" * 100, "more than 64"),
    ],
)
def test_what_is_no_line_says_why(text: str, why: str) -> None:
    with pytest.raises(BadLine, match=why):
        read(text)
