"""`acd records copy`: from the file on this disk to PostgreSQL, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Engine, MetaData
from sqlalchemy import Table as SqlTable
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from acd.accounts import schema as accounts
from acd.cli import context
from acd.cli.console import new_console
from acd.customers import schema as customers
from acd.errors import OperatorError
from acd.recordings import schema as recordings
from acd.records import schema as records
from acd.records.connecting import make_engine
from acd.records.copying import Copied, analyse, copy, counts, prepare
from acd.reports.sending import schema as saved_reports
from acd.settings.database_url import database_url
from acd.web import drafts
from acd.webhooks import schema as webhooks

MADE_BY_MIGRATIONS = frozenset({webhooks.lease.name, saved_reports.report_lease.name})
_SCHEMAS = (records, accounts, customers, webhooks, recordings, drafts, saved_reports)


def all_tables() -> list[SqlTable]:
    """Those of every part of the product, in an order in which they may be filled."""
    together = MetaData()
    for module in _SCHEMAS:
        for table in module.metadata.tables.values():
            table.to_metadata(together)
    return together.sorted_tables


def copy_records(
    to: Annotated[str, typer.Option("--to", help="postgresql+psycopg://USER@HOST:PORT/DATABASE")],
    wide: context.Wide = False,
) -> None:
    """Copy all records, accounts, customers and webhooks from the file here to PostgreSQL: all or nothing.

    Nobody may write meanwhile: stop the server before. The target must be empty; the file stays as it is.
    """
    env = context.environment()
    url = make_url(database_url("--to", to))
    if url.get_backend_name() != "postgresql":
        raise OperatorError("--to names PostgreSQL: postgresql+psycopg://USER@HOST:PORT/DATABASE")
    if not env.database_url.startswith("sqlite"):
        raise OperatorError(
            "the records are in PostgreSQL already (ACD_DATABASE_URL): unset it to copy those of ACD_HOME;"
            " from PostgreSQL to PostgreSQL pg_dump is the way"
        )
    tables, shown = all_tables(), url.render_as_string(hide_password=True)
    target = make_engine(url)
    try:
        with context.records(env) as store:
            copied = _copied(store.engine, target, tables)
        analyse(target)
    except DBAPIError as error:
        raise OperatorError(f"{shown} is as it was: {str(error.orig).strip()}") from error
    finally:
        target.dispose()
    context.show(_table(copied), wide=wide)
    _say(f"All is in {shown}; the file here is as it was.")
    _say("Set ACD_DATABASE_URL to it for every command and process, then start the server.")


def _copied(source: Engine, target: Engine, tables: Sequence[SqlTable]) -> list[Copied]:
    prepare(target, tables, MADE_BY_MIGRATIONS)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=new_console(stderr=True), transient=True) as progress:
        task = progress.add_task("copying", total=sum(counts(source, tables).values()))

        def told(table: str, rows: int) -> None:
            progress.update(task, description=table, advance=rows)

        with copy(source, target, tables, told) as copied:
            return copied


def _table(copied: Sequence[Copied]) -> Table:
    table = Table(title="Rows, table by table", title_justify="left")
    table.add_column("Table")
    for heading in ("Here", "There", "Texts cut"):
        table.add_column(heading, justify="right")
    for each in copied:
        table.add_row(each.table, str(each.here), str(each.there), str(each.shortened or ""))
    return table


def _say(text: str) -> None:
    context.console.print(text, markup=False, soft_wrap=True)
