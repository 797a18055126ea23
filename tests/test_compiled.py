"""Machine code that cannot be used as a whole is not used at all, and keeps nothing from starting."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd import compiled


@pytest.mark.parametrize("description", [None, "", "[]", "{}", '{"modules"', "\udcff"])
def test_without_its_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, description: str | None
) -> None:
    file = tmp_path / "key.so"
    if description is not None:
        (tmp_path / "key.json").write_text(description, encoding="utf-8", errors="surrogateescape")
    monkeypatch.setattr(compiled, "file", lambda: str(file))
    monkeypatch.setattr(compiled, "_load", lambda _path: True)
    finder = compiled._Finder()
    finder.decide()
    assert finder.file is None
    assert finder.find_spec("acd.core.engine") is None


def test_machine_code_of_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.so"
    file.write_bytes(b"\x7fELF and nothing that fits")
    (tmp_path / "key.json").write_text('{"modules": {"acd.core.engine": {}}}', encoding="utf-8")
    monkeypatch.setattr(compiled, "file", lambda: str(file))
    finder = compiled._Finder()
    finder.decide()
    assert finder.file is None
