"""The look for secrets in logs finds a planted one, alone and with xdist, and does not repeat it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from acd.telephony.provision_kamailio import ha1
from tests import leaks

CHECKOUT = Path(__file__).parents[1]
PASSWORD = "Vb7" + "kQ2mZx9" * 3
PLANT = f"""
from pathlib import Path
def test_plants(tmp_path):
    (tmp_path / "secrets.yml").write_text("ami: {PASSWORD}\\n")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "messages.log").write_text("WHERE")
def test_says_nothing(tmp_path):
    (tmp_path / "controller.log").write_text("all is well")
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that this run's own look does not see."""
    with tempfile.TemporaryDirectory() as found:
        yield Path(found)


def run(folder: Path, said: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(PLANT.replace("WHERE", said))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.leaks", "-p", "no:cacheprovider", "-q", *options]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [*command, f"--basetemp={folder / 'base'}"], cwd=folder, env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_a_planted_secret_fails_the_run(place: Path, options: list[str]) -> None:
    ran = run(place, f"login with {PASSWORD}.", *options)
    assert ran.returncode == leaks.LEAKED, ran.stdout + ran.stderr
    assert "messages.log: password of ami" in ran.stdout
    assert "2 passed" in ran.stdout
    assert PASSWORD not in ran.stdout + ran.stderr


def test_a_run_without_leaks_passes(place: Path) -> None:
    ran = run(place, "login with ***")
    assert (ran.returncode, "SECRET" in ran.stdout) == (0, False), ran.stdout + ran.stderr


def test_each_kind_is_known(place: Path) -> None:
    (place / "first-passwords.txt").write_text("# of the desktop\nanna  Quiet-Horse-77-Lamp\n")
    known = {**leaks.secrets_below(place), b"correct horse 7": "password of a database"}
    assert leaks.kinds_in(b"x Quiet-Horse-77-Lamp y", known) == {"first password of an account"}
    assert leaks.kinds_in(b"password='correct horse 7' ", known) == {"password of a database"}
    assert leaks.kinds_in(b"Bearer acd_" + b"a" * 43, known) == {"token of the API"}
    assert leaks.kinds_in(b"Cookie: acd_session=" + b"b" * 43, known) == {"cookie of a session"}
    assert leaks.kinds_in(b"acd_session=; acd_dialled", known) == set()


def test_all_of_a_centres_secrets_and_what_is_made_of_them_are_known(place: Path) -> None:
    """Derived words are as good as what they are made of, and stand in no file of secrets."""
    sections = {
        "ami": PASSWORD,
        "control": "OfAllControllers",
        "keys": {"totp": "OfSecondFactors"},
        "phones": {"1001": "OfThePhone1001"},
    }
    (place / "secrets.yml").write_text(yaml.safe_dump(sections))
    known = leaks.secrets_below(place)
    assert len(known) == 4 + len(leaks.DERIVED) + 1
    for kind, derive in leaks.DERIVED.items():
        line = f"Connecting to '127.0.0.1:4573' failed for url 'agi://127.0.0.1:4573/{derive(PASSWORD)}'"
        assert leaks.kinds_in(line.encode(), known) == {f"{kind}, of the password of ami"}
    assert leaks.kinds_in(f"1001 {ha1('1001', 'OfThePhone1001')};".encode(), known) == {"digest of a phone"}
    assert leaks.kinds_in(b"(OfAllControllers)", known) == {"password of control"}
    assert leaks.kinds_in(b"key=OfSecondFactors", known) == {"password of keys"}


def test_a_secret_over_the_edge_of_a_block_is_found(place: Path) -> None:
    (place / "controller.log").write_bytes(b" " * (leaks.BLOCK_BYTES - 5) + PASSWORD.encode() + b" ")
    found = list(leaks.leaks_below(place, {PASSWORD.encode(): "password of ami"}))
    assert found == [(str(place / "controller.log"), "password of ami")]
