"""Has work done by a process of its own, of which nothing is left afterwards.

A PDF of many lines takes seconds of Python, in which the web process would serve no page, and what makes it
would stay in memory.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Protocol, TypeVar

from acd.errors import OperatorError

_CHILD = "acd.reports.child"
T_co = TypeVar("T_co", covariant=True)


class Work(Protocol[T_co]):
    """What can be pickled together with all that it needs. `do` may raise OperatorError."""

    def do(self) -> T_co:
        """What comes of it; it can be pickled, too."""


def done_elsewhere(work: Work[T_co], limit_s: float) -> T_co:
    """What came of it. Raises OperatorError. To be called in a thread: it takes seconds."""
    command = [sys.executable, "-m", _CHILD]
    try:
        done = subprocess.run(
            command, input=pickle.dumps(work), stdout=subprocess.PIPE, check=True, timeout=limit_s
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise OperatorError(f"the report cannot be made: {error}; the log says more") from error
    worked: bool
    found: T_co
    worked, found = pickle.loads(done.stdout)  # noqa: S301 - from the process that was started here
    if worked:
        return found
    raise OperatorError(str(found))
