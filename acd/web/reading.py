"""Has the configuration read by a process of its own, so that nothing of what that takes stays here."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from typing import Any

import structlog

from acd.errors import OperatorError, SettingsError

log = structlog.get_logger(__name__)

READER = "acd.web.reader"
LIMIT_S = 60.0
_turn = threading.Lock()
_told_of: set[str] = set()


def read(do: str, *asked: Any) -> Any:
    """What a function of `acd.web.reader` finds. In a thread: it takes about a second.

    Raises SettingsError for files with mistakes, OperatorError where they cannot be read.
    """
    with _turn:
        said, found, missing = _answer(pickle.dumps((do, asked)))
        tell_of(missing)
    if said == "found":
        return found
    raise SettingsError(found) if said == "faulty" else OperatorError(found)


def tell_of(missing: list[str]) -> None:
    """Each of these variables once: the configuration is read again and again."""
    for name in missing:
        if name not in _told_of:
            _told_of.add(name)
            log.warning(
                "a secret is left out, since the environment lacks it; set it before the start", variable=name
            )


def _answer(asked: bytes) -> tuple[str, Any, list[str]]:
    command = [sys.executable, "-m", READER]
    try:
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True, timeout=LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise OperatorError(f"the configuration cannot be read: {error}; the log says more") from error
    said, found, missing = pickle.loads(done.stdout)  # noqa: S301 - from the process that was started here
    return said, found, missing
