"""Single sign-on in a real browser: to the provider that the tests play, and back."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Page, expect

from acd.settings.sign_in import SignInSettings
from acd.settings.single_sign_on import OidcSettings
from tests.web.chromium import browser, faults_of, page, port, profile
from tests.web.desktop import desktop
from tests.web.fake_provider import CLIENT, SECRET, fake_provider
from tests.web.test_single_sign_on import centre_of, set_up

__all__ = ["browser", "page", "port", "profile"]
pytestmark = pytest.mark.asyncio(loop_scope="module")
LABEL = {"en": "Sign in with Example ID", "zh_CN": "使用示例账号登录"}


async def test_there_and_back_with_a_second_factor_of_ours_and_out_again(
    page: Page, port: int, tmp_path: Path
) -> None:
    async with (
        fake_provider() as provider,
        desktop(tmp_path, http_port=port, oidc_client_secret=SECRET) as house,
    ):
        oidc = OidcSettings(provider.issuer, CLIENT, house.url, LABEL)
        set_up(house, SignInSettings(oidc=oidc), await centre_of(house))
        factors = house.process.services.second_factors
        secret = factors.propose("susan")
        assert secret is not None
        codes = factors.confirm("susan", pyotp.TOTP(secret).now())
        assert codes is not None
        button = page.get_by_role("button", name=LABEL["en"])

        provider.refuses = ("access_denied", "<img src=x onerror=alert(1)>")
        await page.goto(f"{house.url}/calls?number=030")
        await expect(page.get_by_label("User name")).to_be_focused()
        assert not await faults_of(page)
        await button.click()
        await expect(page.locator(".login-news")).to_contain_text("access_denied – <img src=x onerror")
        assert page.url == f"{house.url}/"  # nothing of it is left in the address
        await page.get_by_text("简体中文").click()
        await expect(page.locator(".login-news")).to_contain_text("身份提供方已拒绝")
        await expect(page.get_by_role("button", name=LABEL["zh_CN"])).to_be_visible()
        await page.get_by_text("English").click()

        provider.refuses, provider.by_hand = None, True
        await page.goto(f"{house.url}/calls?number=030")
        await button.click()
        await page.get_by_role("link", name="Yes, it is me").click()
        await expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
        await page.get_by_label("Code", exact=True).fill("000000")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The code is wrong")).to_be_visible()
        await page.get_by_label("Code", exact=True).fill(codes[0])
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{house.url}/calls?number=030")
        await page.get_by_role("button", name=re.compile("susan")).click()
        await page.get_by_role("menuitem", name="Sign out").click()
        there = page.get_by_role("link", name="Sign out there, too")
        await expect(there).to_be_visible()
        assert not await faults_of(page)
        await there.click()
        await expect(page.get_by_text("You are signed out of Example ID.")).to_be_visible()
        assert provider.asked[-1] == "out"
