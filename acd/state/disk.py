"""The mirror of live state on disk: an append-only file of `key → value` lines.

A line is written with one `write` call, so it survives a killed process; what a crash of the whole
machine may lose is the last moments. The last line of a key counts; a key without a value is gone.
When most lines are outdated the file is written anew beside the old one and put in its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

COMPACT_AFTER_BYTES = 8_000_000


class DiskMirror:
    """Implements `acd.core.ports.Mirror`. One process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "live.jsonl"
        self._values: dict[str, Mapping[str, Any]] = _read(self._path)
        self._file: BinaryIO = self._path.open("ab", buffering=0)
        self._size = 0
        self._compact()

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep; replaces."""
        self._values[key] = value
        self._append({"k": key, "v": value})

    def drop(self, key: str) -> None:
        """No longer needed; not being there is fine."""
        if self._values.pop(key, None) is not None:
            self._append({"k": key})

    def load(self) -> Mapping[str, Mapping[str, Any]]:
        """What is kept now."""
        return dict(self._values)

    def close(self) -> None:
        """No more writing."""
        self._file.close()

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._file.write(line)
        self._size += len(line)
        if self._size > COMPACT_AFTER_BYTES:
            self._compact()

    def _compact(self) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            for key, value in self._values.items():
                entry = {"k": key, "v": value}
                file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o600)
        fresh.replace(self._path)
        self._file.close()
        self._file = self._path.open("ab", buffering=0)
        self._size = 0


def _read(path: Path) -> dict[str, Mapping[str, Any]]:
    """The file's last word on each key; a line that a crash cut short is passed over."""
    values: dict[str, Mapping[str, Any]] = {}
    if not path.exists():
        return values
    with path.open("rb") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if "v" in entry:
                values[entry["k"]] = entry["v"]
            else:
                values.pop(entry["k"], None)
    return values
