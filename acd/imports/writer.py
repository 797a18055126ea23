"""The process that writes an import's batches into the database: `python -m acd.imports.writer SOCKET`.

It is given the database's address, then batches, each of which it answers, until the other end is closed or
gone. What the database says against one is the answer to it, and the last.
"""

from __future__ import annotations

import gc
import sys
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy.exc import SQLAlchemyError, StatementError

from acd.heap import expect_many_objects
from acd.imports.writing import write
from acd.records.connecting import make_engine


def main(socket: int) -> None:
    """Until there is nothing more."""
    expect_many_objects()
    with Connection(socket) as link:
        engine = make_engine(link.recv())
        try:
            while (batch := _next(link)) is not None:
                link.send(write(engine, batch))
                gc.collect()  # the database layer leaves circles behind; what was there before is frozen
        except SQLAlchemyError as error:
            if isinstance(error, StatementError):
                error.params = None  # many rows: the other end may be sending, and would never read them
            link.send(error)
        except (BrokenPipeError, ConnectionResetError):
            pass  # nobody wants to know any more; what was written stays
        finally:
            engine.dispose()


def _next(link: Connection) -> Any:
    """None where nobody sends any more."""
    try:
        return link.recv()
    except (EOFError, OSError):  # the latter in the middle of a batch
        return None


if __name__ == "__main__":
    main(int(sys.argv[1]))
