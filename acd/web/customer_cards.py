"""Customers' cards as the API shows them, and its refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from acd.customers.card import Card, FaultyCard
from acd.customers.search import UnknownPlace
from acd.customers.store import CustomerStore
from acd.errors import OperatorError
from acd.records.contacts import Contact, contacts
from acd.settings.customer_settings import CustomerSettings
from acd.web.context import Context
from acd.web.refusal import away, wrong
from acd.web.values import MASK, Answer

T = TypeVar("T")


class NoteShown(Answer):
    """Something that somebody wrote; `at` in Unix seconds."""

    at: float
    by: str
    text: str
    call: str | None = None


class CardShown(Answer):
    """A customer. Texts are whatever callers and files brought: show them as text."""

    id: str
    name: str
    company: str
    segment: str
    value: float
    language: str
    numbers: list[str]
    emails: list[str]
    tags: list[str]
    fields: dict[str, str | float | bool]
    preferred_agent: str
    notes: list[NoteShown]
    source: str
    version: int
    created_at: float
    changed_at: float


class ContactShown(Answer):
    """One call from or to a customer."""

    call: str
    at: float
    direction: str
    group: str | None
    agent: str | None
    outcome: str
    disposition: str | None = None
    note: str | None = None
    talk_s: float


def shown_card(
    card: Card, settings: CustomerSettings, *, revealed: bool = False, pop: bool = False
) -> CardShown:
    """`revealed`: masked fields, too, as they are; `pop`: only those fields that a screen pop is to have."""
    details = card.details
    fields = {
        name: MASK if not revealed and settings.hides(name) else value
        for name, value in details.fields.items()
        if not pop or settings.in_pop(name)
    }
    return CardShown(
        id=card.id,
        name=details.name,
        company=details.company,
        segment=details.segment,
        value=details.value,
        language=details.language,
        numbers=list(details.numbers),
        emails=list(details.emails),
        tags=list(details.tags),
        fields=fields,
        preferred_agent=details.preferred_agent,
        notes=[
            NoteShown(at=note.at.timestamp(), by=note.by, text=note.text, call=note.call_id)
            for note in card.notes
        ],
        source=card.source.value,
        version=card.version,
        created_at=card.created_at.timestamp(),
        changed_at=card.changed_at.timestamp(),
    )


def shown_contact(contact: Contact) -> ContactShown:
    """As JSON."""
    return ContactShown(
        call=contact.call_id,
        at=contact.at.timestamp(),
        direction=contact.direction,
        group=contact.group,
        agent=contact.agent,
        outcome=contact.outcome,
        disposition=contact.disposition,
        note=contact.note,
        talk_s=round(contact.talk_s, 3),
    )


async def settings_of(ctx: Context[Any, Any]) -> CustomerSettings:
    """What customers.yml says. Raises Refusal, 503, where that cannot be read."""
    try:
        return await ctx.services.customers.settings(ctx.services.environment)
    except OperatorError as error:
        raise away("configuration-faulty", str(error)) from None


async def in_directory(ctx: Context[Any, Any], work: Callable[[CustomerStore], T]) -> T:
    """`work(directory)` in a thread. Raises Refusal."""
    settings = await settings_of(ctx)
    try:
        return await ctx.sql(lambda: work(CustomerStore(ctx.services.store.engine, settings)))
    except FaultyCard as error:
        raise wrong({f"body.{fault.place}": fault.message for fault in error.faults}) from None
    except UnknownPlace:
        raise wrong({"query.after": "expected what a search answered as `after`"}) from None


def contacts_of(ctx: Context[Any, Any], directory: CustomerStore, card_id: str, limit: int) -> list[Contact]:
    """Over all numbers and merged cards, within the rights of whoever asks. In a thread; raises
    RequestRefused."""
    identity = directory.identity(card_id)
    return contacts(ctx.services.store.engine, identity.ids, identity.numbers, limit, ctx.reach)
