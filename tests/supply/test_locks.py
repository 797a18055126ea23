"""What of the packages can be checked without a registry, in every run: exact versions, hashes, nothing else.

Whether a version has a known fault only `script/audit` knows, where the registries answer it.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib.metadata import distributions

import pytest

from tests.supply.audit import ACCEPTED, CHECKOUT, LOCKS, accepted

PAGES = CHECKOUT / "acd" / "web" / "ui"
_ENTRY = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+(?:\[[a-z,]+\])?)==(?P<version>[^\s;]+)(?: ; [^\\]+)?"
    r"(?: --hash=sha256:[0-9a-f]{64})+"
)


def plain(name: str) -> str:
    """As the registry compares names."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def entries(text: str) -> dict[str, str]:
    """Name and version of each; raises ValueError for a line that is no exact version with its hashes."""
    joined = re.sub(r"\s*\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n", "", text))
    found = {}
    for line in filter(str.strip, joined.splitlines()):
        match = _ENTRY.fullmatch(line.partition(" #")[0].strip())
        if match is None:
            raise ValueError(f"no exact version with hashes: {line[:80]}")
        found[plain(match["name"])] = match["version"]
    return found


def locked(name: str) -> dict[str, str]:
    """Of the lock file of this name."""
    return entries((CHECKOUT / name).read_text(encoding="utf-8"))


def test_every_python_package_has_one_version_and_its_hashes() -> None:
    product, all_of_them = (locked(name) for name in LOCKS)
    assert len(product) > 20
    assert {name: all_of_them.get(name) for name in product} == product


def test_what_is_tested_is_what_is_locked() -> None:
    installed = {plain(each.name): each.version for each in distributions()}
    there = {name: version for name, version in locked(LOCKS[1]).items() if name in installed}
    assert set(locked(LOCKS[0])) <= set(there)
    assert {name: installed[name] for name in there} == there


def test_every_package_of_the_pages_has_its_hash_and_is_asked_for_as_locked() -> None:
    lock = json.loads((PAGES / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    asked = json.loads((PAGES / "package.json").read_text(encoding="utf-8"))
    packages = {name: each for name, each in lock.items() if name}
    assert len(packages) > 100
    assert [
        name for name, each in packages.items() if not each.get("integrity", "").startswith("sha512-")
    ] == []
    assert [name for name, each in packages.items() if each.get("link") or not each.get("version")] == []
    for kind in ("dependencies", "devDependencies"):
        assert lock[""].get(kind) == asked.get(kind)


def test_no_fault_is_accepted_beyond_its_day() -> None:
    today = datetime.now(UTC).date()
    assert [one for one in accepted(ACCEPTED.read_text(encoding="utf-8")) if one.until < today] == []


@pytest.mark.parametrize(
    "line",
    [
        "aiohttp>=3 --hash=sha256:" + "0" * 64,
        "aiohttp==3.14.5",
        "aiohttp @ https://example.com/aiohttp.whl --hash=sha256:" + "0" * 64,
        "--index-url https://example.com",
        "aiohttp==3.14.5 --hash=md5:" + "0" * 32,
    ],
)
def test_what_is_no_exact_version_with_hashes_is_found(line: str) -> None:
    with pytest.raises(ValueError, match="no exact version"):
        entries(f"# by script/lock\n{line}\n")
