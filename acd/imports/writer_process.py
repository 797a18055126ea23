"""Has an import's batches written by a process of its own, while this one reads and understands the next."""

from __future__ import annotations

import signal
import subprocess
import sys
from multiprocessing.connection import Pipe

from sqlalchemy.engine import URL

from acd.errors import OperatorError
from acd.imports.writing import Batch, Written

PROGRAM = "acd.imports.writer"
LAST_BATCH_S = 60.0
"""So long its last batch may take when nobody waits for the answer."""


class WriterProcess:
    """Give it batches, and take its answer to each, in order. It sits in a session of its own, so that Ctrl-C
    does not end it in the middle of a batch; it ends by itself when this process is gone.
    """

    def __init__(self, url: URL) -> None:
        """Raises OperatorError where no process can be started."""
        self._link, theirs = Pipe()
        # What is in the present folder is not meant: a file csv.py there would be taken for Python's.
        command = [sys.executable, "-P", "-m", PROGRAM, str(theirs.fileno())]
        try:
            with theirs:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        except OSError as error:
            self._link.close()
            raise OperatorError(
                f"the process that writes into the database cannot be started: {error}"
            ) from error
        self._url: URL | None = url

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def close(self) -> None:
        """Waits until it has written what it was given in full. To be called once, in any case."""
        self._link.close()
        self._wait()

    def _wait(self) -> int:
        try:
            return self._process.wait(LAST_BATCH_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the database keeps all of a batch or nothing
            return self._process.wait()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def send(self, batch: Batch) -> None:
        """Waits until it takes the batch. Raises what it has said of an earlier one, and OperatorError."""
        try:
            if self._url is not None:
                self._link.send(self._url)
                self._url = None
            self._link.send(batch)
        except (BrokenPipeError, ConnectionResetError):
            while True:  # up to why it has ended
                self.answer()

    def answer(self) -> Written:
        """What came of the oldest batch that it has not told of. Waits for it.

        Raises SQLAlchemy's errors, and OperatorError where the process has ended.
        """
        try:
            told: Written | Exception = self._link.recv()
        except (EOFError, ConnectionResetError):
            raise OperatorError(self._ended()) from None
        if isinstance(told, Exception):
            raise told
        return told

    def _ended(self) -> str:
        code = self._wait()
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        hint = "; is there too little memory?" if code == -signal.SIGKILL else ""
        return (
            f"the process that writes into the database has ended {how}{hint};"
            " what was written stays: run the import again"
        )
