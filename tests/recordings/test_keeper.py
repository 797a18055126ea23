"""Files of recordings go on record and are compressed, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.privacy.sounds import Why, delete_on_disk
from acd.recordings.encode import CannotEncode, decoded, encode
from acd.recordings.files import Sound, path_of, peaks_path, remove_files, sha256_of, sound_of
from acd.recordings.store import Recordings, Storage
from acd.settings.model import RecordChannels, RecordFormat, RecordingSettings
from tests.recordings.calls import DAY, START, recorded_call, write_wav
from tests.recordings.keeping import NAME, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Nothing is recorded yet."""
    world = World(tmp_path)
    yield world
    world.store.close()


async def test_a_file_waits_for_its_call_and_is_then_on_record_and_compressed(world: World) -> None:
    write_wav(world.dir, NAME)
    keeper = world.keeper()
    world.busy = True
    await keeper.look()
    assert Recordings(world.store.engine).get(NAME) is None
    world.store.save_calls([recorded_call()])
    keeper._folder.look_again(DAY)  # a day long past is looked at once
    await keeper.look()
    row = world.row()
    assert (row.call_id, row.group_id, row.duration_s, row.channels) == ("c1", "sales", 3.0, 2)
    assert (row.format, row.storage, row.pauses) == (RecordFormat.WAV, Storage.DISK, ((1.0, 2.0),))
    assert row.sha256 == sha256_of(path_of(world.dir, NAME, RecordFormat.WAV))
    world.busy = False
    await keeper.look()
    row, file = world.row(), path_of(world.dir, NAME, RecordFormat.MP3)
    assert (row.format, row.bytes, row.sha256) == (RecordFormat.MP3, file.stat().st_size, sha256_of(file))
    assert world.files() == ["c1-talk.mp3", "c1-talk.peaks.json"]
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("form", list(RecordFormat))
@pytest.mark.parametrize("mixed", [False, True])
async def test_every_format_is_as_long_as_what_it_was_made_of(
    tmp_path: Path, form: RecordFormat, mixed: bool
) -> None:
    source = write_wav(tmp_path, NAME, seconds=2.345)
    target = path_of(tmp_path, NAME, form)
    made = await encode(source, target, mixed)
    assert made.channels == (1 if mixed else 2)
    assert abs(made.duration_s - 2.345) < 0.001
    again = await decoded(target, tmp_path / "again.wav", form)
    assert again == made
    assert form is RecordFormat.WAV or target.stat().st_size < source.stat().st_size / 4
    assert set(os.listdir(target.parent)) == {source.name, target.name}


async def test_what_was_made_wrong_does_not_replace_the_original(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.store.save_calls([recorded_call()])
    write_wav(world.dir, NAME)
    monkeypatch.setattr("acd.recordings.encode.MAY_DIFFER_S", -1.0)
    await world.keeper().look()
    assert world.row().format is RecordFormat.WAV
    assert "c1-talk.wav" in world.files()
    assert "c1-talk.mp3" not in world.files()


async def test_a_crash_between_any_two_steps_is_made_good(world: World) -> None:
    world.store.save_calls([recorded_call()])
    wav = write_wav(world.dir, NAME)
    kept = wav.read_bytes()
    world.busy = True
    await world.keeper().look()
    mp3 = path_of(world.dir, NAME, RecordFormat.MP3)
    await encode(wav, mp3, mixed=False)  # it went down before the row was written
    (world.dir / DAY / "c1-talk.mp3.new").write_bytes(b"half")
    world.busy = False
    await world.keeper().look()
    assert (world.row().format, world.row().sha256) == (RecordFormat.MP3, sha256_of(mp3))
    wav.write_bytes(kept)  # it went down before the original was removed
    await world.keeper().look()
    assert world.files() == ["c1-talk.mp3", "c1-talk.peaks.json"]


async def test_what_is_deleted_while_it_is_compressed_does_not_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.store.save_calls([recorded_call()])
    write_wav(world.dir, NAME, seconds=0.2)
    rows = Recordings(world.store.engine)

    def delete_before(file: Path) -> None:
        sound = file.read_bytes()
        assert delete_on_disk(world.dir, rows, [world.row()], Why.FORGOTTEN) == 1
        file.write_bytes(sound)

    async def slowly(source: Path, target: Path, mixed: bool) -> Sound:
        made = await encode(source, target, mixed)
        delete_before(target)
        return made

    monkeypatch.setattr("acd.recordings.keeper.encode", slowly)
    await world.keeper().look()
    assert (world.files(), world.row().is_there, world.row().format) == ([], False, RecordFormat.WAV)


async def test_files_of_what_is_deleted_are_swept_away(world: World) -> None:
    world.store.save_calls([recorded_call(call) for call in ("c1", "c2")])
    for call in ("c1", "c2"):
        write_wav(world.dir, f"{DAY}/{call}-talk", seconds=0.2)
    await world.keeper().look()
    Recordings(world.store.engine).deleted([NAME], datetime.now(UTC), "retention")
    await world.keeper().look()
    assert world.files() == ["c2-talk.mp3", "c2-talk.peaks.json"]


def test_a_deleted_recording_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    day = tmp_path / DAY
    day.mkdir()
    endings = [
        "wav",
        "mp3",
        "opus",
        "peaks.json",
        "peaks.json.new",
        "wav.new",
        "mp3.new",
        "mp3.check.new.wav",
    ]
    for ending in [*endings, "caller.sln", "heard.sln"]:
        (day / f"c1-talk.{ending}").touch()
    for other in ("c1-talk-2.wav", "c11-talk.wav", "c1-1.wav"):
        (day / other).touch()
    remove_files(tmp_path, [NAME, f"{DAY}/c9-talk", "2025-11-23/c1-talk"])
    assert sorted(os.listdir(day)) == ["c1-1.wav", "c1-talk-2.wav", "c11-talk.wav"]
    with pytest.raises(ValueError, match="is no name of a recording"):
        remove_files(tmp_path, ["../c1-talk"])


async def test_what_nothing_goes_on_with_is_swept_away_after_a_day(world: World) -> None:
    day = world.dir / DAY
    day.mkdir(parents=True)
    for name in ("c1-talk.mp3.new", "c2-talk.wav.new", "c2-talk.mp3.check.new.wav", "c3-talk.caller.sln"):
        (day / name).touch()
        if name != "c1-talk.mp3.new":
            os.utime(day / name, (START, START))
    await world.keeper().look()
    assert world.files() == ["c1-talk.mp3.new", "c3-talk.caller.sln"]


async def test_mixed_wav_files_are_made_once(world: World) -> None:
    world.settings = RecordingSettings(RecordChannels.MIXED, RecordFormat.WAV)
    world.store.save_calls([recorded_call()])
    wav = write_wav(world.dir, NAME)
    await world.keeper().look()
    row, made_at = world.row(), wav.stat().st_mtime_ns
    assert (row.channels, row.sha256, sound_of(wav).channels) == (1, sha256_of(wav), 1)
    await world.keeper().look()
    assert wav.stat().st_mtime_ns == made_at


async def test_a_missing_program_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_wav(tmp_path, NAME, seconds=0.1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotEncode, match="lame cannot be started: No such file or directory"):
        await encode(source, path_of(tmp_path, NAME, RecordFormat.MP3), mixed=False)
    assert source.is_file()


async def test_one_of_two_processes_does_the_work(world: World) -> None:
    world.store.save_calls([recorded_call()])
    write_wav(world.dir, NAME, seconds=0.2)
    first, second = (asyncio.create_task(world.keeper().run()) for _ in range(2))
    async with asyncio.timeout(20):
        while not path_of(world.dir, NAME, RecordFormat.MP3).is_file():  # noqa: ASYNC110 - programs make it
            await asyncio.sleep(0.02)
    for task in (first, second):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert peaks_path(world.dir, NAME).is_file()
