"""What agents and supervisors do with calls that go on: each request as the controller hears it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from acd.errors import RequestRefused
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskKind
from acd.runtime.call_control import Verb
from acd.web.api.calls_now import verb_of
from tests.web.desktop import desktop

DONE: dict[str, Any] = {"state": "done"}

ORDERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"do": "answer"}, {"do": "call-answer"}),
    ({"do": "mute", "on": True}, {"do": "call-mute", "on": True}),
    ({"do": "keys", "keys": "12#"}, {"do": "call-keys", "keys": "12#"}),
    ({"do": "transfer", "to": "support", "to_kind": "group"},
     {"do": "call-transfer", "to": "support", "to_kind": "group"}),
    ({"do": "consult", "to": "bert", "to_kind": "agent"},
     {"do": "consult", "to": "bert", "to_kind": "agent"}),
    ({"do": "consult-join"}, {"do": "consult-join"}),
    ({"do": "record-pause", "reason": "card number"}, {"do": "record-pause", "reason": "card number"}),
    ({"do": "dial", "number": "030 12345"}, {"do": "call-dial", "number": "030 12345"}),
    ({"do": "dial", "agent_to": "bert"}, {"do": "call-dial", "agent_to": "bert"}),
]  # fmt: skip


async def test_each_verb_is_asked_for_as_the_agent_who_asks(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        found.controller.answers = {verb_of(told["do"]): lambda _asked: DONE for told, _ in ORDERS}
        await found.controller.start()
        await found.sign_in("anna")
        for told, asked in ORDERS:
            async with found.client.post("/api/me/call", json=told) as answer:
                assert (answer.status, await answer.json()) == (200, {"ok": True, **DONE}), told
            assert found.controller.asked[-1] == {"agent": "anna", "by": "anna", **asked}
        await found.controller.stop()


def test_the_controller_knows_each_verb() -> None:
    assert {asked["do"] for _, asked in ORDERS} <= set(Verb)


async def test_a_callback_is_called_at_its_number_by_those_who_may_see_it(tmp_path: Path) -> None:
    kept = Task(TaskKind.CALLBACK, "17", "c1", datetime.now(UTC), "sales", "+4930123")
    async with desktop(tmp_path) as found:
        groups = ["sales"]
        found.controller.answers = {
            "status": lambda _asked: {"agents": [{"id": "anna", "groups": groups}]},
            "callback-call": lambda _asked: DONE,
        }
        await found.controller.start()
        await found.sign_in("anna")
        with mock.patch.object(TaskStore, "task", return_value=kept):
            async with found.client.post("/api/me/call", json={"do": "callback", "task": "17"}) as answer:
                assert answer.status == 200, await answer.text()
            asked = {"agent": "anna", "by": "anna", "task": "17", "kind": "callback", "note": ""}
            assert found.controller.asked[-1] == {"do": "callback-call", **asked, "force": False}
            groups[0] = "support"
            async with found.client.post("/api/me/call", json={"do": "callback", "task": "17"}) as answer:
                assert (answer.status, (await answer.json())["error"]) == (403, "other-group")
        await found.controller.stop()


FAULTY: list[tuple[dict[str, Any], int]] = [
    ({"do": "explode"}, 400),
    ({}, 400),
    ({"do": "answer", "agent": "bert"}, 400),
    ({"do": "keys", "keys": "1\n2"}, 400),
    ({"do": "keys", "keys": ""}, 400),
    ({"do": "mute"}, 400),
    ({"do": "transfer", "to": "support", "to_kind": "planet"}, 400),
    ({"do": "dial"}, 422),
    ({"do": "dial", "number": "1", "agent_to": "bert"}, 422),
]


@pytest.mark.parametrize(("told", "status"), FAULTY)
async def test_what_is_no_verb_reaches_no_controller(
    tmp_path: Path, told: dict[str, Any], status: int
) -> None:
    async with desktop(tmp_path) as found:
        await found.controller.start()
        await found.sign_in("anna")
        async with found.client.post("/api/me/call", json=told) as answer:
            assert answer.status == status, await answer.text()
        assert found.controller.asked == []
        await found.controller.stop()


async def test_a_late_click_does_not_end_the_next_call(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        found.controller.all = {"agent:anna": {"id": "anna", "call": "c2", "own_call": None}}
        found.controller.answers = {"call-hangup": lambda _asked: DONE}
        await found.controller.start()
        await found.sign_in("anna")
        await found.controller.until(lambda: found.controller.watchers == 1)
        async with await found.live("me") as live:
            await live.next(type="all")
            async with found.client.post("/api/me/call", json={"do": "hangup", "call": "c1"}) as answer:
                assert (answer.status, (await answer.json())["error"]) == (409, "other-call")
            async with found.client.post("/api/me/call", json={"do": "hangup", "call": "c2"}) as answer:
                assert answer.status == 200
        assert [asked["do"] for asked in found.controller.asked] == ["call-hangup"]
        await found.controller.stop()


SUPERVISED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("/api/agents/anna/state", {"state": "not_ready", "reason": "break"},
     {"do": "agent-state", "target": "anna", "state": "not_ready", "reason": "break"}),
    ("/api/calls/c1/move", {"group": "support"}, {"do": "move", "call": "c1", "group": "support"}),
    ("/api/calls/c1/priority", {"priority": 7}, {"do": "priority", "call": "c1", "priority": 7}),
    ("/api/spy", {"mode": "listen", "target": "anna", "phone": "1005"},
     {"do": "spy", "agent": "1005", "mode": "listen", "target": "anna"}),
    ("/api/spy", {"mode": "stop", "phone": "1005"},
     {"do": "spy", "agent": "1005", "mode": "stop", "target": None}),
    ("/api/messages", {"to": ["*"], "text": "Fire drill\nat noon", "urgent": True},
     {"do": "message", "to": ["*"], "text": "Fire drill\nat noon", "urgent": True}),
    ("/api/agents/anna/call", {"do": "hangup"}, {"do": "call-hangup", "agent": "anna"}),
]  # fmt: skip


async def test_a_supervisor_acts_on_others_and_an_agent_does_not(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        found.controller.answers = {asked["do"]: lambda _asked: DONE for _, _, asked in SUPERVISED}
        await found.controller.start()
        await found.sign_in("susan")
        for path, told, asked in SUPERVISED:
            async with found.client.post(path, json=told) as answer:
                assert answer.status == 200, await answer.text()
            assert found.controller.asked[-1] == {"by": "susan", **asked}
        found.controller.answers["listening"] = lambda _asked: {"state": "ringing"}
        async with found.client.get("/api/spy?phone=1005") as answer:
            assert (answer.status, await answer.json()) == (200, {"state": "ringing"})
        async with found.client.get("/api/spy") as answer:
            assert answer.status == 422  # the account has no phone of its own
        count = len(found.controller.asked)
        await found.sign_in("anna")
        for path, told, _ in SUPERVISED:
            async with found.client.post(path, json=told) as answer:
                assert (answer.status, (await answer.json())["error"]) == (403, "role-missing")
        assert len(found.controller.asked) == count
        await found.controller.stop()


async def test_the_controllers_refusal_is_told_with_its_code(tmp_path: Path) -> None:
    def unknown(_asked: dict[str, Any]) -> dict[str, Any]:
        raise RequestRefused("unknown-call", "no call 'c9' goes on")

    def not_confirmed(_asked: dict[str, Any]) -> dict[str, Any]:
        raise RequestRefused("not-confirmed", "Asterisk has not confirmed it")

    async with desktop(tmp_path) as found:
        found.controller.answers = {"why": unknown, "call-hold": not_confirmed}
        await found.controller.start()
        await found.sign_in("susan")
        async with found.client.get("/api/calls/c9/why") as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "unknown-call")
        async with found.client.post("/api/agents/anna/call", json={"do": "hold"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (409, "not-confirmed")
        async with found.client.post("/api/spy", json={"mode": "listen", "target": "anna"}) as answer:
            assert (answer.status, await answer.json())[0] == 422  # the account has no phone of its own
        await found.controller.stop()
        async with found.client.get("/api/calls/c9/why") as answer:
            assert (answer.status, (await answer.json())["error"]) == (503, "controller-away")
