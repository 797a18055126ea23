"""Whatever a page may be refused with is told in words of its own, in both languages."""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from acd.runtime.destinations import KINDS
from acd.runtime.dial_plan import Denial

SOURCES = Path(__file__).parents[2] / "acd"
TEXTS = SOURCES / "web/ui/src/i18n"
MADE_BY = {"RequestRefused": 0, "Refusal": 1, "away": 0, "forbidden": 1}
"""Where each takes the code: its place among the arguments."""
MADE_OF: dict[str, list[str]] = {
    "f'unknown-{kind}'": [f"unknown-{kind}" for kind in KINDS],
    "permit.value": list(Denial),
    "code": ["no-call-waits", "unknown-call"],  # runtime/why_desk.py; elsewhere a helper of MADE_BY
    "checked.fault": ["wrong-credentials", "wrong-code"],
    "refusal.code": [],  # handed on: it is met where it begins
    "answer['error']": [],
    "error.reason.lower().replace(' ', '-')": [],  # by HTTP itself: no request of a page's
}
NO_PAGE_READS = [
    "answers.py",  # of the command line
    "drilling.py",  # of the command line
    "doctor/asterisk.py",  # findings of the command line
    "doctor/look.py",
    "standby.py",  # of the command line
    "runtime/features.py",  # told at the phone
    "runtime/pin_gate.py",
    "runtime/reload.py",  # of the command line
    "telephony/nodes.py",
    "web/live/socket.py",  # a browser does not tell a page why a WebSocket was refused
    "web/sip_proxy.py",
]


def codes(path: Path) -> Iterator[str]:
    """Of all refusals that the module makes."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)) if any(maker in source for maker in MADE_BY) else ():
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in MADE_BY:
                place, named = MADE_BY[name], [word.value for word in node.keywords if word.arg == "code"]
                for code in named or node.args[place : place + 1]:
                    yield from values(path, code)
            case ast.FunctionDef(name="forbidden", args=ast.arguments(defaults=[default])):
                yield from values(path, default)


def values(path: Path, code: ast.expr) -> list[str]:
    """What the expression may be."""
    match code:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Name(id=name) if name.isupper():
            module = ".".join(("acd", *path.relative_to(SOURCES).with_suffix("").parts))
            return [getattr(importlib.import_module(module), name)]
    written = ast.unparse(code)
    assert written in MADE_OF, f"{path}:{code.lineno}: say in MADE_OF what {written} may be"
    return MADE_OF[written]


@cache
def answered() -> set[str]:
    """Every code that a page may get."""
    modules = set(SOURCES.rglob("*.py")) - set((SOURCES / "web/ui").rglob("*.py"))
    modules -= {SOURCES / path for path in NO_PAGE_READS}
    return {code for path in modules for code in codes(path)}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_refusal_has_a_text(language: str) -> None:
    texts = json.loads((TEXTS / language / "error.json").read_text(encoding="utf-8"))
    found = answered()
    assert {
        "busy",
        "database-away",
        "changed-meanwhile",
        "forbidden",
        "unknown-flow",
        "no-call-waits",
    } <= found
    assert sorted(code for code in found if f"error.{code}" not in texts) == []
