"""What callers say into files: names, folders, and what becomes of a file that was being written.

A recording is announced to the engine before it begins, so that its call is not finished before the
file has been kept or dropped, however the call ends: by the caller's hang-up or while we were away.
"""

from __future__ import annotations

import contextlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import structlog

from acd.core import events
from acd.core.calls import Call
from acd.core.facts import SoundKept, SoundPurpose
from acd.errors import TelephonyError
from acd.ivr.ports import CallerLine, RecordOrder
from acd.ivr.talk import Recorded, RecordSound
from acd.runtime.shell import Shell
from acd.settings.shared_folder import WRITTEN_BY_GROUP, make_shared_folder

log = structlog.get_logger(__name__)

ENDING = ".wav"
WAV_HEADER_BYTES = 44
BYTES_PER_S = 16_000
_UNSAFE = re.compile(r"[^a-z0-9-]")


class RecordingDesk:
    """Files are `YYYY-MM-DD/CALL-N.wav` below `folder`; a name is that without the ending."""

    def __init__(self, folder: Path, shell: Shell) -> None:
        self._folder = folder
        self._shell = shell
        self._orders: dict[str, RecordSound] = {}  # name → what it is for, while it is being recorded

    async def record(self, call: Call, order: RecordSound, line: CallerLine) -> Recorded:
        """A beep, then record. Raises TelephonyError when the caller hangs up; what was said is kept."""
        name = self._new_name(call)
        self._orders[name] = order
        self._shell.feed(events.RecordingStarted(call.id, name))
        try:
            await line.record(RecordOrder(str(self._folder / name), order.max_s, order.silence_s))
        except TelephonyError:
            self._settle(call, name, order)
            raise
        return self._settle(call, name, order)

    def take_up(self, order: RecordSound | None, call: Call) -> None:
        """After a restart: a recording was under way. What is there is kept; the step begins anew."""
        if call.recording is not None and call.recording not in self._orders:
            self._settle(call, call.recording, order)

    def _settle(self, call: Call, name: str, order: RecordSound | None) -> Recorded:
        """Keep the file or drop it, and tell the engine."""
        self._orders.pop(name, None)
        file = self._folder / f"{name}{ENDING}"
        duration_s = _duration_s(file)
        least_s = order.min_s if order is not None else 0.0
        if duration_s <= 0.0 or duration_s < least_s:
            file.unlink(missing_ok=True)
            self._shell.feed(events.RecordingDropped(call.id))
            return Recorded("", 0.0)
        with contextlib.suppress(PermissionError):  # Asterisk's own, where it runs as somebody else
            file.chmod(0o600)
        group = (order.voicemail_group if order is not None else None) or ""
        purpose = SoundPurpose.VOICEMAIL if group else SoundPurpose.RECORD
        self._shell.feed(events.FlowNoted(call.id, SoundKept(0.0, name, duration_s, purpose, group)))
        log.info("recording kept", call=call.id, name=name, duration_s=duration_s, purpose=purpose.value)
        return Recorded(name, duration_s)

    def _new_name(self, call: Call) -> str:
        day = datetime.fromtimestamp(self._shell.clock(), UTC).strftime("%Y-%m-%d")
        # Asterisk writes the file, and may be another user's process of the same group.
        folder = make_shared_folder(self._folder, WRITTEN_BY_GROUP, day)
        stem = _UNSAFE.sub("", call.id)
        number = 1
        while (folder / f"{stem}-{number}{ENDING}").exists():
            number += 1
        return f"{day}/{stem}-{number}"


def _duration_s(file: Path) -> float:
    """Of a wav file as Asterisk writes it; one that was not closed says nothing of its length."""
    try:
        return max(0.0, (os.path.getsize(file) - WAV_HEADER_BYTES) / BYTES_PER_S)
    except OSError:
        return 0.0
