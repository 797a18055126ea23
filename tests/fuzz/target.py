"""What can be fuzzed: a function that is given bytes, and fails where something does not hold."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
CUT = b"\xff|"
"""Stands between two parts of an input that has several: no text in UTF-8 has it."""


@dataclass(frozen=True, slots=True)
class Target:
    """`run` raises for what must not be; `seeds` are good examples to begin with, `words` what to strew in.

    `slow`: an input takes milliseconds, so that few are tried in every run.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    slow: bool = False

    def corpus(self) -> dict[str, bytes]:
        """What was found once, by the name of its file; each must do no harm for ever after."""
        folder = CORPUS / self.name
        return {file.name: file.read_bytes() for file in sorted(folder.glob("*"))} if folder.is_dir() else {}


def parts(data: bytes, count: int) -> list[bytes]:
    """The parts of an input, as many as are wanted; those that are not there are empty."""
    found = data.split(CUT, count - 1)
    return found + [b""] * (count - len(found))


def text_of(data: bytes) -> str:
    """Any text, halves of characters included: JSON can write them."""
    return data.decode("utf-8", "surrogateescape")


def has_no_line_end(text: str | bytes) -> bool:
    """Whether nothing in it can end a line of a protocol."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return not {0, 10, 13} & set(raw)


@cache
def folder() -> Path:
    """A place for files, in memory where there is one; gone with the process."""
    memory = Path("/dev/shm")
    kept = tempfile.TemporaryDirectory(prefix="acd-fuzz-", dir=memory if memory.is_dir() else None)
    _KEPT.append(kept)
    return Path(kept.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def loop() -> asyncio.AbstractEventLoop:
    """One for all inputs; whoever makes tasks ends them."""
    return asyncio.new_event_loop()
