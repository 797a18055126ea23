"""How fast a queue_log comes into the records, and how much memory that takes."""

from __future__ import annotations

import os
import re
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from acd.heap import expect_many_objects
from acd.imports import queue_log
from acd.imports.files import Files
from acd.imports.intake import Intake
from acd.imports.names import Names
from acd.imports.queue_history import QueueHistory
from acd.imports.refusals import Refusals
from acd.imports.writer_process import PROGRAM
from acd.records.record import Source
from acd.records.store import RecordStore
from bench.queue_log_lines import lines

LIMIT_S = 90.0
"""For a million lines."""
GROWTH_MOST_MB = 50.0
"""However many lines there are."""


@dataclass(frozen=True, slots=True)
class ImportFigures:
    """`grown_mb`: how much more memory the process had at its most, over what it had before.

    `writer_mb`: the most that the process which writes into the database had; 0 where it came to none.
    """

    lines: int
    calls: int
    states: int
    refused: int
    seconds: float
    grown_mb: float
    writer_mb: float

    @property
    def lines_per_s(self) -> float:
        """On average."""
        return self.lines / self.seconds


def measure(count: int, url: str | None = None) -> ImportFigures:
    """Import so many lines into an empty database: of SQLite in a folder of its own, or the one at `url`."""
    with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder:
        file = Path(folder) / "queue_log"
        with file.open("w", encoding="utf-8") as out:
            made = 0
            for line in lines(count):
                out.write(f"{line}\n")
                made += 1
        with RecordStore(url or f"sqlite:///{folder}/records.sqlite3") as store:
            refusals = Refusals(Path(folder) / "problems.txt")
            intake = Intake(store.engine, Source.QUEUE_LOG, refusals)
            history = QueueHistory(Names(), refusals, time.time())
            expect_many_objects()  # as the command does
            writer = _Writer()
            before_mb, began = _peak_mb(), time.perf_counter()
            queue_log.run(Files([str(file)], refusals, writer.look), history, intake, "utf-8")
            seconds = time.perf_counter() - began
            refusals.close()
        taken, refused = intake.taken, refusals.refused.total()
        grown_mb = _peak_mb() - before_mb
        return ImportFigures(made, taken.calls, taken.states, refused, seconds, grown_mb, writer.most_mb)


class _Writer:
    """The process that writes, looked at whenever a piece of the file is read."""

    def __init__(self) -> None:
        self.most_mb = 0.0

    def look(self, _count: int) -> None:
        """How much memory it has had at its most."""
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
        for child in children.split():
            process = Path("/proc") / child
            if PROGRAM.encode() in (process / "cmdline").read_bytes():
                found = re.search(r"(?m)^VmHWM:\s+([0-9]+) kB$", (process / "status").read_text("ascii"))
                self.most_mb = max(self.most_mb, int(found[1]) / 1024 if found else 0.0)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
