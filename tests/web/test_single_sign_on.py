"""Signing in with OpenID Connect: the real process, a real database, a provider that the tests play."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pyotp
import pytest
import yaml
from aiohttp import web
from typer.testing import CliRunner

from acd.__main__ import app
from acd.accounts.sealing import Sealer
from acd.doctor import look
from acd.settings.schema.single_sign_on import OidcSection
from acd.settings.sign_in import SignInSettings
from acd.settings.single_sign_on import PasswordsFor
from acd.web.centre import CentreShown
from acd.web.sso import fetching
from acd.web.sso.fetching import ProviderAway, fetch_json
from acd.web.sso.on_the_way import START, begin, cookie_header, opened, own_page, sealed
from tests.web.desktop import CHECKOUT, PASSWORD, Desktop, desktop
from tests.web.fake_provider import CLIENT, SECRET, FakeProvider, fake_provider, rsa_key, signed

AT = "/api/session/sso"
DESK = "http://127.0.0.1:9"
"""The address that is configured; that of the test's own server is another, which must not matter."""


def config_with(home: Path, provider: FakeProvider, **options: Any) -> Path:
    """The example's configuration, with single sign-on at the provider."""
    folder = home / "config"
    shutil.copytree(CHECKOUT / "config", folder)
    oidc = {"issuer": provider.issuer, "client_id": CLIENT, "desktop_url": DESK, **options}
    with (folder / "system.yml").open("a") as file:
        file.write("\n" + yaml.safe_dump({"sign_in": {"oidc": oidc}}))
    return folder


@asynccontextmanager
async def house_with(
    home: Path, second_factor_for: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[tuple[Desktop, FakeProvider]]:
    """The example's centre with single sign-on at the provider, without its files being read anew."""
    async with fake_provider() as provider, desktop(home, oidc_client_secret=SECRET) as house:
        given = {"issuer": provider.issuer, "client_id": CLIENT, "desktop_url": DESK, **options}
        oidc = OidcSection.model_validate(given).settings()
        set_up(house, SignInSettings(frozenset(second_factor_for), oidc=oidc), await centre_of(house))
        yield house, provider


async def centre_of(house: Desktop) -> CentreShown:
    return await house.process.services.centre.get()


def set_up(house: Desktop, sign_in: SignInSettings, centre: CentreShown) -> None:
    """From now on."""
    house.process.services.centre._centre = replace(centre, sign_in=sign_in)


async def post(browser: aiohttp.ClientSession, path: str, **body: Any) -> tuple[int, Any]:
    async with browser.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def there_and_back(browser: aiohttp.ClientSession, next_page: str = "/") -> dict[str, str]:
    """To the provider as a browser goes, and what it comes back with."""
    status, told = await post(browser, f"{AT}/begin", next=next_page)
    assert status == 200, told
    async with aiohttp.ClientSession() as away, away.get(told["address"], allow_redirects=False) as answer:
        assert answer.status == 302
        place = urlsplit(answer.headers["Location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{DESK}/sign-in/callback"
    return {name: values[0] for name, values in parse_qs(place.query).items()}


async def sign_on(browser: aiohttp.ClientSession, next_page: str = "/") -> tuple[int, Any]:
    return await post(browser, AT, **await there_and_back(browser, next_page))


async def entries(house: Desktop, **wanted: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Of the audit log, the oldest first."""
    await house.process.services.flush_audit()
    found = house.process.services.audit_log.find(**wanted)
    return [(entry.what, entry.about, dict(entry.detail)) for entry in reversed(found)]


async def test_signing_in_and_what_is_kept_of_it(tmp_path: Path) -> None:
    label = {"en": "Example ID", "zh_CN": "示例"}
    async with fake_provider() as provider:
        config = config_with(tmp_path, provider, label=label)
        async with desktop(tmp_path, config=config, oidc_client_secret=SECRET) as house:
            await _signing_in(house, provider)


async def _signing_in(house: Desktop, provider: FakeProvider) -> None:
    async with house.browser() as other:
        async with house.client.get(AT) as answer:
            assert await answer.json() == {
                "offered": True,
                "label": {"en": "Example ID", "zh-CN": "示例"},
                "passwords": "always",
                "sign_out": None,
            }
        await house.sign_in("susan")
        before = {cookie.value for cookie in house.client.cookie_jar}
        status, told = await sign_on(house.client, "/reports?by=day")
        assert status == 200, told
        assert told["next"] == "/reports?by=day"
        assert (told["session"]["username"], told["session"]["by_provider"]) == ("susan", True)
        jar = {cookie.key: cookie.value for cookie in house.client.cookie_jar}
        assert set(jar) == {"acd_session"}  # what belonged to the sign-in is gone
        assert jar["acd_session"] not in before
        async with other.get("/api/session", headers={"Cookie": f"acd_session={before.pop()}"}) as answer:
            assert answer.status == 401  # the session of before has ended
        assert provider.asked == ["description", "authorize", "token", "keys"]
        assert (await sign_on(other))[0] == 200
        assert provider.asked[4:] == ["authorize", "token"]  # the rest is known
        assert await entries(house, who="susan") == [
            ("sign-in", "", {}),
            ("account-linked", "susan", {"name": "susan"}),
            ("sign-in", "susan", {"second_factor": "none", "by": "single sign-on"}),
            ("sign-in", "susan", {"second_factor": "none", "by": "single sign-on"}),
        ]
        async with other.get(AT) as answer:
            place = urlsplit((await answer.json())["sign_out"])
        assert place.path == "/realm/out"
        assert parse_qs(place.query)["post_logout_redirect_uri"] == [f"{DESK}/"]
        async with other.delete("/api/session") as answer:
            assert answer.status == 204
        async with other.get("/api/session") as answer:
            assert answer.status == 401


async def test_what_comes_back_belongs_to_the_browser_that_went(tmp_path: Path) -> None:
    async with house_with(tmp_path) as (house, provider), house.browser() as other:
        brought = await there_and_back(house.client)
        assert (await post(other, AT, **brought))[1]["error"] == "sso-expired"  # of another browser
        await there_and_back(other)
        assert (await post(other, AT, **brought))[1]["error"] == "sso-expired"  # which has begun, too
        for state in ("", "x", brought["state"][:-1], "ä"):
            wrong = await post(house.client, AT, **{**brought, "state": state})
            assert (wrong[0], wrong[1]["error"]) == (400, "sso-expired")
        assert "token" not in provider.asked
        assert (await post(house.client, AT, **brought))[0] == 200
        assert (await post(house.client, AT, **brought))[1]["error"] == "sso-expired"  # once
        foreign = {"Origin": "https://evil.example"}
        async with house.client.post(AT, json=brought, headers=foreign) as answer:
            assert (await answer.json())["error"] == "foreign-origin"
        brought = await there_and_back(house.client)
        status, told = await post(house.client, AT, **{**brought, "code": "guessed"})
        assert (status, told["error"]) == (403, "sso-refused")
        assert told["message"] == "invalid_grant – <b>no such</b> code"  # one line, as JSON
        provider.refuses = ("access_denied", "<script>alert(1)</script>")
        status, told = await sign_on(house.client)
        assert (status, told["error"]) == (403, "sso-refused")
        assert told["message"].startswith("access_denied – <script>")
        async with house.client.get("/sign-in/callback?error=%3Cscript%3Ehere%3C/script%3E") as answer:
            assert "here" not in await answer.text()


async def test_tokens_that_are_not_to_be_believed_and_keys_that_change(tmp_path: Path) -> None:
    async with house_with(tmp_path) as (house, provider):
        provider.forge = lambda claims: signed({**claims, "nonce": "of an older sign-in"}, provider.key)
        assert (await sign_on(house.client))[1]["error"] == "sso-untrusted"
        provider.forge = lambda claims: signed({**claims, "aud": "another client"}, provider.key)
        assert (await sign_on(house.client))[1]["error"] == "sso-untrusted"
        provider.forge, provider.key = None, rsa_key("two")  # signs with one that it has not published
        assert (await sign_on(house.client))[1]["error"] == "sso-untrusted"
        assert provider.asked.count("keys") == 1  # within the minute nobody makes us ask again
        provider.published = [rsa_key("two")]
        known = house.process.services.sign_on._provider
        assert known is not None
        assert known._keys is not None
        known._keys = known._keys[0] - 61, known._keys[1]
        assert (await sign_on(house.client))[0] == 200
        assert provider.asked.count("keys") == 2
        reasons = [detail["reason"] for what, _, detail in await entries(house) if what == "sign-in-failed"]
        assert reasons[0] == "it was made for another sign-in"


async def test_failures_count_for_the_address(tmp_path: Path) -> None:
    async with house_with(tmp_path) as (house, provider):
        provider.forge = lambda claims: "no token"
        brought = await there_and_back(house.client)
        found = [(await post(house.client, AT, **brought))[1]["error"] for _ in range(6)]
        assert found[-1] == "too-many-attempts"
        assert set(found[:5]) == {"sso-untrusted", "sso-refused"}  # a code holds once at the provider
        assert (await sign_on(house.client))[1]["error"] == "sso-untrusted"  # a new one may be tried
        assert (await house.sign_in("susan"))["username"] == "susan"  # and her password counts alone


async def test_whose_account_it_is(tmp_path: Path) -> None:
    async with house_with(tmp_path, domain="example.com") as (house, provider):
        accounts = house.process.services.accounts

        async def come(sub: str, name: object, **more: Any) -> Any:
            provider.person = {"sub": sub, "preferred_username": name, **more}
            status, told = await sign_on(house.client)
            return told["session"]["username"] if status == 200 else told["error"]

        assert await come("a", "Anna@Example.com") == "anna"
        assert await come("a", "renamed@example.com") == "anna"  # the person counts
        assert await come("b", "anna@example.com") == "sso-somebody-else"  # the name is given to another
        assert await come("b", "anna") == "sso-somebody-else"
        assert await come("b", "susan@evil.example") == "sso-no-account"
        assert await come("b", "nobody@example.com") == "sso-no-account"
        assert await come("b", None) == "sso-no-name"
        assert await come("b", ["susan"]) == "sso-no-name"
        assert await come("c", "root") == "sso-link-first"  # a name that people choose makes no admin
        run = CliRunner(env={"ACD_HOME": str(tmp_path), "ACD_CONFIG": str(tmp_path / "config")})
        done = run.invoke(app, ["account", "link", "root", "Boss@Example.com"])
        assert done.exit_code == 0, done.output
        assert "boss@example.com" in run.invoke(app, ["account", "list", "--wide"]).output
        assert run.invoke(app, ["account", "link", "susan", "boss@example.com"]).exit_code == 1
        assert await come("c", "boss@example.com") == "root"
        assert await come("d", "boss@example.com") == "sso-somebody-else"
        async with house.client.get("/api/accounts") as answer:
            shown = {account["username"]: account["single_sign_on"] for account in await answer.json()}
        assert shown == {"anna": "anna@example.com", "root": "boss@example.com", "susan": None}
        assert run.invoke(app, ["account", "unlink", "root"]).exit_code == 0
        async with house.client.get("/api/session") as answer:
            assert answer.status == 401
        assert await come("c", "boss@example.com") == "sso-no-account"
        accounts.change("anna", disabled=True)
        assert await come("a", "anna@example.com") == "sso-no-account"
        accounts.change("anna", disabled=False)
        accounts.set_password("anna", "!", must_change=True)
        assert await come("a", "anna@example.com") == "anna"
        async with house.client.get("/api/session") as answer:
            assert not (await answer.json())["must_change_password"]  # she came without it
        async with house.client.get("/api/me/figures") as answer:
            assert answer.status == 200
        accounts.remove("anna")
        assert await come("a", "anna@example.com") == "sso-no-account"


async def test_an_address_that_the_provider_has_not_verified_is_nobodys(tmp_path: Path) -> None:
    async with house_with(tmp_path, username_claim="email", domain="example.com") as (house, provider):
        for verified in (None, False, "true"):
            provider.person = {"sub": "s", "email": "susan@example.com", "email_verified": verified}
            assert (await sign_on(house.client))[1]["error"] == "sso-unverified-email"
        provider.person["email_verified"] = True
        assert (await sign_on(house.client))[0] == 200


async def test_groups_give_roles_and_teams_at_each_sign_in(tmp_path: Path) -> None:
    groups = [
        {"group": "desk", "role": "agent"},
        {"group": "north", "role": "supervisor", "teams": ["north"]},
        {"group": "south", "role": "supervisor", "teams": ["south"]},
        {"group": "boss", "role": "admin"},
    ]
    async with house_with(tmp_path, groups=groups, make_accounts=True) as (house, provider):
        accounts = house.process.services.accounts

        async def come(name: str, *groups: str) -> Any:
            provider.person = {"sub": name, "preferred_username": name, "groups": list(groups)}
            status, told = await sign_on(house.client)
            return told["session"]["role"] if status == 200 else told["error"]

        assert await come("ben", "others") == "sso-no-group"
        assert await come("ben", "desk") == "agent"
        ben = accounts.account("ben")
        assert ben is not None
        assert ben.agent == "ben"
        status, told = await post(house.client, "/api/session", username="ben", password="!")
        assert (status, told["error"]) == (401, "wrong-credentials")  # there is no password of hers
        assert await come("ben", "desk", "north") == "supervisor"
        assert accounts.account("ben").teams == ("north",)  # type: ignore[union-attr]
        assert await come("ben", "south", "north") == "supervisor"
        assert accounts.account("ben").teams == ("north", "south")  # type: ignore[union-attr]
        assert await come("ben", "boss") == "admin"
        assert await come("ben", "desk") == "agent"
        assert await come("ben") == "sso-no-group"
        changed = [
            (what, {name: value for name, value in detail.items() if name != "by"})
            for what, _, detail in await entries(house, about="ben")
            if what.startswith("account-")
        ]
        assert changed == [
            ("account-created", {"role": "agent"}),
            ("account-linked", {"name": "ben"}),
            ("account-changed", {"role": "supervisor", "teams": ["north"]}),
            ("account-changed", {"teams": ["north", "south"]}),
            ("account-changed", {"role": "admin"}),
            ("account-changed", {"role": "agent"}),
        ]


async def test_a_second_factor_is_ours_unless_the_provider_has_asked_for_one(tmp_path: Path) -> None:
    async with house_with(tmp_path, second_factor_for=("supervisor",)) as (house, provider):
        status, told = await sign_on(house.client)
        assert (status, told["session"]["must_set_up_second_factor"]) == (200, True)
        provider.person["amr"] = ["pwd", "mfa"]
        status, told = await sign_on(house.client)
        assert (status, told["session"]["must_set_up_second_factor"]) == (200, False)
        factors = house.process.services.second_factors
        secret = factors.propose("susan")
        assert secret is not None
        codes = factors.confirm("susan", pyotp.TOTP(secret).now())
        assert codes is not None
        assert (await sign_on(house.client))[0] == 200
        provider.person["amr"] = "mfa"  # not as the standard has it
        status, told = await sign_on(house.client, "/reports")
        assert (status, told["error"]) == (401, "second-factor-needed")
        assert (await post(house.client, AT, second_factor="000000"))[1]["error"] == "wrong-code"
        status, told = await post(house.client, AT, second_factor=codes[0])
        assert (status, told["next"]) == (200, "/reports")
        assert (await post(house.client, AT, second_factor=codes[1]))[1]["error"] == "sso-expired"


async def test_who_may_have_a_password_beside(tmp_path: Path) -> None:
    async with house_with(tmp_path) as (house, _):
        centre = await centre_of(house)
        oidc = centre.sign_in.oidc
        assert oidc is not None
        for passwords, may in (
            (PasswordsFor.ALWAYS, ("susan", "root")),
            (PasswordsFor.ADMINS, ("root",)),
            (PasswordsFor.NEVER, ()),
        ):
            set_up(house, SignInSettings(oidc=replace(oidc, passwords=passwords)), centre)
            for who in ("susan", "root"):
                status, told = await post(house.client, "/api/session", username=who, password=PASSWORD)
                expected = (200, None) if who in may else (403, "passwords-off")
                assert (status, told.get("error")) == expected, (passwords, who)
            _, told = await post(house.client, "/api/session", username="susan", password="wrong password")
            # Who does not know the password learns nothing of whose it is.
            never = passwords is PasswordsFor.NEVER
            assert told["error"] == ("passwords-off" if never else "wrong-credentials")


async def test_a_provider_that_is_away_or_another_one(tmp_path: Path) -> None:
    async with house_with(tmp_path) as (house, provider):
        provider.away = True
        assert (await post(house.client, f"{AT}/begin"))[1]["error"] == "sso-away"
        assert (await post(house.client, f"{AT}/begin"))[1]["error"] == "sso-away"
        assert provider.asked == ["description"]  # it is left alone for a moment
        await house.sign_in("susan")
        provider.away = False
        known = house.process.services.sign_on._provider
        assert known is not None
        for wrong in (
            {"issuer": provider.issuer + "/"},
            {"token_endpoint": "http://sso.example.com/token"},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"jwks_uri": None},
        ):
            known._failed, provider.described = None, wrong
            assert (await post(house.client, f"{AT}/begin"))[1]["error"] == "sso-away", wrong
        known._failed, provider.described = None, {"end_session_endpoint": "javascript:alert(1)"}
        assert (await sign_on(house.client))[0] == 200
        assert known.sign_out_address() is None
        provider.described = {}
        assert [finding.todo for finding in await look.provider(known.settings)] == [""]
        provider.away = True
        assert "status 502" in (await look.provider(known.settings))[0].told


async def test_without_single_sign_on_there_is_none(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        async with house.client.get(AT) as answer:
            assert not (await answer.json())["offered"]
        for path, body in ((f"{AT}/begin", {}), (AT, {"code": "x"})):
            status, told = await post(house.client, path, **body)
            assert (status, told["error"]) == (404, "sso-off")


async def test_answers_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    async def large(request: web.Request) -> web.Response:
        return web.Response(body=b" " * (fetching.LARGEST_BYTES + 1))

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound("/large")

    async def never(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.01)

    application = web.Application()
    application.add_routes([web.get(f"/{each.__name__}", each) for each in (large, elsewhere, never)])
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    place = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for path, why in (("large", "larger than"), ("elsewhere", "status 302"), ("never", "no answer within")):
        if path == "never":
            monkeypatch.setattr(fetching, "LIMIT_S", 0.3)
        with pytest.raises(ProviderAway, match=why):
            await fetch_json(f"{place}/{path}")
    for url in ("http://sso.example.com/", "ftp://127.0.0.1/", "https://u:p@sso.example.com/", "https://["):
        with pytest.raises(ProviderAway, match="is not https"):
            await fetch_json(url)
    await runner.cleanup()


@pytest.mark.parametrize(
    "path",
    ["", "reports", "//evil.example", "/\\evil.example", "https://evil.example/", "/ä", "/a b", "/\n",
     "javascript:alert(1)", "/api/session", "/sign-in/callback?code=x", "/" + "x" * 500],
)  # fmt: skip
def test_after_it_one_is_on_a_page_of_ours(path: str) -> None:
    assert own_page(path) == START
    assert own_page("/reports/groups?from=2026-11-01&by=day") != START


def test_what_the_browser_keeps_can_neither_be_made_nor_kept_for_long() -> None:
    sealer, way = Sealer("x" * 28, "test"), begin("/desk", now=1000)
    kept = sealed(way, sealer)
    assert way.verifier not in kept
    assert opened(kept, sealer, now=1599) == way
    assert opened(kept, sealer, now=1600) is None
    for other in (kept[:-3], kept.upper(), "", None, "x" * 5000, "ä", "1:AAAA"):
        assert opened(other, sealer, now=1000) is None
    assert opened(kept, Sealer("y" * 28, "test"), now=1000) is None
    header = cookie_header(kept, over_tls=True)
    assert header.startswith("__Host-acd_sso=1:")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} <= set(header.split("; "))
    assert "Domain" not in header
