"""The configuration is read by another process."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from acd.errors import OperatorError, SettingsError
from acd.settings.environment import Environment
from acd.web import last_failure, reader, reading
from acd.web.api import config
from acd.web.centre import CentreInUse, CentreShown
from acd.web.customer_desk import CustomerDesk
from acd.web.services import THREADS_MAX
from tests.web.client import CHECKOUT, ROOT, serving

CONFIG, FLOWS = CHECKOUT / "config", CHECKOUT / "ivr_flows"
HEAVY = ("acd.settings.load", "acd.settings.schema", "jinja2", "typer", "alembic")


def test_the_process_reads_and_ends(
    really_read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reading, "read", really_read)
    centre = CentreShown.read(CONFIG, FLOWS)
    assert centre.agents["anna"].extension == "1001"
    assert centre.groups["sales"].service_level_target > 0
    assert centre.flows["main"].steps > 3
    shutil.copy(CONFIG / "system.yml", tmp_path)
    (tmp_path / "customers.yml").write_text("fieds: {}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="fieds"):
        reading.read("customers", tmp_path)
    monkeypatch.setattr(reading, "READER", "acd.no_reader")
    with pytest.raises(OperatorError, match="cannot be read"):
        reading.read("customers", CONFIG)


def test_pictures_and_problems() -> None:
    said, found, _ = reader.answer("picture", CONFIG, FLOWS, "main", ({}, {}))
    assert (said, "digraph" in found) == (reader.FOUND, True)
    assert reader.answer("problems", CONFIG, FLOWS)[1] == []


def test_a_secret_that_only_the_controller_has_keeps_nobody_out(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    turn = "{urls: 'turn:turn.example', username: acd, credential: {env: ACD_TEST_TURN}}"
    with (folder / "system.yml").open("a") as file:
        file.write(f"desktop: {{ice_servers: [{{urls: 'stun:stun.example'}}, {turn}]}}\n")
    crm = "url: 'https://crm.example/{number}', headers: {X-Key: {env: ACD_TEST_CRM}, X-A: b}, map: {id: id}"
    (folder / "customers.yml").write_text(f"directory: {{http: {{{crm}}}}}\n", encoding="utf-8")
    said, found, missing = reader.answer("centre", folder, FLOWS)
    assert (said, missing) == (reader.FOUND, ["ACD_TEST_CRM", "ACD_TEST_TURN"])
    assert [server.urls for server in found["desktop"].ice_servers] == [("stun:stun.example",)]
    said, found, missing = reader.answer("customers", folder)
    assert (said, missing) == (reader.FOUND, ["ACD_TEST_CRM", "ACD_TEST_TURN"])
    assert dict(found.http.headers) == {"X-A": "b"}
    shown = [problem.message for problem in reader.answer("problems", folder, FLOWS)[1]]
    assert len(shown) == 2
    assert "no variable 'ACD_TEST_CRM'" in shown[0]


def test_of_each_that_is_missing_the_log_tells_once() -> None:
    with structlog.testing.capture_logs() as lines:
        reading.tell_of(["ACD_TEST_ONE"])
        reading.tell_of(["ACD_TEST_ONE", "ACD_TEST_TWO"])
    assert [line["variable"] for line in lines] == ["ACD_TEST_ONE", "ACD_TEST_TWO"]


async def test_what_failed_just_now_is_not_tried_for_each_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = Environment(tmp_path, tmp_path, tmp_path)
    tried: list[str] = []

    def fail(do: str, *_asked: Any) -> Any:
        tried.append(do)
        raise SettingsError(["faulty"])

    monkeypatch.setattr(reading, "read", fail)
    desk, centre = CustomerDesk(), CentreInUse(environment)
    for _ in range(3):
        with pytest.raises(SettingsError):
            await desk.settings(environment)
        with pytest.raises(SettingsError):
            await centre.get()
    assert tried == ["customers", "centre"]
    (tmp_path / "customers.yml").write_text("fields: {}\n", encoding="utf-8")
    with pytest.raises(SettingsError):
        await desk.settings(environment)
    monkeypatch.setattr(last_failure, "TOLD_AGAIN_S", 0.0)
    with pytest.raises(SettingsError):
        await centre.get()
    assert tried == ["customers", "centre"] * 2
    await desk.close()


async def test_who_waits_for_the_configuration_holds_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_do: str, *_asked: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return []

    monkeypatch.setattr(reading, "read", slow)
    monkeypatch.setattr(config, "_files", lambda _folder: [])
    async with serving(tmp_path, config.ROUTES, ROOT) as (client, _), asyncio.timeout(20):
        asking = [asyncio.create_task(client.get("/api/config")) for _ in range(THREADS_MAX + 2)]
        try:
            assert await asyncio.to_thread(begun.wait, 10)
            assert (await client.get("/api/versions")).status == 200
        finally:
            go_on.set()
        assert {answer.status for answer in await asyncio.gather(*asking)} == {200}


def test_the_web_process_has_nothing_of_what_reading_takes() -> None:
    say = f"import sys, acd.cli.web; print([name for name in {HEAVY} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", say], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
