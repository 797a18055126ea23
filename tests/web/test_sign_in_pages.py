"""Signing in with a second factor in a real browser, on the real web process with a real database."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Page, expect

from tests.web.chromium import browser, faults_of, page, port, profile
from tests.web.desktop import PASSWORD, desktop
from tests.web.test_second_factor import demanding

__all__ = ["browser", "page", "port", "profile"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def fill_in(page: Page, url: str) -> None:
    await page.goto(url)
    await page.get_by_label("User name").fill("susan")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")


async def test_setting_it_up_signing_in_with_it_and_signing_out_elsewhere(
    page: Page, port: int, tmp_path: Path
) -> None:
    async with desktop(tmp_path, http_port=port, **demanding(tmp_path)) as house, house.browser() as other:
        await fill_in(page, house.url)
        await expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
        await expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
        secret = (await page.locator("code").inner_text()).replace(" ", "").strip()
        await page.get_by_label("Code", exact=True).fill("000000")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The code is wrong")).to_be_visible()
        await page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
        await page.keyboard.press("Enter")
        codes = page.get_by_role("listitem")
        await expect(codes).to_have_count(10)
        assert not await faults_of(page)
        spare = (await codes.first.inner_text()).strip()
        await page.get_by_role("button", name="I have kept them").click()
        await page.get_by_role("button", name=re.compile("susan")).click()
        await page.get_by_role("menuitem", name="Sign out").click()
        await fill_in(page, house.url)
        await expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
        assert not await faults_of(page)
        await page.get_by_label("Code", exact=True).fill(spare)
        await page.keyboard.press("Enter")
        # That of the next half minute: one that was used, or is of an older one, is not taken.
        code = pyotp.TOTP(secret).at(int(time.time()) + 30)
        async with other.post(
            "/api/session", json={"username": "susan", "password": PASSWORD, "code": code}
        ) as answer:
            assert answer.status == 200
        await page.get_by_role("button", name=re.compile("susan")).click()
        await page.get_by_role("menuitem", name="Sign-in and security").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("9 recovery codes left")
        await dialog.get_by_role("button", name="Sign out everywhere else").click()
        await page.get_by_role("button", name="OK").click()
        await expect(dialog.get_by_role("listitem")).to_have_count(1)
        assert not await faults_of(page)
        async with other.get("/api/session") as answer:
            assert answer.status == 401
