"""A search that is led by what code an input reaches (atheris).

usage: python -m tests.fuzz.search TARGET FOLDER OPTION…

FOLDER keeps what was found to reach more; `mixed` in the place of a target is all quick ones at once. Options
are those of libFuzzer. Where something does not hold it ends with a code other than 0, the input in a file.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import atheris
import structlog

with atheris.instrument_imports(include=["acd.", "panoramisk", "yarl", "csv"]):
    from tests.fuzz.targets import TARGETS

MIXED = "mixed"
WORD_LENGTH_MAX = 100


def run_of(name: str) -> Callable[[bytes], None]:
    """What takes each input."""
    if name != MIXED:
        return TARGETS[name].run
    quick = [target for target in TARGETS.values() if not target.slow]

    def mixed(data: bytes) -> None:
        if data:
            quick[data[0] % len(quick)].run(data[1:])

    return mixed


def seeds_of(name: str) -> list[bytes]:
    """What the search begins with."""
    if name != MIXED:
        target = TARGETS[name]
        return [*target.seeds, *target.corpus().values()]
    quick = [target for target in TARGETS.values() if not target.slow]
    return [bytes([at]) + seed for at, target in enumerate(quick) for seed in target.seeds]


def words_of(name: str) -> str:
    """The words of the language, as libFuzzer reads them."""
    targets = TARGETS.values() if name == MIXED else [TARGETS[name]]
    words = {word for target in targets for word in target.words if 0 < len(word) <= WORD_LENGTH_MAX}
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in sorted(words))


def main(name: str, folder: Path, options: list[str]) -> None:
    """Searches until the options end it."""
    structlog.configure(processors=[_drop])
    logging.disable(logging.CRITICAL)
    found, words = folder / "found", folder / "words"
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds_of(name)):
        (found / f"seed-{number}").write_bytes(seed)
    words.write_text(words_of(name))
    options = ["-max_len=20000", "-timeout=10", "-rss_limit_mb=1500", f"-dict={words}", *options]
    atheris.Setup([sys.argv[0], str(found), f"-artifact_prefix={folder}/", *options], run_of(name))
    atheris.Fuzz()


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
