"""Announcements that are switched on and off while calls are under way."""

from __future__ import annotations

import json

import pytest

from acd.errors import RequestRefused
from acd.runtime.announcements import Announcements
from tests.runtime.fakes import Clock, FakeMirror


def desk(mirror: FakeMirror, clock: Clock, names: list[str]) -> Announcements:
    announcements = Announcements(mirror, clock, lambda: names)
    announcements.restore(json.loads(json.dumps(mirror.load())))
    return announcements


def test_on_until_it_is_off() -> None:
    mirror, clock = FakeMirror(), Clock()
    announcements = desk(mirror, clock, ["storm", "strike"])
    assert announcements.on() == frozenset()
    announcements.switch_on("storm", "anna")
    assert announcements.on() == {"storm"}
    assert announcements.switch_off("storm", "ben")
    assert not announcements.switch_off("storm", "ben")
    assert announcements.on() == frozenset()
    assert mirror.keys("announcement") == []


def test_it_stays_on_over_a_restart_and_goes_off_at_its_time() -> None:
    mirror, clock = FakeMirror(), Clock()
    desk(mirror, clock, ["storm"]).switch_on("storm", "anna", clock.now + 60)
    again = desk(mirror, clock, ["storm"])
    assert again.on() == {"storm"}
    shown = {"name": "storm", "on": True, "known": True, "who": "anna", "since": clock.now}
    assert again.picture() == [{**shown, "until": clock.now + 60}]
    clock.now += 60
    assert again.on() == frozenset()
    assert mirror.keys("announcement") == []


def test_only_what_the_flows_have_can_be_switched_on() -> None:
    announcements = desk(FakeMirror(), Clock(), ["storm"])
    with pytest.raises(RequestRefused, match="no announcement 'strom'; there are: storm"):
        announcements.switch_on("strom", "anna")
    with pytest.raises(RequestRefused, match="has passed"):
        announcements.switch_on("storm", "anna", 1.0)
    with pytest.raises(RequestRefused, match="no announcement 'strom'"):
        announcements.switch_off("strom", "anna")


def test_one_that_a_reload_took_away_is_silent_and_can_be_switched_off() -> None:
    names = ["storm"]
    announcements = desk(FakeMirror(), Clock(), names)
    announcements.switch_on("storm", "anna")
    names.clear()
    assert announcements.on() == frozenset()
    assert [(a["name"], a["known"]) for a in announcements.picture()] == [("storm", False)]
    assert announcements.switch_off("storm", "anna")
    assert announcements.picture() == []
