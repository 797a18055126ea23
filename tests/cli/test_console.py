"""What commands print comes out as it is: a place such as `a.yml:100:` keeps its line number."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

import acd
from acd.cli import context
from acd.cli.console import new_console

PLACE = "complaint.yml:100: tests"
PACKAGE = Path(acd.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "cli" / "console.py"]

WITH_CONSOLE = {"Progress", "Live", "Status"}
PRINTING = {"Console", "print", "print_json", "get_console", *WITH_CONSOLE}


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
    """Where a module prints past `new_console`: with a console of its own, or one that rich chooses."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    of_rich = {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "rich"
        for name in node.names
    }
    for node in ast.walk(tree):
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if called not in of_rich & PRINTING:
            continue
        assert isinstance(node, ast.Call)
        if called not in WITH_CONSOLE or not any(keyword.arg == "console" for keyword in node.keywords):
            yield f"{module}:{node.lineno}: {called}(…)"


def test_every_command_prints_on_such_a_console() -> None:
    assert [place for module in MODULES for place in own_consoles(module)] == []


def test_a_console_of_its_own_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("from rich.console import Console\nfrom rich.live import Live\nConsole()\nLive()\n")
    assert [place.rpartition(":")[0] for place in own_consoles(module)] == [f"{module}:3", f"{module}:4"]
