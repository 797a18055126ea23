"""The controller's start, without Asterisk: what was kept is there before anybody is told of it."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
import wave
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.app import Controller
from acd.core import facts, outside_facts
from acd.core.calls import Call, CallState
from acd.parts import begin
from acd.records import migrations
from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.settings.secrets import load_or_create_secrets
from acd.state.disk import DiskMirror
from tests.runtime.controllers import free_port

CHECKOUT = Path(__file__).resolve().parents[1]
CARRIER = """
  carrier: {server: 192.0.2.1, addresses: [192.0.2.1], authentication: none, caller_id: "+4930100"}
"""
DIALING = """
emergency: {numbers: ["112"], trunks: [carrier]}
roles:
  clerk: {name: Clerks, allow: ["+49"], trunks: [carrier]}
rates:
  currency: EUR
  prefixes: {"+49": {minute: 0.60}}
  other: {minute: 1.50}
"""


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """The example, with rates of calls outside and a voice that says nothing."""
    config, flows = tmp_path / "config", tmp_path / "ivr_flows"
    shutil.copytree(CHECKOUT / "config", config)
    shutil.copytree(CHECKOUT / "tests" / "fixtures" / "faulty" / "_base" / "ivr_flows", flows)
    with (config / "trunks.yml").open("a") as trunks:
        trunks.write(CARRIER)
    numbers = (config / "numbers.yml").read_text()
    (config / "numbers.yml").write_text(
        numbers.replace("numbers:\n", 'numbers:\n  "+4930100": {group: sales}\n', 1)
    )
    (config / "dialing.yml").write_text(DIALING)
    with wave.open(str(tmp_path / "silence.wav"), "wb") as silence:
        silence.setparams((1, 2, 8000, 0, "NONE", ""))
        silence.writeframes(bytes(1600))
    system = (config / "system.yml").read_text()
    voices = system[system.index("  text_to_speech:") : system.index("\n# A Redis server")]
    copy = f"cp {tmp_path}/silence.wav $1"
    silent = f"  text_to_speech: [sh, -c, '{copy}', '{{text_file}}', '{{sound_file}}']\n"
    (config / "system.yml").write_text(system.replace(voices, silent))
    return Environment(
        tmp_path / "home",
        config,
        flows,
        ami_port=free_port(),
        agi_port=free_port(),
        health_port=free_port(),
    )


async def test_what_calls_outside_have_cost_so_far_outlives_a_restart(environment: Environment) -> None:
    began = time.time() - 3600
    call = Call(
        "c1",
        facts.CallKind.OUTBOUND,
        "1001",
        "",
        "+493012345678",
        began,
        origin_agent="anna",
        state=CallState.OUTSIDE,
        agent="anna",
        since=began,
        outside_trunk="carrier",
        outside_number="+493012345678",
        facts=[
            facts.Arrived(began, facts.CallKind.OUTBOUND, "1001", "", "+493012345678", None, "anna"),
            outside_facts.OutsideDialed(began, "+493012345678", "carrier", "anna", ""),
            outside_facts.OutsideAnswered(began),
        ],
    )
    meter = {"number": "+493012345678", "payer": "anna", "since": began}
    mirror = DiskMirror(environment.live_dir)
    mirror.open()
    mirror.put("call:c1", call.to_dict())
    mirror.put("meter:c1", meter)
    mirror.put("meter:gone", {**meter, "payer": "ben"})
    mirror.close()
    secrets = load_or_create_secrets(environment.secrets_file, [])
    controller = Controller(begin(environment, "test"), environment, secrets)
    await controller.start()
    try:
        book = controller._parts.guarding.book
        assert set(book.meters) == {"c1"}
        assert book.meters["c1"].since == began
        assert book.spent() == {"anna": pytest.approx(36.6, abs=0.61), "ben": pytest.approx(36.6, abs=0.61)}
    finally:
        await controller.stop()


async def test_a_database_that_does_not_answer_keeps_no_caller_waiting(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened beside; callers are answered before it is."""
    released = threading.Event()
    monkeypatch.setattr(RecordStore, "open", lambda _store: released.wait(60.0) and None)
    monkeypatch.setattr(migrations, "upgrade", lambda _engine: released.wait(60.0) and None)
    secrets = load_or_create_secrets(environment.secrets_file, [])
    controller = Controller(begin(environment, "test"), environment, secrets)
    with capture_logs() as told:
        await controller.start()
    try:
        assert not controller._parts.store.is_open
        assert "the database of records is not open yet, calls are routed all the same" in [
            line["event"] for line in told
        ]
        _, writer = await asyncio.open_connection("127.0.0.1", environment.agi_port)
        writer.close()
        assert controller._parts.answers.health()["records_database"] is False
    finally:
        released.set()
        await controller.stop()
