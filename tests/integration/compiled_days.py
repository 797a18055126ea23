"""Run by itself: days drawn by chance, and in one line how the core ran and a digest of its answers."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson

from acd import compiled
from tests.journal.pages import Pages
from tests.scenarios.day import Day

SEEDS = range(1, 9)


def plain(value: Any) -> Any:
    """With every number a float: compiled, a whole number in a field of that type has become one."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def main() -> None:
    """Each line of the journals has what the engine was told, and the commands that it answered."""
    digest = sha256()
    for seed in SEEDS:
        pages = Pages(lines_max=60)
        Day(seed, pages.engine).run()
        assert not pages.abandoned, pages.abandoned
        for page in pages.pages:
            for line in filter(None, page):
                digest.update(orjson.dumps(plain(orjson.loads(line))))
    print(compiled.state(), digest.hexdigest())  # noqa: T201


if __name__ == "__main__":
    main()
