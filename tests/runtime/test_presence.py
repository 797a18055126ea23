"""Who has a desktop open, as several say it."""

from __future__ import annotations

from acd.core.events import DesktopClosed, DesktopOpened, Event
from acd.runtime.presence import Presence


def test_an_agent_is_there_as_long_as_one_says_so() -> None:
    heard: list[Event] = []
    presence, one, other = Presence(heard.append), object(), object()
    presence.here(one, ["anna", "ben"])
    presence.here(one, ["anna"])
    presence.here(other, ["anna"])
    assert heard == [DesktopOpened("anna"), DesktopOpened("ben")]
    presence.left(one)
    assert heard[2:] == [DesktopClosed("ben")]
    presence.gone(one, ["anna"])
    presence.gone(other, ["ben"])
    assert heard[3:] == []
    presence.gone(other, ["anna"])
    assert heard[3:] == [DesktopClosed("anna")]


def test_at_our_own_end_nobody_is_gone() -> None:
    heard: list[Event] = []
    presence = Presence(heard.append)
    presence.here("web", ["anna"])
    presence.close()
    presence.left("web")
    assert heard == [DesktopOpened("anna")]


def test_an_agent_who_is_new_in_the_plan_may_have_a_desktop_open_already() -> None:
    heard: list[Event] = []
    presence = Presence(heard.append)
    presence.here("web", ["nina"])
    presence.known(["nina", "otto"])
    assert heard == [DesktopOpened("nina"), DesktopOpened("nina")]
    presence.left("web")
    presence.known(["nina"])
    assert heard[2:] == [DesktopClosed("nina")]
