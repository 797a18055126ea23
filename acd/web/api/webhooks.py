"""`/api/webhooks`: whom else to tell of calls and agents, and what became of that. For admins."""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, TypeAdapter, ValidationError
from yarl import URL

from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import Refusal, not_found
from acd.web.route import Route
from acd.web.values import Answer, Input, Limit, Line
from acd.webhooks.events import TEST, Event, EventName
from acd.webhooks.guard import NotAllowed, check_host
from acd.webhooks.queue import Delivery, DeliveryQueue
from acd.webhooks.sender import Sender
from acd.webhooks.store import WEBHOOKS_MAX, TooMany, Webhook, Webhooks

_HTTP = TypeAdapter(AnyHttpUrl)


def _address(text: str) -> str:
    """With nothing hidden in it: no user name, no blanks."""
    try:
        _HTTP.validate_python(text)
        url = URL(text)
    except (ValidationError, ValueError):
        raise ValueError("expected an address that begins with https:// or http://") from None
    if not url.host or not text.isprintable():
        raise ValueError("expected an address with a host")
    if url.user is not None or url.password is not None or url.fragment:
        raise ValueError("expected an address without user name, password and fragment")
    return text


Address = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_address)]
Events = Annotated[list[EventName], Field(min_length=1, max_length=len(EventName))]


class NewWebhook(Input):
    """`events`: of what to tell; `note`: for people."""

    url: Address
    events: Events
    note: Line = ""


class WebhookChange(Input):
    """What is left out stays as it is. `enabled`: switched on again, it begins with what happens then."""

    url: Address | None = None
    events: Events | None = None
    note: Line | None = None
    enabled: bool | None = None


class WebhookShown(Answer):
    """Moments in Unix seconds.

    `failing_since`: nothing has arrived since then; `disabled_why`: why it was switched off by itself;
    `dropped`: so many events were not kept, because too many waited.
    """

    id: str
    url: str
    events: list[str]
    note: str
    enabled: bool
    created_by: str
    created_at: float
    failing_since: float | None
    last_error: str | None
    disabled_why: str | None
    waiting: int
    dropped: int


class WebhookMade(WebhookShown):
    """`secret` is shown this once; deliveries are signed with it."""

    secret: str


class DeliveryShown(Answer):
    """`status`: of the last answer; `error`: what went wrong the last time; `body`: as it is sent."""

    id: int
    event_id: str
    event: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    created_at: float
    next_at: float | None
    done_at: float | None
    status: int | None
    error: str | None
    body: str


class Page(Input):
    """`before`: older than the delivery of this number."""

    state: Literal["waiting", "delivered", "failed"] | None = None
    before: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    limit: Limit = 100


class Tested(Answer):
    """What came of it."""

    ok: bool
    status: int | None
    error: str | None
    took_ms: int


async def every(ctx: Context[None, None]) -> list[WebhookShown]:
    """The oldest first."""
    engine = ctx.services.store

    def read() -> list[WebhookShown]:
        waiting = DeliveryQueue(engine.engine).waiting()
        return [_shown(w, waiting.get(w.id, 0)) for w in Webhooks(engine.engine).every()]

    return await ctx.sql(read)


async def add(ctx: Context[None, NewWebhook]) -> WebhookMade:
    """It is told of what happens from now on."""
    wanted, by = ctx.body, ctx.asker.name
    await _check_address(ctx, wanted.url)
    events = list(dict.fromkeys(event.value for event in wanted.events))
    try:
        made, secret = await ctx.sql(lambda: _store(ctx).add(wanted.url, events, wanted.note, by))
    except TooMany:
        text = f"there are {WEBHOOKS_MAX} webhooks already"
        raise Refusal(409, "too-many", text) from None
    ctx.note(made.id, url=made.url, events=events)
    return WebhookMade(**_shown(made, 0).model_dump(), secret=secret)


async def show(ctx: Context[None, None]) -> WebhookShown:
    """One of them."""
    return await _show(ctx, await _get(ctx))


async def change(ctx: Context[None, WebhookChange]) -> WebhookShown:
    """What was queued goes where the webhook points then."""
    values = ctx.body.model_dump(exclude_none=True)
    if ctx.body.url is not None:
        await _check_address(ctx, ctx.body.url)
    if ctx.body.events is not None:
        values["events"] = list(dict.fromkeys(event.value for event in ctx.body.events))
    webhook_id = ctx.path["id"]
    changed = await ctx.sql(lambda: _store(ctx).change(webhook_id, **values))
    if changed is None:
        raise not_found("webhook", webhook_id)
    ctx.note(**values)
    return await _show(ctx, changed)


async def remove(ctx: Context[None, None]) -> None:
    """What waits for it is told to nobody."""
    webhook_id = ctx.path["id"]
    if not await ctx.sql(lambda: _store(ctx).remove(webhook_id)):
        raise not_found("webhook", webhook_id)


async def test(ctx: Context[None, None]) -> Tested:
    """Sent at once, and once; also by one that is switched off."""
    webhook = await _get(ctx)
    secret = await ctx.sql(lambda: _store(ctx).secret(webhook.id))
    event = Event(f"{TEST}/{secrets.token_hex(8)}", TEST, time.time(), None, {"by": ctx.asker.name})
    began = time.monotonic()
    centre = await ctx.services.centre.get()
    async with Sender(allow_private=centre.webhooks_to_private) as sender:
        outcome = await sender.send(webhook.url, secret or "", event.name, event.id, event.body())
    took_ms = round((time.monotonic() - began) * 1000)
    await ctx.sql(lambda: DeliveryQueue(ctx.services.store.engine).add_tested(webhook.id, event, outcome))
    return Tested(ok=outcome.is_good, status=outcome.status, error=outcome.error, took_ms=took_ms)


async def deliveries(ctx: Context[Page, None]) -> list[DeliveryShown]:
    """The newest first; those that are over are kept for three days."""
    webhook, page = await _get(ctx), ctx.query

    def read() -> list[Delivery]:
        queue = DeliveryQueue(ctx.services.store.engine)
        return queue.find(webhook.id, state=page.state, before=page.before, limit=page.limit)

    return [_delivery(found) for found in await ctx.sql(read)]


def _store(ctx: Context[Any, Any]) -> Webhooks:
    return Webhooks(ctx.services.store.engine)


async def _get(ctx: Context[Any, Any]) -> Webhook:
    webhook_id = ctx.path["id"]
    found = await ctx.sql(lambda: _store(ctx).get(webhook_id))
    if found is None:
        raise not_found("webhook", webhook_id)
    return found


async def _show(ctx: Context[Any, Any], webhook: Webhook) -> WebhookShown:
    waiting = await ctx.sql(lambda: DeliveryQueue(ctx.services.store.engine).waiting())
    return _shown(webhook, waiting.get(webhook.id, 0))


async def _check_address(ctx: Context[Any, Any], url: str) -> None:
    """An early word; what counts is checked at each delivery."""
    centre = await ctx.services.centre.get()
    try:
        check_host(URL(url), allow_private=centre.webhooks_to_private)
    except NotAllowed as error:
        raise Refusal(422, "address-not-allowed", str(error), {"body.url": str(error)}) from None


def _shown(webhook: Webhook, waiting: int) -> WebhookShown:
    since = webhook.failing_since
    return WebhookShown(
        id=webhook.id,
        url=webhook.url,
        events=list(webhook.events),
        note=webhook.note,
        enabled=webhook.enabled,
        created_by=webhook.created_by,
        created_at=webhook.created_at.timestamp(),
        failing_since=None if since is None else since.timestamp(),
        last_error=webhook.last_error,
        disabled_why=webhook.disabled_why,
        waiting=waiting,
        dropped=webhook.dropped,
    )


def _delivery(found: Delivery) -> DeliveryShown:
    done_at = found.done_at
    return DeliveryShown.model_validate(
        {
            "id": found.id,
            "event_id": found.event_id,
            "event": found.event,
            "state": found.state,
            "tries": found.tries,
            "created_at": found.created_at.timestamp(),
            "next_at": None if done_at is not None else found.next_at.timestamp(),
            "done_at": None if done_at is None else done_at.timestamp(),
            "status": found.status,
            "error": found.error,
            "body": found.body,
        }
    )


_ONE = "/api/webhooks/{id}"

ROUTES = [
    Route("GET", "/api/webhooks", "All webhooks", every, Role.ADMIN, Scope.ADMIN, answer=list[WebhookShown]),
    Route("POST", "/api/webhooks", "Tell another system of calls and agents", add, Role.ADMIN, Scope.ADMIN,
          body=NewWebhook, answer=WebhookMade, status=201, audit="webhook-added", may_conflict=True),
    Route("GET", _ONE, "One webhook", show, Role.ADMIN, Scope.ADMIN, answer=WebhookShown),
    Route("PATCH", _ONE, "Change a webhook, or switch it off or on", change, Role.ADMIN, Scope.ADMIN,
          body=WebhookChange, answer=WebhookShown, audit="webhook-changed", may_conflict=True),
    Route("DELETE", _ONE, "Remove a webhook", remove, Role.ADMIN, Scope.ADMIN, audit="webhook-removed"),
    Route("POST", f"{_ONE}/test", "Send a test to a webhook", test, Role.ADMIN, Scope.ADMIN, answer=Tested,
          audit="webhook-tested"),
    Route("GET", f"{_ONE}/deliveries", "What was sent to a webhook", deliveries, Role.ADMIN, Scope.ADMIN,
          query=Page, answer=list[DeliveryShown]),
]  # fmt: skip
