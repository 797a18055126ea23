"""Signing in and out, on the real process with a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from acd.accounts import schema
from acd.accounts.attempts import FREE_OF_NAME
from acd.accounts.store import AccountStore
from acd.accounts.tokens import Tokens
from tests.web.desktop import PASSWORD, QUICK, Desktop, desktop


async def attempt(house: Desktop, username: str, password: str, **headers: str) -> tuple[int, dict[str, Any]]:
    body = {"username": username, "password": password}
    async with house.client.post("/api/session", json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_who_has_signed_in_is_known_until_signing_out(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        async with house.client.get("/api/session") as answer:
            assert answer.status == 401
        told = await house.sign_in("Anna")
        assert told == {
            "username": "anna", "role": "agent", "agent": "anna", "name": "Anna Weber", "language": "en",
            "theme": "system", "must_change_password": False, "must_set_up_second_factor": False,
            "by_provider": False,
        }  # fmt: skip
        async with house.client.get("/api/session") as answer:
            assert await answer.json() == told
        async with house.client.patch("/api/session", json={"language": "zh-CN", "theme": "dark"}) as answer:
            assert (await answer.json())["language"] == "zh-CN"
        async with house.client.delete("/api/session") as answer:
            assert answer.status == 204
        async with house.client.get("/api/session") as answer:
            assert answer.status == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        for scheme, secure in (("http", False), ("https", True)):
            body = {"username": "anna", "password": PASSWORD}
            headers = {"Origin": f"{scheme}://127.0.0.1:{house.process.port}"}
            async with house.client.post("/api/session", json=body, headers=headers) as answer:
                cookie = answer.headers["Set-Cookie"]
                assert "HttpOnly" in cookie
                assert "SameSite=Strict" in cookie
                assert "Path=/" in cookie
                assert ("Secure" in cookie) is secure
                assert answer.headers["Cache-Control"] == "no-store"


async def test_a_session_outlives_a_restart_and_its_key_is_not_in_the_database(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        (cookie,) = house.client.cookie_jar
        assert cookie.value not in (tmp_path / "records.sqlite3").read_bytes().decode("latin-1")
        await house.process.stop()
        process = type(house.process)(house.process.environment)
        await process.start()
        house.process = process
        async with (
            house.browser() as browser,
            browser.get("/api/session", headers={"Cookie": f"acd_session={cookie.value}"}) as answer,
        ):
            assert answer.status == 200


@pytest.mark.parametrize(
    "column", [{"seen_at": timedelta(minutes=-61)}, {"expires_at": timedelta(seconds=-1)}]
)
async def test_sessions_end_by_themselves(tmp_path: Path, column: dict[str, timedelta]) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        moved = {name: datetime.now(UTC) + ago for name, ago in column.items()}
        with house.store.engine.begin() as connection:
            connection.execute(update(schema.sessions).values(**moved))
        async with house.client.get("/api/session") as answer:
            assert answer.status == 401


async def test_a_name_is_locked_after_failures_whether_there_is_such_an_account_or_not(
    tmp_path: Path,
) -> None:
    async with desktop(tmp_path) as house:
        for name in ("anna", "nobody"):
            for _ in range(FREE_OF_NAME):
                status, told = await attempt(house, name, "wrong")
                assert (status, told["error"]) == (401, "wrong-credentials")
            status, told = await attempt(house, name, PASSWORD)
            assert (status, told["error"]) == (429, "too-many-attempts")
        assert (await attempt(house, "susan", PASSWORD))[0] == 200
        with house.store.engine.begin() as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            connection.execute(update(schema.attempts).values(locked_until=past))
        assert (await attempt(house, "anna", PASSWORD))[0] == 200


async def test_an_address_is_locked_after_many_names(tmp_path: Path) -> None:
    async with desktop(tmp_path, http_proxies=("127.0.0.1",)) as house:
        there = {"X-Forwarded-For": "192.0.2.1, 192.0.2.7"}
        for number in range(30):
            assert (await attempt(house, f"user{number}", "wrong", **there))[0] == 401
        assert (await attempt(house, "susan", PASSWORD, **there))[0] == 429
        assert (await attempt(house, "susan", PASSWORD, **{"X-Forwarded-For": "192.0.2.8"}))[0] == 200


async def test_what_is_sent_by_others_than_a_proxy_is_no_address(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await attempt(house, "susan", "wrong", **{"X-Forwarded-For": "192.0.2.7"})
        await house.process.services.flush_audit()
        (entry,) = house.process.services.audit_log.find(what="sign-in-failed")
        assert (entry.address, entry.about) == ("127.0.0.1", "susan")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_nobody_is_signed_in_from_another_sites_page(tmp_path: Path, origin: str | None) -> None:
    async with desktop(tmp_path) as house:
        browser = house.browser()
        async with browser:
            browser.headers.popall("Origin")
            headers = {} if origin is None else {"Origin": origin}
            body = {"username": "anna", "password": PASSWORD}
            async with browser.post("/api/session", json=body, headers=headers) as answer:
                assert (answer.status, (await answer.json())["error"]) == (403, "foreign-origin")


async def test_a_program_with_a_token_may_sign_in_without_being_a_browser(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        _, key = Tokens(house.store.engine).add("wall", ["read:state"], "root", None)
        house.client.headers.popall("Origin")
        body = {"username": "anna", "password": PASSWORD}
        headers = {"Authorization": f"Bearer {key}"}
        async with house.client.post("/api/session", json=body, headers=headers) as answer:
            assert answer.status == 200


async def test_a_password_that_was_given_out_must_be_changed_first(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        AccountStore(house.store.engine).set_password("anna", QUICK.hash(PASSWORD), must_change=True)
        assert (await house.sign_in("anna"))["must_change_password"]
        async with house.client.get("/api/targets") as answer:
            assert answer.status == 403
        other = house.browser()
        await house.sign_in("anna", browser=other)
        for old, new, status in (
            ("wrong", "another horse 8", 403),
            (PASSWORD, "short", 422),
            (PASSWORD, "anna's password", 422),
            (PASSWORD, PASSWORD, 422),
            (PASSWORD, "another horse 8", 200),
        ):
            async with house.client.post("/api/session/password", json={"old": old, "new": new}) as answer:
                assert answer.status == status, (old, new)
        async with house.client.get("/api/session") as answer:
            assert (answer.status, (await answer.json())["must_change_password"]) == (200, False)
        async with other, other.get("/api/session") as answer:
            assert answer.status == 401
        assert (await attempt(house, "anna", PASSWORD))[0] == 401


async def test_a_disabled_account_is_out_at_once(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        AccountStore(house.store.engine).change("anna", disabled=True)
        async with house.client.get("/api/session") as answer:
            assert answer.status == 401
        assert (await attempt(house, "anna", PASSWORD))[1]["error"] == "wrong-credentials"
