"""The one gate of every state machine here.

A machine is a table `state → {input: new state}`. An input that the table does not list is illegal:
it raises, names machine, key, state and input, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from acd.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)
I = TypeVar("I", bound=StrEnum)  # noqa: E741  (state and input, as in the literature)


def advance(machine: str, key: str, table: Mapping[S, Mapping[I, S]], state: S, input_: I) -> S:
    """The state that follows. Raises IllegalTransition when the table has none."""
    try:
        return table[state][input_]
    except KeyError:
        raise IllegalTransition(machine, key, state.value, input_.value) from None
