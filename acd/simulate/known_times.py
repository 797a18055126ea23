"""Callers whose times are known: they tell when a simulation begins, and how long it is.

One beginning for all groups: what `begins` says, else that of the records' period, else the midnight before
the first date in any file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

from acd.errors import OperatorError
from acd.settings.document import Document
from acd.settings.problems import Place
from acd.simulate.arrivals_file import ArrivalsFile, read_arrivals
from acd.simulate.recorded import History, Recorded, RecordedCall
from acd.simulate.scenario import FIRST_DAY, KnownCall
from acd.simulate.schema import LONGEST_HOURS, GroupEntry, PeriodEntry

HOUR_S = 3600.0
MIDNIGHT = datetime.combine(FIRST_DAY, time())


@dataclass(slots=True)
class KnownTimes:
    """`scenario`: where mistakes are noted, those in CSV files of `folder` in `files`.

    `begins` is local time without a zone. `length_s`: until all callers have come; None where no times are
    known. `calls` by group.
    """

    scenario: Document
    folder: Path
    history: History
    begins: datetime = MIDNIGHT
    length_s: float | None = None
    calls: dict[str, Sequence[KnownCall]] = field(default_factory=dict)
    files: list[Document] = field(default_factory=list)
    _in_files: set[str] = field(default_factory=set)
    _periods: dict[tuple[str, str], Recorded] = field(default_factory=dict)

    def read(self, groups: Mapping[str, GroupEntry], begins: datetime | None) -> None:
        """Those of all groups. A `begins` that is a time alone (FIRST_DAY) is one of their first day."""
        listed: dict[str, ArrivalsFile] = {}
        records: dict[str, Recorded] = {}
        for group, entry in groups.items():
            if entry.arrivals is None:
                continue
            if entry.arrivals.csv:
                listed[group] = read_arrivals(self.folder / entry.arrivals.csv)
                self.files.append(listed[group].document)
                self._in_files.add(group)
            elif entry.arrivals.records is not None:
                found = self.of_period(entry.arrivals.records, _place(group, "records"))
                if found is not None:
                    records[group] = found
        self._compare(records, begins)
        dates = [file.first for file in listed.values() if file.first is not None]
        self._begin(next(iter(records.values()), None), min(dates, default=None), begins)
        self.calls = {group: file.placed(self.begins) for group, file in listed.items()}
        ends = [*map(_end_s, self.calls.values()), *(recorded.length_s for recorded in records.values())]
        for group, recorded in records.items():
            self.calls[group] = [_arrival(call) for call in recorded.calls if call.visit.group == group]
        if ends:
            self.length_s = min(max(ends), LONGEST_HOURS * HOUR_S)

    def of_period(self, period: PeriodEntry, place: Place) -> Recorded | None:
        """The records, read once for each period; None, and a mistake, where there are none."""
        words = (period.from_, period.to)
        try:
            if words not in self._periods:
                self._periods[words] = self.history(*words)
        except OperatorError as error:
            self.scenario.report(place, str(error))
            return None
        return self._periods[words]

    def report_late(self, hours: float) -> None:
        """A mistake for each group some of whose callers would come before the begin or after the end."""
        for group, calls in self.calls.items():
            late = sum(not 0 <= call.at < hours * HOUR_S for call in calls)
            if late:
                self.scenario.report(
                    _place(group, "csv" if group in self._in_files else "records"),
                    f"{late} of {len(calls)} times lie outside of the {hours:g} hours"
                    " that are simulated: see `begins` and `hours` of `simulation`",
                )

    def _compare(self, records: Mapping[str, Recorded], begins: datetime | None) -> None:
        if not records:
            return
        first, period = next(iter(records.items()))
        begin = _begin_of(period)
        for group, other in records.items():
            if (_begin_of(other), other.length_s) != (begin, period.length_s):
                self.scenario.report(
                    _place(group, "records"),
                    f"this is not the period of {first}, {begin:%Y-%m-%d %H:%M} for"
                    f" {period.length_s / HOUR_S:g} hours: all groups need the same one",
                )
        if begins is not None and begins.time() != begin.time():
            message = f"the period of the records begins at {begin:%H:%M}: leave this out, or change `from`"
            self.scenario.report(("simulation", "begins"), message)

    def _begin(self, period: Recorded | None, first: datetime | None, begins: datetime | None) -> None:
        known = _begin_of(period) if period is not None else first
        if begins is None:
            if period is not None:
                self.begins = _begin_of(period)
            elif first is not None:
                self.begins = datetime.combine(first.date(), time())
        elif begins.date() == FIRST_DAY and known is not None:
            self.begins = datetime.combine(known.date(), begins.time())
        else:
            self.begins = begins


def _place(group: str, kind: str) -> Place:
    return ("groups", group, "arrivals", kind)


def _begin_of(period: Recorded) -> datetime:
    return datetime.combine(period.first_day, time()) + timedelta(seconds=period.opens_s)


def _end_s(calls: Sequence[KnownCall]) -> float:
    """An hour after the last caller, in full hours: time for the talks."""
    last_s = max((call.at for call in calls), default=0.0)
    return (max(math.ceil(last_s / HOUR_S), 0) + 1) * HOUR_S


def _arrival(call: RecordedCall) -> KnownCall:
    """When somebody came, with which priority, and who it was."""
    customer = call.visit.customer
    known_id = "" if customer is None else customer.id
    return KnownCall(call.visit.queued_at, number=call.number, customer_id=known_id, priority=call.priority)
