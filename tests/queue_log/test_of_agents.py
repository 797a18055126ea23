"""Exact lines of agents."""

from __future__ import annotations

from acd.queue_log.line import read, written
from acd.queue_log.of_agents import AgentLines


def _lines(
    book: AgentLines, at: int, state: str, reason: str | None = None, queues: str = "sales vip"
) -> list[str]:
    return [written(line) for line in book.changed("anna", state, reason, float(at), queues.split())]


def test_a_day() -> None:
    book = AgentLines()
    assert _lines(book, 1, "not_ready", "login") == [
        "1|NONE|sales|anna|ADDMEMBER|",
        "1|NONE|vip|anna|ADDMEMBER|",
        "1|NONE|NONE|anna|PAUSEALL|login",
        "1|NONE|sales|anna|PAUSE|login",
        "1|NONE|vip|anna|PAUSE|login",
    ]
    assert _lines(book, 2, "ready") == [
        "2|NONE|NONE|anna|UNPAUSEALL|",
        "2|NONE|sales|anna|UNPAUSE|",
        "2|NONE|vip|anna|UNPAUSE|",
    ]
    assert _lines(book, 3, "ringing") == []
    assert _lines(book, 4, "talking") == []
    assert _lines(book, 9, "wrap_up")[-1] == "9|NONE|vip|anna|PAUSE|wrap-up"
    assert _lines(book, 15, "not_ready", "lunch") == [
        "15|NONE|NONE|anna|UNPAUSEALL|",
        "15|NONE|sales|anna|UNPAUSE|",
        "15|NONE|vip|anna|UNPAUSE|",
        "15|NONE|NONE|anna|PAUSEALL|lunch",
        "15|NONE|sales|anna|PAUSE|lunch",
        "15|NONE|vip|anna|PAUSE|lunch",
    ]
    assert _lines(book, 16, "talking") == []  # a call of one's own, in the middle of it
    assert _lines(book, 17, "not_ready", "lunch") == []
    assert _lines(book, 20, "logged_out") == [
        "20|NONE|NONE|anna|UNPAUSEALL|",
        "20|NONE|sales|anna|UNPAUSE|",
        "20|NONE|vip|anna|UNPAUSE|",
        "20|NONE|sales|anna|REMOVEMEMBER|",
        "20|NONE|vip|anna|REMOVEMEMBER|",
    ]


def test_other_groups_after_a_reload() -> None:
    book = AgentLines()
    _lines(book, 1, "not_ready", "lunch", "sales vip")
    assert _lines(book, 5, "not_ready", "lunch", "vip support") == [
        "5|NONE|sales|anna|REMOVEMEMBER|",
        "5|NONE|support|anna|ADDMEMBER|",
        "5|NONE|support|anna|PAUSE|lunch",
    ]


def test_what_the_file_says_already_is_not_said_again() -> None:
    book, again = AgentLines(), AgentLines()
    for state, reason in (("not_ready", "x"), ("ready", None), ("not_ready", "lunch")):
        for text in _lines(book, 1, state, reason):
            again.known(read(text))
    assert _lines(again, 9, "not_ready", "lunch") == []
    assert [line.split("|")[4] for line in _lines(again, 10, "logged_out")].count("REMOVEMEMBER") == 2


def test_nobody_of_no_group() -> None:
    assert AgentLines().changed("anna", "ready", None, 1.0, ()) == []
