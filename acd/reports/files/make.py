"""A report as a file of the kind that is asked for: one place for commands, pages and e-mails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from acd.reports.files.labels import Labels, local
from acd.reports.table import ReportTable
from acd.reports.targets import NO_TARGETS, Targets


class FileFormat(StrEnum):
    """The kinds of file; the values are the endings of their names."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    JSON = "json"
    PDF = "pdf"


MEDIA_TYPES: Mapping[FileFormat, str] = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
    FileFormat.JSON: "application/json",
    FileFormat.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True)
class ReportFile:
    """`name` is safe in every file system and header: letters, digits, - and dots."""

    name: str
    media_type: str
    content: bytes


def make_file(
    kind: FileFormat,
    table: ReportTable,
    labels: Labels,
    made_at: datetime,
    targets: Targets = NO_TARGETS,
    *,
    bom: bool = True,
) -> ReportFile:
    """`bom`: CSV begins with one, which Excel needs to see that it is UTF-8.

    Takes its time: seconds for a PDF of a thousand lines. Raises OperatorError where a PDF has no font, or
    Parquet no pyarrow.
    """
    return ReportFile(
        file_name(kind, table), MEDIA_TYPES[kind], _content(kind, table, labels, made_at, targets, bom)
    )


def file_name(kind: FileFormat, table: ReportTable) -> str:
    """`acd-groups-2026-11-22.xlsx`; of several days with both ends."""
    asked = table.asked
    first = local(asked.period.since, asked).date()
    last = local(asked.period.until - timedelta(microseconds=1), asked).date()
    days = f"{first}" if first == last else f"{first}--{last}"
    return f"acd-{re.sub('[^a-z0-9-]', '-', asked.report.lower())}-{days}.{kind.value}"


def _content(
    kind: FileFormat, table: ReportTable, labels: Labels, made_at: datetime, targets: Targets, bom: bool
) -> bytes:
    # Each is imported where it is needed: a command that prints a table needs none.
    match kind:
        case FileFormat.CSV:
            from acd.reports.files.as_csv import as_csv

            return as_csv(table, labels, bom=bom)
        case FileFormat.JSON:
            from acd.reports.files.as_json import as_json

            return as_json(table, labels, targets)
        case FileFormat.XLSX:
            from acd.reports.files.as_xlsx import as_xlsx

            return as_xlsx(table, labels, made_at, targets)
        case FileFormat.PARQUET:
            from acd.reports.files.as_parquet import as_parquet

            return as_parquet(table, labels)
        case FileFormat.PDF:
            from acd.reports.files.as_pdf import as_pdf

            return as_pdf(table, labels, made_at, targets)
