"""`acd import queue_log`: files of it into the records, in batches, with little memory."""

from __future__ import annotations

from acd.imports.batches import Batches
from acd.imports.files import Files
from acd.imports.intake import Intake
from acd.imports.queue_history import LOOK_EVERY, QueueHistory
from acd.queue_log.line import BadLine, read


def time_of(raw: bytes) -> int | None:
    """That of a line; None for what is no line."""
    try:
        return read(raw.decode("utf-8", "replace").rstrip("\r\n")).at
    except BadLine:
        return None


def run(files: Files, history: QueueHistory, intake: Intake, encoding: str) -> None:
    """All lines of the files. Raises OperatorError, and SQLAlchemy's errors.

    What is interrupted can be done again: batches that were written are found on record.
    """
    with Batches(intake) as batches:
        for count, (place, raw) in enumerate(files.lines(), start=1):
            history.feed(raw, place, encoding)
            if count % LOOK_EVERY == 0:
                for call in history.over():
                    batches.add(call)
                batches.add_states(history.intervals())
        for call in history.rest():
            batches.add(call)
        batches.add_states(history.intervals())
