"""Report files that take long are made by a process of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from acd.reports.elsewhere import done_elsewhere
from acd.reports.files.make import FileFormat, ReportFile, make_file
from acd.reports.files.told import labels_of
from acd.reports.table import ReportTable
from acd.reports.targets import Targets

LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class FileWork:
    """See `make_file`; words are in `language`."""

    kind: FileFormat
    table: ReportTable
    language: str
    made_at: datetime
    targets: Targets

    def do(self) -> ReportFile:
        """Here and now. Raises OperatorError."""
        labels = labels_of(self.table, self.language)
        return make_file(self.kind, self.table, labels, self.made_at, self.targets)

    def do_where_it_disturbs_nobody(self) -> ReportFile:
        """A PDF elsewhere, anything else here. Raises OperatorError."""
        return done_elsewhere(self, LIMIT_S) if self.kind is FileFormat.PDF else self.do()
