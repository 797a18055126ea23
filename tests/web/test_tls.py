"""TLS of the web process: a real handshake, and certificates that are exchanged while it runs."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from acd.errors import OperatorError
from acd.web.process import WebProcess
from acd.web.tls.certificate import Certificate
from acd.web.tls.pair import read_pair
from tests.web.certificates import pem_of, write_pair
from tests.web.desktop import PASSWORD, Desktop, desktop


def anyone() -> ssl.SSLContext:
    """A client that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def shown(port: int, context: ssl.SSLContext | None = None) -> str:
    """Whose certificate a new connection is shown."""
    context = context or anyone()
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    raw = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    (name,) = x509.load_der_x509_certificate(raw).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


@asynccontextmanager
async def over_tls(home: Path, **pair: Any) -> AsyncIterator[tuple[Desktop, Certificate]]:
    """A desktop with a certificate of `first`, in the folder `tls`."""
    write_pair(home / "tls", "first", **pair)
    files = {"tls_cert": home / "tls/cert.pem", "tls_key": home / "tls/key.pem"}
    async with desktop(home, **files) as house:
        assert house.process.certificate is not None
        yield house, house.process.certificate


async def test_pages_api_and_live_picture_are_served_over_tls(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (house, _):
        url = f"https://127.0.0.1:{house.process.port}"
        trusting = ssl.create_default_context(cafile=str(tmp_path / "tls/cert.pem"))
        jar = aiohttp.CookieJar(unsafe=True)
        connector = aiohttp.TCPConnector(ssl=trusting)
        async with aiohttp.ClientSession(
            url, headers={"Origin": url}, cookie_jar=jar, connector=connector
        ) as client:
            body = {"username": "anna", "password": PASSWORD}
            async with client.post("/api/session", json=body) as answer:
                assert answer.status == 200
                assert "Secure" in answer.headers["Set-Cookie"]
                assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
            async with client.ws_connect("/api/live") as live:
                assert (await live.receive_json(timeout=5))["type"] == "hello"
            async with client.get("/") as answer:
                assert "Strict-Transport-Security" in answer.headers
            async with client.get("/health") as answer:
                told = (await answer.json())["tls"]
                assert (told["certificate"], 29 < told["days_left"] <= 30) == ("ok", True)
            async with client.get("/metrics") as answer:
                text = await answer.text()
                assert "acd_tls_certificate_current 1.0" in text
                assert "acd_tls_certificate_days 29." in text
        old = anyone()
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await shown(house.process.port, old)
        less = anyone()
        less.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await shown(house.process.port, less) == "first"


async def test_without_tls_nothing_is_said_of_it(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house, house.client.get("/health") as answer:
        assert "Strict-Transport-Security" not in answer.headers
        assert "tls" not in await answer.json()


async def test_a_new_pair_is_for_new_connections_and_open_ones_go_on(tmp_path: Path) -> None:
    async with over_tls(tmp_path, key=rsa.generate_private_key(65537, 2048)) as (house, certificate):
        port = house.process.port
        assert await shown(port) == "first"
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=anyone())
        write_pair(tmp_path / "tls", "second")  # with a key of another kind
        await certificate.check()
        assert await shown(port) == "second"
        writer.write(b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_pair_that_cannot_be_used_changes_nothing_and_is_told(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (house, certificate):
        port, folder = house.process.port, tmp_path / "tls"
        (folder / "cert.pem").rename(folder / "kept.pem")
        await certificate.check()
        assert (await shown(port), certificate.facts()["certificate"]) == ("first", "old")
        write_pair(folder, "expired", days=-1)
        await certificate.check()
        assert (await shown(port), certificate.facts()["certificate"]) == ("first", "old")
        assert "expired" in str(certificate.fault)
        (folder / "key.pem").write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
        await certificate.check()
        assert "is not the key of" in str(certificate.fault)
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=anyone())) as client,
            client.get(f"https://127.0.0.1:{port}/metrics") as answer,
        ):
            assert "acd_tls_certificate_current 0.0" in await answer.text()
        write_pair(folder, "second")
        await certificate.check()
        assert (await shown(port), certificate.facts()["certificate"]) == ("second", "ok")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("missing", "ACD_TLS_CERT: .*cert.pem cannot be read: No such file"),
        ("no-key", "ACD_TLS_KEY: .*key.pem cannot be read: No such file"),
        ("text", "ACD_TLS_CERT: .*expected a certificate in PEM"),
        ("key-text", "ACD_TLS_KEY: .*expected a private key in PEM"),
        ("other", "ACD_TLS_KEY: .*is not the key of the certificate"),
        ("encrypted", "ACD_TLS_KEY: .*the key is encrypted"),
        ("expired", "ACD_TLS_CERT: .*expired at"),
        ("later", "ACD_TLS_CERT: .*valid from"),
    ],
)
def test_a_faulty_pair_is_refused_with_the_reason(tmp_path: Path, spoil: str, said: str) -> None:
    days = {"expired": -1.0, "later": 30.0}.get(spoil, 30.0)
    write_pair(tmp_path, "x", days=days, since_days=-2 if spoil == "later" else 1)
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    match spoil:
        case "missing":
            cert.unlink()
        case "no-key":
            key.unlink()
        case "text":
            cert.write_text("hello")
        case "key-text":
            key.write_text("hello")
        case "other":
            key.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
        case "encrypted":
            key.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1()), b"secret"))
    with pytest.raises(OperatorError, match=said):
        read_pair(cert, key)


async def test_the_process_takes_a_new_pair_on_sighup_and_does_not_start_with_a_faulty_one(
    tmp_path: Path,
) -> None:
    async with over_tls(tmp_path) as (house, _):
        environment = house.process.environment
    process = WebProcess(environment)
    running = asyncio.create_task(process.run())
    async with asyncio.timeout(10):
        while not process.listening:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    write_pair(tmp_path / "tls", "second")
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(10):
        while await shown(process.port) != "second":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    (tmp_path / "tls/key.pem").write_text("no key")
    with pytest.raises(OperatorError, match="ACD_TLS_KEY"):
        WebProcess(environment)
