"""/api/me/pop: who is calling, why, and what happened before, all that the agent needs as the phone rings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acd.core.facts import CallKind
from acd.customers.card import Card, card_from
from acd.customers.store import CustomerStore
from acd.errors import RequestRefused
from acd.lookups.crm import Health
from acd.records.contacts import Contact, contacts
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskKind
from acd.settings.customer_settings import CustomerSettings
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.customer_cards import (
    CardShown,
    ContactShown,
    in_directory,
    settings_of,
    shown_card,
    shown_contact,
)
from acd.web.inbox_tasks import TaskShown, may_see, shown_task
from acd.web.live.reached import sees_call
from acd.web.other_teams import without_others
from acd.web.pop import greeting, label_in, link_url
from acd.web.refusal import forbidden
from acd.web.route import Bound, Route
from acd.web.values import Answer

CONTACTS = 10
TASKS = 10


class Why(Answer):
    """Why this call is here; what callers keyed in secret is not in it."""

    dialed: str
    number_name: str | None
    path: list[Any]
    collected: dict[str, Any]
    lookups: Any
    waited_s: float | None
    group: str | None
    priority: float | None
    transferred_from: str | None
    reason: Any


class Before(Answer):
    """What happened before, newest first; what is open, oldest first."""

    contacts: list[ContactShown]
    callbacks: list[TaskShown]
    voicemails: list[TaskShown]


class Link(Answer):
    """A page of another program."""

    label: str
    url: str


class Pop(Answer):
    """A screen pop. `candidates`: several customers have the number, and it is not certain who calls."""

    call: dict[str, Any]
    customer: CardShown | None
    candidates: list[CardShown]
    why: Why
    before: Before
    greeting: str
    links: list[Link]
    directory: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of who calls."""

    card: Card | None
    candidates: list[Card]
    contacts: list[Contact]
    callbacks: list[Task]
    voicemails: list[Task]


async def show(ctx: Context[None, None]) -> Pop:
    """For the agent whose call it is, and for supervisors; masked fields and secret keys are not in it."""
    detail = await ctx.ask("call", call=ctx.path["call"])
    call, settings = detail["call"], await settings_of(ctx)
    _check_whose(ctx, call)
    number = number_of(call)
    told, health = await _from_crm(ctx, settings, number)
    customer = call.get("customer") or {}
    known = await in_directory(
        ctx, lambda d: _look(ctx, d, number, told, customer.get("id") if told is None else None)
    )
    agent = await _agent_name(ctx, settings, call)
    return Pop(
        call=call,
        customer=None if known.card is None else shown_card(known.card, settings, pop=True),
        candidates=[shown_card(card, settings, pop=True) for card in known.candidates],
        why=await _why(ctx, detail),
        before=Before(
            contacts=[shown_contact(each) for each in known.contacts if each.call_id != call["id"]],
            callbacks=[shown_task(task) for task in known.callbacks],
            voicemails=[shown_task(task) for task in known.voicemails],
        ),
        greeting=_greeting(settings, call, known.card, agent) or str(detail.get("greeting") or ""),
        links=_links(ctx, settings, call, known.card, number),
        directory=health.value,
    )


def number_of(call: dict[str, Any]) -> str:
    """The customer's number, whoever has called whom."""
    if call.get("kind") == CallKind.INBOUND.value:
        return str(call.get("caller_number") or "")
    return str(call.get("outside_number") or call.get("dialed_number") or "")


def _check_whose(ctx: Context[Any, Any], call: dict[str, Any]) -> None:
    """An agent sees the calls that are theirs now, or were a moment ago."""
    mine = {call.get(name) for name in ("agent", "own_call_of", "wrap_up_for", "kept_for")}
    mine |= {party.get("agent") for party in call.get("parties") or ()}
    if ctx.asker.agent is not None and ctx.asker.agent in mine:
        return
    if not ctx.is_supervisor() or not sees_call(ctx.reach, call):
        raise forbidden("this is another agent's call", "other-call")


async def _from_crm(
    ctx: Context[Any, Any], settings: CustomerSettings, number: str
) -> tuple[Card | None, Health]:
    if settings.http is None or not number:
        return None, Health.OK
    told = await ctx.services.customers.crm.find(settings.http, number, settings.http.timeout_s)
    return None if told.card is None else card_from(told.card, settings), told.health


def _look(
    ctx: Context[Any, Any], directory: CustomerStore, number: str, told: Card | None, known_as: str | None
) -> _Known:
    """In a thread. `known_as`: who the controller says it is, which decides among several."""
    engine = ctx.services.store.engine
    found = directory.with_number(number, notes=True) if number else []
    card = told or next((each for each in found if each.id == known_as), None)
    if card is None and known_as is not None:
        try:
            card = directory.card(known_as)
        except RequestRefused:
            card = None  # deleted, or known to the file alone
    if card is None and len(found) == 1:
        card = found[0]
    ids, numbers = [known_as] if known_as is not None else [], [number] if number else []
    if card is not None and told is None:
        identity = directory.identity(card.id)
        ids, numbers = list(identity.ids), list(dict.fromkeys((*numbers, *identity.numbers)))
    elif told is not None:
        ids, numbers = [told.id], list(dict.fromkeys((*numbers, *told.details.numbers)))
    store, reach, mine = TaskStore(engine), ctx.reach, ctx.asker.agent
    callbacks, voicemails = (
        [task for task in store.open_of(kind, numbers, TASKS) if may_see(task, None, mine, reach)]
        for kind in (TaskKind.CALLBACK, TaskKind.VOICEMAIL)
    )
    return _Known(
        card,
        [each for each in found if card is None or each.id != card.id],
        contacts(engine, ids, numbers, CONTACTS + 1, reach)[: CONTACTS + 1],
        callbacks,
        voicemails,
    )


async def _why(ctx: Context[Any, Any], detail: dict[str, Any]) -> Why:
    call = detail["call"]
    transfers = detail.get("transfers") or []
    sender = transfers[-1].get("from") if transfers else None
    return Why(
        dialed=call.get("dialed_number") or "",
        number_name=detail.get("number_name"),
        path=list(detail.get("path") or ()),
        collected=dict(detail.get("collected") or {}),
        lookups=detail.get("lookups") or [],
        waited_s=detail.get("waited_s"),
        group=call.get("group"),
        priority=call.get("priority"),
        transferred_from=ctx.services.picture.objects.get(f"agent:{sender}", {}).get("name", sender),
        reason=(await without_others(ctx, {"reasons": detail.get("reason")}))["reasons"],
    )


async def _agent_name(ctx: Context[Any, Any], settings: CustomerSettings, call: dict[str, Any]) -> str:
    """How the agent is called, where the greeting says it."""
    if "{agent}" in greeting(settings, call.get("group"), "", {"agent": "{agent}"}) and ctx.asker.agent:
        agents = (await ctx.ask("status"))["agents"]
        return next((str(each["name"]) for each in agents if each["id"] == ctx.asker.agent), "")
    return ctx.asker.name


def _greeting(settings: CustomerSettings, call: dict[str, Any], card: Card | None, agent: str) -> str:
    details = card.details if card is not None else None
    values = {
        "agent": agent,
        "customer": details.name if details is not None else "",
        "company": details.company if details is not None else "",
        "group": call.get("group") or "",
        "centre": settings.centre,
    }
    return greeting(settings, call.get("group"), details.language if details is not None else "", values)


def _links(
    ctx: Context[Any, Any],
    settings: CustomerSettings,
    call: dict[str, Any],
    card: Card | None,
    number: str,
) -> list[Link]:
    details = card.details if card is not None else None
    values = {
        "customer_id": card.id if card is not None else "",
        "number": number,
        "name": details.name if details is not None else "",
        "company": details.company if details is not None else "",
        "email": details.emails[0] if details is not None and details.emails else "",
        "agent": ctx.asker.agent or "",
        "call_id": call["id"],
    }
    return [
        Link(label=label_in(each.label, settings.language), url=link_url(each.url, values))
        for each in settings.links
        if card is not None or "{customer_id}" not in each.url
    ]


ROUTES = [
    Route("GET", "/api/me/pop/{call}", "Who is calling, and why", show, Role.AGENT, Scope.READ_CUSTOMERS,
          answer=Pop, controller=True, bound=Bound.REACH),
]  # fmt: skip
