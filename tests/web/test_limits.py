"""How much one may ask, and how many sessions and WebSockets there are: nobody pays for somebody else."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path

import aiohttp
import pytest

from acd.accounts.tokens import Tokens
from acd.settings.sign_in import RequestLimits
from acd.web import limits as limits_module
from acd.web.asker import Asker, Role, Scope, nobody
from acd.web.limits import Limits
from acd.web.refusal import Refusal
from tests.web.desktop import desktop

SMALL = RequestLimits(person_a_minute=120, token_a_minute=60, address_a_minute=60, sockets_of_address=3)
ANNA = Asker("anna", Role.AGENT, "192.0.2.1", session="s")
WALL = Asker("token:wall", Role.SUPERVISOR, "192.0.2.1", scopes=frozenset({Scope.READ_STATE}), token="t1")


KNOCKS = 1000 if os.environ.get("ACD_TEST_ALL") else 300
ANSWERED_S = 0.5
"""Half of the answers come sooner. Here one process and one event loop is desktop, stranger and who works:
what the desktop by itself makes of it is measured in tests/integration/test_outsider.py."""


def passed(limits: Limits, asker: Asker, times: int, now: float) -> int:
    """How many of so many requests were let through."""
    count = 0
    for _ in range(times):
        try:
            limits.count(asker, None, now)
        except Refusal:
            continue
        else:
            count += 1
    return count


def test_a_refusal_says_when_to_come_again() -> None:
    limits = Limits(SMALL)
    passed(limits, WALL, 15, 0.0)
    with pytest.raises(Refusal) as refused:
        limits.count(WALL, None, 0.0)
    assert (refused.value.status, refused.value.code) == (429, "too-many-requests")
    assert refused.value.headers == {"Retry-After": "1"}


def test_each_has_a_bucket_that_fills_up_again() -> None:
    limits = Limits(SMALL)
    assert passed(limits, ANNA, 100, 0.0) == 30
    assert passed(limits, ANNA, 100, 10.0) == 20
    assert passed(limits, WALL, 100, 10.0) == 15
    assert passed(limits, nobody("192.0.2.1"), 100, 10.0) == 15
    assert passed(limits, nobody("192.0.2.2"), 100, 10.0) == 15
    assert passed(limits, nobody("2001:db8::1"), 100, 10.0) == 15
    assert passed(limits, nobody("2001:db8::2"), 100, 10.0) == 0  # the same customer of a provider
    assert limits.refused == {"person": 150, "token": 85, "address": 355}


def test_strangers_do_not_get_to_the_database_and_who_is_known_does() -> None:
    limits = Limits(SMALL)
    limits.count(ANNA, "her key", 0.0)
    limits.admit("192.0.2.1", "guess", 0.0)
    passed(limits, nobody("192.0.2.1"), 20, 0.0)
    with pytest.raises(Refusal):
        limits.admit("192.0.2.1", "guess", 0.0)
    limits.admit("192.0.2.1", "her key", 0.0)
    limits.admit("192.0.2.1", "guess", 2.0)


def test_what_is_kept_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "KEPT_MAX", 50)
    limits = Limits(SMALL)
    for number in range(500):
        limits.count(nobody(f"192.0.{number // 200}.{number % 200}"), f"key {number}", 0.0)
        limits.count(ANNA, f"key {number}", float(number))
    assert (len(limits._buckets), len(limits._holding)) == (50, 50)


async def test_requests_are_refused_for_a_moment_and_counted(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house, house.browser() as stranger:
        await house.sign_in("anna")
        limits = house.process.services.limits
        limits.settings = RequestLimits(address_a_minute=2)  # one, and then half a minute nothing
        limits._buckets.clear()
        statuses = []
        for _ in range(3):
            async with stranger.get("/api/session", headers={"Cookie": "acd_session=guess"}) as answer:
                statuses.append((answer.status, answer.headers.get("Retry-After")))
        assert statuses == [(401, None), (429, "30"), (429, "30")]
        async with stranger.get("/health") as answer:
            assert answer.status == 429
        async with house.client.get("/api/session") as answer:
            assert answer.status == 200  # from the same address
        _, key = Tokens(house.store.engine).add("wall", ["read:state"], "root", None)
        for said, status in ((f"Bearer {key}", 429), ("Bearer wrong", 429)):
            async with stranger.get("/api/targets", headers={"Authorization": said}) as answer:
                assert answer.status == status  # not looked for while strangers have used up the address
        limits._buckets.clear()
        for _ in range(3):
            async with stranger.get("/api/targets", headers={"Authorization": f"Bearer {key}"}) as answer:
                assert answer.status == 200  # known from now on
        async with stranger.get("/api/targets", headers={"Authorization": "Bearer wrong"}) as answer:
            assert answer.status == 401
        async with stranger.get("/api/targets", headers={"Authorization": "Bearer wrong"}) as answer:
            assert answer.status == 429
        async with house.client.get("/metrics") as answer:
            assert 'acd_requests_refused_total{by="address"} 6.0' in await answer.text()


async def test_websockets_without_a_session_harm_nobody(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")

        async def knock(client: aiohttp.ClientSession, path: str) -> int:
            try:
                await client.ws_connect(path)
            except aiohttp.WSServerHandshakeError as error:
                return error.status
            return 101

        connector = aiohttp.TCPConnector(limit=20)
        headers = {"Origin": house.url}
        async with aiohttp.ClientSession(house.url, headers=headers, connector=connector) as stranger:
            knocking = asyncio.gather(
                *(knock(stranger, path) for path in ["/api/live", "/sip"] * (KNOCKS // 2))
            )
            took_s = []
            while not knocking.done():
                began = time.monotonic()
                async with house.client.get("/api/session") as answer:
                    assert answer.status == 200
                took_s.append(time.monotonic() - began)
            assert set(await knocking) == {401, 429}
        assert statistics.median(took_s) < ANSWERED_S
        assert house.process.services.hub.clients == 0


async def test_an_address_has_so_many_websockets(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        house.process.services.limits.settings = SMALL
        sockets = [await house.client.ws_connect("/api/live") for _ in range(3)]
        for path in ("/api/live", "/sip"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await house.client.ws_connect(path, protocols=("sip",) if path == "/sip" else ())
            assert refused.value.status == 429
        for socket in sockets:
            await socket.close()
        assert house.process.services.limits.refused["sockets"] == 2


async def test_where_one_is_signed_in_and_signing_out_there(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house, house.browser() as other, house.browser() as third:
        for browser in (other, third, house.client):
            await house.sign_in("anna", browser=browser)
        live = await house.live("me", browser=third)
        async with house.client.get("/api/sessions") as answer:
            found = await answer.json()
        assert [one["this"] for one in found].count(True) == 1
        assert {one["address"] for one in found} == {"127.0.0.1"}
        async with other.get("/api/sessions") as answer:
            (mine,) = [one["id"] for one in await answer.json() if one["this"]]
        async with house.client.delete(f"/api/sessions/{mine}") as answer:
            assert answer.status == 204
        async with house.client.delete(f"/api/sessions/{mine}") as answer:
            assert answer.status == 404
        async with house.client.delete("/api/sessions") as answer:
            assert answer.status == 204
        assert await live.closed() == (1008, "session-over")
        for browser, status in ((other, 401), (third, 401), (house.client, 200)):
            async with browser.get("/api/session") as answer:
                assert answer.status == status


async def test_signing_in_again_ends_the_session_that_the_browser_had(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        (cookie,) = house.client.cookie_jar
        await house.sign_in("susan")
        async with (
            house.browser() as thief,
            thief.get("/api/session", headers={"Cookie": f"acd_session={cookie.value}"}) as answer,
        ):
            assert answer.status == 401
