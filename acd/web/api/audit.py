"""`/api/audit`: what was done by whom."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from acd.accounts.audit import Within
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input, Limit, Name


class Wanted(Input):
    """`before` is the id of an entry: those older than it, to turn pages."""

    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    who: Name | None = None
    what: Name | None = None
    about: Name | None = None
    before: Annotated[int, Field(ge=0, le=2**53)] | None = None
    limit: Limit = 100


class EntryShown(Answer):
    """`what` is a stable word, `about` what it was done to."""

    id: int
    at: datetime
    who: str
    role: str
    address: str
    what: str
    about: str
    detail: dict[str, Any]


async def find(ctx: Context[Wanted, None]) -> list[EntryShown]:
    """The newest first. Who has rights for some teams: what one did oneself, and what their agents did or
    had done to them."""
    await ctx.services.flush_audit()
    wanted, reach = ctx.query.model_dump(), ctx.reach
    if reach.agents is not None:
        wanted["within"] = Within(ctx.asker.name, reach.agents)
    found = await ctx.sql(lambda: ctx.services.audit_log.find(**wanted))
    return [EntryShown(**asdict(entry)) for entry in found]


ROUTES = [
    Route("GET", "/api/audit", "What was done by whom", find, Role.SUPERVISOR, Scope.SUPERVISE, query=Wanted,
          answer=list[EntryShown], bound=Bound.REACH),
]  # fmt: skip
