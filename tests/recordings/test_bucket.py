"""Recordings in an S3-compatible store: a real one, on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from moto.server import ThreadedMotoServer
from structlog.testing import capture_logs
from typer.testing import CliRunner

from acd.__main__ import app
from acd.cli import recordings
from acd.errors import OperatorError
from acd.privacy.sounds import Why, delete_in_store, delete_on_disk
from acd.recordings.bucket import AccessRefused, Bucket, NoBucket, NotStored, StoreAway, bucket_of
from acd.recordings.check import Fault, check
from acd.recordings.files import path_of, peaks_path, sha256_of
from acd.recordings.store import Recordings, Storage
from acd.records.fold import fold
from acd.settings.environment import Environment
from acd.settings.model import RecordFormat, S3Settings
from acd.web.api import ROUTES
from acd.web.services import Services
from tests.recordings.calls import DAY, START, recorded_call, write_wav
from tests.recordings.keeping import NAME, World
from tests.records.scenario import facts_of
from tests.web.client import CHECKOUT, SUSAN, serving


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server with nothing in it."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
async def settings(endpoint: str) -> S3Settings:
    """An empty bucket."""
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{endpoint}/moto-api/reset") as answer:
            assert answer.status == 200
        async with client.put(f"{endpoint}/calls") as answer:
            assert answer.status == 200
    return S3Settings(endpoint, "calls", "some/where", keep_local_days=0)


@pytest.fixture
def world(tmp_path: Path, settings: S3Settings) -> Iterator[World]:
    """A call with a recording that is to go there."""
    world = World(tmp_path)
    world.settings = replace(world.settings, s3=settings)
    world.store.save_calls([recorded_call()])
    write_wav(world.dir, NAME)
    yield world
    world.store.close()


async def test_a_recording_goes_there_and_is_heard_from_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.keeper().look()
    row, file = world.row(), path_of(world.dir, NAME, RecordFormat.MP3)
    assert (row.storage, file.exists()) == (Storage.S3, False)
    bucket = world.bucket(world.settings.s3)
    assert bucket is not None
    await bucket.fetch(f"{NAME}.mp3", file)
    assert sha256_of(file) == row.sha256
    sound = file.read_bytes()
    file.unlink()

    async def found(_services: Services) -> Bucket | None:
        return bucket

    monkeypatch.setattr(Services, "_bucket", found)
    peaks_path(world.dir, NAME).unlink()
    path = f"/api/recordings/{NAME}"
    async with serving(world.dir.parent, ROUTES, SUSAN) as (client, asking):
        whole = await client.get(path)
        assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/mpeg", sound)
        part = await client.get(path, headers={"Range": "bytes=100-199"})
        assert (part.status, await part.read()) == (206, sound[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(sound)}"
        all_of_it = await client.get(path, headers={"Range": "bytes=0-"})
        assert (all_of_it.status, await all_of_it.read()) == (206, sound)
        assert all_of_it.headers["Content-Range"] == f"bytes 0-{len(sound) - 1}/{len(sound)}"
        last = await client.get(path, headers={"Range": "bytes=-5"})
        assert (last.status, await last.read()) == (206, sound[-5:])
        assert (await client.get(path, headers={"Range": "bytes=99999999-"})).status == 416
        wave = await (await client.get(f"{path}/peaks")).json()
        assert (wave["duration_s"], len(wave["channels"])) == (3.0, 2)
        await bucket.delete(f"{NAME}.mp3")
        assert (await (await client.get(path)).json())["error"] == "recording-missing"
        assert {what for _, what, *_ in asking.audited} == {"recording-listen"}


async def test_who_leaves_before_the_end_has_listened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.keeper().look()

    goes_on = asyncio.Event()

    async def slowly(_bucket: Bucket, _name: str, *_part: int) -> AsyncIterator[bytes]:
        sound = bytes(world.row().bytes)
        yield sound[:10]
        await goes_on.wait()
        yield sound[10:]

    async def found(_services: Services) -> Bucket | None:
        return world.bucket(world.settings.s3)

    monkeypatch.setattr(Services, "_bucket", found)
    monkeypatch.setattr(Bucket, "read", slowly)
    async with serving(world.dir.parent, ROUTES, SUSAN) as (client, asking):
        answer = await client.get(f"/api/recordings/{NAME}")
        assert [what for _, what, *_ in asking.audited] == ["recording-listen"]
        goes_on.set()
        assert len(await answer.read()) == world.row().bytes


async def test_a_voicemail_there_is_heard_in_the_inbox_and_by_command(
    world: World, settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = facts_of("0 arrived 5550100 8000\n9 voicemail 2025-11-22/c5-1 sales\n11 ended caller")
    world.store.save_calls([fold("c5", facts)])
    sound = write_wav(world.dir, f"{DAY}/c5-1", seconds=0.1).read_bytes()
    world.settings = replace(world.settings, format=RecordFormat.WAV)
    await world.keeper().look()
    bucket, home = world.bucket(settings), world.dir.parent
    assert (world.row(f"{DAY}/c5-1").storage, (world.dir / DAY / "c5-1.wav").exists()) == (Storage.S3, False)

    async def found(_services: Services) -> Bucket | None:
        return bucket

    monkeypatch.setattr(Services, "_bucket", found)
    async with serving(home, ROUTES, SUSAN) as (client, asking):
        heard = await client.get("/api/inbox/voicemail/c5-1/sound")
        assert (heard.status, heard.content_type, await heard.read()) == (200, "audio/wav", sound)
        assert [what for _, what, *_ in asking.audited] == ["voicemail-listen"]
    monkeypatch.setenv("ACD_HOME", str(home))
    monkeypatch.setattr("acd.cli.sounds.bucket_of", lambda *_: bucket)
    command = ["voicemail", "play", "c5-1", "--out", str(home / "copy.wav")]
    played = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert (played.exit_code, (home / "copy.wav").read_bytes()) == (0, sound)
    Recordings(world.store.engine).deleted([f"{DAY}/c5-1"], datetime(2026, 2, 20, tzinfo=UTC), "retention")
    again = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert str(again.exception) == "the recording was deleted on 2026-02-20 (retention)"


async def test_a_store_that_is_away_costs_nothing(world: World, settings: S3Settings) -> None:
    world.settings = replace(world.settings, s3=replace(settings, bucket="nowhere"))
    keeper = world.keeper()
    await keeper.look()
    assert world.row().storage is Storage.DISK
    world.settings = replace(world.settings, s3=settings)
    keeper._away_until = 0.0  # a minute later
    await keeper.look()
    assert world.row().storage is Storage.S3


def spoil(file: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be missing, damaged, or unreadable."""
    if fault == "missing":
        file.unlink()
    elif fault == "damaged":
        file.write_bytes(file.read_bytes()[:-1])
    else:

        def refuse(asked: Path) -> str:
            if asked == file:
                raise PermissionError(13, "Permission denied")
            return sha256_of(asked)

        monkeypatch.setattr("acd.recordings.keeper.sha256_of", refuse)


@pytest.mark.parametrize("fault", ["missing", "damaged", "unreadable"])
async def test_a_file_that_is_no_good_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("acd.recordings.keeper.AT_ONCE", 1)
    there = world.settings
    world.settings = replace(there, s3=None)
    world.store.save_calls([recorded_call("c2", START + 60)])
    write_wav(world.dir, f"{DAY}/c2-talk", seconds=0.2)
    await world.keeper().look()
    spoil(path_of(world.dir, NAME, RecordFormat.MP3), fault, monkeypatch)
    world.settings = there
    async with asyncio.timeout(20):
        await world.keeper().look()
    assert (world.row().storage, world.row(f"{DAY}/c2-talk").storage) == (Storage.DISK, Storage.S3)


async def test_what_is_deleted_while_it_goes_there_is_deleted_there(
    world: World, settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, rows = Bucket.put, Recordings(world.store.engine)

    async def slowly(bucket: Bucket, name: str, file: Path, sha256: str) -> None:
        await put(bucket, name, file, sha256)
        assert delete_on_disk(world.dir, rows, [world.row()], Why.FORGOTTEN) == 1

    monkeypatch.setattr(Bucket, "put", slowly)
    await world.keeper().look()
    assert (world.files(), world.row().is_there) == ([], False)
    bucket = world.bucket(settings)
    assert bucket is not None
    with pytest.raises(NotStored):
        await bucket.fetch(f"{NAME}.mp3", world.dir / "there")


async def test_what_has_gone_there_just_before_it_is_deleted_is_deleted_there(
    world: World, settings: S3Settings
) -> None:
    rows, before = Recordings(world.store.engine), world.settings
    world.settings = replace(before, s3=None)
    await world.keeper().look()
    found = [world.row()]
    world.settings = before
    await world.keeper().look()
    assert delete_on_disk(world.dir, rows, found, Why.FORGOTTEN) == 0
    bucket = world.bucket(settings)
    assert bucket is not None
    delete = partial(delete_in_store, world.dir, rows, found, Why.FORGOTTEN, lambda: bucket)
    assert await asyncio.to_thread(delete) == 1
    assert not world.row().is_there
    with pytest.raises(NotStored):
        await bucket.fetch(f"{NAME}.mp3", world.dir / "there")


async def test_files_stay_here_as_long_as_they_shall(world: World, settings: S3Settings) -> None:
    world.settings = replace(world.settings, s3=replace(settings, keep_local_days=10_000))
    await world.keeper().look()
    file = path_of(world.dir, NAME, RecordFormat.MP3)
    assert (world.row().storage, file.exists()) == (Storage.S3, True)
    world.settings = replace(world.settings, s3=replace(settings, keep_local_days=3))
    await world.keeper().look()
    assert not file.exists()


async def test_what_comes_back_otherwise_is_not_taken_for_stored(
    tmp_path: Path, settings: S3Settings
) -> None:
    bucket = Bucket(settings, "key", "secret")
    file = write_wav(tmp_path, NAME, seconds=0.1)
    with pytest.raises(StoreAway, match=r"another c1\.wav than it was given"):
        await bucket.put("c1.wav", file, "0" * 64)
    with pytest.raises(NotStored, match=r"has no c2\.wav"):
        await bucket.fetch("c2.wav", tmp_path / "c2.wav")
    await bucket.delete("c2.wav")


async def test_a_bucket_that_is_not_there_is_no_missing_file(
    world: World, settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.keeper().look()
    elsewhere = Bucket(replace(settings, bucket="nowhere"), "key", "secret")
    file = write_wav(world.dir, f"{DAY}/c2-talk", seconds=0.1)
    for fault in (
        elsewhere.size("c1.mp3"),
        elsewhere.fetch("c1.mp3", world.dir / "there"),
        elsewhere.put("c1.mp3", file, sha256_of(file)),
        elsewhere.delete("c1.mp3"),  # whoever deletes must not believe that it is done
    ):
        with pytest.raises(NoBucket, match="has no bucket nowhere: make it there"):
            await fault
    found = await asyncio.to_thread(run_check, world, elsewhere, monkeypatch)
    assert (
        "ended half-way, nothing is known of the rest: the store of recordings has no bucket nowhere" in found
    )
    assert "later" not in found
    await heard_in_vain(world, elsewhere, "has no bucket nowhere", monkeypatch)


async def test_a_store_that_refuses_access_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.keeper().look()

    async def refuse(_request: web.BaseRequest) -> web.Response:
        body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        return web.Response(status=403, text=body, content_type="application/xml")

    async with RawTestServer(refuse) as server:
        refusing = Bucket(S3Settings(str(server.make_url("")), "calls"), "key", "secret")
        with pytest.raises(
            AccessRefused, match="refuses access to bucket calls: look at what ACD_S3_ACCESS_KEY"
        ):
            await refusing.size("c1.mp3")
        assert "refuses access to bucket calls" in await asyncio.to_thread(
            run_check, world, refusing, monkeypatch
        )
        await heard_in_vain(world, refusing, "refuses access to bucket calls", monkeypatch)


def run_check(world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `acd recordings check` says at its end."""
    monkeypatch.setenv("ACD_HOME", str(world.dir.parent))
    monkeypatch.setattr(recordings, "bucket_of", lambda *_: bucket)
    return str(CliRunner().invoke(app, ["recordings", "check"]).exception)


async def heard_in_vain(world: World, bucket: Bucket, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says why, and so does the log."""

    async def found(_services: Services) -> Bucket | None:
        return bucket

    monkeypatch.setattr(Services, "_bucket", found)
    with capture_logs() as logs:
        async with serving(world.dir.parent, ROUTES, SUSAN) as (client, asking):
            answer = await client.get(f"/api/recordings/{NAME}")
            assert (answer.status, (await answer.json())["error"]) == (503, "recordings-away")
            assert asking.audited == []
    told = [one for one in logs if one["event"] == "a recording cannot be heard"]
    assert [one["recording"] for one in told] == [NAME]
    assert why in told[0]["reason"]


def test_missing_keys_are_named(tmp_path: Path, settings: S3Settings) -> None:
    environment = Environment(tmp_path, CHECKOUT / "config", CHECKOUT / "ivr_flows", s3_access_key="a")
    with pytest.raises(OperatorError, match=r"set ACD_S3_SECRET_KEY$"):
        bucket_of(settings, environment)
    assert bucket_of(None, environment) is None


async def test_what_is_only_there_is_checked_there(world: World) -> None:
    await world.keeper().look()
    bucket, rows = world.bucket(world.settings.s3), Recordings(world.store.engine)
    assert bucket is not None
    file = f"{NAME}.mp3"

    async def faults(*, checksums: bool = True, store: Bucket | None = bucket) -> list[Fault]:
        def found() -> list[Fault]:
            asked = check(world.dir, rows, world.store.known, checksums=checksums, bucket=lambda: store)
            return [each.fault for each in asked]

        return await asyncio.to_thread(found)

    assert await faults() == []
    assert await faults(store=None) == [Fault.MISSING]
    good = world.dir / "good"
    await bucket.fetch(file, good)
    sound = bytearray(good.read_bytes())
    sound[1000] ^= 1
    good.write_bytes(sound)
    await bucket.put(file, good, sha256_of(good))
    assert await faults() == [Fault.DIFFERS]
    assert await faults(checksums=False) == []
    good.write_bytes(sound[:-1])
    await bucket.put(file, good, sha256_of(good))
    assert await faults(checksums=False) == [Fault.DIFFERS]
    rows.deleted([NAME], datetime.now(UTC), "retention")
    assert await faults() == [Fault.NOT_DELETED]
    await bucket.delete(file)
    assert await faults() == []


async def test_a_store_that_is_away_has_not_lost_anything(
    world: World, settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.keeper().look()
    away = Bucket(replace(settings, endpoint="http://127.0.0.1:1"), "key", "secret")
    monkeypatch.setattr(recordings, "bucket_of", lambda *_: away)
    monkeypatch.setenv("ACD_HOME", str(world.dir.parent))
    done = await asyncio.to_thread(CliRunner().invoke, app, ["recordings", "check"])
    assert "all is well" not in done.output
    assert "missing" not in done.output
    assert "nothing is known of the rest: the store of recordings" in str(done.exception)
