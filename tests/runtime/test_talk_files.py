"""What becomes of the two sides of a recorded talk."""

from __future__ import annotations

import errno
import wave
from pathlib import Path

import pytest

from acd.runtime.talk_files import as_wav, raw_files, size_of, unfinished


@pytest.mark.parametrize(
    ("said", "heard", "frames"),
    [
        (b"\1\0\2\0", b"\3\0\4\0", b"\1\0\3\0\2\0\4\0"),
        (b"\1\0\2\0", b"\3\0", b"\1\0\3\0\2\0\0\0"),
        (None, b"\3\0", b"\0\0\3\0"),
        (b"\1\0\2", None, b"\1\0\0\0\2\0\0\0"),  # the machine went down in mid-sample
    ],
)
def test_both_sides_become_one_file(
    tmp_path: Path, said: bytes | None, heard: bytes | None, frames: bytes
) -> None:
    talk = tmp_path / "2026-11-26" / "c1-talk"
    talk.parent.mkdir()
    for file, sound in zip(raw_files(talk), (said, heard), strict=True):
        if sound is not None:
            file.write_bytes(sound)
    assert size_of(talk) == len(said or b"") + len(heard or b"")
    assert unfinished(tmp_path) == {"2026-11-26/c1-talk"}
    as_wav(talk)
    assert [file.name for file in talk.parent.iterdir()] == ["c1-talk.wav"]
    with wave.open(f"{talk}.wav") as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.readframes(9)) == (2, 8000, frames)
    assert unfinished(tmp_path) == set()


def test_a_recording_without_sound_leaves_nothing(tmp_path: Path) -> None:
    assert size_of(tmp_path / "x") == -1
    as_wav(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_side_that_a_crash_has_left_beside_the_wav_file_does_not_replace_it(tmp_path: Path) -> None:
    talk = tmp_path / "c1-talk"
    caller, heard = raw_files(talk)
    caller.write_bytes(b"\1\0")
    heard.write_bytes(b"\3\0")
    as_wav(talk)
    heard.write_bytes(b"\3\0")
    as_wav(talk)
    assert [file.name for file in tmp_path.iterdir()] == ["c1-talk.wav"]
    with wave.open(f"{talk}.wav") as wav:
        assert wav.readframes(9) == b"\1\0\3\0"


def test_on_a_full_disk_both_sides_stay_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = tmp_path / "c1-talk"
    for file in raw_files(talk):
        file.write_bytes(b"\1\0")

    def full(_file: Path, _mode: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(OSError, match="No space left"):
        as_wav(talk)
    assert sorted(tmp_path.iterdir()) == sorted(raw_files(talk))
