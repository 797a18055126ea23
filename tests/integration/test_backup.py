"""A centre is backed up under load and comes back elsewhere: same reports, sign-ins, sounds and PINs."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from acd.accounts.first import make_first_accounts
from acd.accounts.schema import accounts
from acd.records.store import RecordStore
from acd.settings.model import RecordFormat, RecordingSettings
from acd.settings.pins import PinBook
from tests.integration.centre import CHECKOUT, Centre, story
from tests.integration.sip.phone import Phone
from tests.recordings.calls import recorded_call, write_wav
from tests.recordings.keeping import World

pytestmark = pytest.mark.asterisk
PIN = "471100"


async def a_call(centre: Centre, phones: dict[str, Phone]) -> None:
    """To anna, who talks until the caller has had enough."""
    async with centre.customer() as customer:
        call = await customer.dial("8001")
        await (await phones["anna"].wait_incoming()).answer()
        await centre.until_call("talking", agent="anna")
        await call.hang_up()
    await centre.until_agent("anna", "wrap_up")
    await centre.ask("wrap-up-done", agent="anna")


async def test_a_centre_comes_back_elsewhere(
    centre: Centre, phones: dict[str, Phone], tmp_path: Path
) -> None:
    with RecordStore(centre.database_url) as store:
        make_first_accounts(store.engine, centre.settings.plan.agents, tmp_path / "passwords.txt")
        store.save_calls([recorded_call("c1")])
        hashes = _hashes(store)
    write_wav(centre.home / "recordings", "2025-11-22/c1-talk", seconds=0.1)
    world = World(centre.home, centre.database_url)
    world.settings = RecordingSettings(format=RecordFormat.WAV)
    await world.keeper().look()
    world.store.close()
    await asyncio.to_thread(PinBook(centre.home / "secrets.yml").set, "ben", PIN)
    await centre.ready("anna")
    await a_call(centre, phones)
    before = centre.records()
    under_load = asyncio.create_task(a_call(centre, phones))
    await asyncio.to_thread(acd, centre.env, "backup", str(tmp_path / "backups"))
    await under_load
    (archive,) = (tmp_path / "backups").glob("*.tar.gz")
    assert archive.stat().st_mode & 0o777 == 0o600
    elsewhere = elsewhere_for(centre, tmp_path)
    env = elsewhere.env
    await asyncio.to_thread(acd, env, "restore", str(archive))
    await asyncio.to_thread(acd, env, "recordings", "check")
    with RecordStore(f"sqlite:///{tmp_path}/home/records.sqlite3") as store:
        for record in before:
            assert store.call(record.call_id) == record
        assert _hashes(store) == hashes
    assert {"admin", "anna"} <= hashes.keys()
    sound = "recordings/2025-11-22/c1-talk.wav"
    assert (tmp_path / "home" / sound).read_bytes() == (centre.home / sound).read_bytes()
    assert await asyncio.to_thread(PinBook(tmp_path / "home" / "secrets.yml").verify, "ben", PIN)
    day = ("report", "groups", "--from", "2025-11-22", "--to", "2025-11-22", "--json")
    assert acd(env, *day) == acd(centre.env, *day)
    await asyncio.to_thread(acd, env, "check")
    await asyncio.to_thread(PinBook(centre.home / "secrets.yml").set, "ben", None)
    await takes_a_call(elsewhere)


def elsewhere_for(centre: Centre, folder: Path) -> Centre:
    """A place with ports of its own and nothing in it, for what was backed up of this one."""
    made = Centre(folder)
    shutil.rmtree(made.config)
    shutil.rmtree(made.flows)
    (made.home / "secrets.yml").unlink()
    made.passwords = centre.passwords  # they come back with it
    return made


async def takes_a_call(centre: Centre) -> None:
    """As it is after `acd restore`."""
    known = await asyncio.to_thread(centre.records)
    try:
        await asyncio.to_thread(centre.start)
        async with centre.phone("1001") as anna:
            await anna.register()
            await centre.ready("anna")
            await a_call(centre, {"anna": anna})
        assert "talking sales anna caller_hung_up" in story(await centre.next_record(known))
    finally:
        await asyncio.to_thread(centre.stop)


async def test_a_running_controller_is_in_the_way(centre: Centre, tmp_path: Path) -> None:
    told = await asyncio.to_thread(run, centre.env, "restore", str(tmp_path / "any.tar.gz"), "--replace")
    assert told.returncode == 1
    assert "a controller runs in" in told.stderr


def _hashes(store: RecordStore) -> dict[str, str]:
    """What sign-ins are checked against."""
    with store.engine.connect() as connection:
        return {row.username: row.password_hash for row in connection.execute(select(accounts))}


def acd(env: dict[str, str], *arguments: str) -> str:
    done = run(env, *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "acd", *arguments]
    return subprocess.run(command, env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False)
