"""Texts with expressions in double braces, for people to read: `Good day, {{ customer.name }}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from acd.ivr.expressions import Expression, ExpressionError
from acd.ivr.values import as_text

_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` in order: texts as they are, and expressions. Two of the same source are the same."""

    source: str
    parts: tuple[str | Expression, ...]

    @staticmethod
    def compile(source: str) -> Template:
        """Raises ExpressionError: what is wrong."""
        parts: list[str | Expression] = []
        end = 0
        for found in _BRACES.finditer(source):
            parts += [source[end : found.start()], Expression.compile(found[1])]
            end = found.end()
        parts.append(source[end:])
        if any("{{" in part or "}}" in part or "{%" in part for part in parts if isinstance(part, str)):
            raise ExpressionError("braces that do not belong together: expressions stand in {{ … }}")
        return Template(source, tuple(part for part in parts if part != ""))

    @property
    def paths(self) -> frozenset[str]:
        """What its expressions use, as `customer.name`."""
        used = [part.paths for part in self.parts if isinstance(part, Expression)]
        return frozenset().union(*used)

    def render(self, scope: Mapping[str, object]) -> str:
        """The text; an expression that has no value leaves nothing behind."""
        return "".join(part if isinstance(part, str) else _shown(part, scope) for part in self.parts)


def _shown(expression: Expression, scope: Mapping[str, object]) -> str:
    try:
        return as_text(expression.evaluate(scope))
    except ExpressionError:
        return ""
