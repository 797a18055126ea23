"""WebSockets that are open: each ends with the session that opened it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.accounts.attempts import network_of
from acd.accounts.rights import teams_of_accounts
from acd.accounts.sessions import Session, Sessions
from acd.accounts.tokens import Tokens
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.web.asker import Asker, Role

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 10.0
LOOK_EVERY_S = 1.0
Close = Callable[[], None]


class OpenSockets:
    """An open one keeps its session in use; one whose session or token has ended is closed within seconds."""

    def __init__(self) -> None:
        self._open: set[tuple[Asker, Close]] = set()
        self._bounded: set[tuple[Asker, Close]] = set()
        self._again = asyncio.Event()

    @contextmanager
    def of(self, asker: Asker, close: Close, renew: Close | None = None) -> Iterator[None]:
        """While it is open; `close` is called when it must end, `renew` when the rights of whoever opened it
        are for other teams than they were."""
        entry, bounded = (asker, close), (asker, renew or _nothing)
        self._open.add(entry)
        self._bounded.add(bounded)
        try:
            yield
        finally:
            self._open.discard(entry)
            self._bounded.discard(bounded)

    def count(self, asker: Asker) -> int:
        """How many there are of the same session, or token."""
        mine = (asker.session, asker.token)
        return sum((other.session, other.token) == mine for other, _ in self._open)

    def at(self, address: str) -> int:
        """How many there are from the same address."""
        network = network_of(address)
        return sum(network_of(asker.address) == network for asker, _ in self._open)

    def end(self, session: str) -> None:
        """The session with this hash was ended here: at once."""
        self._close(lambda asker: asker.session == session)

    def close(self) -> None:
        """The process ends."""
        self._close(lambda _asker: True)

    async def run(self, store: RecordStore) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._check_always(store))
            both.create_task(self._look_always(store))

    async def _check_always(self, store: RecordStore) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_EVERY_S):
                    await self._again.wait()
            self._again.clear()
            await self.check(store)

    async def _look_always(self, store: RecordStore) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look(store)

    async def look(self, store: RecordStore) -> None:
        """Renew those whose supervisors' rights are for other teams by now."""
        people = {asker.name for asker, _ in self._bounded if _has_teams(asker)}
        if not people:
            return
        try:
            teams = await asyncio.to_thread(lambda: teams_of_accounts(store.engine, people))
        except (SQLAlchemyError, OperatorError) as error:
            log.error("rights cannot be checked", reason=type(error).__name__)
            return
        for asker, renew in list(self._bounded):
            if asker.name in teams and _has_teams(asker) and teams[asker.name] != asker.teams:
                renew()

    def look_again(self) -> None:
        """A session may have ended: at once, not only when it is time."""
        self._again.set()

    async def check(self, store: RecordStore) -> None:
        """End what has no session any more. While the database is away, all sessions go on."""
        hashes = {asker.session for asker, _ in self._open if asker.session is not None}
        tokens = {asker.token for asker, _ in self._open if asker.token is not None}
        if not hashes and not tokens:
            return
        try:
            holding = await asyncio.to_thread(lambda: Sessions(store.engine).holding(hashes))
            held = await asyncio.to_thread(lambda: Tokens(store.engine).holding()) if tokens else set()
        except (SQLAlchemyError, OperatorError) as error:
            log.error("sessions cannot be checked", reason=type(error).__name__)
            return
        self._close(
            lambda asker: (
                (asker.session in hashes and not _same(asker, holding.get(asker.session)))
                or (asker.token in tokens and asker.token not in held)
            )
        )

    def _close(self, is_over: Callable[[Asker], bool]) -> None:
        for asker, close in list(self._open):
            if is_over(asker):
                close()


def _nothing() -> None:
    """It shows nothing of others."""


def _has_teams(asker: Asker) -> bool:
    """Whether it is a person whose rights may be for some teams; a token's never change."""
    return asker.session is not None and asker.role is Role.SUPERVISOR


def _same(asker: Asker, session: Session | None) -> bool:
    """Whether the session holds, and its account is still what it was."""
    return session is not None and (Role(session.role), session.agent) == (asker.role, asker.agent)
