"""What the tests of the web process share."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

import pytest

from acd.errors import OperatorError, SettingsError
from acd.web import reader, reading
from tests.web.client import CHECKOUT


@pytest.fixture
def really_read() -> Callable[..., Any]:
    """`acd.web.reading.read` as it is."""
    return READ


READ = reading.read
of_checkout = cache(reader.answer)


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration is read in the tests' own process: to start another one each time takes a second."""

    def read(do: str, *asked: Any) -> Any:
        if asked[0] == CHECKOUT / "config" and do in ("centre", "customers"):
            said, found, _ = of_checkout(do, *asked)
        else:
            said, found, _ = reader.answer(do, *asked)
        if said == reader.FOUND:
            return copy(found)
        raise SettingsError(found) if said == reader.FAULTY else OperatorError(found)

    monkeypatch.setattr(reading, "read", read)
