"""Where the leader is: real control sockets and ports of several controllers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from acd.errors import OperatorError, RequestRefused
from acd.runtime import doors
from acd.runtime.control import STANDBY, request
from acd.runtime.control_server import ControlServer
from acd.runtime.leader import Leader, Standing
from acd.settings.environment import Environment
from tests.runtime.controllers import controllers, frozen

FROZEN_S = 1.0
"""So long a frozen one is waited for; one that lives answers in that time on a busy machine, too."""


async def ask(leader: Leader, **fields: Any) -> Any:
    """Who answers."""
    return (await leader.request(do="status", **fields))["by"]


@pytest.mark.parametrize("on_socket", [True, False], ids=["socket", "port"])
async def test_whoever_leads_is_found(tmp_path: Path, on_socket: bool) -> None:
    async with controllers(tmp_path, "one", "two", "three", on_socket=on_socket) as (environment, there):
        leader = Leader(environment)
        there["two"].lead()
        assert await ask(leader) == await ask(leader) == "two"
        await there["two"].server.stop()
        there["three"].lead(fence=2)
        assert await ask(leader) == "three"
        async with leader.connection() as found:
            assert found.fence == 2
        assert await leader.standings() == [
            Standing("one", False, "stands by"),
            Standing("two", False, "does not run"),
            Standing("three", True, "leads"),
        ]


async def test_none_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "TRY_LIMIT_S", FROZEN_S)
    async with controllers(tmp_path, "one", "two", "three", on_socket=False) as (environment, there):
        await there["two"].server.stop()
        await there["three"].server.stop()
        with frozen(there["two"].place.port), pytest.raises(OperatorError) as failure:
            await ask(Leader(environment))
    reasons = str(failure.value).removeprefix("no controller leads: ").split(", ")
    assert sorted(reasons) == ["one stands by", "three does not run", "two does not answer"]


async def test_a_leader_to_come_is_waited_for_with_patience(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two") as (environment, there):
        asked = asyncio.create_task(ask(Leader(environment), patience_s=5))
        asyncio.get_running_loop().call_later(0.15, there["one"].lead)
        assert await asked == "one"


async def test_a_frozen_leader_holds_nobody_up_for_longer_than_a_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "TRY_LIMIT_S", FROZEN_S)
    async with controllers(tmp_path, "one", "two", on_socket=False) as (environment, there):
        leader = Leader(environment)
        there["one"].lead()
        assert await ask(leader) == "one"
        await there["one"].server.stop()
        there["two"].lead(fence=2)
        with frozen(there["one"].place.port):
            assert await ask(leader) == "two"
        assert there["one"].asked == ["status"]


async def test_another_centres_controllers_are_not_trusted(tmp_path: Path) -> None:
    async with controllers(tmp_path / "a", "one", on_socket=False) as (environment, there):
        there["one"].lead()
        async with controllers(tmp_path / "b", "two", on_socket=False):
            other = Environment(
                tmp_path / "b",
                environment.config_dir,
                environment.flows_dir,
                controllers=environment.controllers,
            )
            with pytest.raises(OperatorError, match=r"one is not to be trusted \(it does not accept our"):
                await ask(Leader(other))
    nobody = Environment(tmp_path, tmp_path, tmp_path, controllers=environment.controllers)
    with pytest.raises(OperatorError, match=r"one cannot be asked .*no control password yet"):
        await ask(Leader(nobody))


async def test_sockets_of_this_machine_are_enough(tmp_path: Path) -> None:
    """A command typed where nobody has set ACD_CONTROLLERS."""
    async with controllers(tmp_path, "one", "two") as (_, there):
        there["two"].lead()
        assert await ask(Leader(Environment(tmp_path, tmp_path, tmp_path))) == "two"


async def test_the_only_controller_is_asked_as_ever(tmp_path: Path) -> None:
    environment = Environment(tmp_path, tmp_path, tmp_path)
    leader = Leader(environment)
    with pytest.raises(OperatorError, match="start one with script/server"):
        await leader.request(do="status")
    server = ControlServer(environment.control_socket, {"status": lambda _asked: {"by": "the only one"}})
    await server.start()
    assert await ask(leader) == "the only one"
    async with leader.connection() as found:
        assert found.fence == 0
    assert await leader.standings() == []
    await server.stop()


async def test_one_that_stands_by_says_who_leads(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "acd.sock")
    await server.start()
    for leader, message in (("", "this controller stands by"), ("two", "stands by; 'two' leads")):
        if leader:
            server.stand_by({"leadership": lambda _asked: {"leads": False}}, lambda: "two")
        with pytest.raises(RequestRefused, match=message) as refusal:
            await request(tmp_path / "acd.sock", do="status")
        assert refusal.value.code == STANDBY
    assert await request(tmp_path / "acd.sock", do="leadership") == {"ok": True, "leads": False}
    server.serve({"status": lambda _asked: {"by": "one"}}, {})
    assert (await request(tmp_path / "acd.sock", do="status"))["by"] == "one"
    with pytest.raises(RequestRefused, match="'do' is one of: status"):
        await request(tmp_path / "acd.sock", do="sing")
    await server.stop()


async def test_a_request_that_got_no_answer_is_not_sent_again(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two") as (environment, there):
        there["one"].lead()
        asked = []

        async def die(_request: Any) -> Any:
            asked.append("status")
            there["two"].lead(fence=2)
            await there["one"].server.stop()
            return {}

        there["one"].server.serve(
            {"leadership": lambda _asked: {"leads": True, "fence": 1}, "status": die}, {}
        )
        with pytest.raises(OperatorError, match="went away without an answer"):
            await ask(Leader(environment), patience_s=3)
        assert (asked, there["two"].asked) == (["status"], [])
