"""What may stand in an expression: the syntax tree is read and held against a list.

Everything that is not on the list is refused with a sentence that says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser

from acd.ivr.values import BIGGEST_NUMBER, LONGEST_TEXT

LONGEST_SOURCE = 1_000
MOST_TOKENS = 300
DEEPEST_BRACKETS = 20
DEEPEST_TREE = 100

FILTERS = frozenset(
    {
        "int",
        "float",
        "round",
        "length",
        "upper",
        "lower",
        "default",
        "trim",
        "replace",
        "first",
        "last",
        "abs",
    }
)
TESTS = frozenset({"defined", "undefined", "none", "number", "string", "even", "odd", "true", "false"})

_PLAIN: tuple[type[nodes.Node], ...] = (
    nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Mul,
    nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat,
)  # fmt: skip
_REFUSED: Mapping[type[nodes.Node], str] = {
    nodes.Call: "nothing can be called; the filters are " + ", ".join(sorted(FILTERS)),
    nodes.Pow: "'**' is not allowed",
    nodes.List: "a list is allowed only after 'in'",
    nodes.Tuple: "a list is allowed only after 'in'",
    nodes.Dict: "a mapping is not allowed",
    nodes.Slice: "a slice is allowed only as text[from:to]",
}


class Forbidden(Exception):
    """Not an expression of ours. `column` counts from 1; None where it is unknown."""

    def __init__(self, message: str, column: int | None = None) -> None:
        self.column = column
        super().__init__(message)


def read(environment: Environment, source: str) -> nodes.Expr:
    """The syntax tree of an expression that keeps to the rules. Raises Forbidden."""
    if len(source) > LONGEST_SOURCE:
        raise Forbidden(f"longer than {LONGEST_SOURCE:,} characters")
    tokens = list(_tokens(environment, source))
    if not tokens:
        raise Forbidden("an expression is expected, found nothing")
    _check_size(tokens)
    tree = _parsed(environment, source, tokens)
    _check(tree, source)
    return tree


def _tokens(environment: Environment, source: str) -> Iterator[tuple[int, str, str]]:
    """(column, type, text) of each token; blanks are left out."""
    column = 1
    try:
        for _, kind, text in environment.lexer.tokeniter(source, None, None, "variable"):
            if kind != "whitespace":
                yield column, kind, text
            column += len(text)
    except TemplateSyntaxError as error:
        raise Forbidden(_sentence(error), column) from None


def _check_size(tokens: list[tuple[int, str, str]]) -> None:
    """The parser calls itself for every bracket, so that these are counted before it sees them."""
    if len(tokens) > MOST_TOKENS:
        raise Forbidden(f"more than {MOST_TOKENS} words and signs", tokens[MOST_TOKENS][0])
    depth = 0
    for column, _, text in tokens:
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if depth > DEEPEST_BRACKETS:
            raise Forbidden(f"more than {DEEPEST_BRACKETS} brackets in each other", column)


def _parsed(environment: Environment, source: str, tokens: list[tuple[int, str, str]]) -> nodes.Expr:
    parser = Parser(environment, source, state="variable")
    try:
        tree = parser.parse_expression()
        if parser.stream.eos:
            return tree
        message = f"the expression is over before {str(parser.stream.current.value)!r}"
    except TemplateSyntaxError as error:
        message = _sentence(error)
    except (RecursionError, ValueError, OverflowError):
        raise Forbidden("too deep, or a number that cannot be read") from None
    left = sum(1 for _ in parser.stream)
    where = len(tokens) - left
    raise Forbidden(message, tokens[where][0] if 0 <= where < len(tokens) else len(source) + 1)


def _sentence(error: TemplateSyntaxError) -> str:
    text = re.sub(r" at \d+$", "", error.message or "not an expression")
    return text.replace("end of template", "the end").rstrip(".")


def _check(tree: nodes.Node, source: str) -> None:
    """Every node, without calling itself: a long sum is a deep tree."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST_TREE:
            raise Forbidden(f"more than {DEEPEST_TREE} operations after each other")
        if type(node) not in _PLAIN:
            raise Forbidden(_REFUSED.get(type(node), f"{type(node).__name__.lower()} is not allowed"))
        _check_node(node, source)
        waiting += ((child, depth + 1) for child in _children(node))


def _check_node(node: nodes.Node, source: str) -> None:
    match node:
        case nodes.Const(value=value):
            _check_literal(value)
        case nodes.Getattr(attr=attr) if attr.startswith("_"):
            raise Forbidden(f"'{attr}' is nothing that a flow can see", _column(source, attr))
        case nodes.Name(name=name) if name.startswith("_") or name == "self":
            raise Forbidden(f"'{name}' is no name of a variable", _column(source, name))
        case nodes.Filter(name=name):
            if name not in FILTERS:
                message = f"no filter '{name}'; the filters are {', '.join(sorted(FILTERS))}"
                raise Forbidden(message, _column(source, name))
            if node.node is None:
                raise Forbidden(f"the filter '{name}' stands after no value", _column(source, name))
        case nodes.Test(name=name) if name not in TESTS:
            message = f"no test '{name}'; the tests are {', '.join(sorted(TESTS))}"
            raise Forbidden(message, _column(source, name))
        case nodes.CondExpr(expr2=None):
            raise Forbidden("an 'if' needs its 'else'", _column(source, "if"))
        case nodes.Filter() | nodes.Test():
            pass
    if isinstance(node, nodes.Filter | nodes.Test) and (node.dyn_args or node.dyn_kwargs or node.kwargs):
        raise Forbidden(f"'{node.name}' takes plain values only", _column(source, node.name))


def _check_literal(value: object) -> None:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise Forbidden(f"a text is longer than {LONGEST_TEXT:,} characters")
    if isinstance(value, int | float) and not abs(value) <= BIGGEST_NUMBER:
        raise Forbidden("a number is larger than 10^15")


def _children(node: nodes.Node) -> Iterator[nodes.Node]:
    """What stands below; a list after `in` and a slice are let through here, and only here."""
    match node:
        case nodes.Operand(op="in" | "notin", expr=nodes.List() | nodes.Tuple() as items):
            return iter(items.items)
        case nodes.Getitem(node=value, arg=nodes.Slice(start=start, stop=stop, step=None)):
            return iter([part for part in (value, start, stop) if part is not None])
        case nodes.Filter():
            return chain(filter(None, [node.node]), node.args)
        case nodes.Test():
            return chain([node.node], node.args)
        case _:
            return node.iter_child_nodes()


def _column(source: str, word: str) -> int | None:
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", source)
    return None if found is None else found.start() + 1


def paths(tree: nodes.Node) -> frozenset[str]:
    """Every name that is used with what follows it: `account`, `queue.sales.waiting`."""
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        path = _path(node)
        if path is not None:
            found.add(path)
            continue
        waiting += node.iter_child_nodes()
    return frozenset(found)


def _path(node: nodes.Node) -> str | None:
    """The dotted path that a node is, None if it is none."""
    names: list[str] = []
    while True:
        match node:
            case nodes.Name(name=name):
                return ".".join((name, *reversed(names)))
            case nodes.Getattr(node=inner, attr=attr):
                names.append(attr)
            case nodes.Getitem(node=inner, arg=nodes.Const(value=str(key))):
                names.append(key)
            case _:
                return None
        node = inner
