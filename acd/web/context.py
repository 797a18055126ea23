"""What a handler is handed: who asks, what was asked with, and the ways to answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeVar

import structlog
from aiohttp import web
from sqlalchemy.exc import DataError, SQLAlchemyError

from acd.errors import OperatorError, RequestRefused
from acd.records.reach import ALL, Reach
from acd.records.store import RecordsAway
from acd.runtime.control import BAD_REQUEST, FAILED, INTERNAL
from acd.web.asker import Asker, Role
from acd.web.refusal import Refusal, away, forbidden
from acd.web.services import Services

log = structlog.get_logger(__name__)

QueryT = TypeVar("QueryT")
BodyT = TypeVar("BodyT")
P = ParamSpec("P")
T = TypeVar("T")

CONTROL_LIMIT_S = 10.0
PATIENCE_S = 4.0
"""While one controller takes over from another a request waits for so long at most."""
_NOT_THERE = tuple(
    f"unknown-{what}"
    for what in ("call", "account", "agent", "customer", "group", "message", "task", "token", "webhook")
)


@dataclass(slots=True)
class Context(Generic[QueryT, BodyT]):
    """`query` and `body` are of the route's models (None where it has none; a body that is no JSON is bytes).

    `path` has the values of the `{names}` in the route's path.
    """

    asker: Asker
    query: QueryT
    body: BodyT
    path: Mapping[str, Any]
    services: Services
    request: web.Request
    about: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    bounds: Reach = ALL
    has_looked: bool = False

    @property
    def reach(self) -> Reach:
        """How far the rights of whoever asks go over others: whose calls, states and figures may be told."""
        self.has_looked = True
        return self.bounds

    @property
    def agent(self) -> str:
        """The agent who asks. Raises Refusal, 403, for who is none."""
        if self.asker.agent is None:
            raise forbidden("this account belongs to no agent", "no-agent")
        return self.asker.agent

    def is_supervisor(self) -> bool:
        """Whether who asks may act on others."""
        return self.asker.role.includes(Role.SUPERVISOR)

    async def ask(self, do: str, *, limit_s: float = CONTROL_LIMIT_S, **fields: Any) -> dict[str, Any]:
        """The controller's answer on its control socket; it is told who asks (`by`).

        Raises Refusal: 409 with the controller's own code where the rules forbid it, 404 for a call or an
        agent that it does not know, 503 where it is away or has failed.
        """
        try:
            return await self.services.leader.request(
                limit_s=limit_s, patience_s=PATIENCE_S, do=do, by=self.asker.name, **fields
            )
        except RequestRefused as refusal:
            raise _refused(refusal) from None
        except OperatorError as error:
            raise away("controller-away", str(error)) from None

    async def sql(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work(…)` in a thread, for all that reads or writes the database or files.

        Raises Refusal: 503 where the database is away; where `work` raises RequestRefused, as `ask` does; 422
        where it raises OperatorError, and for a value that the database does not take.
        """
        try:
            async with self.services.threads:
                return await asyncio.to_thread(work, *args, **kwargs)
        except DataError as error:
            log.error("the database does not take what a request says", reason=type(error.orig).__name__)
            raise Refusal(422, "refused", "something in it cannot be kept, such as a NUL") from error
        except (SQLAlchemyError, RecordsAway) as error:
            log.error("a request cannot use the database", reason=type(error).__name__)
            text = f"the database cannot be used at the moment ({type(error).__name__})"
            raise away("database-away", text) from error
        except RequestRefused as refusal:
            raise _refused(refusal) from None
        except OperatorError as error:
            raise Refusal(422, "refused", str(error)) from None

    def note(self, about: str | None = None, **detail: Any) -> None:
        """What the audit log is to say of this request, beside who, when and from where: no secrets."""
        self.about = about if about is not None else self.about
        self.detail.update(detail)


def _refused(refusal: RequestRefused) -> Refusal:
    if refusal.code in (FAILED, INTERNAL):
        return away("controller-failed", str(refusal))
    if refusal.code == BAD_REQUEST:
        return Refusal(422, refusal.code, str(refusal))
    return Refusal(404 if refusal.code in _NOT_THERE else 409, refusal.code, str(refusal))
