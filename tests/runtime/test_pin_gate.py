"""Logging in at somebody else's phone: the PIN is asked for, counted when wrong, and reaches no log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.errors import TelephonyError
from acd.runtime.features import SENTENCES, FeatureDesk
from acd.runtime.pin_gate import LOCKED_S
from acd.settings.pins import PinBook
from tests.runtime.fakes import Desk, FakeLine

SAYS = SENTENCES["en"]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre; nobody is logged in."""
    desk = Desk()
    yield desk
    desk.shell.close()


@pytest.fixture
def features(desk: Desk, tmp_path: Path) -> FeatureDesk:
    """Anna has a PIN, ben has none."""
    pins = PinBook(tmp_path / "secrets.yml")
    pins.set("anna", "4711")
    return FeatureDesk(desk.centre, desk.shell, pins)


def phone_of(desk: Desk, agent: str) -> str | None:
    """Where the agent is logged in."""
    return desk.shell.engine.floor.agents[agent].phone


async def test_at_the_own_phone_nobody_is_asked(desk: Desk, features: FeatureDesk) -> None:
    assert (await features.perform("1001", "*11", FakeLine())).text == SAYS["login"]
    assert phone_of(desk, "anna") == "1001"


async def test_who_has_no_pin_needs_none(desk: Desk, features: FeatureDesk) -> None:
    assert (await features.perform("1003", "*111002", FakeLine())).text == SAYS["login"]
    assert phone_of(desk, "ben") == "1003"


async def test_the_pin_is_keyed_and_may_be_wrong_once(desk: Desk, features: FeatureDesk) -> None:
    line = FakeLine("4712", "4711")
    with capture_logs() as logs:
        assert (await features.perform("1003", "*11*1001", line)).text == SAYS["login"]
    assert line.answered
    assert line.heard == [SAYS["pin"], SAYS["wrong-pin"], SAYS["pin"]]
    assert phone_of(desk, "anna") == "1003"
    assert "4711" not in str(logs)


async def test_three_tries_in_a_call_and_six_in_all(desk: Desk, features: FeatureDesk) -> None:
    for _ in range(2):
        line = FakeLine("1", None, "4712", "4711")
        assert (await features.perform("1003", "*111001", line)).text == SAYS["wrong-pin"]
    assert phone_of(desk, "anna") is None
    locked = FakeLine("4711")
    assert (await features.perform("1003", "*111001", locked)).text == SAYS["pin-locked"]
    assert locked.heard == []
    assert (await features.perform("1003", "*111002", FakeLine())).text == SAYS["login"]  # ben is not
    desk.clock.now += LOCKED_S
    assert (await features.perform("1004", "*111001", FakeLine("4711"))).text == SAYS["login"]


async def test_who_hangs_up_is_not_logged_in(desk: Desk, features: FeatureDesk) -> None:
    with pytest.raises(TelephonyError):
        await features.perform("1003", "*111001", FakeLine())
    assert phone_of(desk, "anna") is None


async def test_a_damaged_file_lets_nobody_in(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secrets.yml").write_text("pins: [")
    features = FeatureDesk(desk.centre, desk.shell, PinBook(tmp_path / "secrets.yml"))
    assert (await features.perform("1003", "*111001", FakeLine())).text == SAYS["pin-broken"]
