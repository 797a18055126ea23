"""The documents say what is so: drawn pictures, links, commands and variables are checked."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import typer

from acd.cli.commands import COMMANDS, imported
from acd.settings import environment

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *(CHECKOUT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?<![\w/-])(?:\.venv/bin/)?acd((?: [a-z][a-z_-]*)+)")
OPTION = re.compile(r" (--[a-z-]+)")
REGISTRIES = re.compile(
    r"pypi|pythonhosted|npmjs|crates\.io|proxy\.golang|artifactory|nexus|docker\.io|ghcr\.io", re.I
)


def name(path: Path) -> str:
    """For the test's title."""
    return str(path.relative_to(CHECKOUT))


def code_of(text: str) -> list[str]:
    """What is written as code: the lines of blocks, and the pieces within lines."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [line for block in blocks for line in block.splitlines()] + inline


def anchors(path: Path) -> set[str]:
    """The headings of a document, as links name them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


SIMULATED_IN_EVERY_RUN = "routing-rings"
"""Of the pictures that are simulated, which takes its time, the others are drawn by the long tests."""


def test_pictures_are_current() -> None:
    names = [] if os.environ.get("ACD_TEST_ALL") else ["architecture", "status", SIMULATED_IN_EVERY_RUN]
    done = subprocess.run(
        [sys.executable, CHECKOUT / "script" / "draw", "--check", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_check_fails_for_a_stale_diagram(tmp_path: Path) -> None:
    for folder in ("script", "config", "ivr_flows", "docs"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    document = tmp_path / "docs" / "architecture.md"
    document.write_text(
        document.read_text().replace("ready --> ringing : offer", "ready --> talking : offer")
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "script" / "draw", "--check", "architecture"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "docs/architecture.md is out of date" in done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in LINK.findall(text):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link


@cache
def commands() -> dict[str, set[str]]:
    """Every command of the command line with its options, groups of commands included."""
    found: dict[str, set[str]] = {}

    def collect(command: typer.core.TyperCommand | typer.core.TyperGroup, path: str) -> None:
        found[path] = {option for parameter in command.params for option in parameter.opts}
        if isinstance(command, typer.core.TyperGroup):
            for word, sub in command.commands.items():
                assert isinstance(sub, typer.core.TyperCommand | typer.core.TyperGroup)
                collect(sub, f"{path} {word}".strip())

    for word in COMMANDS:
        collect(imported(word), word)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_commands_exist(document: Path) -> None:
    known = commands()
    for line in code_of(document.read_text(encoding="utf-8")):
        code = line.partition("#")[0]
        for words in COMMAND.findall(code):
            spoken = words.split()
            path = next((p for n in (2, 1) if (p := " ".join(spoken[:n])) in known), None)
            assert path is not None, line
            assert set(OPTION.findall(code)) <= known[path], line


def test_readme_shows_commands() -> None:
    """The pattern does find them."""
    shown = "\n".join(code_of((CHECKOUT / "README.md").read_text(encoding="utf-8")))
    assert {words.strip() for words in COMMAND.findall(shown)} >= {"check", "phones list", "status"}


def test_readme_and_ci_run_the_same_tests() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    ci = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert "script/test " in readme
    for script in ("script/lint", "script/test"):
        assert f"`{script}`" in readme
        assert f'"$checkout/{script}"' in ci


def test_variables_are_documented() -> None:
    read = set(re.findall(r'"(ACD_[A-Z_]+)"', inspect.getsource(environment)))
    assert "ACD_HOME" in read
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert not {variable for variable in read if f"`{variable}`" not in readme}


@pytest.mark.parametrize("document", [*DOCUMENTS, CHECKOUT / "asterisk" / "README.md"], ids=name)
def test_no_registry_is_named(document: Path) -> None:
    assert not REGISTRIES.findall(document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", sorted((CHECKOUT / "docs" / "adr").glob("*.md")), ids=name)
def test_decisions_have_their_form(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    parts = ["**Context.**", "**Decision.**", "**Consequences.**", "- Allowed:", "- Not allowed:"]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert text.startswith(f"# {int(document.name[:4])}. ")
