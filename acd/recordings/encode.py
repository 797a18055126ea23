"""Makes a compressed file of a wav file, or one channel of two, in programs that give way to everything else.

What was made counts only when it has been decoded again and is as long as what it was made of.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from acd.errors import OperatorError
from acd.recordings.files import NEW, Sound, sound_of
from acd.settings.model import RecordFormat

LIMIT_S = 1800.0
MAY_DIFFER_S = 0.05
NICE = ("nice", "-n", "19")
MP3_KBPS = {1: 24, 2: 40}
OPUS_KBPS_PER_CHANNEL = 16


class CannotEncode(OperatorError):
    """The file stays as it is; the message says why."""


async def encode(source: Path, target: Path, mixed: bool) -> Sound:
    """Make `target`, in the format that its name ends in, of a wav file; whole or not at all.

    With `mixed` it has one channel. The two may be the same file. Raises CannotEncode.
    """
    fresh, check = target.with_name(target.name + NEW), target.with_name(f"{target.name}.check{NEW}.wav")
    form = RecordFormat(target.suffix.removeprefix("."))
    try:
        before = await asyncio.to_thread(sound_of, source)
        await _run(_encoder(form, source, fresh, 1 if mixed else before.channels))
        made = await decoded(fresh, check, form)
        if abs(made.duration_s - before.duration_s) > MAY_DIFFER_S:
            text = f"{target.name} would last {made.duration_s:.3f} s and not {before.duration_s:.3f} s"
            raise CannotEncode(text)
        fresh.chmod(0o600)
        fresh.replace(target)
    except (OSError, ValueError) as error:
        raise CannotEncode(f"{source.name}: {error}") from error
    finally:
        for file in (fresh, check):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
    return made


async def decoded(source: Path, target: Path, form: RecordFormat) -> Sound:
    """Make a wav file of one in any of the formats. Raises CannotEncode, OSError, ValueError."""
    match form:
        case RecordFormat.WAV:
            return await asyncio.to_thread(sound_of, source)
        case RecordFormat.MP3:
            await _run(["lame", "--quiet", "--decode", "--mp3input", str(source), str(target)])
        case RecordFormat.OPUS:
            await _run(["opusdec", "--quiet", "--rate", "8000", str(source), str(target)])
    return await asyncio.to_thread(sound_of, target)


async def make_peaks(source: Path, target: Path) -> None:
    """Those of a wav file. Raises CannotEncode."""
    await _run([sys.executable, "-m", "acd.recordings.peaks", str(source), str(target)])


def _encoder(form: RecordFormat, source: Path, target: Path, channels: int) -> Sequence[str]:
    kbps = str(MP3_KBPS.get(channels, MP3_KBPS[2]))
    match form:
        case RecordFormat.MP3:  # both sides apart (-m s); a constant rate, so that a player finds any second
            mode = ["-m", "s" if channels == 2 else "m"]
            return ["lame", "--quiet", *mode, "--cbr", "-b", kbps, str(source), str(target)]
        case RecordFormat.OPUS:
            mix = ["--downmix-mono"] if channels == 1 else []
            rate = ["--speech", "--bitrate", str(OPUS_KBPS_PER_CHANNEL * channels)]
            return ["opusenc", "--quiet", *rate, *mix, str(source), str(target)]
        case RecordFormat.WAV:
            return ["sox", str(source), "-t", "wav", "-c", str(channels), str(target)]


async def _run(command: Sequence[str]) -> None:
    """Raises CannotEncode, also where the program is missing; one that is no longer wanted is ended."""
    program = command[0] if "python" not in command[0] else command[2]
    try:
        process = await asyncio.create_subprocess_exec(
            *NICE,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise CannotEncode(f"{program} cannot be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(LIMIT_S):
            _, said = await process.communicate()
    except TimeoutError:
        raise CannotEncode(f"{program} took longer than {LIMIT_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"it ended with code {process.returncode}"
        raise CannotEncode(f"{program}: {reason}")
