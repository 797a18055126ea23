"""Kamailio in front of two real Asterisk nodes: registrations, calls, drains, deaths and strangers."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.fail2ban import found_by_fail2ban
from tests.integration.sip.connections import Opener, TranslatedSocket, over_tcp, over_websocket
from tests.integration.sip.front import ADDRESS, TRUNK_ADDRESS, FrontCentre, until
from tests.integration.sip.front_node import ECHO_NUMBER, FrontNode, Seen
from tests.integration.sip.little_asterisk import NUMBERS
from tests.integration.sip.phone import ANSWER, RING, Answering, Phone
from tests.integration.sip.transactions import SipSocket
from tests.integration.sip.waiting import WaitedTooLong

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontCentre]:
    """Running."""
    async with FrontCentre(tmp_path_factory.mktemp("f")) as running:
        yield running


def phone(
    centre: FrontCentre,
    number: str,
    *,
    port: int | None = None,
    local_host: str = "127.0.0.1",
    answering: Answering = RING,
    open_socket: Opener = SipSocket.open,
) -> Phone:
    """With its password, not registered yet."""
    return Phone(
        number,
        centre.passwords[number],
        server=(ADDRESS, port or centre.port),
        local_host=local_host,
        answering=answering,
        open_socket=open_socket,
    )


def stranger(centre: FrontCentre, number: str, password: str = "guessed") -> Phone:
    """From an address of its own, so that it is not mistaken for our phones."""
    return Phone(number, password, server=centre.server, local_host="127.0.0.66")


def trunk(centre: FrontCentre, number: str = "5551234") -> Phone:
    """A provider: it is known by its address."""
    return Phone(number, None, server=centre.server, local_host=TRUNK_ADDRESS)


async def call_once(caller: Phone, number: str = ECHO_NUMBER) -> None:
    """Until the far end has answered, and over."""
    call = await caller.dial(number)
    await call.wait_answered()
    await call.hang_up()


def counts(centre: FrontCentre) -> dict[str, int]:
    """Calls that each node has had."""
    return {name: len(node.seen()) for name, node in centre.nodes.items()}


async def seen_since(centre: FrontCentre, before: dict[str, int], calls: int) -> list[tuple[str, Seen]]:
    """The calls since, with their node, when there are so many: nodes write their log in their own time."""

    def found() -> list[tuple[str, Seen]]:
        return [(name, seen) for name, node in centre.nodes.items() for seen in node.seen()[before[name] :]]

    async def enough() -> bool:
        return len(found()) >= calls

    await until(enough, 10, f"{calls} calls at the nodes", centre)
    return found()


async def test_a_phone_registers_once_and_rings_from_each_node(centre: FrontCentre) -> None:
    async with phone(centre, "1001") as anna:
        await anna.register()
        for node in centre.nodes.values():
            await node.ring("1001")
            call = await anna.wait_incoming()
            assert call.invite.require("Contact").startswith(f"<sip:asterisk@{node.host}:")
            await call.answer()
            await call.hang_up()
            await node.until_no_channels()
        await anna.unregister()
        for node in centre.nodes.values():
            await until_absent(centre, node, "1001")


async def until_absent(centre: FrontCentre, node: FrontNode, number: str) -> None:
    """The node cannot ring it any more."""

    async def absent() -> bool:
        return not await node.knows(number)

    await until(absent, 15, "the end of a registration", centre)


@pytest.mark.parametrize("way", ["translated", "tcp", "tls", "ws"])
async def test_a_phone_is_reached_by_the_way_it_came(centre: FrontCentre, way: str) -> None:
    openers: dict[str, Opener] = {
        "translated": TranslatedSocket.open,
        "tcp": over_tcp(),
        "tls": over_tcp(centre.tls),
        "ws": over_websocket(centre.http_port),
    }
    port = centre.tls_port if way == "tls" else centre.port
    async with phone(centre, "1001", port=port, open_socket=openers[way]) as anna:
        await anna.register()
        for node in centre.nodes.values():
            await node.ring("1001")
            call = await anna.wait_incoming()
            await call.answer()
            await call.hold()  # from the phone
            await node.cli("channel request hangup all")  # from the node
            assert not (await call.wait_ended()).by_us
        call = await anna.dial(ECHO_NUMBER)
        await call.wait_answered()
        await asyncio.gather(*(node.cli("channel request hangup all") for node in centre.nodes.values()))
        assert not (await call.wait_ended()).by_us
        await anna.unregister()


async def test_a_browsers_phone_is_gone_when_its_connection_is(centre: FrontCentre) -> None:
    async with phone(centre, "w1001", open_socket=over_websocket(centre.http_port)) as browser:
        await browser.register()
        for node in centre.nodes.values():
            await node.ring("w1001")
            call = await browser.wait_incoming()
            assert "UDP/TLS/RTP/SAVPF" in call.invite.body
            call.refuse(486)
    for node in centre.nodes.values():
        await until_absent(centre, node, "w1001")


async def test_calls_are_spread_and_end_from_both_sides(centre: FrontCentre) -> None:
    before = counts(centre)
    async with phone(centre, "1001") as anna, trunk(centre) as customer:
        for _ in range(2):
            await call_once(anna)
            await call_once(customer)
        assert sorted(name for name, _ in await seen_since(centre, before, 4)) == ["a", "a", "b", "b"]
        call = await anna.dial(ECHO_NUMBER)
        await call.wait_answered()
        await call.hold()
        await call.resume()
        for node in centre.nodes.values():
            await node.cli("channel request hangup all")
        assert not (await call.wait_ended()).by_us
        busy = await customer.dial("8017")
        assert (await busy.wait_ended()).status == 486


async def test_phones_call_each_other_transfer_and_give_up(centre: FrontCentre) -> None:
    async with phone(centre, "1001") as anna, phone(centre, "1002") as ben:
        await anna.register()
        await ben.register()
        ring = await anna.dial("1002")
        incoming = await ben.wait_incoming()
        assert incoming.identity.number == "1001"
        await ring.wait_ringing()
        await ring.hang_up()  # CANCEL
        assert (await incoming.wait_ended()).status == 487
        talk = await anna.dial("1002")
        incoming = await ben.wait_incoming()
        await incoming.answer()
        await talk.wait_answered()
        await incoming.rtp.until_heard()  # joined: only then can a phone transfer
        assert await incoming.transfer(ECHO_NUMBER) == 200  # REFER
        await talk.hang_up()


async def test_who_calls_is_not_believed_but_known(centre: FrontCentre) -> None:
    claims = (
        ("X-ACD-Trunk", "lab"),
        ("x-acd-call", "42"),
        ("P-Asserted-Identity", "<sip:110@acd>"),
        ("Remote-Party-ID", "<sip:110@acd>"),
    )
    before = counts(centre)
    async with phone(centre, "1001") as anna:
        call = await anna.dial(ECHO_NUMBER, headers=claims)
        await call.wait_answered()
        await call.hang_up()
        assert [seen for _, seen in await seen_since(centre, before, 1)] == [Seen("1001", "1001", "", "")]
        forged = await anna.dial(ECHO_NUMBER, from_number="1002")
        assert (await forged.wait_ended()).status == 407
    before = counts(centre)
    async with trunk(centre) as customer:
        call = await customer.dial(ECHO_NUMBER, from_number="1001", headers=claims)
        await call.wait_answered()
        await call.hang_up()
    expected = Seen("trunk-lab", "110", "", "<sip:110@acd>")
    assert [seen for _, seen in await seen_since(centre, before, 1)] == [expected]


async def test_nodes_ask_phones_whether_they_are_there(centre: FrontCentre) -> None:
    node = centre.nodes["a"]
    async with phone(centre, "1001") as anna:
        await anna.register()

        async def asked(status: str) -> bool:
            text = await node.cli("pjsip show contacts")
            return any("1001/sip" in line and status in line for line in text.splitlines())

        await until(lambda: asked("Avail"), 10, "an answer of the phone to a node", centre)
        assert anna.received("OPTIONS")
        anna.go_dead()
        await node.cli("pjsip qualify 1001")
        await until(lambda: asked("Unavail"), 15, "a node to notice a phone that is silent", centre)
        anna.come_back()
        await anna.unregister()


async def test_phones_are_held_to_their_networks_and_their_encryption(centre: FrontCentre) -> None:
    async with phone(centre, "1006") as plain:
        with pytest.raises(AssertionError, match="403 Encryption Required"):
            await plain.register()
    async with phone(centre, "1006", open_socket=over_tcp(centre.tls), port=centre.tls_port) as hidden:
        await hidden.register()
        await hidden.unregister()
    before = (await centre.front.refused())["wrong_address"]
    async with phone(centre, "1001", local_host="127.0.0.68") as elsewhere:
        with pytest.raises(WaitedTooLong):
            await elsewhere.register(limit_s=0.3)
    await until_refused(centre, wrong_address=before + 1)


async def until_refused(centre: FrontCentre, **least: int) -> None:
    """Kamailio has counted so many of each kind: it counts in its own time, and says nothing to whom."""

    async def counted() -> bool:
        refused = await centre.front.refused()
        return all(refused[kind] >= count for kind, count in least.items())

    await until(counted, 10, f"refusals: {least}", centre)


@pytest.mark.parametrize(
    "smuggled",
    [
        ("Subject", "x\rX-ACD-Trunk: lab"),
        ("Subject", "x\0\rX-ACD-Trunk: lab"),
        ("Subject", "x\r\rX-ACD-Trunk: lab"),
        ("From", "<sip:1002@acd>;tag=2"),
        ("f", "<sip:1002@acd>;tag=2"),
    ],
)
async def test_what_two_parsers_read_differently_is_dropped(
    centre: FrontCentre, smuggled: tuple[str, str]
) -> None:
    async with phone(centre, "1001") as anna:
        call = await anna.dial(ECHO_NUMBER, headers=(smuggled,))
        with pytest.raises(WaitedTooLong):
            await call.wait_ended(0.3)
        assert not anna.received("SIP/2.0")


async def test_a_claim_with_a_blank_in_its_name_is_taken_out(centre: FrontCentre) -> None:
    before = counts(centre)
    async with phone(centre, "1001") as anna:
        call = await anna.dial(
            ECHO_NUMBER, headers=(("X-ACD-Trunk ", "lab"), ("Subject", "x\n\tX-ACD-Trunk: lab"))
        )
        await call.wait_answered()
        await call.hang_up()
    assert [seen.endpoint for _, seen in await seen_since(centre, before, 1)] == ["1001"]


async def next_request(provider: socket.socket, method: bytes) -> tuple[bytes, tuple[str, int]]:
    """The next request of this kind, and its sender. Nodes also ask whether the provider is there: it is."""
    while True:
        request, sender = await asyncio.get_running_loop().sock_recvfrom(provider, 65536)
        if request.startswith(b"OPTIONS "):
            await reply(provider, b"200 OK", request, sender)
        if request.startswith(method):
            return request, sender


async def reply(provider: socket.socket, status: bytes, request: bytes, sender: tuple[str, int]) -> None:
    headers = request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    kept = [line for line in headers if not line.lower().startswith((b"content-", b"max-forwards:"))]
    answer = b"\r\n".join([b"SIP/2.0 " + status, *kept, b"Content-Length: 0", b"", b""])
    await asyncio.get_running_loop().sock_sendto(provider, answer, sender)


async def until_it_is_there(centre: FrontCentre, provider: socket.socket) -> None:
    """A node that has heard nothing of a provider for some seconds does not send it calls."""

    async def so() -> bool:
        told = [await node.cli("pjsip show contacts") for node in centre.nodes.values()]
        return all(re.search(rf"trunk-lab/sip:{TRUNK_ADDRESS}:\d+ +\S+ +Avail ", text) for text in told)

    answering = asyncio.create_task(next_request(provider, b"none"))
    for node in centre.nodes.values():
        await node.cli("pjsip qualify trunk-lab")
    await until(so, 10, "the provider's answers to OPTIONS", centre)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)


async def test_calls_to_the_outside_come_from_kamailio(centre: FrontCentre) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as provider:
        provider.bind((TRUNK_ADDRESS, centre.port))
        provider.setblocking(False)
        await until_it_is_there(centre, provider)
        async with phone(centre, "1001") as anna:
            call = await anna.dial("0030123456")
            async with asyncio.timeout(15):
                invite, sender = await next_request(provider, b"INVITE ")
            assert sender == centre.server
            assert invite.startswith(b"INVITE sip:030123456@127.0.0.2:")
            assert b"\r\nRecord-Route: <sip:127.0.0.1:" in invite
            await reply(provider, b"486 Busy Here", invite, sender)
            assert (await call.wait_ended()).status == 486


async def test_a_provider_at_which_nodes_register_knows_kamailio_only(centre: FrontCentre) -> None:
    provider = centre.provider

    async def registered() -> bool:
        contacts = await asyncio.to_thread(provider.console, "pjsip show contacts") or ""
        return f"acd-main/sip:4930@{centre.server[0]}:{centre.server[1]}" in contacts

    await until(registered, 12, "the registration at the provider", centre)
    before = counts(centre)
    await asyncio.to_thread(provider.call, ECHO_NUMBER, "+495550001")
    ((_, seen),) = await seen_since(centre, before, 1)
    assert (seen.endpoint, seen.number) == ("trunk-main", "+495550001")
    async with phone(centre, "1001") as anna:
        call = await anna.dial("9+49301234500")
        await call.wait_answered()
        await call.hang_up()


async def test_strangers_get_no_answer_and_guessers_are_counted(centre: FrontCentre) -> None:
    before, told = await centre.front.refused(), len(centre.log)
    async with stranger(centre, "admin") as scanner:
        with pytest.raises(WaitedTooLong):
            await scanner.register(limit_s=0.7)
        assert not scanner.received("SIP/2.0")
    async with stranger(centre, "1001") as scanner:
        call = await scanner.dial(ECHO_NUMBER, headers=(("User-Agent", "friendly-scanner"),))
        with pytest.raises(WaitedTooLong):
            await call.wait_ended(0.7)
        assert not scanner.received("SIP/2.0")
    for _ in range(10):
        async with stranger(centre, "1001") as guesser:
            with pytest.raises(AssertionError, match="401 Unauthorized"):
                await guesser.register()
    async with stranger(centre, "1001", centre.passwords["1001"]) as guesser:
        with pytest.raises(WaitedTooLong):
            await guesser.register(limit_s=0.7)
    async with phone(centre, "1001") as anna:
        await anna.register()  # the real one is elsewhere
    least = {"wrong_password": 11, "unknown": 1, "scanner": 1}
    await until_refused(centre, **{kind: before[kind] + count for kind, count in least.items()})

    async def told_of() -> bool:
        return centre.log[told:].count(" acd-refused ") >= 13

    await until(told_of, 10, "13 lines for fail2ban", centre)
    found = await banned(centre.log[told:])
    assert len(found) >= 13
    assert set(found) == {"127.0.0.66"}


async def test_what_kamailio_writes_is_closed_to_others(centre: FrontCentre) -> None:
    home = centre.environment.home / "kamailio"
    assert (home / "log" / "kamailio.log").stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o700}


async def test_a_flood_is_silenced_and_not_the_phones_at_its_address(centre: FrontCentre) -> None:
    """A whole office may come from one address: those who have proved who they are go on."""
    office = "127.0.0.67"
    before, told = (await centre.front.refused())["flood"], len(centre.log)

    async def silenced() -> bool:
        for _ in range(40):
            send_raw(centre, office, "REGISTER", "sip:x", "<sip:1001@x>")
        return (await centre.front.refused())["flood"] > before + 40

    async with phone(centre, "1001", local_host=office) as anna:
        await anna.register()
        await until(silenced, 10, "a flood to be refused", centre)
        await call_once(anna)
        await anna.register()
        async with phone(centre, "1002", local_host=office) as ben:
            with pytest.raises(WaitedTooLong):
                await ben.register(limit_s=0.7)  # nobody knows yet that this one is no part of it
    assert set(await banned(centre.log[told:])) == {office}
    refused = (await centre.front.refused())["flood"] - before
    assert 1 <= centre.log[told:].count("kind=flood") <= refused / 5  # once a minute, by each process at most


async def banned(log: str) -> list[str]:
    """The addresses in the lines that fail2ban's filter catches."""
    return await asyncio.to_thread(found_by_fail2ban, "acd-kamailio", log)


async def test_a_browsers_phone_that_guesses_locks_nobody_else_out(centre: FrontCentre) -> None:
    """All of them come from the web process's address: each connection is counted by itself."""
    in_browser = over_websocket(centre.http_port)
    before, told = (await centre.front.refused())["wrong_password"], len(centre.log)
    guesser = Phone("w1002", "guessed", server=centre.server, open_socket=in_browser)
    async with guesser, phone(centre, "w1002", open_socket=in_browser) as ben:
        for _ in range(10):
            with pytest.raises(AssertionError, match="401 Unauthorized"):
                await guesser.register()
        with pytest.raises(WaitedTooLong):
            await guesser.register(limit_s=0.3)  # of any name
        await until_refused(centre, wrong_password=before + 11)
        await ben.register()
        await ben.unregister()

    async def told_of() -> bool:
        return centre.log[told:].count("acd-browser-refused") >= 11

    await until(told_of, 10, "11 lines of what was refused", centre)
    assert await banned(centre.log[told:]) == []  # it would be the web process


async def test_nobody_is_relayed_to_elsewhere_and_nodes_take_sip_of_kamailio_only(
    centre: FrontCentre,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.77", 0))
        victim.setblocking(False)
        host, port = victim.getsockname()
        route = ("Route", f"<sip:{centre.server[0]}:{centre.server[1]};lr>")
        for target, more in (
            (f"sip:1@{host}:{port}", (route,)),
            (f"sip:1@{centre.server[0]}", (route, ("Route", f"<sip:{host}:{port};lr>"))),
        ):
            for to in ("<sip:1@x>;tag=1", "<sip:1@x>"):
                send_raw(centre, "127.0.0.66", "INVITE", target, to, more)
        # Of a registered phone, that is proved: its Route is not followed either.
        async with phone(centre, "1001") as anna:
            call = await anna.dial(ECHO_NUMBER, headers=(route, ("Route", f"<sip:{host}:{port};lr>")))
            await call.wait_answered()
            await call.hang_up()
        with pytest.raises(BlockingIOError):
            victim.recv(65536)
    node = next(iter(centre.nodes.values()))
    async with Phone("1001", None, server=(node.host, node.port), local_host="127.0.0.66") as outsider:
        call = await outsider.dial(ECHO_NUMBER)
        assert (await call.wait_ended()).status == 403


async def test_nobody_registers_without_a_password_as_if_it_belonged_to_a_talk(centre: FrontCentre) -> None:
    """Nodes ask for none, and would take it: no such request gets there."""
    before = (await centre.front.refused())["malformed"]
    us = ("Route", f"<sip:{centre.server[0]}:{centre.server[1]};lr>")
    for node in centre.nodes.values():
        there = f"sip:{node.host}:{node.port}"
        send_raw(centre, "127.0.0.66", "REGISTER", there, "<sip:1001@x>;tag=1", (us,))
        through = (us, ("Route", f"<{there};lr>"))
        send_raw(centre, "127.0.0.66", "REGISTER", f"sip:{centre.server[0]}", "<sip:1001@x>;tag=1", through)

    async def counted() -> bool:
        return (await centre.front.refused())["malformed"] >= before + 2 * len(centre.nodes)

    await until(counted, 10, "each of them to be refused", centre)
    for node in centre.nodes.values():
        assert "sip:1001@x" not in await node.cli("pjsip show contacts")


def send_raw(
    centre: FrontCentre,
    host: str,
    method: str,
    target: str,
    to: str,
    headers: tuple[tuple[str, str], ...] = (),
    body: str = "",
) -> None:
    """A request to Kamailio, whatever it is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((host, 0))
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{sender.getsockname()[1]};branch=z9hG4bK{time.monotonic_ns()};rport",
            "From: <sip:1001@x>;tag=2",
            f"To: {to}",
            f"Call-ID: {time.monotonic_ns()}",
            f"CSeq: 1 {method}",
            "Max-Forwards: 70",
            "Contact: <sip:1001@x>",
            *(f"{name}: {value}" for name, value in headers),
            f"Content-Length: {len(body)}",
        ]
        sender.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), centre.server)


async def test_malformed_and_oversize_requests_are_dropped(centre: FrontCentre) -> None:
    before = (await centre.front.refused())["malformed"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.66", 0))
        sender.settimeout(0.3)
        for junk in (
            b"\0" * 900,
            b"INVITE sip:8000 SIP/2.0\r\n\r\n",
            b"REGISTER \r\nVia: \r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            sender.sendto(junk, centre.server)
        with pytest.raises(TimeoutError):
            sender.recv(65536)
    send_raw(centre, "127.0.0.66", "INVITE", "sip:8000@127.0.0.1", "<sip:8000@x>", body="v=0\r\n" * 6000)

    async def counted() -> bool:
        return (await centre.front.refused())["malformed"] > before

    await until(counted, 10, "a request to be counted as malformed", centre)
    async with trunk(centre) as customer:
        await call_once(customer)


async def test_a_drained_node_gets_no_new_calls_and_keeps_its_own(centre: FrontCentre) -> None:
    async with trunk(centre) as customer, phone(centre, "1002", answering=ANSWER) as ben:
        await centre.front.drain("a")
        await centre.until_up("b")
        before = counts(centre)
        for _ in range(3):
            await call_once(customer)
        assert [name for name, _ in await seen_since(centre, before, 3)] == ["b", "b", "b"]
        await ben.register()
        await centre.nodes["a"].ring("1002")  # who is there can still be rung for the calls that it has
        call = await ben.wait_incoming()
        await call.wait_answered()
        await centre.front.reload()
        states = await centre.front.states()
        assert states["a"].up
        assert states["a"].drained
        assert call.end is None
        await call.hang_up()
        await centre.front.resume("a")
        await centre.until_up("a", "b")


async def test_a_killed_node_is_passed_over_and_learns_everything_again(centre: FrontCentre) -> None:
    dead, other = centre.nodes["a"], centre.nodes["b"]
    async with (
        trunk(centre) as customer,
        phone(centre, "1001") as anna,
        phone(centre, "1002") as ben,
        phone(centre, "1003") as cleo,
    ):
        await ben.register()
        await cleo.register()
        await dead.__aexit__(None, None, None)
        for _ in range(2):  # one of them was the dead one's turn
            began = time.monotonic()
            await call_once(customer)
            assert time.monotonic() - began < 2.0
        began = time.monotonic()
        await anna.register()
        assert time.monotonic() - began < 1.0
        await ben.unregister()
        await other.ring("1001")
        await (await anna.wait_incoming()).hang_up()
        await centre.until_up("b")
        dead.forget_registrations()
        await dead.__aenter__()
        began = time.monotonic()

        async def told() -> bool:
            known = [number for number in NUMBERS if await dead.knows(number)]
            return known == ["1001", "1003"]

        await until(told, 5, "the node to know who is registered", centre)
        await centre.until_up("a", "b")
        assert time.monotonic() - began < 4.0
        await dead.ring("1001")
        await (await anna.wait_incoming()).hang_up()


async def test_a_kamailio_that_is_started_anew_reaches_phones(centre: FrontCentre) -> None:
    async with phone(centre, "1001", answering=ANSWER) as anna, trunk(centre) as customer:
        await anna.register()
        await centre.stop()
        await centre.start()
        await centre.until_up(*centre.nodes)
        await centre.nodes["b"].ring("1001")
        call = await anna.wait_incoming()
        await call.wait_answered()
        await call_once(customer)
        await call.hang_up()
