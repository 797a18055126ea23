"""Secrets from files, as Docker hands them out; no message says what is in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.reports.sending.smtp import password_of
from acd.settings.environment import Environment
from acd.settings.outside import Login
from acd.settings.report_settings import MailSettings
from acd.settings.schema.checking import variable_of_environment
from acd.settings.secret_variables import secret_variable
from acd.settings.trunk_passwords import trunk_passwords

SECRET = "tango foxtrot 17"
VARIABLES = {
    "ACD_REDIS_PASSWORD": "redis_password",
    "ACD_S3_ACCESS_KEY": "s3_access_key",
    "ACD_S3_SECRET_KEY": "s3_secret_key",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "secret"
    found.write_text(SECRET + "\n")
    return found


@pytest.mark.parametrize("name", VARIABLES)
def test_a_secret_of_the_environment_comes_from_its_file(file: Path, name: str, tmp_path: Path) -> None:
    environment = Environment.from_env({f"{name}_FILE": str(file)}, tmp_path)
    assert getattr(environment, VARIABLES[name]) == SECRET
    assert SECRET not in repr(environment)


def test_the_address_of_the_database_comes_from_its_file(file: Path, tmp_path: Path) -> None:
    file.write_text("postgresql://acd:battery%20staple@db/acd\n")
    environment = Environment.from_env({"ACD_DATABASE_URL_FILE": str(file)}, tmp_path)
    assert environment.database_url == "postgresql+psycopg://acd:battery%20staple@db/acd"


def test_what_the_configuration_names_comes_from_its_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARRIER_PASSWORD_FILE", str(file))
    assert variable_of_environment("CARRIER_PASSWORD") == SECRET


def test_the_mail_servers_password_comes_from_its_file(file: Path) -> None:
    mail = MailSettings(host="mail", port=25, sender="a@b.example", user="acd")
    assert password_of(mail, {"ACD_SMTP_PASSWORD_FILE": str(file)}) == SECRET


def test_a_trunks_password_comes_from_its_file(file: Path) -> None:
    class Trunk:
        id = "carrier"

        def password_owners(self) -> dict[str, Login]:
            return {"carrier": Login("acd", "CARRIER")}

    found = trunk_passwords([Trunk()], {"CARRIER_FILE": str(file)}, {})  # type: ignore[list-item]
    assert found == {"carrier": SECRET}


def test_what_is_wrong_is_said_without_the_secret(file: Path, tmp_path: Path) -> None:
    empty, binary, long = tmp_path / "empty", tmp_path / "binary", tmp_path / "long"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe")
    long.write_text("x" * 10_001)
    for name in (str(empty), str(binary), str(long), str(tmp_path / "missing"), str(tmp_path), "a\0b"):
        with pytest.raises(OperatorError, match=r"^X_FILE: "):
            secret_variable({"X_FILE": name}, "X")
    with pytest.raises(OperatorError, match="both set") as caught:
        secret_variable({"X_FILE": str(file), "X": SECRET}, "X")
    assert SECRET not in str(caught.value)


def test_without_a_file_it_is_the_variable() -> None:
    assert secret_variable({"X": "y", "X_FILE": ""}, "X") == "y"
    assert secret_variable({}, "X") is None
