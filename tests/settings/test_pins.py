"""PINs: only their hashes are kept, in the private file, beside what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.settings.pins import PinBook, is_pin
from acd.settings.secrets import load_or_create_secrets


def test_a_pin_is_kept_as_a_hash_and_removed_again(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    before = load_or_create_secrets(path, ["1001"])
    book = PinBook(path)
    assert not book.has("anna")
    assert not book.verify("anna", "")
    book.set("anna", "4711")
    assert "4711" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert book.has("anna")
    assert book.verify("anna", "4711")
    assert not book.verify("anna", "4712")
    assert not book.verify("ben", "4711")
    assert load_or_create_secrets(path, ["1001", "1002"]).ami_password == before.ami_password
    assert book.verify("anna", "4711")
    book.set("anna", None)
    assert not book.has("anna")


def test_a_hash_that_is_none_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    path.write_text("pins: {anna: '4711'}\n")
    book = PinBook(path)
    assert book.has("anna")
    assert not book.verify("anna", "4711")


def test_a_damaged_file_is_said_without_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    path.write_text("pins: {anna: 4711}\n")
    with pytest.raises(OperatorError, match="is damaged") as caught:
        PinBook(path).has("anna")
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "good"),
    [("4711", True), ("1234567890", True), ("123", False), ("12345678901", False), ("1111", False),
     ("47a1", False), ("٤٧١١", False), ("47 11", False), ("", False)],
)  # fmt: skip
def test_what_can_be_a_pin(text: str, good: bool) -> None:
    assert is_pin(text) is good
