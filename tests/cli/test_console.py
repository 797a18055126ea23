"""What commands print comes out as it is: a place such as `a.yml:100:` keeps its line number."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import acd
from acd.cli import context
from acd.cli.console import new_console

PLACE = "complaint.yml:100: tests"
PACKAGE = Path(acd.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "cli" / "console.py"]


def in_a_table() -> Table:
    table = Table(title=PLACE)
    table.add_column(PLACE)
    table.add_row(PLACE)
    return table


@pytest.mark.parametrize("console", [new_console(width=100), new_console(stderr=True), context.console])
def test_a_place_keeps_its_line(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(console, "_file", out)
    console.print(PLACE)
    console.print(PLACE, markup=False, soft_wrap=True)
    console.print(in_a_table())
    assert out.getvalue().count(PLACE) == 5


def own_consoles(module: Path) -> Iterator[str]:
    """Where a module prints past `new_console`: with a console of its own, or one that a library chooses."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "rich":
            yield f"{module}:{node.lineno}: from rich import …"
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        alone = called in {Progress.__name__, "Live", "Status"} and not any(
            k.arg == "console" for k in node.keywords
        )
        if called == Console.__name__ or alone:
            yield f"{module}:{node.lineno}: {called}(…)"


def test_every_command_prints_on_such_a_console() -> None:
    assert [place for module in MODULES for place in own_consoles(module)] == []
