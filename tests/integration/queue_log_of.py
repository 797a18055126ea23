"""The queue_log of a centre from a moment on, and what it says elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from acd.__main__ import app
from acd.queue_log.line import NONE, Line, read
from acd.records.record import CallRecord, VisitOutcome
from acd.records.store import RecordStore
from tests.integration.centre import Centre
from tests.integration.sip.waiting import WaitedTooLong

DURATIONS = {
    "RINGNOANSWER": (0,),
    "RINGCANCELED": (0,),
    "CONNECT": (0, 2),
    "COMPLETEAGENT": (0, 1),
    "COMPLETECALLER": (0, 1),
    "BLINDTRANSFER": (2, 3),
    "ATTENDEDTRANSFER": (2, 3),
    "ABANDON": (2,),
    "EXITWITHTIMEOUT": (2,),
    "EXITWITHKEY": (3,),
}
"""Where they stand in the data."""


class QueueLogOf:
    """What the centre writes from now on."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._path = centre.home / "queue_log"
        self._begin = self._path.stat().st_size if self._path.exists() else 0

    @property
    def text(self) -> str:
        """All of it, so far."""
        return self._path.read_bytes()[self._begin :].decode()

    @property
    def lines(self) -> list[Line]:
        """All of them, so far."""
        return [read(text) for text in self.text.splitlines()]

    async def until(self, event: str, count: int) -> None:
        """Wait until so many lines of `event` are written."""
        deadline = time.monotonic() + 5.0
        while (found := [line.event for line in self.lines].count(event)) < count:
            if time.monotonic() > deadline:
                raise WaitedTooLong(f"waited for {count} {event}, found {found}:\n{self.text}")
            await asyncio.sleep(0.02)

    def by_caller(self) -> dict[str, list[str]]:
        """By the caller's number what happened, without durations and ids."""
        calls: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            if line.call != NONE:
                calls[line.call].append(line)
        return {
            next(line.data[1] for line in lines if line.event == "ENTERQUEUE"): [
                _shown(line) for line in lines
            ]
            for lines in calls.values()
        }

    def by_agent(self) -> dict[str, list[str]]:
        """By agent what was said of all queues, and of the memberships."""
        agents: dict[str, list[str]] = defaultdict(list)
        for line in self.lines:
            if line.call == NONE and (line.queue == NONE or line.event.endswith("MEMBER")):
                queue = "" if line.queue == NONE else f"{line.queue} "
                agents[line.agent].append(" ".join([f"{queue}{line.event}", *line.data]))
        return agents

    def imported(self, folder: Path) -> dict[str, CallRecord]:
        """The records that `acd import queue_log` makes of it in an empty home, by call."""
        file, home = folder / "queue_log", folder / "home"
        file.write_text(self.text)
        elsewhere = {**self._centre.env, "ACD_HOME": str(home)}
        done = CliRunner().invoke(app, ["import", "queue_log", str(file)], env=elsewhere)
        assert done.exit_code == 0, done.output
        now = datetime.now(UTC)
        with RecordStore(f"sqlite:///{home}/records.sqlite3") as store:
            found = store.calls(now - timedelta(days=1), now + timedelta(days=1), limit=1000)
        return {record.call_id: record for record in found}


def _shown(line: Line) -> str:
    data = [*line.data]
    for place in DURATIONS.get(line.event, ()):
        assert data[place].isdigit()
        data[place] = "_"
    if line.event == "CONNECT":
        assert data[1] == line.call
        data[1] = "id"
    if line.event == "ATTENDEDTRANSFER":
        data[1] = "id"
    return "|".join([line.queue, line.agent, line.event, *data])


def figures_of(records: list[CallRecord]) -> dict[str, dict[str, float]]:
    """By group what its report says: how many came, were answered and gave up, ASA, and talk on average."""
    figures = {}
    visits = [visit for record in records for visit in record.visits]
    for group in sorted({visit.group for visit in visits}):
        mine = [visit for visit in visits if visit.group == group]
        answered = [visit for visit in mine if visit.outcome is VisitOutcome.ANSWERED]
        figures[group] = {
            "offered": len(mine),
            "answered": len(answered),
            "abandoned": sum(visit.outcome is VisitOutcome.ABANDONED for visit in mine),
            "asa_s": sum(visit.wait_s for visit in answered) / len(answered),
            "talk_s": sum(visit.talk_s for visit in answered) / len(answered),
            "hold_s": sum(visit.hold_s for visit in answered) / len(answered),
        }
    return figures
