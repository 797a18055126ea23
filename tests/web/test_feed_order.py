"""Lines of the live feed in their order, each once."""

from __future__ import annotations

from typing import Any

from acd.web import feed_order
from acd.web.feed_order import FeedOrder


def line(seq: int, feed: str = "a") -> dict[str, Any]:
    return {"feed": feed, "seq": seq}


def numbers(lines: list[Any]) -> list[int]:
    return [each["seq"] for each in lines]


def test_in_order_and_once() -> None:
    order = FeedOrder()
    order.start("a", 5)
    assert numbers(order.take(line(7))) == []
    assert order.is_missing_some
    assert numbers(order.take(line(6))) == [6, 7]
    assert numbers(order.take(line(6))) == numbers(order.take(line(3))) == []
    assert numbers(order.take(line(8, "b"))) == []
    assert not order.is_missing_some


def test_a_new_picture_goes_on_with_what_was_heard_after_it() -> None:
    order = FeedOrder()
    order.start("a", 1)
    for seq in (4, 6):
        order.take(line(seq))
    assert numbers(order.start("a", 3)) == [4]
    assert order.is_missing_some
    assert numbers(order.start("b", 1)) == []
    assert not order.is_missing_some


def test_a_controller_that_does_not_count() -> None:
    order = FeedOrder()
    order.start("", 0)
    assert order.take({"set": {}}) == [{"set": {}}]


def test_what_is_heard_too_early_is_bounded() -> None:
    order = FeedOrder()
    order.start("a", 0)
    for seq in range(2, 3 * feed_order.AHEAD_MAX):
        order.take(line(seq))
    assert len(order._ahead) <= feed_order.AHEAD_MAX
