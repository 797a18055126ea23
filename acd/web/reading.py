"""Has the configuration read by a process of its own, so that nothing of what that takes stays here."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from typing import Any

from acd.errors import OperatorError, SettingsError

READER = "acd.web.reader"
LIMIT_S = 60.0
_turn = threading.Lock()


def read(do: str, *asked: Any) -> Any:
    """What a function of `acd.web.reader` finds. In a thread: it takes about a second.

    Raises SettingsError for files with mistakes, OperatorError where they cannot be read.
    """
    with _turn:
        said, found = _answer(pickle.dumps((do, asked)))
    if said == "found":
        return found
    raise SettingsError(found) if said == "faulty" else OperatorError(found)


def _answer(asked: bytes) -> tuple[str, Any]:
    command = [sys.executable, "-m", READER]
    try:
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, check=True, timeout=LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise OperatorError(f"the configuration cannot be read: {error}; the log says more") from error
    said, found = pickle.loads(done.stdout)  # noqa: S301 - from the process that was started here
    return said, found
