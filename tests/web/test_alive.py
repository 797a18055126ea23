"""`GET /alive`: 200 while a web process can do what it is for, 503 within moments otherwise."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acd.loss import DATABASE
from acd.runtime.doors import IS_GONE, STANDS_BY
from acd.runtime.leader import Leader, Standing
from acd.settings.sign_in import RequestLimits
from acd.web import alive
from acd.web.limits import Limits
from tests.web.desktop import Desktop, desktop


async def told(house: Desktop) -> int:
    """The status; the body says the same, and nothing else."""
    async with house.client.get("/alive") as answer:
        assert await answer.json() == {"ok": answer.status == 200}
        return answer.status


async def linked(house: Desktop) -> None:
    """A controller is there, and the process has heard of it."""
    await house.controller.start()
    await house.controller.until(lambda: house.process.services.link.up)


@contextmanager
def database_away() -> Iterator[None]:
    DATABASE.begin(60)
    try:
        yield
    finally:
        DATABASE.end()


async def test_it_needs_the_database_and_a_controller(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        assert await told(house) == 503
        await linked(house)
        assert await told(house) == 200
        with database_away():
            assert await told(house) == 503
            async with house.client.get("/api/openapi.json") as answer:
                assert answer.status == 200  # what a balancer may ask: the process goes on
        assert await told(house) == 200
        await house.sign_in("anna")
        live = await house.live("me")
        await house.controller.stop()
        await live.next(type="link", controller="away")
        assert await told(house) == 503
        await live.socket.close()


@pytest.mark.parametrize(("reason", "status"), [(STANDS_BY, 200), (IS_GONE, 503)])
async def test_while_none_leads_one_that_stands_by_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, status: int
) -> None:
    async def standings(_leader: Leader) -> list[Standing]:
        return [Standing("one", False, IS_GONE), Standing("two", False, reason)]

    monkeypatch.setattr(Leader, "standings", standings)
    async with desktop(tmp_path) as house:
        assert await told(house) == status


async def test_a_database_that_hangs_holds_one_thread_and_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alive, "LIMIT_S", 0.1)
    hangs, asked = threading.Event(), []
    really = alive.Alive._reads

    def hanging(self: alive.Alive) -> bool:
        asked.append(time.monotonic())
        return hangs.wait(30) and really(self)

    async with desktop(tmp_path) as house:
        await linked(house)
        monkeypatch.setattr(alive.Alive, "_reads", hanging)
        try:
            began = time.monotonic()
            assert [await told(house) for _ in range(5)] == [503] * 5
            assert time.monotonic() - began < 10
            assert len(asked) == 1
        finally:
            hangs.set()
        monkeypatch.setattr(alive, "LIMIT_S", 30.0)
        assert await told(house) == 200
        await house.controller.stop()


async def test_strangers_may_not_ask_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "change", lambda *_: None)
    async with desktop(tmp_path) as house:
        house.process.services.limits.settings = RequestLimits(address_a_minute=2)
        statuses = []
        for _ in range(2):
            async with house.client.get("/alive") as answer:
                statuses.append(answer.status)
        assert statuses == [503, 429]
