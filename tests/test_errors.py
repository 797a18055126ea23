"""The tree of exceptions in the module's docstring is the tree of the classes."""

from __future__ import annotations

import inspect
import re

import pytest

from acd import errors


def drawn_parents() -> dict[str, str | None]:
    """Class → parent, as the docstring draws them; a deeper level stands four characters further in."""
    parents: dict[str, str | None] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([ │├└─]+)([A-Z]\w+)(?: |$)", line)
        if found is None:
            continue
        column = found.start(2)
        path = [entry for entry in path if entry[0] < column]
        parents[found[2]] = path[-1][1] if path else None
        path.append((column, found[2]))
    return parents


def real_parents() -> dict[str, str | None]:
    """Class → parent, as Python has them."""
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__]
    parents = {c.__name__: c.__mro__[1].__name__ for c in classes}
    return {name: None if parent == "Exception" else parent for name, parent in parents.items()}


def test_every_drawn_exception_exists_and_every_exception_is_drawn() -> None:
    assert drawn_parents() == real_parents()
    assert drawn_parents()["SettingsError"] == "OperatorError"


def test_settings_error_carries_every_problem() -> None:
    error = errors.SettingsError(["a.yml:1: x: wrong", "b.yml:2: y: wrong"])
    assert error.problems == ("a.yml:1: x: wrong", "b.yml:2: y: wrong")
    assert str(error) == "a.yml:1: x: wrong\nb.yml:2: y: wrong"


def test_request_refused_has_a_code_for_programs() -> None:
    error = errors.RequestRefused("phone-taken", "ben is logged in on phone 1001")
    assert (error.code, str(error)) == ("phone-taken", "ben is logged in on phone 1001")


def test_illegal_transition_names_everything() -> None:
    error = errors.IllegalTransition("call", "c1", "ended", "offer")
    assert (error.machine, error.key, error.state, error.input) == ("call", "c1", "ended", "offer")
    assert str(error) == "call 'c1': input offer is illegal in state ended"


@pytest.mark.parametrize("name", sorted(real_parents()))
def test_everything_is_an_acd_error(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.AcdError)
