"""A failure that is told again for a while: who asks meanwhile need not wait for it to happen anew."""

from __future__ import annotations

import time

from acd.errors import OperatorError

TOLD_AGAIN_S = 5.0


class LastFailure:
    """Of one thing that can be tried again, which takes a process and a second."""

    def __init__(self) -> None:
        self._error: OperatorError | None = None
        self._at = 0.0

    def keep(self, error: OperatorError) -> None:
        """It has failed just now."""
        self._error, self._at = error, time.monotonic()

    def tell(self) -> None:
        """Raises the OperatorError once more while it is fresh."""
        if self._error is not None and time.monotonic() - self._at < TOLD_AGAIN_S:
            raise self._error.with_traceback(None)
        self._error = None
