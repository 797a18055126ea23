"""Where expressions run: Jinja2's sandbox, in which only mappings have attributes and nothing grows."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from acd.ivr.values import LONGEST_TEXT, as_text, fit

JOIN = "(join)"
"""The filter that `~` becomes: no author can write this name."""

AS_VALUE = "_value"
"""A mapping with this key is also a value of its own: `now`."""

OPTIONAL = "_optional"
"""A mapping with this key has None for whatever it lacks: a customer of whom little is known."""


class Refused(Exception):
    """The values do not go with what is to be done with them; the text names no value."""


def _number(value: object, what: str) -> Any:
    if isinstance(value, Undefined):
        str(value)  # raises, and names the variable
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{what} needs numbers; a text becomes one with '|int'")
    return value


def _text(value: object) -> str:
    if isinstance(value, Undefined):
        str(value)
    return as_text(fit(value))


def _plus(left: object, right: object) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        raise Refused("'+' needs two numbers or two texts; texts and numbers are joined with '~'")
    return _number(left, "'+'") + _number(right, "'+'")


def _arithmetic(sign: str, function: Callable[[Any, Any], Any]) -> Callable[[object, object], Any]:
    def worked_out(left: object, right: object) -> Any:
        left, right = _number(left, f"'{sign}'"), _number(right, f"'{sign}'")
        try:
            return function(left, right)
        except ZeroDivisionError:
            raise Refused("division by zero") from None

    return worked_out


_BINARY: Mapping[str, Callable[[object, object], Any]] = {
    "+": _plus,
    "-": _arithmetic("-", operator.sub),
    "*": _arithmetic("*", operator.mul),
    "/": _arithmetic("/", operator.truediv),
    "//": _arithmetic("//", operator.floordiv),
    "%": _arithmetic("%", operator.mod),
}


# --- filters ----------------------------------------------------------------------------------
def _int(value: object, otherwise: int = 0) -> int:
    try:
        return int(float(_text(value))) if "." in _text(value) else int(_text(value))
    except (ValueError, OverflowError):
        return otherwise


def _float(value: object, otherwise: float = 0.0) -> float:
    try:
        return float(fit(float(_text(value))) or 0.0)
    except (ValueError, OverflowError):
        return otherwise


def _round(value: object, digits: int = 0) -> float | int:
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 15:
        raise Refused("'round' takes a number of digits from 0 to 15")
    rounded = round(_number(value, "'round'"), digits)
    return int(rounded) if digits == 0 else rounded


def _replace(value: object, old: object, new: object) -> str:
    text, before, after = _text(value), _text(old), _text(new)
    if len(text) + (text.count(before)) * max(0, len(after) - len(before)) > LONGEST_TEXT:
        raise Refused(f"'replace' makes a text longer than {LONGEST_TEXT:,} characters")
    return text.replace(before, after)


def _default(value: object, otherwise: object = "") -> object:
    return otherwise if isinstance(value, Undefined) or value is None else value


def _abs(value: object) -> float | int:
    return abs(_number(value, "'abs'"))  # type: ignore[no-any-return]


def _join(*values: object) -> str:
    return "".join(map(_text, values))


_FILTERS: Mapping[str, Callable[..., object]] = {
    JOIN: _join,
    "int": _int,
    "float": _float,
    "round": _round,
    "length": lambda value: len(_text(value)),
    "upper": lambda value: _text(value).upper(),
    "lower": lambda value: _text(value).lower(),
    "trim": lambda value: _text(value).strip(),
    "first": lambda value: _text(value)[:1],
    "last": lambda value: _text(value)[-1:],
    "replace": _replace,
    "default": _default,
    "abs": _abs,
}


def _bounded(function: Callable[..., object]) -> Callable[..., object]:
    """A filter whose result is never larger than a variable may be."""

    def bounded(*values: object) -> object:
        result = function(*values)
        return result if isinstance(result, Mapping | Undefined) else fit(result)

    return bounded


class _Joins(NodeTransformer):
    """Jinja2's own `~` has no bound, and says None and True in Python's words."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        parts = [self.visit(part) for part in node.nodes]
        return nodes.Filter(parts[0], JOIN, parts[1:], [], None, None, lineno=1)


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles and runs expressions that `acd.ivr.expression_rules` has let through."""

    intercepted_binops = frozenset(_BINARY)
    intercepted_unops = frozenset("+-")

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, optimized=False, autoescape=False, cache_size=0)
        tests = {name: self.tests[name] for name in ("none", "number", "string", "even", "odd")}
        tests |= {name: self.tests[name] for name in ("defined", "undefined", "true", "false")}
        self.globals.clear()
        self.filters = {name: _bounded(function) for name, function in _FILTERS.items()}
        self.tests = tests

    def compile_tree(self, tree: nodes.Expr) -> Callable[[Mapping[str, object]], object]:
        """What works the expression out for the variables it is given."""
        joined = _Joins().visit(tree)
        joined.set_environment(self)
        body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), joined, lineno=1)]
        template = self.from_string(nodes.Template(body, lineno=1))
        return TemplateExpression(template, undefined_to_none=False)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An entry of a mapping. A caller who is no known customer has none of a customer's."""
        if obj is None or isinstance(obj, Undefined):
            return obj
        if isinstance(obj, Mapping):
            if attribute in obj:
                return obj[attribute]
            if OPTIONAL in obj:
                return None
        return self.undefined(hint=f"there is no '{attribute}' of this", name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As `getattr`; or a part of a text."""
        if isinstance(obj, str) and isinstance(argument, slice):
            for end in (argument.start, argument.stop):
                if end is not None:
                    _number(end, "a slice")
            try:
                return obj[argument]
            except TypeError:
                raise Refused("a slice needs whole numbers") from None
        if isinstance(obj, str) and isinstance(argument, int):
            return obj[argument : argument + 1] if argument != -1 else obj[-1:]
        return self.getattr(obj, argument if isinstance(argument, str) else _text(argument))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """An operator on two values, its result bounded."""
        return fit(_BINARY[operator](left, right))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:  # noqa: ARG002
        """A sign before a number."""
        return -_number(arg, "'-'") if operator == "-" else +_number(arg, "'+'")
