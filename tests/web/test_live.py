"""`/api/live`: the controller's picture, and its changes, in browsers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from acd.web.live import client as live_client
from acd.web.live import socket as live_socket
from tests.web.desktop import Desktop, desktop

CENTRE = {"name": "Nordwind"}
ANNA: dict[str, Any] = {
    "id": "anna", "state": "ready", "call": None, "own_call": None, "wrap_up_call": None, "groups": ["sales"],
}  # fmt: skip
BEN = {**ANNA, "id": "ben"}
CALL: dict[str, Any] = {"id": "c1", "state": "waiting", "agent": None, "parties": []}
SALES = {"id": "sales", "waiting": 0}
ALL = {"centre": CENTRE, "agent:anna": ANNA, "agent:ben": BEN, "group:sales": SALES, "call:c1": CALL}


async def begin(house: Desktop) -> None:
    """The controller is there, and the web process has its picture."""
    house.controller.all = dict(ALL)
    await house.controller.start()
    await house.controller.until(lambda: house.controller.watchers > 0)


async def test_an_agent_sees_what_is_its_own_and_nothing_else(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("anna")
        async with await house.live("me", "calls", "wallboard", "weather") as live:
            assert (await live.next(topic="calls"))["error"] == "role-missing"
            assert (await live.next(topic="wallboard"))["error"] == "role-missing"
            assert (await live.next(topic="weather"))["error"] == "unknown-topic"
            first = await live.next(topic="me")
            assert (first["type"], first["n"]) == ("all", 0)
            assert first["data"] == {"centre": CENTRE, "agent:anna": ANNA}
            ringing = {**ANNA, "state": "ringing", "call": "c1"}
            house.controller.change({"call:c1": {**CALL, "agent": "anna"}, "agent:anna": ringing})
            change = await live.next()
            assert (change["type"], change["n"], change["drop"]) == ("change", 1, [])
            assert set(change["set"]) == {"agent:anna", "call:c1", "pop:c1"}
            assert change["set"]["pop:c1"] == {"call": "c1"}
            house.controller.change({"agent:ben": {**BEN, "state": "not_ready"}, "call:c9": CALL})
            house.controller.change({"agent:anna": ANNA}, drop=["call:c1"])
            change = await live.next()
            assert (change["n"], set(change["set"])) == (2, {"agent:anna"})
            assert sorted(change["drop"]) == ["call:c1", "pop:c1"]
        await house.controller.stop()


async def test_a_call_that_names_the_agent_is_shown_also_as_a_party(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("anna")
        async with await house.live("me") as live:
            await live.next(type="all")
            house.controller.change({"call:c1": {**CALL, "parties": [{"who": "agent", "agent": "anna"}]}})
            assert set((await live.next())["set"]) == {"call:c1"}
            house.controller.change({"call:c1": CALL})
            assert (await live.next())["drop"] == ["call:c1"]
        await house.controller.stop()


async def test_messages_reach_those_whom_they_are_for(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("anna")
        async with await house.live("me") as live:
            await live.next(type="all")
            for number, to in enumerate((["ben"], ["group:support"], ["anna"], ["group:sales"], ["*"])):
                house.controller.change({f"message:{number}": {"to": to, "text": "<b>"}})
            got = [[*(await live.next())["set"]] for _ in range(3)]
            assert got == [["message:2"], ["message:3"], ["message:4"]]
        await house.controller.stop()


async def test_all_who_watch_the_same_get_the_same(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("susan")
        async with await house.live("wallboard") as one, await house.live("wallboard", "calls") as two:
            data = (await one.next(type="all"))["data"]
            assert {"centre", "agent:anna", "group:sales"} <= set(data)
            assert "call:c1" not in data
            assert (await two.next(topic="calls"))["data"] == {"call:c1": CALL}
            house.controller.change({"group:sales": {**SALES, "waiting": 1}})
            for live in (one, two):
                while "group:sales" not in (change := (await live.next(type="change"))["set"]):
                    assert all(key.startswith("figures:") for key in change)
                assert change == {"group:sales": {**SALES, "waiting": 1}}
            await two.socket.send_json({"do": "watch", "topics": ["calls"]})
            await two.socket.send_json({"do": "all", "topic": "calls"})
            assert (await two.next(type="all"))["n"] == 0
            house.controller.change({"group:sales": SALES})
            await one.next(type="change")
            house.controller.change({}, drop=["call:c1"])
            assert (await two.next(type="change"))["drop"] == ["call:c1"]
        await house.controller.stop()


async def test_a_controller_that_comes_back_tells_only_what_is_different(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("susan")
        async with await house.live("calls") as live:
            await live.next(type="all")
            await house.controller.stop()
            assert (await live.next(type="link"))["controller"] == "away"
            house.controller.all = {**ALL, "call:c2": CALL}
            await house.controller.start()
            told = [await live.next(), await live.next()]
            assert {"type": "link", "controller": "up"} in told
            assert [t["set"] for t in told if t["type"] == "change"] == [{"call:c2": CALL}]
        await house.controller.stop()


async def test_presence_is_an_open_desktop_however_many_tabs(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        told = house.controller.told
        assert told == [{"do": "watch", "desktops": []}]
        await house.sign_in("anna")
        async with await house.live("me"):
            await house.controller.until(lambda: told[-1] == {"here": ["anna"]})
            async with await house.live("me"):
                pass
            await house.controller.stop()
            await house.controller.start()
            await house.controller.until(lambda: told[-1] == {"do": "watch", "desktops": ["anna"]})
        await house.controller.until(lambda: told[-1] == {"gone": ["anna"]})
        assert len(told) == 4
        await house.controller.stop()


async def test_the_clock_is_told_and_pings_are_answered(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("anna")
        async with await house.live() as live:
            await live.socket.send_json({"do": "ping"})
            assert (await live.next(type="pong"))["now_s"] > 1_700_000_000
        await house.controller.stop()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"do": "fly"}', '{"do": "watch", "topics": [1]}', '{"do": "watch", "topics": "me"}']
)
async def test_what_is_not_understood_ends_the_socket(tmp_path: Path, text: str) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        async with await house.live() as live:
            await live.socket.send_str(text)
            assert (await live.closed())[0] == 1003
        async with await house.live() as live:
            await live.socket.send_bytes(b"{}")
            assert (await live.closed())[0] == 1003


async def test_a_message_that_is_too_long_ends_the_socket(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        async with await house.live() as live:
            await live.socket.send_str("x" * 5000)
            assert (await live.closed())[0] == 1009


async def test_signing_out_ends_the_desktops_of_that_session(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house, house.browser() as other:
        await house.sign_in("anna")
        await house.sign_in("anna", browser=other)
        async with await house.live() as mine, await house.live(browser=other) as others:
            async with house.client.delete("/api/session") as answer:
                assert answer.status == 204
            assert await mine.closed() == (1008, "session-over")
            await others.socket.send_json({"do": "ping"})
            await others.next(type="pong")


async def test_a_session_that_ended_elsewhere_is_found_out(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        services = house.process.services
        async with await house.live() as live:
            await services.open_sockets.check(house.store)
            await live.socket.send_json({"do": "ping"})
            await live.next(type="pong")
            services.accounts.change("anna", role="supervisor")
            await services.open_sockets.check(house.store)
            assert await live.closed() == (1008, "session-over")


@pytest.mark.parametrize("path", ["/api/live", "/sip"])
async def test_who_may_open_a_websocket(tmp_path: Path, path: str) -> None:
    async with desktop(tmp_path) as house:
        assert await refused(house, path) == 401
        await house.sign_in("anna")
        for origin in ("https://evil.example", "null", f"http://localhost:{house.process.port}"):
            assert await refused(house, path, Origin=origin) == 403
        house.client.headers.popall("Origin")
        assert await refused(house, path) == 403
        async with house.client.get(path, headers={"Origin": house.url}) as answer:
            assert (answer.status, (await answer.json())["error"][:2]) == (400, "no")


async def refused(house: Desktop, path: str, **headers: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await house.client.ws_connect(path, headers=headers, protocols=("sip",))
    return caught.value.status


async def test_who_takes_nothing_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_client, "BEHIND_MAX_BYTES", 10_000)
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("susan")
        reader, writer = await _raw_socket(house)
        hub = house.process.services.hub
        text = "x" * 100_000
        async with asyncio.timeout(20):
            for number in range(10_000):
                house.process.services.picture.change({"call:c1": {**CALL, "text": text, "n": number}})
                await asyncio.sleep(0)
                if not hub.clients:
                    break
        assert not hub.clients
        writer.close()
        await house.controller.stop()
        del reader


async def _raw_socket(house: Desktop) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A browser that watches all calls and then reads no more."""
    (cookie,) = house.client.cookie_jar
    reader, writer = await asyncio.open_connection("127.0.0.1", house.process.port, limit=1024)
    writer.write(
        f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{house.process.port}\r\nOrigin: {house.url}\r\n"
        f"Cookie: acd_session={cookie.value}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()
    watch = b'{"do": "watch", "topics": ["calls"]}'
    writer.write(bytes([0x81, 0x80 | len(watch), 0, 0, 0, 0]) + watch)
    hub = house.process.services.hub
    assert await reader.readuntil(b'"data"')
    assert hub.is_watched("calls")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    return reader, writer


async def test_who_asks_for_everything_again_and_again_is_cut_off(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await begin(house)
        await house.sign_in("susan")
        async with await house.live("wallboard") as live:
            for _ in range(live_socket.BURST_MAX + 1):
                await live.socket.send_json({"do": "all", "topic": "wallboard"})
            assert await live.closed() == (1008, "too-many-messages")
        await house.controller.stop()


async def test_one_session_does_not_take_the_places_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_socket, "OF_SESSION_MAX", 2)
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        async with await house.live(), await house.live(), house.browser() as other:
            assert await refused(house, "/api/live") == 429
            await house.sign_in("anna", browser=other)
            async with await house.live(browser=other):
                pass
        async with await house.live():
            pass


async def test_a_page_that_says_nothing_is_gone(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        async with await house.live() as live:
            for client in house.process.services.hub._clients:
                client.check(client.heard_at + live_client.SILENT_MAX_S + 1)
            assert await live.closed() == (1008, "silent")
