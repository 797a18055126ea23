"""A small language of conditions: `english >= 5 and (billing or vip)`, `waited_s > 60 and agents_ready == 0`.

    formula := term ("or" term)*          term  := factor ("and" factor)*
    factor  := "not" factor | "(" formula ")" | name [comparison (number | 'text')]
    comparison := >= | > | <= | < | == | !=           number := ["-"] digits ["." digits]

A name alone is true where its value is neither 0 nor ''. What names mean is the reader's business: see
`requirement.py` (skills, 0 where an agent has none) and `policy.py` (what is known of a waiting call).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

MAX_LENGTH = 500
MAX_DEPTH = 20

Value: TypeAlias = float | str
Test: TypeAlias = Callable[[Mapping[str, Value]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[^\W\d][\w-]*)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>>=|<=|==|!=|>|<|\(|\)))"
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_WORDS = frozenset({"and", "or", "not"})


class FormulaError(ValueError):
    """The text is no formula. `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (at character {column})")
        self.column = column


@dataclass(frozen=True, slots=True)
class Compared:
    """A name and what it is compared with; a name alone is `!= 0`."""

    name: str
    sign: str
    value: Value


@dataclass(frozen=True, slots=True)
class Formula:
    """`test` tells whether it holds; `compared` are its comparisons from left to right."""

    text: str
    test: Test
    compared: tuple[Compared, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every name in it."""
        return frozenset(compared.name for compared in self.compared)


def parse(text: str) -> Formula:
    """What somebody has written. Raises FormulaError, which says where and what was expected."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    return _read(text, MAX_DEPTH)


def parse_kept(text: str) -> Formula:
    """The text of a formula that was there before, or a part of it: joined out of several it may be longer
    and deeper than what anybody may write. Raises FormulaError."""
    return _read(text, len(text))


def _read(text: str, max_depth: int) -> Formula:
    reader = _Reader(text, max_depth)
    test = reader.formula()
    reader.end()
    return Formula(" ".join(text.split()), test, tuple(reader.compared))


def combined(text: str, word: str, formulas: tuple[Formula, ...]) -> Formula:
    """All of them (`word` and) or any of them (or); `text` is how it is written."""
    tests = tuple(formula.test for formula in formulas)
    compared = tuple(compared for formula in formulas for compared in formula.compared)
    return Formula(text, _all(tests) if word == "and" else _any(tests), compared)


def split(text: str, word: str) -> tuple[str, ...]:
    """The parts of a formula's text between each `word` (and, or) that stands outside of brackets.

    Brackets around the whole are taken off first. Raises FormulaError.
    """
    text = text.strip()
    tokens = [token for token in _tokens(text) if token[0] != "end"]
    depth, cuts, closes_early = 0, [0], False
    for number, (kind, found, column) in enumerate(tokens):
        depth += (kind, found) == ("sign", "(")
        depth -= (kind, found) == ("sign", ")")
        closes_early |= depth == 0 and number < len(tokens) - 1
        if depth == 0 and (kind, found) == ("name", word):
            cuts += [column - 1, column - 1 + len(word)]
    if tokens and tokens[0][1] == "(" and tokens[-1][1] == ")" and not closes_early:
        return split(text[1:-1], word)
    return tuple(text[a:b].strip() for a, b in zip(cuts[::2], [*cuts[1::2], len(text)], strict=True))


class _Reader:
    def __init__(self, text: str, max_depth: int) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0
        self._max_depth = max_depth
        self.compared: list[Compared] = []

    def formula(self) -> Test:
        self._depth += 1
        if self._depth > self._max_depth:
            raise FormulaError("too many brackets or 'not' inside each other", self._here[2])
        tests = [self._term()]
        while self._took("name", "or"):
            tests.append(self._term())
        self._depth -= 1
        return tests[0] if len(tests) == 1 else _any(tuple(tests))

    def end(self) -> None:
        kind, found, column = self._here
        if kind != "end":
            raise FormulaError(f"expected 'and', 'or' or the end, found {found!r}", column)

    def _term(self) -> Test:
        tests = [self._factor()]
        while self._took("name", "and"):
            tests.append(self._factor())
        return tests[0] if len(tests) == 1 else _all(tuple(tests))

    def _factor(self) -> Test:
        if self._took("sign", "("):
            inner = self.formula()
            if not self._took("sign", ")"):
                raise FormulaError(f"expected ')', found {self._here[1]!r}", self._here[2])
            return inner
        if self._took("name", "not"):
            self._depth += 1
            if self._depth > self._max_depth:
                raise FormulaError("too many brackets or 'not' inside each other", self._here[2])
            negated = self._factor()
            self._depth -= 1
            return lambda values: not negated(values)
        return self._comparison()

    def _comparison(self) -> Test:
        kind, name, column = self._here
        if kind != "name" or name in _WORDS:
            raise FormulaError(f"expected a name or '(', found {name!r}", column)
        self._next += 1
        kind, sign, _ = self._here
        if kind != "sign" or sign not in _COMPARISONS:
            self.compared.append(Compared(name, "!=", 0.0))
            return lambda values: bool(values[name])
        self._next += 1
        value = self._value(sign)
        self.compared.append(Compared(name, sign, value))
        return _compare(name, _COMPARISONS[sign], value)

    def _value(self, sign: str) -> Value:
        kind, found, column = self._here
        if kind == "number":
            self._next += 1
            return float(found)
        if kind == "text" and sign in ("==", "!="):
            self._next += 1
            return found[1:-1]
        wanted = "a number or a 'text'" if sign in ("==", "!=") else "a number"
        raise FormulaError(f"expected {wanted} after {sign!r}, found {found!r}", column)

    def _took(self, kind: str, text: str) -> bool:
        if self._here[:2] != (kind, text):
            return False
        self._next += 1
        return True

    @property
    def _here(self) -> tuple[str, str, int]:
        return self._tokens[self._next]


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and column of each, and one of kind `end`."""
    at, stop = 0, len(text.rstrip())
    while at < stop:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            column = at + 1 + (len(text[at:]) - len(text[at:].lstrip()))
            raise FormulaError(f"{text[column - 1]!r} has no meaning here", column)
        yield match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1
        at = match.end()
    yield "end", "the end", stop + 1


def _any(tests: tuple[Test, ...]) -> Test:
    return lambda values: any(test(values) for test in tests)


def _all(tests: tuple[Test, ...]) -> Test:
    return lambda values: all(test(values) for test in tests)


def _compare(name: str, comparison: Callable[[Any, Any], bool], value: Value) -> Test:
    return lambda values: comparison(values[name], value)
