"""/api/customers: the directory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, BinaryIO, Literal

from aiohttp import web
from pydantic import Field

from acd.customers.card import LONGEST_FIELD, LONGEST_NOTE, LONGEST_TEXT, Details
from acd.customers.csv_export import export_csv
from acd.customers.csv_import import Importer, Report
from acd.customers.words import LONGEST_QUERY
from acd.settings.customer_settings import CustomField
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.customer_cards import (
    CardShown,
    ContactShown,
    contacts_of,
    in_directory,
    settings_of,
    shown_card,
    shown_contact,
)
from acd.web.route import Bound, Route
from acd.web.taken import taken
from acd.web.values import MASK, Answer, Input, Name

IMPORT_BYTES_MAX = 100_000_000
ANOTHER_IMPORT = "another file is being imported: wait until that is done, and send this one again"
READ, WRITE = Scope.READ_CUSTOMERS, Scope.WRITE_CUSTOMERS
Short = Annotated[str, Field(max_length=LONGEST_TEXT)]
Texts = Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=100)]
Fields = dict[
    Annotated[str, Field(max_length=32)],
    Annotated[str, Field(max_length=LONGEST_FIELD)] | float | bool | None,
]


class Search(Input):
    """`after` is what the last page answered."""

    q: Annotated[str, Field(max_length=LONGEST_QUERY)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: Annotated[str, Field(max_length=500)] | None = None


class Reveal(Input):
    """`reveal`: masked fields as they are; that is noted in the audit log."""

    reveal: bool = False


class Recent(Input):
    """At most so many."""

    limit: Annotated[int, Field(ge=1, le=200)] = 20


class NewCustomer(Input):
    """At least a name, a company, a number or an e-mail address."""

    name: Short = ""
    company: Short = ""
    segment: Short = ""
    value: float = 0.0
    language: Short = ""
    preferred_agent: Short = ""
    numbers: Texts = []  # noqa: RUF012
    emails: Texts = []  # noqa: RUF012
    tags: Texts = []  # noqa: RUF012
    fields: Fields = {}  # noqa: RUF012


class Change(Input):
    """What is not given stays. `version`: of the card that was looked at. A field set to null goes."""

    version: int
    name: Short | None = None
    company: Short | None = None
    segment: Short | None = None
    value: float | None = None
    language: Short | None = None
    preferred_agent: Short | None = None
    numbers: Texts | None = None
    emails: Texts | None = None
    tags: Texts | None = None
    fields: Fields | None = None


class NewNote(Input):
    """`call`: which call it is about."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_NOTE)]
    call: Name | None = None


class Merge(Input):
    """`other` becomes part of the customer in the path."""

    other: Name


class Page(Answer):
    """`partial`: the search ended before it was complete; say more of what is looked for, or go on."""

    customers: list[CardShown]
    after: str | None
    partial: bool


class Choice(Answer):
    """One of what a field may be."""

    value: str
    label: dict[str, str]


class FieldShown(Answer):
    """A field of the centre's own; `label` by language."""

    id: str
    label: dict[str, str]
    type: Literal["text", "number", "date", "choice", "yes_no"]
    required: bool
    in_pop: bool
    masked: bool
    choices: list[Choice]


class ImportHow(Input):
    """`all_or_nothing`: one faulty line, and nothing is taken."""

    all_or_nothing: bool = False


class LineFaultShown(Answer):
    """`line` counts from 1."""

    line: int
    column: str
    reason: str
    value: str


class ImportReport(Answer):
    """What became of the lines; `faults` has the first thousand."""

    added: int
    changed: int
    unchanged: int
    faulty: int
    applied: bool
    faults: list[LineFaultShown]


class ExportHow(Input):
    """`masked`: with the masked fields; for administrators."""

    masked: bool = False


async def find(ctx: Context[Search, None]) -> Page:
    """All that is typed must be there: beginnings of words, any three digits, parts of Chinese names."""
    settings, query = await settings_of(ctx), ctx.query
    page = await in_directory(ctx, lambda d: d.search(query.q, query.limit, query.after))
    cards = [shown_card(card, settings) for card in page.cards]
    return Page(customers=cards, after=page.after, partial=page.partial)


async def create(ctx: Context[None, NewCustomer]) -> CardShown:
    """At least a name, a company, a number or an e-mail address."""
    given = ctx.body.model_dump()
    lists: dict[str, Any] = {name: tuple(given.pop(name)) for name in ("numbers", "emails", "tags")}
    fields = {name: value for name, value in given.pop("fields").items() if value is not None}
    card = await in_directory(ctx, lambda d: d.add(Details(**given, **lists, fields=fields)))
    ctx.note(f"customer {card.id}")
    return shown_card(card, await settings_of(ctx))


async def show(ctx: Context[Reveal, None]) -> CardShown:
    """With the last notes; a card that was merged leads to the one that it became part of."""
    card = await in_directory(ctx, lambda d: d.card(ctx.path["id"]))
    if ctx.query.reveal:
        ctx.note(f"customer {card.id}")
        ctx.services.audit(ctx, "customer-reveal")
    return shown_card(card, await settings_of(ctx), revealed=ctx.query.reveal)


async def change(ctx: Context[None, Change]) -> CardShown:
    """What is not given stays; 409 where somebody else was faster."""
    changes: dict[str, Any] = {
        name: value for name, value in ctx.body.model_dump(exclude={"version"}).items() if value is not None
    }
    if "fields" in changes:  # a mask that comes back is no value
        changes["fields"] = {name: value for name, value in changes["fields"].items() if value != MASK}
    card = await in_directory(ctx, lambda d: d.change(ctx.path["id"], ctx.body.version, changes))
    ctx.note(f"customer {card.id}", changed=sorted(changes))
    return shown_card(card, await settings_of(ctx))


async def delete(ctx: Context[None, None]) -> None:
    """With its notes. Calls on record stay; a card of the customers' file is deleted there."""
    ctx.note(f"customer {ctx.path['id']}")
    await in_directory(ctx, lambda d: d.delete(ctx.path["id"]))


async def add_note(ctx: Context[None, NewNote]) -> CardShown:
    """Something to remember, perhaps about a call."""
    note, by = ctx.body, ctx.asker.name
    card = await in_directory(ctx, lambda d: d.add_note(ctx.path["id"], by, note.text, note.call))
    ctx.note(f"customer {card.id}", call=note.call)
    return shown_card(card, await settings_of(ctx))


async def merge(ctx: Context[None, Merge]) -> CardShown:
    """The other card becomes part of this one, and leads to it from now on."""
    other, by = ctx.body.other, ctx.asker.name
    card = await in_directory(ctx, lambda d: d.merge(ctx.path["id"], other, by))
    ctx.note(f"customer {card.id}", other=other)
    return shown_card(card, await settings_of(ctx))


async def show_contacts(ctx: Context[Recent, None]) -> list[ContactShown]:
    """Over all numbers of the customer, and those of merged cards; newest first."""
    found = await in_directory(ctx, lambda d: contacts_of(ctx, d, ctx.path["id"], ctx.query.limit))
    return [shown_contact(contact) for contact in found]


async def show_fields(ctx: Context[None, None]) -> list[FieldShown]:
    """As config/customers.yml defines them."""
    return [_field(each) for each in (await settings_of(ctx)).fields.values()]


def _field(each: CustomField) -> FieldShown:
    return FieldShown(
        id=each.id,
        label=dict(each.label),
        type=each.type.value,
        required=each.required,
        in_pop=each.in_pop,
        masked=each.masked,
        choices=[Choice(value=value, label=dict(label)) for value, label in each.choices.items()],
    )


async def import_file(ctx: Context[ImportHow, BinaryIO]) -> ImportReport:
    """Faulty lines are left out, and told with line and column. One file at a time, 409 for the next."""
    settings = await settings_of(ctx)

    def work() -> Report:  # in the thread, since only there a database that is away may take its time
        with io.TextIOWrapper(ctx.body, encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            importer = Importer(ctx.services.store.engine, settings, ctx.asker.name)
            return importer.run(lines, all_or_nothing=ctx.query.all_or_nothing)

    report = await ctx.sql(work)
    told = asdict(report)
    ctx.note("customers", **{name: told[name] for name in ("added", "changed", "faulty", "applied")})
    return ImportReport.model_validate(told)


async def export(ctx: Context[ExportHow, None]) -> web.StreamResponse:
    """In the form that the import takes; nothing in it is a formula to a spreadsheet."""
    masked = ctx.query.masked and ctx.asker.role.includes(Role.ADMIN)
    ctx.note("customers", masked=masked)
    ctx.services.audit(ctx, "customers-export")
    settings = await settings_of(ctx)
    pieces: Iterator[str] = await ctx.sql(
        lambda: export_csv(ctx.services.store.engine, settings, masked=masked)
    )
    first = await ctx.sql(next, pieces, None)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="customers.csv"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(ctx.request)
    await response.write(b"\xef\xbb\xbf")  # spreadsheets take the file for UTF-8 then
    piece = first
    while piece is not None:
        await taken(ctx.request, response.write(piece.encode()))
        piece = await ctx.sql(next, pieces, None)
    await taken(ctx.request, response.write_eof())
    return response


ROUTES = [
    Route("GET", "/api/customers", "Search as somebody types", find, Role.AGENT, READ,
          query=Search, answer=Page, bound=Bound.SHARED),
    Route("POST", "/api/customers", "A new customer", create, Role.AGENT, WRITE,
          body=NewCustomer, answer=CardShown, status=201, audit="customer-create", may_conflict=True,
          bound=Bound.SHARED),
    Route("GET", "/api/customers/fields", "The centre's own fields", show_fields, Role.AGENT, READ,
          answer=list[FieldShown], bound=Bound.SHARED),
    Route("GET", "/api/customers/export", "All customers as CSV", export, Role.SUPERVISOR, READ,
          query=ExportHow, answer=Any, answer_media="text/csv", bound=Bound.WHOLE),
    Route("POST", "/api/customers/import", "Customers from a CSV file", import_file, Role.SUPERVISOR, WRITE,
          query=ImportHow, answer=ImportReport, audit="customers-import", body_media="text/csv",
          body_max=IMPORT_BYTES_MAX, to_file=True, may_conflict=True, alone=ANOTHER_IMPORT,
          refusals=(408,), bound=Bound.WHOLE),
    Route("GET", "/api/customers/{id}", "One customer", show, Role.AGENT, READ,
          query=Reveal, answer=CardShown, bound=Bound.SHARED),
    Route("PATCH", "/api/customers/{id}", "Change a customer", change, Role.AGENT, WRITE,
          body=Change, answer=CardShown, audit="customer-change", may_conflict=True, bound=Bound.SHARED),
    Route("DELETE", "/api/customers/{id}", "Delete a customer", delete, Role.SUPERVISOR, WRITE,
          audit="customer-delete", may_conflict=True, bound=Bound.WHOLE),
    Route("POST", "/api/customers/{id}/notes", "Write a note", add_note, Role.AGENT, WRITE,
          body=NewNote, answer=CardShown, status=201, audit="customer-note", may_conflict=True,
          bound=Bound.SHARED),
    Route("POST", "/api/customers/{id}/merge", "Make two cards one", merge, Role.AGENT, WRITE,
          body=Merge, answer=CardShown, audit="customer-merge", may_conflict=True, bound=Bound.SHARED),
    Route("GET", "/api/customers/{id}/contacts", "The last calls", show_contacts, Role.AGENT, READ,
          query=Recent, answer=list[ContactShown], bound=Bound.REACH),
]  # fmt: skip
