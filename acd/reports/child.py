"""The program that does one piece of work and ends: `acd.reports.elsewhere` starts it."""

from __future__ import annotations

import os
import pickle
import sys

from acd.errors import OperatorError


def main() -> None:
    """One piece of work, one answer: what came of it, or why nothing did."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints does not print into the answer
        found: tuple[bool, object]
        try:
            found = True, pickle.load(sys.stdin.buffer).do()  # noqa: S301 - from whom has started this
        except OperatorError as error:
            found = False, str(error)
        pickle.dump(found, out)


if __name__ == "__main__":
    main()
