"""What Kamailio refuses is counted for the metrics: on from where each was, also when it begins anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import cast

from structlog.testing import capture_logs

from acd.telephony.front import REFUSED, Front, FrontAway
from acd.telephony.front_scans import KINDS, FrontScans
from acd.telephony.scans import ScanBook


class PlayedFront:
    """One Kamailio: what it has counted since its start, and `why` it does not say."""

    def __init__(self, where: str, **counted: int) -> None:
        self.where = where
        self.counted = counted
        self.why = ""
        self.answers = asyncio.Event()
        self.answers.set()
        self.has_answered = asyncio.Event()

    async def refused(self) -> dict[str, int]:
        await self.answers.wait()
        self.has_answered.set()
        if self.why:
            raise FrontAway(self.why)
        return {kind: self.counted.get(kind, 0) for kind in REFUSED}

    def begin_anew(self, **counted: int) -> None:
        """It is started again, and has refused so many since."""
        self.counted = counted


class Counted:
    """Several, and what the metrics have of them."""

    def __init__(self, *fronts: PlayedFront) -> None:
        self.book = ScanBook(lambda: 0.0)
        self.scans = FrontScans(lambda: [cast(Front, front) for front in fronts], self.book.add)

    async def look(self) -> Counter[str]:
        """What has been counted, after another look."""
        await self.scans.look()
        return +self.book.refused


def test_each_kind_of_kamailio_is_one_of_the_metrics() -> None:
    assert KINDS.keys() == set(REFUSED)
    assert set(KINDS.values()) == ScanBook(lambda: 0.0).refused.keys()


async def test_all_kamailios_and_asterisk_are_summed_up_from_the_first_answer_on() -> None:
    first, second = PlayedFront("a:8088", unknown=500, flood=20), PlayedFront("b:8088")
    counted = Counted(first, second)
    assert await counted.look() == {}, "nobody knows when that was"
    first.counted.update(unknown=503, wrong_password=2, flood=21, scanner=1)
    second.counted.update(wrong_password=5, wrong_address=4, malformed=3)
    counted.book.hear({"Event": "InvalidPassword", "Service": "PJSIP"})
    sums = {"unknown": 3 + 1 + 1 + 3, "wrong-password": 2 + 5 + 1, "wrong-address": 4}
    assert await counted.look() == sums
    assert await counted.look() == sums


async def test_a_kamailio_that_was_started_anew_takes_nothing_back() -> None:
    front = PlayedFront("a:8088", unknown=100, wrong_password=50)
    counted = Counted(front)
    await counted.look()
    front.counted["unknown"] = 110
    assert await counted.look() == {"unknown": 10}
    front.begin_anew(unknown=4)
    assert await counted.look() == {"unknown": 14}
    front.counted.update(unknown=5, wrong_password=1)
    assert await counted.look() == {"unknown": 15, "wrong-password": 1}
    front.begin_anew(unknown=200)  # more than before: another kind shows that it counts from 0
    assert await counted.look() == {"unknown": 215, "wrong-password": 1}


async def test_one_that_is_away_is_told_of_once_and_counted_on_when_it_is_back() -> None:
    front = PlayedFront("a:8088")
    counted = Counted(front)
    await counted.look()
    front.why = "no Kamailio answers"
    with capture_logs() as told:
        for _ in range(3):
            assert await counted.look() == {}
    assert [(line["log_level"], line["place"], line["reason"]) for line in told] == [
        ("warning", "a:8088", "no Kamailio answers")
    ]
    front.why = ""
    front.counted["wrong_address"] = 6
    assert await counted.look() == {"wrong-address": 6}


async def test_one_that_says_nothing_keeps_no_other_from_being_counted() -> None:
    silent, other = PlayedFront("a:8088"), PlayedFront("b:8088")
    counted = Counted(silent, other)
    await counted.look()
    silent.answers.clear()
    other.has_answered.clear()
    silent.counted["unknown"] = 1
    other.counted["unknown"] = 2
    looking = asyncio.create_task(counted.scans.look())
    async with asyncio.timeout(5):
        await other.has_answered.wait()
    assert not looking.done()
    assert +counted.book.refused == {"unknown": 2}
    silent.answers.set()
    await looking
    assert +counted.book.refused == {"unknown": 3}


async def test_a_fault_of_ours_is_told_and_ends_nothing() -> None:
    front = PlayedFront("a:8088")
    counted = Counted(front)

    async def refused() -> dict[str, int]:
        raise IndexError("of an answer")

    front.refused = refused  # type: ignore[method-assign]
    with capture_logs() as told:
        assert await counted.look() == {}
    assert "of an answer" in told[0]["reason"]
    assert isinstance(told[0]["exc_info"], IndexError)
