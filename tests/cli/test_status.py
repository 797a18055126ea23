"""The drawing of `acd status`, compared with a stored one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from acd.cli.status import clock, draw

SNAPSHOT = Path(__file__).with_name("status.txt")

GROUP = {"id": "sales", "name": "Sales", "waiting": 2, "longest_wait_s": 75.9}
AGENT: dict[str, Any] = {
    "id": "anna", "name": "Anna Weber", "extension": "1001", "phone": "1001", "phone_reachable": True,
    "state": "talking", "reason": None, "reason_label": None, "pending": "break", "state_s": 61.0,
    "call": "c1", "customer": "王芳", "groups": ["sales"],
    "occupied": None, "over_s": 0.0, "until_s": None, "wrap_up_wanted": True,
}  # fmt: skip
CALL: dict[str, Any] = {
    "id": "a261122-100000-1", "kind": "inbound", "state": "talking", "state_s": 61.0, "total_s": 90.0,
    "caller_number": "+4930777", "caller_name": "W. Fang", "dialed_number": "8001",
    "trunk": "lab", "outside_number": None, "outside_trunk": None,
    "customer": {"name": "王芳", "segment": "gold"}, "group": "sales", "position": None,
    "priority": 0, "ring": None, "kept_for": None,
    "agent": "anna", "on_hold": False, "step": None,
}  # fmt: skip
PICTURE: dict[str, Any] = {
    "centre": "Example Telecom",
    "asterisk": True,
    "dispatching": True,
    "version": {"number": 3, "version": "0123456789abcdef", "kept": True},
    "announcements": [],
    "live_state": {"on_disk": True, "in_redis": None, "waiting_for_redis": 0},
    "outside": {"spent": 0.0, "budget": None, "currency": None, "alarms": []},
    "records": {"waiting": 2, "on_disk": 0, "away_s": 0},
    "groups": [{**GROUP, "talking": 1, "ready": 0, "staffed": 3}],
    "agents": [
        AGENT,
        {
            **AGENT, "name": "陈伟", "phone": "1003", "phone_reachable": False, "state": "not_ready",
            "id": "chen", "reason": "phone-unreachable", "reason_label": "Phone unreachable",
            "pending": None, "customer": None, "call": None, "wrap_up_wanted": False,
        },
        {
            **AGENT, "name": "Ben Okafor", "id": "ben", "phone": "1002", "state": "ready", "pending": None,
            "customer": None, "call": None, "occupied": "phone_in_use", "wrap_up_wanted": False,
        },
        {
            **AGENT, "name": "Emil Larsen", "id": "emil", "phone": "1005", "state": "not_ready", "call": None,
            "reason": "lunch", "reason_label": "Lunch", "over_s": 95.0, "pending": None, "customer": None,
            "wrap_up_wanted": False,
        },
        {
            **AGENT, "name": "方丽", "id": "fang", "phone": "1006", "state": "wrap_up", "call": None,
            "until_s": 7.0, "pending": "logged_out", "customer": None, "wrap_up_wanted": False,
        },
        {
            **AGENT, "name": "Dora Novak", "phone": None, "state": "logged_out", "pending": None,
            "customer": None, "call": None, "groups": ["support"],
        },
    ],
    "calls": [
        CALL,
        {
            **CALL, "id": "a261122-100100-2", "state": "waiting", "customer": None, "agent": None,
            "position": 1, "state_s": 3675.0, "ring": 0,
        },
        {
            **CALL, "id": "a261122-100200-3", "state": "ivr", "customer": None, "agent": None,
            "group": None, "caller_name": "[red]x[/]", "step": "main/menu",
        },
        {**CALL, "id": "a261122-100300-4", "on_hold": True},
    ],
}  # fmt: skip


def drawn(picture: dict[str, Any], width: int = 110) -> str:
    """As text."""
    console = Console(file=io.StringIO(), width=width, highlight=False, color_system=None)
    console.print(draw(picture))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def test_the_drawing_is_the_stored_one() -> None:
    assert drawn(PICTURE) == SNAPSHOT.read_text(encoding="utf-8")


def test_long_names_fold_on_a_narrow_screen() -> None:
    customer = {"name": "Sabine Köhler-Hohenfels", "segment": "platinum"}
    text = drawn(
        {
            **PICTURE,
            "groups": [
                {**PICTURE["groups"][0], "name": "Technical support for business customers in Germany"}
            ],
            "agents": [
                {**AGENT, "name": "Maximiliane von Hohenlohe", "groups": ["sales", "support", "emea"]}
            ],
            "calls": [{**CALL, "caller_number": "+8613800138000", "customer": customer}],
        },
        80,
    )
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for whole in (
        "Maximiliane",
        "Hohenlohe",
        "Technical support",
        "support,",
        "+8613800138000",
        "(platinum)",
    ):
        assert whole in text


def test_whom_an_agent_talks_with_is_told_where_no_customer_is_known() -> None:
    for more, told in (
        ({"caller_name": ""}, "+4930777"),
        ({"kind": "internal", "dialed_number": "1002"}, "1002"),
        ({"kind": "outbound", "outside_trunk": "lab", "outside_number": "+4930888"}, "+4930888"),
    ):
        agent = {**AGENT, "customer": None, "call": CALL["id"]}
        text = drawn({**PICTURE, "agents": [agent], "calls": [{**CALL, "customer": None, **more}]})
        assert told in text.partition("Agents")[2]
        assert CALL["id"] not in text.partition("Agents")[2]


def test_what_is_unusual_of_a_caller_in_line_is_said() -> None:
    waiting = {**CALL, "state": "waiting", "agent": None, "position": 3, "priority": 5, "ring": 1}
    assert "sales no. 3, priority 5, ring 1 " in drawn({**PICTURE, "calls": [waiting]}, 130)
    kept = {**waiting, "priority": 0, "ring": 0, "kept_for": "anna"}
    assert "sales no. 3, for anna " in drawn({**PICTURE, "calls": [kept]}, 130)


def test_troubles_stand_above() -> None:
    assert drawn({**PICTURE, "dispatching": False}).startswith("Looking at the floor anew")
    assert drawn({**PICTURE, "asterisk": False, "dispatching": False}).startswith("Asterisk is away")


def test_where_live_state_is_not_kept_stands_above() -> None:
    assert "records wait" not in drawn(PICTURE)
    assert "away for 1:05: 7 records wait, 4 of them on disk" in drawn(
        {**PICTURE, "records": {"waiting": 7, "on_disk": 4, "away_s": 65}}
    )
    kept = {"on_disk": True, "in_redis": False, "waiting_for_redis": 3}
    assert drawn({**PICTURE, "live_state": kept}).startswith("Redis takes no live state")
    assert "Redis" not in drawn({**PICTURE, "live_state": {**kept, "in_redis": True}})
    assert drawn({**PICTURE, "live_state": {**kept, "on_disk": False}}).startswith("The disk takes no")


def test_an_empty_house() -> None:
    text = drawn({**PICTURE, "groups": [], "agents": [], "calls": []})
    assert "Example Telecom" in text
    assert "Calls" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_flows_that_could_not_be_kept_are_told_of() -> None:
    picture = {**PICTURE, "version": {**PICTURE["version"], "number": 0, "kept": False}}
    assert "could not be kept as a version" in drawn(picture).splitlines()[0]


def test_several_controllers_are_told_of() -> None:
    standings = {"one": "leads", "two": "does not answer"}
    text = drawn({**PICTURE, "controllers": standings})
    assert text.splitlines()[0].strip() == "Controllers: one leads, two does not answer"


def test_nodes_are_named_where_there_are_several() -> None:
    node = {"name": "a", "up": True, "known": True, "drained": True, "calls": 2}
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(draw({**PICTURE, "nodes": [node, {**node, "name": "b", "up": False, "calls": 0}]}))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Asterisk nodes: a drained (2 calls), b away (0 calls)" in told
