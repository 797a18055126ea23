"""Codes of an authenticator app beside the password, on the real process with a real database."""

from __future__ import annotations

import base64
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from acd.__main__ import app
from acd.accounts import schema
from acd.accounts.sealing import Sealer
from acd.accounts.second_factors import STEP_S, SecondFactors
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.settings.secrets import load_or_create_key
from tests.web.desktop import CHECKOUT, PASSWORD, Desktop, desktop

AT = "/api/session/second-factor"
NOW = datetime(2026, 11, 26, 8, 0, 5, tzinfo=UTC)


@pytest.fixture
def factors(tmp_path: Path) -> Any:
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        from acd.accounts.store import AccountStore

        AccountStore(store.engine).add("susan", "supervisor", "hash", must_change=False)
        yield SecondFactors(store.engine, lambda: Sealer("x" * 28, "test"))


def at(secret: str, moment: datetime) -> str:
    return pyotp.TOTP(secret).at(moment)


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, for SHA-1 and the last six of its eight digits."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    for second, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert pyotp.TOTP(secret).at(second) == code


def test_a_code_holds_once_and_none_before_it_holds_later(factors: SecondFactors) -> None:
    secret = factors.propose("susan")
    assert secret is not None
    assert not factors.accept("susan", at(secret, NOW), NOW)  # it was not confirmed yet
    assert factors.confirm("susan", "000000", NOW) is None
    assert factors.confirm("susan", at(secret, NOW), NOW) is not None
    assert factors.propose("susan") is None
    step = timedelta(seconds=STEP_S)
    assert not factors.accept("susan", at(secret, NOW), NOW)
    assert not factors.accept("susan", at(secret, NOW - step), NOW)
    assert factors.accept("susan", at(secret, NOW + step), NOW)  # a clock that is fast
    assert not factors.accept("susan", at(secret, NOW + step), NOW + step)
    assert not factors.accept("susan", at(secret, NOW + 4 * step), NOW + 2 * step)
    assert factors.accept("susan", at(secret, NOW + 4 * step), NOW + 5 * step)  # and one that is slow
    assert not factors.accept("susan", "", NOW + 9 * step)


def test_recovery_codes_hold_once(factors: SecondFactors) -> None:
    secret = factors.propose("susan")
    assert secret is not None
    codes = factors.confirm("susan", at(secret, NOW), NOW)
    assert codes is not None
    assert len(set(codes)) == 10
    assert factors.accept("susan", codes[0].upper().replace("-", " "), NOW)
    assert not factors.accept("susan", codes[0], NOW)
    found = factors.of("susan")
    assert found is not None
    assert found.codes_left == 9
    fresh = factors.new_codes("susan")
    assert not factors.accept("susan", codes[1], NOW)
    assert factors.accept("susan", fresh[1], NOW)


def test_a_copy_of_the_database_gives_no_codes(factors: SecondFactors, tmp_path: Path) -> None:
    secret = factors.propose("susan")
    assert secret is not None
    codes = factors.confirm("susan", at(secret, NOW), NOW)
    assert codes is not None
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("records.sqlite3*"))
    assert secret.encode() not in kept
    assert not any(code.encode() in kept or code.replace("-", "").encode() in kept for code in codes)
    other = SecondFactors(factors._engine, lambda: Sealer("y" * 28, "test"))
    with pytest.raises(OperatorError, match="acd account second-factor susan"):
        other.accept("susan", at(secret, NOW + timedelta(minutes=2)), NOW + timedelta(minutes=2))
    with factors._engine.connect() as connection:
        sealed = connection.execute(select(schema.second_factors.c.secret)).scalar_one()
    assert Sealer("x" * 28, "test").open(sealed, "susan") == secret
    with pytest.raises(OperatorError):
        Sealer("x" * 28, "test").open(sealed, "anna")  # a row of somebody else's


def test_the_key_is_made_once_in_the_private_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yml"
    key = load_or_create_key(file, "second_factors")
    assert load_or_create_key(file, "second_factors") == key
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("keys: {second_factors: short}\n")
    with pytest.raises(OperatorError, match="damaged"):
        load_or_create_key(file, "second_factors")


async def ask(client: aiohttp.ClientSession, method: str, path: str, **body: Any) -> tuple[int, Any]:
    async with client.request(method, path, json=body or ({} if method == "POST" else None)) as answer:
        return answer.status, (await answer.json() if answer.content_type.endswith("json") else None)


async def sign_in(house: Desktop, browser: aiohttp.ClientSession, **more: str) -> tuple[int, str]:
    body = {"username": "susan", "password": PASSWORD, **more}
    async with browser.post("/api/session", json=body) as answer:
        return answer.status, str((await answer.json()).get("error", ""))


def code_of(secret: str, steps: int = 0) -> str:
    """Of this half minute, or of a later one: so it still counts where the next one begins meanwhile."""
    return pyotp.TOTP(secret).at(int(time.time()) + steps * STEP_S)


async def test_set_up_sign_in_with_it_and_turn_it_off(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house, house.browser() as other, house.browser() as third:
        await house.sign_in("susan")
        await house.sign_in("susan", browser=third)
        assert await ask(house.client, "GET", AT) == (
            200,
            {"on": False, "since": None, "codes_left": 0, "demanded": False},
        )
        assert (await ask(house.client, "POST", AT, password="wrong"))[0] == 403
        status, told = await ask(house.client, "POST", AT, password=PASSWORD)
        assert status == 200
        assert told["picture"].startswith("data:image/svg+xml")
        assert told["address"].startswith("otpauth://totp/Example%20Bank:susan?secret=" + told["secret"])
        secret = told["secret"]
        assert (await sign_in(house, other)) == (200, "")  # it does not count yet
        assert (await ask(house.client, "POST", f"{AT}/confirm", code="000000"))[0] == 403
        used = code_of(secret)
        status, told = await ask(house.client, "POST", f"{AT}/confirm", code=used)
        assert (status, len(told["recovery_codes"])) == (200, 10)
        for browser, ended in ((house.client, 200), (other, 401), (third, 401)):
            assert (await ask(browser, "GET", "/api/session"))[0] == ended
        assert await sign_in(house, other) == (401, "second-factor-needed")
        assert await sign_in(house, other, code="000000") == (401, "wrong-code")
        assert await sign_in(house, other, code=used) == (401, "wrong-code")
        assert await sign_in(house, other, code=code_of(secret, 1)) == (200, "")
        assert await sign_in(house, third, code=told["recovery_codes"][0]) == (200, "")
        status, shown = await ask(third, "GET", AT)
        assert (shown["on"], shown["codes_left"]) == (True, 9)
        proof = {"password": PASSWORD, "code": told["recovery_codes"][1]}
        assert (await ask(third, "POST", f"{AT}/off", **{**proof, "code": "000000"}))[0] == 403
        assert (await ask(third, "POST", f"{AT}/off", **proof))[0] == 204
        assert await sign_in(house, other) == (200, "")
        await house.process.services.flush_audit()
        words = [entry.what for entry in house.process.services.audit_log.find(who="susan")]
        assert {"second-factor-on", "second-factor-off", "sign-in"} <= set(words)


async def test_codes_are_guessed_at_as_rarely_as_passwords(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("susan")
        _, told = await ask(house.client, "POST", AT, password=PASSWORD)
        await ask(house.client, "POST", f"{AT}/confirm", code=code_of(told["secret"]))
        async with house.browser() as other:
            for _ in range(20):  # asking for the code is no failure
                assert await sign_in(house, other) == (401, "second-factor-needed")
            for _ in range(5):
                assert await sign_in(house, other, code="000000") == (401, "wrong-code")
            right = code_of(told["secret"], 1)
            assert await sign_in(house, other, code=right) == (429, "too-many-attempts")


def demanding(home: Path) -> dict[str, Any]:
    """The example's configuration, with a second factor for supervisors."""
    folder = home / "config"
    shutil.copytree(CHECKOUT / "config", folder)
    with (folder / "system.yml").open("a") as file:
        file.write("\nsign_in:\n  second_factor_for: [supervisor, admin]\n")
    return {"config_dir": folder}


async def test_where_it_is_demanded_nothing_goes_before_it_is_set_up(tmp_path: Path) -> None:
    async with desktop(tmp_path, **demanding(tmp_path)) as house:
        assert not (await house.sign_in("anna"))["must_set_up_second_factor"]
        assert (await house.sign_in("susan"))["must_set_up_second_factor"]
        before = {cookie.value for cookie in house.client.cookie_jar}
        status, told = await ask(house.client, "GET", "/api/targets")
        assert (status, told["error"]) == (403, "second-factor-to-set-up")
        for path in ("/api/live", "/sip"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await house.client.ws_connect(path)
            assert refused.value.status == 403
        _, told = await ask(house.client, "POST", AT)  # she has just given her password
        status, _ = await ask(house.client, "POST", f"{AT}/confirm", code=code_of(told["secret"]))
        assert status == 200
        assert {cookie.value for cookie in house.client.cookie_jar}.isdisjoint(before)
        status, session = await ask(house.client, "GET", "/api/session")
        assert (status, session["must_set_up_second_factor"]) == (200, False)
        assert (await ask(house.client, "GET", "/api/targets"))[0] == 200
        proof = {"password": PASSWORD, "code": code_of(told["secret"], 1)}
        status, refusal = await ask(house.client, "POST", f"{AT}/off", **proof)
        assert (status, refusal["error"]) == (403, "second-factor-demanded")


async def test_it_is_reset_by_an_admin_and_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    async with desktop(tmp_path) as house, house.browser() as root:
        await house.sign_in("root", browser=root)
        for reset in ("page", "command"):
            await house.sign_in("susan")
            _, told = await ask(house.client, "POST", AT, password=PASSWORD)
            await ask(house.client, "POST", f"{AT}/confirm", code=code_of(told["secret"]))
            _, accounts = await ask(root, "GET", "/api/accounts")
            assert {one["username"]: one["second_factor"] for one in accounts}["susan"]
            if reset == "page":
                assert (await ask(root, "DELETE", "/api/accounts/susan/second-factor"))[0] == 204
                assert (await ask(root, "DELETE", "/api/accounts/susan/second-factor"))[0] == 404
            else:
                done = CliRunner().invoke(app, ["account", "second-factor", "susan"], catch_exceptions=False)
                assert done.exit_code == 0, done.output
            assert (await ask(house.client, "GET", "/api/session"))[0] == 401
            async with house.browser() as other:
                assert await sign_in(house, other) == (200, "")
        assert await ask(root, "DELETE", "/api/accounts/susan") == (204, None)
