"""`/api/announcements`: what callers are told while it is switched on."""

from __future__ import annotations

from typing import Any

from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import wrong
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input, Moment, Name


class Announcement(Answer):
    """`known`: whether the active flows have it; moments are Unix seconds."""

    name: str
    on: bool
    known: bool
    who: str | None = None
    since: float | None = None
    until: float | None = None


class Order(Input):
    """`until`: Unix seconds; without it an announcement is heard until it is switched off."""

    name: Name
    on: bool
    until: Moment | None = None


async def every(ctx: Context[None, None]) -> list[dict[str, Any]]:
    """All of them, whether on or off."""
    return _all(await ctx.ask("announcements"))


async def switch(ctx: Context[None, Order]) -> list[dict[str, Any]]:
    """Callers hear it from their next step on, or no longer."""
    asked = ctx.body
    if asked.until is not None and not asked.on:
        raise wrong({"body.until": "is only for what is switched on"})
    fields: dict[str, Any] = {"name": asked.name, "who": ctx.asker.name}
    if asked.on:
        fields["until"] = asked.until
    ctx.note(asked.name, on=asked.on, until=asked.until)
    return _all(await ctx.ask("announce-on" if asked.on else "announce-off", **fields))


def _all(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["announcements"]
    return found


ROUTES = [
    Route("GET", "/api/announcements", "All announcements", every, Role.SUPERVISOR, Scope.READ_STATE,
          answer=list[Announcement], controller=True, bound=Bound.SHARED),
    Route("POST", "/api/announcements", "Switch an announcement on or off", switch, Role.SUPERVISOR,
          Scope.SUPERVISE, body=Order, answer=list[Announcement], audit="announcement", controller=True,
          bound=Bound.WHOLE),
]  # fmt: skip
