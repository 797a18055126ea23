"""Wishes to be called back: one open one for each number, never lost."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from acd.core.callback_facts import CallbackNote, entry_id
from acd.core.facts import CallbackOrder
from acd.runtime.callback_line import CallbackLine
from acd.runtime.callbacks import CallbackDesk
from tests.runtime.fakes import Clock, FakeMirror, FakeRecorder
from tests.runtime.fakes import Desk as Centre

NUMBER = "+493012345"


class Desk:
    """A callback desk with its surroundings."""

    def __init__(self, mirror: FakeMirror, open_wishes: Mapping[str, str] = MappingProxyType({})) -> None:
        self.mirror, self.recorder, self.clock = mirror, FakeRecorder(), Clock()
        self.desk = CallbackDesk(mirror, self.recorder, self.clock)
        self.desk.restore(json.loads(json.dumps(mirror.load())), open_wishes)

    def take(self, number: str = NUMBER) -> str | None:
        self.clock.now += 1
        return self.desk.take("c1", "sales", number, "en")


def test_a_wish_is_kept_until_the_database_has_it() -> None:
    d = Desk(FakeMirror())
    assert d.take("0049 (30) 123-45") is None
    assert d.recorder.callbacks == [CallbackOrder("c1", d.clock.now, "sales", NUMBER, "en")]
    assert len(d.mirror.keys("callback")) == 1
    d.recorder.all_safe()
    assert d.mirror.keys("callback") == []
    assert d.take() == "this number has an open callback already"


def test_one_open_wish_for_each_number_however_it_is_written() -> None:
    d = Desk(FakeMirror())
    d.take()
    assert d.take("004930 12345") == "this number has an open callback already"
    assert d.take("+4930999") is None


async def test_when_it_has_been_done_the_number_may_wish_again() -> None:
    d = Desk(FakeMirror(), {"c0-cb1": NUMBER})
    assert d.take() is not None
    await d.desk.refresh(dict)
    assert d.take() is None


async def test_a_wish_that_is_stored_while_the_database_is_read_is_not_forgotten() -> None:
    d = Desk(FakeMirror())
    begun, go_on = threading.Event(), threading.Event()

    def read() -> dict[str, str]:
        begun.set()
        assert go_on.wait(10)
        return {}  # as it was when the reading began

    reading = asyncio.create_task(d.desk.refresh(read))
    await asyncio.to_thread(begun.wait, 10)
    assert d.take() is None
    d.recorder.all_safe()
    go_on.set()
    await reading
    assert d.take() == "this number has an open callback already"
    await d.desk.refresh(dict)  # it has been done meanwhile
    assert d.take() is None


def test_the_number_may_wish_again_as_soon_as_the_database_has_the_end_of_its_wish() -> None:
    d = Desk(FakeMirror(), {"c0-cb1": "+4930999"})
    d.take()
    d.recorder.all_safe()
    d.desk.closed(entry_id("c1", d.clock.now))
    assert d.take() is None
    assert d.take("+4930999") == "this number has an open callback already"
    d.desk.closed("c0-cb1")
    assert d.take("+4930999") is None


@pytest.mark.parametrize(("news", "ends"), [("done", 1), ("failed", 1), ("expired", 1), ("tried", 0)])
def test_the_end_of_a_wish_is_told_when_the_database_has_it(news: str, ends: int) -> None:
    centre = Centre()
    line = CallbackLine(centre.now, centre.shell, centre.mirror, centre.recorder)
    told: list[str] = []
    line.on_closed = told.append
    line.note(CallbackNote("c0-cb1", 10.0, news))
    assert told == []
    centre.recorder.all_safe()
    assert told == ["c0-cb1"] * ends


async def test_what_is_closed_while_the_database_is_read_is_not_open_again() -> None:
    d = Desk(FakeMirror(), {"c0-cb1": NUMBER})
    begun, go_on = threading.Event(), threading.Event()

    def read() -> dict[str, str]:
        begun.set()
        assert go_on.wait(10)
        return {"c0-cb1": NUMBER}

    reading = asyncio.create_task(d.desk.refresh(read))
    await asyncio.to_thread(begun.wait, 10)
    d.desk.closed("c0-cb1")
    go_on.set()
    await reading
    assert d.take() is None


@pytest.mark.parametrize("number", ["", "anonymous", "12a45", "1", "+" + "9" * 30, "8001,b,w(x)", "１２３４"])
def test_what_is_no_number_is_refused(number: str) -> None:
    d = Desk(FakeMirror())
    assert d.take(number) == "not a phone number"
    assert d.mirror.values == {}


def test_killed_before_the_database_had_it_it_is_written_after_the_restart() -> None:
    first = Desk(FakeMirror())
    first.take()
    again = Desk(first.mirror)
    assert again.recorder.callbacks == first.recorder.callbacks
    assert again.take() == "this number has an open callback already"
    again.recorder.all_safe()
    assert again.mirror.values == {}


def test_what_cannot_be_read_is_set_aside() -> None:
    d = Desk(FakeMirror({"callback:c1:1": {"who": "knows"}}))
    assert list(d.mirror.values) == ["unreadable:callback:c1:1"]
