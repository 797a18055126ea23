"""`acd doctor` beside a real centre: well as it is, and with real faults in it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.centre import CHECKOUT, LOOK_AGAIN_S, Centre

pytestmark = pytest.mark.asterisk


async def doctor(centre: Centre, *options: str, **variables: str) -> dict[str, dict[str, Any]]:
    """What it found, by part."""
    command = [sys.executable, "-m", "acd", "doctor", "--json", *options]
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        env={**centre.env, **variables},
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    assert done.stdout, done.stderr.decode()
    found = {row["part"]: row for row in json.loads(done.stdout)}
    worst = {"ok": 0, "warn": 1, "fail": 2}
    assert done.returncode == max(worst[row["level"]] for row in found.values())
    return found


def levels(found: dict[str, dict[str, Any]], level: str) -> set[str]:
    return {part for part, row in found.items() if row["level"] == level}


async def test_a_centre_that_is_well_and_its_test_call(centre: Centre) -> None:
    for _ in range(500):  # what other tests have left is to be on record before
        told = await centre.ask("health")
        if not told["calls"] and not told["records_waiting"]:
            break
        await asyncio.sleep(LOOK_AGAIN_S)
    before = {record.call_id for record in centre.records()}
    rows = len(centre.cdr_rows())
    found = await doctor(centre)
    assert levels(found, "fail") == {"port of desktop"}  # this centre has no web process
    assert found["test call: Asterisk's tone"]["level"] == "ok", found
    assert found["test call: our own tone, sent back"]["level"] == "ok", found
    assert "100%" in found["test call: Asterisk's tone"]["told"]
    assert (await centre.ask("status"))["calls"] == []
    assert {record.call_id for record in centre.records()} == before
    assert len(centre.cdr_rows()) == rows


async def test_faults_are_named_with_what_to_do(centre: Centre) -> None:
    secrets = centre.home / "secrets.yml"
    secrets.chmod(0o644)
    await asyncio.to_thread(centre.console, "module unload codec_gsm")
    try:
        found = await doctor(centre, "--no-call", ACD_DATABASE_URL="postgresql://acd:geheim@127.0.0.1:9/acd")
    finally:
        secrets.chmod(0o600)
        await asyncio.to_thread(centre.console, "module load codec_gsm")
    assert levels(found, "fail") >= {"secrets", "modules", "database"}
    assert "codec_gsm" in found["modules"]["told"]
    assert str(secrets) in found["secrets"]["todo"]
    assert "geheim" not in json.dumps(found)


async def test_it_looks_on_while_the_controller_is_frozen(centre: Centre) -> None:
    centre.freeze_controller()
    try:
        found = await doctor(centre)
    finally:
        centre.thaw_controller()
    assert levels(found, "fail") >= {"controller"}
    assert found["test call: our own tone, sent back"]["level"] == "ok"
