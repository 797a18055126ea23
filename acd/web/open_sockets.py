"""WebSockets that are open: each ends with the session that opened it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.accounts.attempts import network_of
from acd.accounts.sessions import Session, Sessions
from acd.accounts.tokens import Tokens
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.web.asker import Asker, Role

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 10.0
Close = Callable[[], None]


class OpenSockets:
    """An open one keeps its session in use; one whose session or token has ended is closed within seconds."""

    def __init__(self) -> None:
        self._open: set[tuple[Asker, Close]] = set()

    @contextmanager
    def of(self, asker: Asker, close: Close) -> Iterator[None]:
        """While it is open; `close` is called when it must end."""
        entry = (asker, close)
        self._open.add(entry)
        try:
            yield
        finally:
            self._open.discard(entry)

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
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            await self.check(store)

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


def _same(asker: Asker, session: Session | None) -> bool:
    """Whether the session holds, and its account is still what it was."""
    return session is not None and (Role(session.role), session.agent) == (asker.role, asker.agent)
