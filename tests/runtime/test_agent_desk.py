"""What `acd agent …` asks for, and what it is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.core import events
from acd.core.facts import EndedBy
from acd.core.work_rules import SYSTEM_REASONS
from acd.errors import RequestRefused
from acd.runtime.agent_desk import AgentDesk
from tests.runtime.fakes import Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre; nobody is logged in."""
    desk = Desk()
    yield desk
    desk.shell.close()


def ask(desk: Desk, do: str, **fields: Any) -> dict[str, Any]:
    """The agent in the answer."""
    answer = AgentDesk(desk.centre, desk.shell).handlers()[do](fields)
    assert isinstance(answer, dict)
    agent: dict[str, Any] = answer["agent"]
    return agent


async def test_a_day(desk: Desk) -> None:
    assert ask(desk, "login", agent="anna")["phone"] == "1001"
    assert ask(desk, "login", agent="anna", phone="1006")["phone"] == "1006"
    assert ask(desk, "ready", agent="anna")["state"] == "ready"
    assert ask(desk, "not-ready", agent="anna")["reason"] == "break"
    assert ask(desk, "ready", agent="anna")["state"] == "ready"
    await desk.ask("c1")
    desk.shell.feed(events.OfferAnswered("c1"))
    assert ask(desk, "wrap-up", agent="anna")["wrap_up_wanted"] is False  # it comes anyway
    assert ask(desk, "logout", agent="anna")["pending"] == "logged_out"
    assert ask(desk, "revoke", agent="anna")["pending"] is None
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    assert ask(desk, "wrap-up-extend", agent="anna")["until_s"] == 40.0
    assert ask(desk, "wrap-up-done", agent="anna")["state"] == "ready"
    assert ask(desk, "logout", agent="anna")["state"] == "logged_out"


async def test_which_phones_calls_can_reach(desk: Desk) -> None:
    desk.shell.feed(events.PhoneChanged("1002", reachable=False, in_use=False))
    told = AgentDesk(desk.centre, desk.shell).handlers()["phones"]({})
    assert isinstance(told, dict)
    assert "1001" in told["registered"]
    assert "1002" not in told["registered"]


async def test_no_such_agent_or_phone_and_a_phone_that_is_taken(desk: Desk) -> None:
    ask(desk, "login", agent="ben", phone="1001")
    for fields, code in (
        ({"agent": "zoe"}, "unknown-agent"),
        ({"agent": "anna", "phone": "1234"}, "unknown-phone"),
        ({"agent": "anna"}, "phone-taken"),
    ):
        with pytest.raises(RequestRefused) as refused:
            ask(desk, "login", **fields)
        assert refused.value.code == code
    assert str(refused.value) == "ben is logged in on phone 1001: log out there first, or take another phone"


async def test_no_system_reason_can_be_chosen(desk: Desk) -> None:
    ask(desk, "login", agent="anna")
    for reason in SYSTEM_REASONS:
        with pytest.raises(RequestRefused, match="set by the system only; choose one of: break, lunch"):
            ask(desk, "not-ready", agent="anna", reason=reason)
    assert not set(desk.centre.reason_keys.values()) & set(SYSTEM_REASONS)
