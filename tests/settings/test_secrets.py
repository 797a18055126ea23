from __future__ import annotations

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.settings.outside import Login, TrunkSpec
from acd.settings.secrets import Secrets, load_or_create_secrets
from acd.settings.trunk_passwords import trunk_passwords


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_use_makes_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "home" / "secrets.yml"
    secrets = load_or_create_secrets(path, ["1001", "1002"])
    passwords = [secrets.ami_password, *secrets.phone_passwords.values()]

    assert mode(path) == 0o600
    assert list(secrets.phone_passwords) == ["1001", "1002"]
    assert all(re.fullmatch(r"[A-Za-z0-9]{24,}", password) for password in passwords)
    assert len(set(passwords)) == 3
    assert secrets.notes == ()
    assert [file.name for file in path.parent.iterdir()] == ["secrets.yml"]


def test_passwords_are_kept_and_new_phones_added(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    first = load_or_create_secrets(path, ["1001", "1002"])
    second = load_or_create_secrets(path, ["1002", "1003"])
    third = load_or_create_secrets(path, ["1001", "1002", "1003"])

    assert second.ami_password == first.ami_password
    assert list(second.phone_passwords) == ["1002", "1003"]
    assert third.phone_passwords == {**first.phone_passwords, **second.phone_passwords}


def test_nothing_is_written_when_nothing_is_new(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    load_or_create_secrets(path, ["1001"])
    before = path.stat()
    load_or_create_secrets(path, ["1001"])
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_others_could_read_is_made_private_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    first = load_or_create_secrets(path, ["1001"])
    path.chmod(0o644)
    second = load_or_create_secrets(path, ["1001"])

    assert mode(path) == 0o600
    assert second.phone_passwords == first.phone_passwords
    assert second.notes == (
        f"{path} could be read by others (mode 0644); it is private now, consider new passwords",
    )


def test_a_deleted_line_gives_a_new_password(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    first = load_or_create_secrets(path, ["1001", "1002"])
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "1001" not in line))
    second = load_or_create_secrets(path, ["1001", "1002"])
    assert second.phone_passwords["1001"] != first.phone_passwords["1001"]
    assert second.phone_passwords["1002"] == first.phone_passwords["1002"]


@pytest.mark.parametrize(
    "content",
    [
        "ami: [\n",
        "- list\n",
        "ami: 12345678901234567890\n",
        "ami: abcdefghijklmnopqrstuvwx\nphones: [a]\n",
        "phones: {'1001': short}\n",
        "phones: {'1001': 'abcdefghijklmnopqrstuvwx;evil=1'}\n",
        "ami: abcdefghijklmnopqrstuvwx\nami: abcdefghijklmnopqrstuvwy\n",
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.yml"
    path.write_text(content)
    with pytest.raises(OperatorError, match="the file with the passwords is damaged") as caught:
        load_or_create_secrets(path, ["1001"])
    assert "abcdefgh" not in str(caught.value)
    assert path.read_text() == content


def test_links_and_folders_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("ami: x\n")
    (tmp_path / "link.yml").symlink_to(target)
    (tmp_path / "folder.yml").mkdir()
    for name in ("link.yml", "folder.yml"):
        with pytest.raises(OperatorError, match="expected a regular file for the passwords"):
            load_or_create_secrets(tmp_path / name, [])


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="cannot read or write the passwords"):
        load_or_create_secrets(tmp_path / "file" / "secrets.yml", [])


def test_two_at_the_same_first_use_get_the_same_passwords(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"

    def load(_: int) -> Secrets:
        return load_or_create_secrets(path, ["1001", "1002"])

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(load, range(16)))
    assert all(result == results[0] for result in results)


def test_passwords_are_not_printed_by_accident(tmp_path: Path) -> None:
    secrets = load_or_create_secrets(tmp_path / "secrets.yml", ["1001"])
    assert secrets.ami_password not in repr(secrets)
    assert secrets.phone_passwords["1001"] not in repr(secrets)


def test_passwords_of_providers_are_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yml"
    load_or_create_secrets(path, ["1001"])
    path.write_text(path.read_text() + 'trunks: {carrier: "a; b\\"c"}\n')
    secrets = load_or_create_secrets(path, ["1001", "1002"])
    assert secrets.trunk_passwords == {"carrier": 'a; b"c'}
    assert load_or_create_secrets(path, ["1001"]).trunk_passwords == {"carrier": 'a; b"c'}
    assert "a; b" not in repr(secrets)


@pytest.mark.parametrize("password", ['"two\\nlines"', '""', "12", '"\u6f22"', '" blank"'])
def test_a_providers_password_that_cannot_be(tmp_path: Path, password: str) -> None:
    path = tmp_path / "secrets.yml"
    load_or_create_secrets(path, ["1001"])
    path.write_text(path.read_text() + f"trunks: {{carrier: {password}}}\n")
    with pytest.raises(OperatorError, match="is damaged") as refused:
        load_or_create_secrets(path, ["1001"])
    assert "lines" not in str(refused.value)


def test_where_passwords_of_trunks_come_from() -> None:
    login = Login("acd", "CARRIER_PASSWORD")
    trunks = [TrunkSpec("a", login=login), TrunkSpec("b", login=Login("x"), their_login=Login("y"))]
    stored = {"a": "not this one", "b": "two", "b-incoming": "three"}
    found = trunk_passwords(trunks, {"CARRIER_PASSWORD": "one"}, stored)
    assert found == {"a": "one", "b": "two", "b-incoming": "three"}
    with pytest.raises(OperatorError) as refused:
        trunk_passwords(trunks, {"CARRIER_PASSWORD": ""}, {"b": "two\n"})
    assert str(refused.value).splitlines() == [
        "trunk a: no password for 'acd'; set the variable CARRIER_PASSWORD,"
        " or CARRIER_PASSWORD_FILE to a file with it",
        "trunk b: the password of 'x' is not printable ASCII",
        "trunk b: no password for 'y'; write it into secrets.yml below 'trunks:' as 'b-incoming: \"…\"'",
    ]
