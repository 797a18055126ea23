"""Where webhooks may go, and where not."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from yarl import URL

from acd.webhooks.guard import GuardedResolver, NotAllowed, check_host, is_open
from acd.webhooks.sender import Sender
from tests.webhooks.receiver import receiver

CLOSED = [
    "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%lo", "fd00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "nonsense",
]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_addresses_of_this_machine_and_of_private_networks_are_closed(address: str) -> None:
    assert not is_open(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_those_of_the_open_net_are_open(address: str) -> None:
    assert is_open(address)


def test_an_address_in_the_place_of_a_name_is_checked() -> None:
    for url in ("http://127.0.0.1:8080/x", "http://[::1]/", "http://[::ffff:10.0.0.1]/"):
        with pytest.raises(NotAllowed, match="allow_private"):
            check_host(URL(url), allow_private=False)
        check_host(URL(url), allow_private=True)
    check_host(URL("https://example.com/x"), allow_private=False)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "127.1", "0177.0.0.1", "0x7f.1", "0", "0x7f000001", "127.0.0.1.", "1.2.3.256", "a.0X7F",
     "8.8.2056", "１２７.１", "127。1", "%31%32%37.1"],
)  # fmt: skip
def test_an_address_in_a_form_of_old_is_refused_wherever_it_leads(host: str) -> None:
    for allow_private in (False, True):
        with pytest.raises(NotAllowed):
            check_host(URL(f"http://{host}/"), allow_private=allow_private)


def test_names_with_numbers_in_them_are_names() -> None:
    for host in ("0x7f.example.com", "127.0.0.1.example.com", "1and1.com", "x0", "123.de", "a-1"):
        check_host(URL(f"https://{host}/"), allow_private=False)


async def test_a_name_is_looked_up_once_and_refused_where_any_of_its_addresses_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = ["93.184.215.14", "10.0.0.1"]
    asked: list[str] = []

    async def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    resolver = GuardedResolver(allow_private=False)
    with pytest.raises(NotAllowed, match=r"example\.com \(10\.0\.0\.1\)"):
        await resolver.resolve("example.com", 443)
    del found[1]
    assert [each["host"] for each in await resolver.resolve("example.com", 443)] == ["93.184.215.14"]
    assert asked == ["example.com"] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_nothing_is_sent_to_this_machine_by_whatever_name(host: str) -> None:
    async with receiver() as found, Sender(allow_private=False) as sender:
        outcome = await sender.send(f"http://{host}:{found.port}/", "s", "test", "1", "{}")
        assert outcome.status is None
        assert outcome.error is not None
        assert not outcome.is_good
        assert found.heard == []


async def test_redirects_are_not_followed() -> None:
    async with receiver() as found, Sender(allow_private=True) as sender:
        found.status, found.headers = 302, {"Location": f"http://127.0.0.1:{found.port}/else"}
        outcome = await sender.send(found.url, "s", "test", "1", "{}")
        assert (outcome.status, outcome.error, len(found.heard)) == (302, "answered 302", 1)


async def test_nobody_there_and_no_answer_in_time_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.webhooks.sender.LIMIT_S", 0.2)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with Sender(allow_private=True) as sender:
        outcome = await sender.send(f"http://127.0.0.1:{port}/", "s", "test", "1", "{}")
        assert outcome.error is not None
        assert "no answer" in outcome.error
        silent.close()
        await silent.wait_closed()
    monkeypatch.setattr("acd.webhooks.sender.LIMIT_S", 10.0)
    async with Sender(allow_private=True) as sender:
        outcome = await sender.send(f"http://127.0.0.1:{port}/", "s", "test", "1", "{}")
        assert outcome.error is not None
        assert "Connect" in outcome.error or "refused" in outcome.error
