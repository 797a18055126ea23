"""A report as Parquet, for data tools: typed columns, whose units and formulas stand in the metadata.

`pyarrow` is as large as all the rest together, and few need it: it is an extra of its own (`acd[parquet]`).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import orjson

from acd.errors import OperatorError
from acd.reports.files.as_json import table_json
from acd.reports.files.grid import Heading, grid
from acd.reports.files.labels import Labels
from acd.reports.table import ReportTable, Unit

if TYPE_CHECKING:
    import pyarrow as pa

METADATA = b"acd.report"


def as_parquet(table: ReportTable, labels: Labels) -> bytes:
    """A row for each line; all that holds for the whole, the total included, is JSON in the metadata.

    Raises OperatorError where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise OperatorError(
            "Parquet needs the package pyarrow: install acd with its extra `parquet`"
            " (pip install pyarrow); csv, xlsx and json need nothing more"
        ) from error
    found = grid(table, labels)
    columns = list(zip(*found.rows, strict=True)) if found.rows else [()] * len(found.headings)
    fields = [
        _field(pa, heading, values, labels, table.asked.tz.key)
        for heading, values in zip(found.headings, columns, strict=True)
    ]
    about = {name: value for name, value in table_json(table, labels).items() if name != "lines"}
    schema = pa.schema(fields, metadata={METADATA: orjson.dumps(about)})
    arrays = [pa.array(list(values), type=field.type) for values, field in zip(columns, fields, strict=True)]
    file = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=schema), file)
    return file.getvalue()


def _field(pa: Any, heading: Heading, values: tuple[Any, ...], labels: Labels, zone: str) -> pa.Field:
    if heading.column is None:
        kind = pa.timestamp("us", tz=zone) if heading.id in ("from", "until") else pa.string()
        return pa.field(heading.id, kind, metadata={"label": heading.label})
    is_whole = heading.column.unit is Unit.COUNT and not any(isinstance(value, float) for value in values)
    kind = pa.int64() if is_whole else pa.float64()
    told = labels.kpi(heading.column.id)
    metadata = {"label": heading.label, "unit": heading.column.unit.value, "formula": told.formula}
    return pa.field(heading.id, kind, metadata=metadata)
