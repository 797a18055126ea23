"""The compiled routing core answers as the sources do, and never stands before sources that have changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from acd import compiled
from tests.integration.centre import CHECKOUT, Centre

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    """As production has it: at once there if `script/test` has made it."""
    subprocess.run([CHECKOUT / "script" / "compile"], check=True)
    assert compiled.file() is not None, "script/compile said above why there is nothing"


def answer(*command: str, checkout: Path = CHECKOUT, **variables: str) -> str:
    """What a Python program of this checkout prints."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_same_commands_as_the_sources() -> None:
    days = ("-m", "tests.integration.compiled_days")
    # The order of sets is another in each process, unless it is fixed.
    now, digest = answer(*days, PYTHONHASHSEED="0").split()
    plain, expected = answer(*days, PYTHONHASHSEED="0", ACD_INTERPRETED="1").split()
    assert (now, plain) == ("compiled", "interpreted")
    assert digest == expected


def test_what_annotations_say_is_not_lost() -> None:
    program = (
        "import dataclasses, json; from acd.core import facts, outside_events;"
        "print(json.dumps([[f.name, f.type] for c in (facts.AgentInterval, outside_events.OutsideDialed)"
        " for f in dataclasses.fields(c)]))"
    )
    assert json.loads(answer("-c", program)) == json.loads(answer("-c", program, ACD_INTERPRETED="1"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A second checkout, with what was compiled for the first."""
    made = compiled.file()
    assert made is not None
    shutil.copytree(CHECKOUT / "acd", tmp_path / "acd", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "var" / "compiled").mkdir(parents=True)
    for path in (made, compiled.beside(made)):
        shutil.copy(path, tmp_path / "var" / "compiled")
    return tmp_path


@pytest.mark.parametrize("changed", ["core/ordered.py", "errors.py"])
def test_a_source_that_changed_is_what_runs(copy: Path, changed: str) -> None:
    source = copy / "acd" / changed
    module = "acd." + changed.removesuffix(".py").replace("/", ".")
    where = f"import acd.core.engine; from acd import compiled; import {module} as m; print(compiled.state())"
    assert answer("-c", where, checkout=copy) == "compiled"
    before = source.read_text()
    source.write_text(before + "\nCHANGED = 'yes'\n")
    assert answer("-c", f"{where}; print(m.CHANGED)", checkout=copy).split() == ["interpreted", "yes"]
    source.write_text(before)
    assert answer("-c", where, checkout=copy) == "compiled"


def test_a_file_that_cannot_be_loaded_is_left_alone(copy: Path) -> None:
    made = next((copy / "var" / "compiled").glob("*.so"))
    made.write_bytes(b"not for this machine")
    program = "import acd.core.engine; from acd import compiled; print(compiled.state())"
    assert answer("-c", program, checkout=copy) == "interpreted"


def test_a_controller_with_calls_runs_it(running_centre: Centre) -> None:
    log = running_centre.log.read_text()
    starts = [json.loads(line) for line in log.splitlines() if '"the controller starts"' in line]
    assert starts
    assert {start["routing_core"] for start in starts} == {"compiled"}
