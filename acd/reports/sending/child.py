"""The program that makes one e-mail and ends: `acd.reports.sending.job` starts it."""

from __future__ import annotations

import os
import pickle
import sys

from acd.errors import OperatorError
from acd.reports.sending.job import Made, make


def main() -> None:
    """One job, one answer: a `Made`, or why not."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints does not print into the answer
        found: Made | str
        try:
            found = make(pickle.load(sys.stdin.buffer))  # noqa: S301 - from the process that has started this
        except OperatorError as error:
            found = str(error)
        pickle.dump(found, out)


if __name__ == "__main__":
    main()
