"""The two raw files that Asterisk writes of a talk, one for each side, and the wav file that becomes of them.

Raw: samples of 16 bit, 8000 a second. Both begin together; what one side lacks Asterisk fills with silence.
"""

from __future__ import annotations

import wave
from array import array
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

RATE_HZ = 8000
CALLER, HEARD = ".caller.sln", ".heard.sln"
"""What the caller says, and what the caller hears: left and right."""
SIDES = (CALLER, HEARD)
_BLOCK = 1 << 20


def raw_files(talk: Path) -> list[Path]:
    """Those of a talk whose files are named so."""
    return [talk.with_name(talk.name + side) for side in SIDES]


def size_of(talk: Path) -> int:
    """In bytes, of all that there is; -1: nothing."""
    found = [file.stat().st_size for file in raw_files(talk) if file.exists()]
    return sum(found) if found else -1


def unfinished(folder: Path) -> set[str]:
    """Talks that are no wav file yet, by name below the folder."""
    return {
        f"{file.parent.name}/{file.name.removesuffix(side)}"
        for side in SIDES
        for file in folder.glob(f"*/*-talk{side}")
    }


def as_wav(talk: Path) -> None:
    """Both sides in one wav file, the shorter one filled up with silence; nothing where there is none.

    Raises OSError: then both sides are there still.
    """
    files, whole = raw_files(talk), talk.with_name(f"{talk.name}.wav")
    if any(file.exists() for file in files) and not whole.exists():
        _write(files, whole)
    # Where the wav file is there, a crash has left these, or one of them alone: the other side is in it only.
    for file in files:
        file.unlink(missing_ok=True)


def _write(files: list[Path], whole: Path) -> None:
    """Whole or not at all. Raises OSError."""
    fresh = whole.with_name(f"{whole.name}.new")
    try:
        _write_into(fresh, files)
        fresh.chmod(0o600)
        fresh.replace(whole)
    except OSError:
        fresh.unlink(missing_ok=True)  # on a full disk half a file takes the room of others
        raise


def _write_into(fresh: Path, files: list[Path]) -> None:
    with ExitStack() as closing, wave.open(str(fresh), "wb") as wav:
        left, right = (
            closing.enter_context(file.open("rb") if file.exists() else BytesIO()) for file in files
        )
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        while True:
            sides = (left.read(_BLOCK), right.read(_BLOCK))
            if not any(sides):
                break
            wav.writeframes(_interleaved(*sides))


def _interleaved(left: bytes, right: bytes) -> bytes:
    length = (max(len(left), len(right)) + 1) // 2
    both = array("h", bytes(4 * length))
    for n, side in enumerate((left, right)):
        both[n::2] = array("h", side.ljust(2 * length, b"\0"))
    return both.tobytes()
