"""One controller of several: when it hands over, to whom, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from acd import standby
from acd.app import FAULT_CODE, Controller
from acd.election import LEASE_S
from acd.errors import OperatorError, RequestRefused
from acd.gate import Gate
from acd.leading import HandingOver, Leading
from acd.records.store import RecordStore
from acd.runtime.control_server import ControlServer
from acd.runtime.peers import PeerAnswer, Reach
from acd.settings.controllers import ControllerPlace
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.secrets import load_or_create_secrets
from acd.standby import OneOfSeveral
from acd.state.lease import Holder
from tests.integration.centre import CHECKOUT

PLACES = tuple(ControllerPlace(name, f"192.0.2.{n}") for n, name in enumerate(("one", "two", "three"), 1))
MINE = Holder("one", 1)


class Ended(BaseException):
    """The process would have ended, with this code."""


class Letting:
    """A leader's part of handing over; `did` is what was done, in order, by it and by the lease."""

    def __init__(self, did: list[str]) -> None:
        self._did = did

    async def let_go(self) -> None:
        self._did.append("let go")

    async def end(self) -> None:
        self._did.append("ended")


class One(OneOfSeveral):
    """Leads with its lease in Redis; the others answer what `says` has for them, and are silent otherwise."""

    def __init__(self, home: Path) -> None:
        env = Environment(home, CHECKOUT / "config", CHECKOUT / "ivr_flows", controllers=PLACES)
        env = replace(env, controller="one", redis_host="127.0.0.1")
        centre = load_centre(env.config_dir, env.flows_dir)
        super().__init__(env, centre, load_or_create_secrets(home / "secrets.yml", []), "test")
        self.did: list[str] = []
        self.says: dict[str, Mapping[str, Any]] = {}
        self.election.mine, self.election.in_redis = MINE, True
        self._lease.hand_over = self._handed  # type: ignore[method-assign]

    async def _handed(self, mine: Holder, to: str, for_s: float) -> Holder:
        assert (mine, for_s) == (MINE, LEASE_S)
        self.did.append(f"lease to {to}")
        return Holder(to, 2)

    async def _ask(
        self, place: ControllerPlace, do: str, limit_s: float, fields: Mapping[str, Any]
    ) -> PeerAnswer:
        self.did.append(f"{do} {place.name} {limit_s:g}")
        if place.name not in self.says:
            return PeerAnswer(Reach.SILENT, reason="silent")
        return PeerAnswer(Reach.ANSWERED, self.says[place.name])


def _end(code: int) -> NoReturn:
    raise Ended(code)


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> One:
    """It leads."""
    monkeypatch.setattr(os, "_exit", _end)
    return One(tmp_path)


async def test_the_lease_goes_to_one_that_is_ready_when_all_is_written(one: One) -> None:
    """Whoever is off is not waited for; no other one writes a file before it is closed here."""
    one.says["three"] = {"ready": True}
    with pytest.raises(Ended) as ended:
        await one._hand_over_at_the_end(Letting(one.did), 0)
    assert ended.value.args == (0,)
    assert one.did == [
        "leadership two 0.5",
        "leadership three 0.5",
        "prepare three 20",
        "let go",
        "ended",
        "lease to three",
    ]


async def test_what_is_asked_after_letting_go_is_refused(one: One) -> None:
    one._control.serve({"ready": lambda _request: {"by": "one"}}, {})
    one.says["two"] = {"ready": True}
    await one._hand_over(Letting(one.did), "two")
    assert b'"error": "standby"' in await one._control.answer(b'{"do": "ready"}')
    assert await one._hand_over(Letting(one.did), "three") == "two", "only once"


async def test_without_redis_nothing_is_let_go_of(one: One) -> None:
    one.election.in_redis = False
    one.says["two"] = {"ready": True}
    with pytest.raises(RequestRefused, match="Redis is away"):
        await one._hand_over(Letting(one.did), "")
    assert not await one._hand_over_at_the_end(Letting(one.did), 0), "it is stopped in order"
    assert one.did == []


async def test_one_that_does_not_see_redis_is_not_ready(one: One, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one, "_load", lambda: None)
    one.election.mine = None
    assert (await one._prepare({}))["ready"]
    one.election.in_redis = False
    told = await one._prepare({})
    assert told == {"ready": False, "message": "does not see the lease in Redis"}


async def test_one_that_could_not_lead_says_so_until_it_could(
    one: One, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty() -> None:
        raise OperatorError("the configuration is faulty")

    monkeypatch.setattr(standby, "LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(one, "_load", faulty)
    one.election.mine = None
    await one._warm_up()
    assert one._facts()["ok"] is False
    assert one._facts()["cannot_lead"] == "the configuration is faulty"
    assert await one._prepare({}) == {"ready": False, "message": "the configuration is faulty"}
    monkeypatch.setattr(one, "_load", lambda: None)
    looking = asyncio.create_task(one._keep_fit())
    async with asyncio.timeout(5.0):
        for _ in range(400):
            if one._facts()["ok"]:
                break
            await asyncio.sleep(0.01)
    looking.cancel()
    assert one._facts()["cannot_lead"] == ""


async def test_a_database_that_does_not_answer_keeps_nobody_from_leading(
    one: One, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has just been started is a candidate, and one that is asked is ready."""
    released, stands_for_it = threading.Event(), asyncio.Event()

    def stalled(_store: RecordStore) -> None:
        released.wait(60.0)
        raise OperatorError("tables of a newer version")

    async def until_leading() -> Holder:
        stands_for_it.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(RecordStore, "open", stalled)
    monkeypatch.setattr(standby, "LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(one, "_load", lambda: None)
    monkeypatch.setattr(one.election, "until_leading", until_leading)
    one.election.mine = None
    standing_by = asyncio.create_task(one._stand_by())
    async with asyncio.timeout(20.0):
        await stands_for_it.wait()
        assert (await one._prepare({}))["ready"]
        released.set()
        for _ in range(1000):  # it is looked at again until the database has said
            if one.election.unfit:
                break
            await asyncio.sleep(0.01)
    assert one._facts()["cannot_lead"] == "tables of a newer version"
    one._stop.set()
    await standing_by


# --- how a leader ends --------------------------------------------------------------------------
class Running(Controller):
    """A controller with nothing in it but one task."""

    def __init__(
        self,
        hand_over: Callable[[HandingOver, int], Awaitable[bool]],
        did: list[str],
        fault: Exception | None,
    ) -> None:
        self._did = did
        self._fault = fault
        control = ControlServer(Path("unused"))
        self._leading = Leading(
            "one", 1, Gate(), control, (), {}, lambda _health, _page: None, hand_over, self._kept
        )
        self._tasks = []

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        self._did.append("kept")
        yield
        self._did.append("kept no longer")

    async def start(self) -> None:
        self._did.append("started")

        async def work() -> None:
            if self._fault is not None:
                raise self._fault
            await asyncio.Event().wait()

        self._tasks.append(asyncio.create_task(work()))

    async def stop(self) -> None:
        self._did.append("stopped")


async def test_a_signal_that_came_during_the_take_over_counts(one: One) -> None:
    async def nobody(_controller: object, code: int) -> bool:
        assert code == 0
        return False

    one._stop.set()
    controller = Running(nobody, one.did, None)
    async with asyncio.timeout(5.0):
        await controller.run(one._stop)
    assert one.did == ["kept", "started", "kept no longer", "stopped"]
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(name)
    controller._tasks[0].cancel()


async def test_a_fault_that_ends_a_leader_is_told(one: One) -> None:
    one.says["two"] = {"ready": True}

    async def hand_over(_controller: object, code: int) -> bool:
        return await one._hand_over_at_the_end(Letting(one.did), code)

    with capture_logs() as logs, pytest.raises(Ended) as ended:
        await Running(hand_over, one.did, ValueError("a fault")).run(one._stop)
    assert ended.value.args == (FAULT_CODE,)
    assert [line["event"] for line in logs if line["log_level"] == "critical" and line.get("exc_info")]
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(name)
