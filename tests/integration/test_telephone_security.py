"""What an attacker on the telephone side meets: encryption, addresses, limits, the manager interface."""

from __future__ import annotations

import asyncio
import re
import socket
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from acd.settings.secrets import load_or_create_secrets
from tests.integration.centre import started
from tests.integration.fail2ban import found_by_fail2ban
from tests.integration.secure_centre import SecureCentre
from tests.integration.sip.baresip import Baresip
from tests.integration.sip.waiting import WaitedTooLong

pytestmark = pytest.mark.asterisk
SCANNER = "127.0.0.66"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureCentre]:
    """Asterisk and controller for the whole file."""
    with started(SecureCentre(tmp_path_factory.mktemp("secure"))) as centre:
        yield centre


@pytest_asyncio.fixture
async def secure(running: SecureCentre) -> AsyncIterator[SecureCentre]:
    """With nobody logged in."""
    await running.reset()
    yield running
    await running.until_no_channels()


async def eventually(condition: Callable[[], bool], what: str, limit_s: float = 8.0) -> None:
    """Wait for what can only be looked at."""
    deadline = time.monotonic() + limit_s
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"waited {limit_s:g} s for {what}")
        await asyncio.sleep(0.05)


async def test_an_encrypted_call_goes_on_while_the_certificate_is_exchanged(secure: SecureCentre) -> None:
    server = ("127.0.0.1", secure.tls_port)
    anna = Baresip("1001", secure.passwords["1001"], server=server, tone_hz=520.0, encrypted=True)
    async with anna, secure.customer(tone_hz=700.0) as customer:
        await anna.wait_registered()
        await secure.ready("anna")
        call = await customer.dial("8001")
        await anna.wait_incoming()
        await anna.answer()
        await secure.until_call("talking", agent="anna")
        await anna.until_hears(700.0)
        await call.rtp.until_hears(520.0)
        before = await asyncio.to_thread(secure.served_certificate)
        fresh = secure.authority.sign("fresh", "127.0.0.1")
        secure.certificate.write_bytes(fresh[0].read_bytes())
        secure.key.write_bytes(fresh[1].read_bytes())
        await asyncio.to_thread(secure.acd, "phones", "provision")
        await eventually(lambda: secure.served_certificate() != before, "the new certificate")
        await anna.until_hears(700.0)
        await call.rtp.until_hears(520.0)
        await anna.hang_up()  # over the connection that there was before
        await call.wait_ended()


async def test_a_phone_that_has_to_encrypt_cannot_call_in_the_clear(secure: SecureCentre) -> None:
    async with secure.phone("1001") as anna, secure.phone("1002") as ben:
        await anna.register()
        await ben.register()
        refused = await anna.dial("8001")
        assert (await refused.wait_ended()).status == 488
        plain = await ben.dial("8001")  # may encrypt
        await secure.until_call("waiting", group="sales")
        await plain.hang_up()


async def test_keys_do_not_travel_in_the_clear(secure: SecureCentre) -> None:
    anna = Baresip("1001", secure.passwords["1001"], server=secure.server, encrypted=True)
    anna._account = lambda: Baresip._account(anna).replace(";transport=tls", "")  # type: ignore[method-assign]
    async with anna:
        await anna.wait_registered()
        await anna.dial("8001")
        await anna.wait_ended()
    assert not (await secure.ask("status"))["calls"]


async def test_a_providers_certificate_is_verified(secure: SecureCentre) -> None:
    await eventually(secure.known.came.is_set, "a request over TLS", 20)
    await eventually(secure.unknown.refused.is_set, "a connection that is broken off", 20)
    assert not secure.unknown.came.is_set()


def register(secure: SecureCentre, address: str, user: str, call_id: str) -> bytes:
    """A request to register; the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((address, 0))
        udp.settimeout(10)
        port = udp.getsockname()[1]
        lines = [
            f"REGISTER sip:127.0.0.1:{secure.sip_port} SIP/2.0",
            f"Via: SIP/2.0/UDP {address}:{port};branch=z9hG4bK{time.time_ns()};rport",
            "Max-Forwards: 70",
            f"From: <sip:{user}@127.0.0.1>;tag={time.time_ns()}",
            f"To: <sip:{user}@127.0.0.1>",
            f"Call-ID: {call_id}",
            "CSeq: 1 REGISTER",
            f"Contact: <sip:{user}@{address}:{port}>",
            "User-Agent: friendly-scanner",
            "Content-Length: 0",
        ]
        udp.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), ("127.0.0.1", secure.sip_port))
        return udp.recv(8192).partition(b"\r\n")[0]


async def test_scanners_are_counted_told_of_and_found_by_fail2ban(secure: SecureCentre) -> None:
    log = secure.home / "asterisk" / "log" / "security.log"
    for number in range(12):
        answer = await asyncio.to_thread(register, secure, SCANNER, str(100 + number), f"scan-{number}")
        assert answer == b"SIP/2.0 401 Unauthorized"
    forged = 'x",LocalAddress="y",RemoteAddress="IPV4/UDP/192.0.2.99/5060"'
    await asyncio.to_thread(register, secure, SCANNER, "199", forged)
    # Asterisk writes them in turn.
    await eventually(lambda: "192.0.2.99" in log.read_text(), "lines for fail2ban")
    found = await asyncio.to_thread(found_by_fail2ban, "acd-asterisk", log.read_text())
    assert found.count(SCANNER) >= 5
    assert set(found) == {SCANNER}
    await eventually(lambda: "SIP refused" in secure.log.read_text(), "a warning")
    metrics = await asyncio.to_thread(read_metrics, secure)
    unknown = re.search(r'acd_sip_refused_total\{kind="unknown"\} (\d+)', metrics)
    assert unknown is not None
    assert int(unknown[1]) >= 5


def read_metrics(secure: SecureCentre) -> str:
    """The controller's page."""
    url = f"http://127.0.0.1:{secure.env['ACD_HEALTH_PORT']}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


async def test_phones_register_from_their_network_only(secure: SecureCentre) -> None:
    async with secure.phone("1004") as dora:
        dora._local_host = "127.0.0.9"
    stranger = type(dora)("1004", secure.passwords["1004"], server=secure.server, local_host="127.0.0.9")
    async with stranger:
        with pytest.raises(AssertionError):
            await stranger.register()
    async with secure.phone("1004") as dora:
        await dora.register()


async def test_who_calls_too_often_hears_busy(secure: SecureCentre) -> None:
    async with secure.customer("+493011223344") as customer:
        for _ in range(2):
            call = await customer.dial("8001")
            await secure.until_call("waiting", group="sales")
            await call.hang_up()
            await secure.until(lambda s: not s["calls"], "the end of the call")
        third = await customer.dial("8001")
        assert (await third.wait_ended()).status == 486
    await eventually(lambda: "a caller calls too often" in secure.log.read_text(), "a warning")


@pytest.mark.parametrize(
    "headers",
    [
        {"Action": "Command", "Command": "core show version"},
        {"Action": "UpdateConfig", "SrcFilename": "extensions.conf", "DstFilename": "extensions.conf"},
        {"Action": "CreateConfig", "Filename": "evil.conf"},
        {"Action": "ModuleLoad", "Module": "app_system.so", "LoadType": "load"},
        {"Action": "Originate", "Channel": "Local/1001@acd-hold", "Application": "System", "Data": "id"},
        {"Action": "UserEvent", "UserEvent": "x"},
        {"Action": "AGI", "Channel": "x", "Command": "x"},
        {"Action": "QueuePause", "Interface": "x", "Paused": "true"},
    ],
)
async def test_the_manager_account_cannot(secure: SecureCentre, headers: dict[str, str]) -> None:
    secrets = load_or_create_secrets(secure.home / "secrets.yml", secure.settings.phones)
    port = int(secure.env["ACD_AMI_PORT"])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    login = {"Action": "Login", "Username": "acd", "Secret": secrets.ami_password, "Events": "off"}
    answers = []
    for action in (login, headers):
        told = {**action, "ActionID": action["Action"]}
        writer.write("".join(f"{name}: {value}\r\n" for name, value in told.items()).encode() + b"\r\n")
        async with asyncio.timeout(5):
            while f"ActionID: {action['Action']}" not in (block := await _block(reader)):
                pass
        answers.append(block[0])
    writer.close()
    assert answers == ["Response: Success", "Response: Error"]


async def _block(reader: asyncio.StreamReader) -> list[str]:
    lines: list[str] = []
    while line := (await reader.readline()).decode().rstrip():
        lines.append(line)
    return lines
