"""What is wrong with the files of recordings is found and named."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.recordings.check import Fault, check
from acd.recordings.store import Recordings
from acd.settings.model import RecordFormat, RecordingSettings
from tests.recordings.calls import DAY, START, recorded_call, write_wav
from tests.recordings.keeping import World

CALLS = ["c1", "c2", "c3", "c4"]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """Four calls with a recording each."""
    world = World(tmp_path)
    world.settings = RecordingSettings(format=RecordFormat.WAV)
    world.store.save_calls([recorded_call(call) for call in CALLS])
    for call in CALLS:
        write_wav(world.dir, f"{DAY}/{call}-talk", seconds=0.1)
    await world.keeper().look()
    return world


def faults(world: World, *, checksums: bool = True) -> dict[str, Fault]:
    """By call."""
    rows = Recordings(world.store.engine)
    found = check(world.dir, rows, world.store.known, checksums=checksums)
    return {each.name.removeprefix(f"{DAY}/").removesuffix("-talk"): each.fault for each in found}


async def test_every_fault_is_named(world: World) -> None:
    assert faults(world) == {}
    day = world.dir / DAY
    (day / "c1-talk.wav").unlink()
    sound = bytearray((day / "c2-talk.wav").read_bytes())
    sound[100] ^= 1
    (day / "c2-talk.wav").write_bytes(sound)
    write_wav(world.dir, f"{DAY}/c9-talk", seconds=0.1)
    rows = Recordings(world.store.engine)
    rows.deleted([f"{DAY}/c3-talk"], datetime.now(UTC), "retention")
    found = {"c1": Fault.MISSING, "c3": Fault.NOT_DELETED, "c9": Fault.UNKNOWN}
    assert faults(world, checksums=False) == found
    assert faults(world) == {**found, "c2": Fault.DIFFERS}
    (day / "c2-talk.wav").write_bytes(sound[:-2])
    assert faults(world, checksums=False)["c2"] is Fault.DIFFERS
    raw = day / "c8-talk.heard.sln"
    raw.touch()
    assert "c8" not in faults(world, checksums=False)  # the talk goes on
    os.utime(raw, (START, START))
    assert faults(world, checksums=False)["c8"] is Fault.LEFT_OVER
    lonely = [each.name for each in check(world.dir, rows, lambda _: []) if each.fault is Fault.WITHOUT_CALL]
    assert lonely == [f"{DAY}/{call}-talk" for call in ("c1", "c2", "c4")]


async def test_the_commands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACD_HOME", str(world.dir.parent))
    run = CliRunner().invoke
    assert run(app, ["recordings", "check"]).output == "4 recordings on record; all is well\n"
    [row] = json.loads(run(app, ["recordings", "list", "c1", "--json"]).output)
    assert (row["name"], row["pauses"], row["duration_s"]) == (f"{DAY}/c1-talk", [], 0.1)
    assert f"{DAY}/c1-talk" in run(app, ["recordings", "list", "c1", "--wide"]).output
    (world.dir / DAY / "c1-talk.wav").unlink()
    checked = run(app, ["recordings", "check", "--quick"])
    assert checked.exit_code == 1
    assert checked.output.endswith("4 recordings on record; 1 missing\n")
    assert run(app, ["recordings", "list", "nobody"]).exit_code != 0
