"""Finds the customer who belongs to a caller's number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from acd.core.facts import Customer
from acd.errors import SettingsError
from acd.settings.customer_file import read_customers
from acd.settings.phone_number import normalised

# Fewer common last digits than this may belong to somebody else in another town or country.
LEAST_COMMON_DIGITS = 9


class Directory:
    """Customers by phone number.

    The full number decides, and `country` completes a national one. Where one of the two numbers
    lacks the country code all the same, the one must end with the other, without its leading zeros and
    with at least 9 digits, and this must be true of one customer only: showing a stranger's name is
    worse than showing none.
    """

    def __init__(self, customers: Iterable[tuple[str, Customer]], country: str | None = None) -> None:
        self._country = country
        self._by_number: dict[str, Customer] = {}
        self._by_last_digits: defaultdict[str, list[tuple[str, Customer]]] = defaultdict(list)
        for number, customer in customers:
            self._by_number[number] = customer
            digits = _significant_digits(number)
            if len(digits) >= LEAST_COMMON_DIGITS:
                self._by_last_digits[digits[-LEAST_COMMON_DIGITS:]].append((number, customer))

    @classmethod
    def from_csv(cls, path: Path, country: str | None = None) -> Directory:
        """Reads a customers file. Raises SettingsError with every problem in it."""
        rows, document = read_customers(path, country)
        if document.problems:
            raise SettingsError([str(problem) for problem in sorted(document.problems)])
        return cls(((row.number, row.customer) for row in rows), country)

    def __len__(self) -> int:
        return len(self._by_number)

    def find(self, number: str) -> Customer | None:
        """The customer who calls from this number, or None if that is nobody or not certain."""
        wanted = normalised(number, self._country)
        if wanted is None:
            return None
        exact = self._by_number.get(wanted)
        return exact if exact is not None else self._find_by_last_digits(wanted)

    def _find_by_last_digits(self, wanted: str) -> Customer | None:
        digits = _significant_digits(wanted)
        if len(digits) < LEAST_COMMON_DIGITS:
            return None
        found = {
            customer.id: customer
            for number, customer in self._by_last_digits.get(digits[-LEAST_COMMON_DIGITS:], ())
            if _may_be_same(wanted, number)
        }
        return next(iter(found.values())) if len(found) == 1 else None


def _significant_digits(number: str) -> str:
    """Without + and without the zeros of the national form."""
    return number.lstrip("+0")


def _may_be_same(one: str, other: str) -> bool:
    if one.startswith("+") and other.startswith("+"):
        return False  # both are complete, and they differ
    a, b = _significant_digits(one), _significant_digits(other)
    return a.endswith(b) or b.endswith(a)
