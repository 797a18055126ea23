"""Keys that two tell of, at times of a test's own."""

from __future__ import annotations

import pytest

from acd.telephony.keys import KEPT_S, KeyBuffer


class Keys:
    """A buffer with a clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.buffer = KeyBuffer(lambda: self.now)

    def taken(self) -> str:
        """All keys that are there."""
        found = ""
        while key := self.buffer.take():
            found += key
        return found


def test_a_burst_of_keys_counts_once_however_late_asterisk_hands_it_on() -> None:
    keys, burst = Keys(), "11223344556677889900"
    for key in burst:
        keys.buffer.heard_by_ami(key)
    assert keys.taken() == burst
    for key in burst:
        keys.now += 0.125
        assert not keys.buffer.heard_by_agi(key)
    assert keys.taken() == ""


def test_a_burst_that_nobody_has_taken_yet_counts_once() -> None:
    keys, burst = Keys(), "0123456789" * 2
    for key in burst:
        keys.buffer.heard_by_ami(key)
    for key in burst:
        keys.now += 0.125
        assert keys.buffer.heard_by_agi(key)
    assert keys.taken() == burst


def test_the_same_key_pressed_again_is_not_lost_where_agi_is_the_first_to_tell() -> None:
    keys = Keys()
    keys.buffer.heard_by_ami("1")
    assert keys.taken() == "1"
    keys.now += 2.0
    keys.buffer.heard_by_agi("1")  # taken for the first one
    keys.buffer.heard_by_ami("1")
    assert keys.taken() == "1"


@pytest.mark.parametrize(("later_s", "expected"), [(0.9, "5"), (1.1, "55")])
def test_what_agi_told_first_ami_tells_within_a_second(later_s: float, expected: str) -> None:
    keys = Keys()
    assert keys.buffer.heard_by_agi("5")
    keys.now += later_s
    keys.buffer.heard_by_ami("5")
    assert keys.taken() == expected


def test_a_key_that_nobody_wanted_is_forgotten() -> None:
    keys = Keys()
    keys.buffer.heard_by_ami("5")
    keys.now += KEPT_S + 0.1
    assert not keys.buffer
    assert keys.taken() == ""
