"""The section `callbacks` of a group, and config/do_not_call.csv."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.core.plan import CallbackFirst, CallbackRule
from acd.ivr.hours import CalendarState
from acd.settings.do_not_call import read_do_not_call
from acd.settings.load import check, load_centre

CHECKOUT = Path(__file__).parents[2]
DIALING = """
emergency: {numbers: ["112"], trunks: [out]}
flow_role: all
roles:
  all: {name: All, allow: ["+"], trunks: [out]}
"""
TRUNK = """
  out:
    server: 192.0.2.1
    addresses: [192.0.2.1]
    authentication: none
    caller_id: "+49 30 5550100"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example with a way outside."""
    folder = tmp_path / "config"
    shutil.copytree(CHECKOUT / "config", folder)
    (folder / "dialing.yml").write_text(DIALING)
    for name, text in (("trunks.yml", TRUNK), ("numbers.yml", '  "+49 30 5550100": {group: sales}\n')):
        with (folder / name).open("a") as file:
            file.write(text)
    return folder


def write(config: Path, options: str) -> None:
    """The section of the group sales."""
    path = config / "groups.yml"
    path.write_text(path.read_text().replace("  sales:\n", f"  sales:\n    callbacks: {options}\n", 1))


def problems(config: Path) -> list[str]:
    """Without the warnings that the menu of the tests has."""
    return [line for line in check(config, CHECKOUT / "tests" / "flows") if ": warning: " not in line]


def test_left_out_people_call_back(config: Path) -> None:
    centre = load_centre(config, CHECKOUT / "tests" / "flows")
    assert [group.callbacks for group in centre.plan.groups.values()] == [None, None]
    assert (centre.callback_windows, centre.do_not_call) == ({}, frozenset())


def test_all_options(config: Path) -> None:
    write(
        config,
        "{mode: automatic, first: customer, retries: 1, retry_after_s: 60, expire_after_s: 600,"
        ' ring_timeout_s: 20, window: {hours: "22:00-06:00"}}',
    )
    centre = load_centre(config, CHECKOUT / "tests" / "flows")
    assert centre.plan.groups["sales"].callbacks == CallbackRule(CallbackFirst.CUSTOMER, 1, 60, 600, 20)
    window = centre.callback_windows["sales"]  # of Berlin, an hour ahead in winter
    assert window.state(datetime(2026, 12, 1, 21, 30, tzinfo=UTC)) is CalendarState.OPEN
    assert window.state(datetime(2026, 12, 1, 5, 30, tzinfo=UTC)) is CalendarState.CLOSED


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{mode: sometimes}", "expected one of automatic, by_hand, got 'sometimes'"),
        ("{retries: -1}", "expected a whole number from 0 to 20, got -1"),
        ("{window: {}}", "expected either `calendar`, the name of one, or `hours`"),
        ("{mode: automatic, window: {calendar: nights}}", "nights"),
        ("{tries: 3}", "unknown option 'tries'"),
    ],
)
def test_mistakes(config: Path, options: str, message: str) -> None:
    write(config, options)
    (problem,) = problems(config)
    assert message in problem
    assert "groups.yml:" in problem


def test_without_a_role_of_flows_nobody_can_be_dialled(config: Path) -> None:
    (config / "dialing.yml").unlink()
    write(config, "{mode: automatic}")
    (problem,) = problems(config)
    assert "needs the option 'flow_role' in dialing.yml" in problem


def test_the_do_not_call_list(config: Path, tmp_path: Path) -> None:
    path = config / "do_not_call.csv"
    path.write_text("since,number\n2026,030 12345678\n\n2025,+49 30 999\n")
    centre = load_centre(config, CHECKOUT / "tests" / "flows")
    assert centre.do_not_call == {"+493012345678", "+4930999"}
    path.write_text("number\n+493012345678\nnobody\n")
    (problem,) = problems(config)
    assert "do_not_call.csv:3" in problem
    assert "expected a phone number such as +8613800138000, got 'nobody'" in problem
    other = tmp_path / "other.csv"
    other.write_text("who\nx\n")
    numbers, document = read_do_not_call(other)
    assert numbers == frozenset()
    assert "one of them 'number'" in str(document.problems[0])
