"""Routes of the API, each declared once: server, table of roles and OpenAPI document are made of the list.

A module of `acd/web/api/` has models, handlers and a list:

    class Wish(Input):
        note: Line = ""

    class Shown(Answer):
        id: str

    async def wish(ctx: Context[None, Wish]) -> Shown:
        answer = await ctx.ask("some-verb", note=ctx.body.note)      # the controller; or await ctx.sql(…)
        return Shown(id=answer["id"])

    ROUTES = [
        Route("POST", "/api/things/{id}/wish", "Wish for a thing", wish, Role.AGENT, Scope.CONTROL_CALLS,
              body=Wish, answer=Shown, audit="wish"),
    ]

and stands in `acd/web/api/__init__.py`. A handler is called only for who has the role (a token: the scope),
with a query and a body that fit their models; it answers with its answer model, a dict that fits it, bytes
(with `answer_media`), or an aiohttp response, and refuses by raising `acd.web.refusal.Refusal`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import BaseModel, TypeAdapter

from acd.web.asker import Role, Scope
from acd.web.context import Context

JSON = "application/json"
BODY_MAX = 64 * 1024
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SESSION = "/api/session"
"""Below it everything is about whoever asks, and nobody else."""
NOT_AUDITED = ""
"""For `audit` of a route that changes nothing that others would ask about, such as a draft."""


class Bound(StrEnum):
    """How a route keeps to the teams that the rights of whoever asks are for (`Asker.teams`, docs/teams.md).

    The gate in `acd.web.serving` acts on it before and after the handler, for those alone whose rights are
    for some teams.
    """

    OWN = "own"
    """It is about whoever asks, and nobody else."""
    SHARED = "shared"
    """It tells and changes nothing of any agent, call or line: what it is about belongs to no team."""
    WHOLE = "whole"
    """It acts on everybody: only for those whose rights are for all teams."""
    AGENT = "agent"
    """`{id}` in the path is an agent of the teams; the gate looks."""
    REACH = "reach"
    """The handler asks `ctx.reach` what it may tell and change; the gate refuses an answer without that."""


Handler = Callable[[Context[Any, Any]], Awaitable[Any]]
_NAMES = re.compile(r"\{(\w+)(?::int)?\}")


@dataclass(frozen=True)
class Route:
    """One method of one path.

    `path` may have names: `{id}` is text, `{id:int}` a whole number. `scope` is what a token needs; None:
    not for tokens. `query` and `body` are pydantic models; with a `body_media` other than JSON the body is
    bytes, at most `body_max` of them; with `to_file` a file of them, which is gone when the handler is done
    (its thread closes it, since that may outlast it at the stop). `alone` refuses a second such request
    while one is served, or while two send their bodies: what to say then. `answer` is whatever pydantic takes
    for a type; None: nothing, 204. `status` is that of success. `audit` is the word in the audit log, which
    every changing route must have. `may_conflict` and `controller`: the route may be refused with 409,
    and needs the controller (503); both for the OpenAPI document only, as are `refusals`: statuses beyond the
    usual ones. `before_change`: also for who must choose a new password first.
    `bound`: how it keeps to teams; without one it is refused to those whose rights are for some teams only.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    role: Role
    scope: Scope | None = None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: Any = None
    status: int = 200
    audit: str | None = None
    body_media: str = JSON
    body_max: int = BODY_MAX
    to_file: bool = False
    alone: str = ""
    answer_media: str = JSON
    may_conflict: bool = False
    controller: bool = False
    before_change: bool = False
    refusals: tuple[int, ...] = ()
    bound: Bound | None = None

    def __post_init__(self) -> None:
        if self.changes and self.audit is None:
            raise ValueError(f"{self.name}: say what the audit log calls it, or NOT_AUDITED")
        if not self.path.startswith("/api/"):
            raise ValueError(f"{self.name}: the API is below /api/")

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.method} {self.path}"

    @property
    def changes(self) -> bool:
        """Whether it may change something: such requests must come from our own pages, or with a token."""
        return self.method in CHANGING

    @property
    def bounded_by(self) -> Bound | None:
        """`bound`, or what is plain without it: of signing in and the like, and of what only admins may."""
        if self.bound is not None:
            return self.bound
        if self.role is Role.ANYONE or self.path.startswith(SESSION):
            return Bound.OWN
        return Bound.WHOLE if self.role is Role.ADMIN else None

    @property
    def has_body(self) -> bool:
        """Whether it takes a body."""
        return self.body is not None or self.body_media != JSON

    @property
    def names(self) -> list[str]:
        """Those in the path."""
        return _NAMES.findall(self.path)

    @property
    def plain_path(self) -> str:
        """The path with `{name}` for each name, as OpenAPI and aiohttp write it."""
        return _NAMES.sub(r"{\1}", self.path)

    def is_number(self, name: str) -> bool:
        """Whether the name in the path stands for a whole number."""
        return f"{{{name}:int}}" in self.path

    @cached_property
    def answer_type(self) -> TypeAdapter[Any]:
        """Checks and writes what the handler answers."""
        return TypeAdapter(self.answer)
