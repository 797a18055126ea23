"""Expressions in flows: those of Jinja2's sandbox, narrowed until nothing in them can hurt.

Two walls. Before anything is compiled, the syntax tree is held against a list of what is allowed
(`expression_rules`): no calls, no loops, no powers; length, depth and literals are bounded. What is
left runs in a sandbox (`expression_sandbox`) whose attributes are entries of mappings and nothing
else, and whose operators and filters refuse to make anything large. So every expression ends at once
and in little memory, whoever wrote it and whatever the caller keyed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jinja2 import Undefined
from jinja2.exceptions import TemplateError, UndefinedError

from acd.errors import AcdError
from acd.ivr.expression_rules import Forbidden, paths, read
from acd.ivr.expression_sandbox import AS_VALUE, Refused, Sandbox
from acd.ivr.values import Unfit, Value, fit

_SANDBOX = Sandbox()


class ExpressionError(AcdError):
    """An expression that cannot be compiled, or has no value now. `column` counts from 1, if known."""

    def __init__(self, message: str, column: int | None = None) -> None:
        self.column = column
        super().__init__(message if column is None else f"{message} (column {column})")


@dataclass(frozen=True)
class Expression:
    """A compiled expression; two of the same source are the same.

    `names`: the roots it uses (own variables, `caller`, `customer`, …); `paths`: these with what is
    taken of them, as `queue.sales.waiting`.
    """

    source: str
    names: frozenset[str] = field(compare=False, repr=False)
    paths: frozenset[str] = field(compare=False, repr=False)
    _run: Callable[[Mapping[str, object]], object] = field(compare=False, repr=False)

    @staticmethod
    def compile(source: str) -> Expression:
        """From its text, with or without `{{ }}` around it. Raises ExpressionError: what, and where."""
        bare = _unwrapped(source)
        try:
            tree = read(_SANDBOX, bare)
            used = paths(tree)
            run = _SANDBOX.compile_tree(tree)
        except Forbidden as error:
            raise ExpressionError(str(error), error.column) from None
        except (TemplateError, SyntaxError, RecursionError, MemoryError) as error:
            raise ExpressionError(f"not an expression: {error}") from None
        return Expression(bare, frozenset(path.partition(".")[0] for path in used), used, run)

    @staticmethod
    def constant(value: Value) -> Expression:
        """One that is always this value."""
        literal = repr(value).lower() if value is None or isinstance(value, bool) else repr(value)
        return Expression(literal, frozenset(), frozenset(), lambda _: value)

    def evaluate(self, scope: Mapping[str, object]) -> Value:
        """Its value; `scope` holds the variables by name, groups of values as mappings.

        Raises ExpressionError, which names the variable that is missing or says what does not fit. The
        text never holds a value.
        """
        try:
            result = self._run(scope)
            if isinstance(result, Undefined):
                str(result)  # raises, and names it
        except UndefinedError as error:
            raise ExpressionError(f"{self.source}: {_missing(error)}") from None
        except (Refused, Unfit) as error:
            raise ExpressionError(f"{self.source}: {error}") from None
        except TypeError:
            raise ExpressionError(f"{self.source}: the values do not go together") from None
        except (ArithmeticError, ValueError, TemplateError, RecursionError, MemoryError) as error:
            raise ExpressionError(f"{self.source}: {type(error).__name__}") from None
        if isinstance(result, Mapping) and AS_VALUE in result:
            result = result[AS_VALUE]
        if isinstance(result, Mapping):
            raise ExpressionError(
                f"{self.source}: is a group of values; name one of it, as in 'caller.number'"
            )
        try:
            return fit(result)
        except Unfit as error:
            raise ExpressionError(f"{self.source}: {error}") from None


def _unwrapped(source: str) -> str:
    bare = source.strip()
    if bare.startswith("{{") and bare.endswith("}}"):
        bare = bare[2:-2].strip()
    return bare


def _missing(error: UndefinedError) -> str:
    """Jinja2's sentence in the words of a flow's author."""
    text = error.message or "something has no value"
    name, found, rest = text.partition(" is undefined")
    return f"the variable {name} has no value" if found and not rest else text
