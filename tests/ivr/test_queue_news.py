"""What is said of place and wait."""

from __future__ import annotations

import pytest

from acd.ivr.queue_news import position_said, sentences, wait_said


@pytest.mark.parametrize(
    ("position", "said"),
    [(1, "You are next in line."), (2, "You are number 2 in line."), (20, "You are number 20 in line."),
     (21, "There are more than 20 callers before you.")],
)  # fmt: skip
def test_places(position: int, said: str) -> None:
    assert position_said(position, "en").text == said


@pytest.mark.parametrize(
    ("wait_s", "said"),
    [(0, "You will be served in less than a minute."), (61, "You will be served in about 2 minutes."),
     (660, "You will be served in about 12 minutes."),
     (4000, "You will have to wait for more than 60 minutes."),
     (float("inf"), "You will have to wait for more than 60 minutes.")],
)  # fmt: skip
def test_waits(wait_s: float, said: str) -> None:
    assert wait_said(wait_s, "en").text == said


@pytest.mark.parametrize("language", ["en", "zh", "zh_CN", "fr"])
def test_everything_said_is_rendered_before(language: str) -> None:
    known = set(sentences(language))
    assert {position_said(n, language) for n in range(1, 500)} <= known
    assert {wait_said(s, language) for s in range(0, 9000, 7)} <= known
    assert all(speech.language == language for speech in known)
