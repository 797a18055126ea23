"""`acd customers …`: the customer directory."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from acd.cli import context, privacy
from acd.cli.auditing import audit
from acd.cli.console import new_console
from acd.customers.card import Card
from acd.customers.csv_export import export_csv
from acd.customers.csv_form import field_text
from acd.customers.csv_import import Importer, Report
from acd.customers.search import UnknownPlace
from acd.customers.store import CustomerStore
from acd.errors import OperatorError
from acd.records.contacts import contacts
from acd.records.report import duration
from acd.records.store import RecordStore
from acd.records.story import printable
from acd.settings.assemble_customers import read_customer_settings
from acd.settings.customer_settings import CustomerSettings

app = typer.Typer(
    help="The customer directory: find, show, merge, delete, import and export.", no_args_is_help=True
)

MASK = "•••"
CONTACTS = 10
Id = Annotated[str, typer.Argument(help="the customer's id")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable")]


@contextmanager
def _opened() -> Iterator[tuple[RecordStore, CustomerSettings]]:
    env = context.environment()
    settings = read_customer_settings(env.config_dir)
    with RecordStore(env.database_url) as store:  # customers may be there before the first call
        yield store, settings


@app.command("find")
def find(
    query: Annotated[list[str], typer.Argument(help="words, the beginning of a name, digits of a number")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="at most so many")] = 20,
    wide: context.Wide = False,
    as_json: AsJson = False,
) -> None:
    """Customers who have all that is typed: in name, company, numbers, e-mail, tags or id."""
    with _opened() as (store, settings):
        try:
            page = CustomerStore(store.engine, settings).search(" ".join(query), limit)
        except UnknownPlace as error:
            raise OperatorError(str(error)) from error
    if as_json:
        typer.echo(json.dumps([plain(card, settings) for card in page.cards], ensure_ascii=False, indent=2))
        return
    if not page.cards:
        context.console.print("nobody is found")
        return
    table = Table("Id", "Name", "Company", "Numbers", "Segment", "Tags")
    for card in page.cards:
        details = card.details
        cells = (card.id, details.name, details.company, ", ".join(details.numbers), details.segment,
                 ", ".join(details.tags))  # fmt: skip
        table.add_row(*(Text(printable(cell)) for cell in cells))
    context.show(table, wide=wide)
    if page.after is not None:
        context.console.print("there are more: say more of what you look for, or use --limit")


@app.command("show")
def show(
    customer_id: Id,
    reveal: Annotated[bool, typer.Option("--reveal", help="masked fields, too")] = False,
    as_json: AsJson = False,
) -> None:
    """A customer's card, the last notes and the last calls."""
    with _opened() as (store, settings):
        directory = CustomerStore(store.engine, settings)
        card, identity = directory.card(customer_id), directory.identity(customer_id)
        last = contacts(store.engine, identity.ids, identity.numbers, CONTACTS)
        if reveal:
            audit(store, "customer-reveal", f"customer {card.id}")
    if as_json:
        typer.echo(json.dumps(plain(card, settings, reveal=reveal), ensure_ascii=False, indent=2))
        return
    tz = context.timezone(context.environment())

    def say(text: str) -> None:
        context.console.print(printable(text), markup=False, soft_wrap=True)

    for name, value in plain(card, settings, reveal=reveal).items():
        if value not in ("", [], {}, None) and name != "notes":
            say(f"{name}: {_in_words(value)}")
    for note in card.notes:
        say(f"{note.at.astimezone(tz):%Y-%m-%d %H:%M} {note.by}: {note.text}")
    for each in last:
        who = f" by {each.agent}" if each.agent else ""
        line = f" in {each.group}" if each.group else ""
        when = f"{each.at.astimezone(tz):%Y-%m-%d %H:%M}"
        say(f"{when} {each.direction}{line}: {each.outcome}{who}, {duration(each.talk_s)} ({each.call_id})")


@app.command("merge")
def merge(customer_id: Id, other: Annotated[str, typer.Argument(help="becomes part of the first")]) -> None:
    """Make two cards of one customer one; the second id leads to the first from now on."""
    with _opened() as (store, settings):
        card = CustomerStore(store.engine, settings).merge(customer_id, other, context.user())
        audit(store, "customer-merge", f"customer {card.id}", other=other)
    context.console.print(f"{other} is part of {card.id} now", markup=False, soft_wrap=True)


@app.command("delete")
def delete(customer_id: Id) -> None:
    """Delete a card with its notes. Calls on record stay."""
    with _opened() as (store, settings):
        CustomerStore(store.engine, settings).delete(customer_id)
        audit(store, "customer-delete", f"customer {customer_id}")
    context.console.print(f"{customer_id} is deleted", markup=False, soft_wrap=True)


app.command("forget")(privacy.forget)
app.command("export-data")(privacy.export_data)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="a CSV file; its first line names the columns")],
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="one faulty line, and nothing is taken")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take customers from a CSV file. Faulty lines are left out, and told with line and column; code 1 then.

    A line with a known id or number changes that customer; all others are new.
    """
    try:
        total = file.stat().st_size
        source = file.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from error
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with source, _opened() as (store, settings), Progress(*columns, console=new_console(stderr=True)) as bar:
        task = bar.add_task("importing", total=max(1, total))
        importer = Importer(store.engine, settings, context.user())
        report = importer.run(
            _counted(source, lambda done: bar.update(task, completed=done)), all_or_nothing=all_or_nothing
        )
        told = {name: getattr(report, name) for name in ("added", "changed", "faulty", "applied")}
        audit(store, "customers-import", "customers", file=file.name, **told)
    if as_json:
        told["unchanged"] = report.unchanged
        faults = [
            {"line": f.line, "column": f.column, "reason": f.reason, "value": f.value} for f in report.faults
        ]
        typer.echo(json.dumps({**told, "faults": faults}, ensure_ascii=False, indent=2))
    else:
        _say_report(file, report)
    if report.faulty:
        raise typer.Exit(1)


@app.command("export")
def export_file(
    file: Annotated[Path | None, typer.Argument(help="where to; without it, to the terminal")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="the same as FILE")] = None,
    masked: Annotated[bool, typer.Option("--masked", help="with the masked fields")] = False,
) -> None:
    """All customers as CSV, in the form that import takes. Nothing in it is a formula to a spreadsheet."""
    if file is not None and output is not None:
        raise OperatorError(f"say the file once: {file}, or --output {output}")
    file = file or output
    with _opened() as (store, settings):
        audit(store, "customers-export", "customers", masked=masked)
        pieces = export_csv(store.engine, settings, masked=masked)
        if file is None:
            for piece in pieces:
                sys.stdout.write(piece)
            return
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            with beside.open("w", encoding="utf-8-sig", newline="") as out:
                out.writelines(pieces)
            beside.replace(file)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise OperatorError(f"{file} cannot be written: {error.strerror}") from error
    context.console.print(f"wrote {file}", markup=False, soft_wrap=True)


def plain(card: Card, settings: CustomerSettings, *, reveal: bool = False) -> dict[str, Any]:
    """A card as JSON."""
    details = card.details
    return {
        "id": card.id,
        "name": details.name,
        "company": details.company,
        "segment": details.segment,
        "value": details.value,
        "language": details.language,
        "preferred_agent": details.preferred_agent,
        "requires": details.requires,
        "numbers": list(details.numbers),
        "emails": list(details.emails),
        "tags": list(details.tags),
        "fields": {
            name: MASK if not reveal and settings.hides(name) else value
            for name, value in details.fields.items()
        },
        "source": card.source.value,
        "version": card.version,
        "changed_at": card.changed_at.isoformat(),
        "notes": [
            {"at": note.at.isoformat(), "by": note.by, "text": note.text, "call": note.call_id}
            for note in card.notes
        ],
    }


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={field_text(each)}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else field_text(value)


def _counted(source: TextIO, progress: Callable[[int], None]) -> Iterator[str]:
    """The lines, and how many bytes of the file are read."""
    done = 0
    for number, line in enumerate(source):
        done += len(line.encode("utf-8", errors="surrogateescape"))
        if number % 1000 == 0:
            progress(done)
        yield line
    progress(done)


def _say_report(file: Path, report: Report) -> None:
    def say(text: str) -> None:
        context.console.print(printable(text), markup=False, soft_wrap=True)

    for fault in report.faults:
        got = f", got '{fault.value}'" if fault.value else ""
        say(f"{file}:{fault.line}: {fault.column}: {fault.reason}{got}")
    if not report.applied:
        say(f"nothing was taken: {report.faulty} faulty lines")
        return
    say(
        f"{report.added} added, {report.changed} changed, {report.unchanged} as they were,"
        f" {report.faulty} faulty lines left out"
    )
