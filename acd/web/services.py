"""What handlers work with. The web process makes one of these at its start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from acd.accounts.attempts import Attempts
from acd.accounts.audit import AuditLog
from acd.accounts.links import Links
from acd.accounts.passwords import Passwords
from acd.accounts.sealing import Sealer, sealer_of_second_factors
from acd.accounts.second_factors import SecondFactors
from acd.accounts.sessions import Sessions
from acd.accounts.store import AccountStore
from acd.accounts.tokens import Tokens
from acd.recordings.bucket import Bucket, bucket_of
from acd.records.store import RecordStore
from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from acd.settings.model import S3Settings
from acd.web.asker import Asker
from acd.web.centre import CentreInUse
from acd.web.customer_desk import CustomerDesk
from acd.web.figures import Figures
from acd.web.guesses import Guesses
from acd.web.limits import Limits
from acd.web.link import Link
from acd.web.live.hub import Hub
from acd.web.open_sockets import OpenSockets
from acd.web.others import AGAIN, SESSIONS, Others
from acd.web.picture import Picture
from acd.web.recording_desk import RecordingDesk
from acd.web.sso.desk import SignOnDesk
from acd.web.turns import Turns

if TYPE_CHECKING:
    from acd.web.context import Context

THREADS_MAX = 8
"""So many requests use the database at the same time; the others wait for their turn."""


async def _at_once() -> bool:
    return True


@dataclass(slots=True)
class Services:
    """What is the same for all requests.

    `store` is the database, with everything in it: `store.engine` for other tables than those of records.
    `identify` tells who sends a request, `audit` keeps that a changing request was granted, and
    `flush_audit` waits until that is written. `customers` keeps what customers.yml says. Who has the
    configuration read takes `reading` before one of the `threads`, so that whoever waits for it holds none.
    `leader` is the controller. `picture` is the live picture that `link` gets from it and `hub` brings to the
    browsers.
    """

    environment: Environment
    store: RecordStore
    identify: Callable[[web.Request], Awaitable[Asker]]
    audit: Callable[[Context[Any, Any], str], None]
    flush_audit: Callable[[], Awaitable[bool]] = _at_once
    passwords: Passwords = field(default_factory=Passwords)
    customers: CustomerDesk = field(default_factory=CustomerDesk)
    threads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(THREADS_MAX))
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    guesses: Guesses = field(default_factory=Guesses)
    limits: Limits = field(default_factory=Limits)
    centre: CentreInUse = field(init=False)
    picture: Picture = field(init=False, default_factory=Picture)
    leader: Leader = field(init=False)
    link: Link = field(init=False)
    hub: Hub = field(init=False)
    figures: Figures = field(init=False)
    recordings: RecordingDesk = field(init=False)
    sign_on: SignOnDesk = field(init=False)
    _last_bucket: tuple[S3Settings | None, Bucket | None] | None = None
    open_sockets: OpenSockets = field(init=False, default_factory=OpenSockets)
    others: Others = field(init=False)
    report_turns: Turns = field(init=False, default_factory=Turns)

    def __post_init__(self) -> None:
        self.centre = CentreInUse(self.environment)
        self.sign_on = SignOnDesk(self.environment, self.centre)
        self.leader = Leader(self.environment)
        self.link = Link(
            self.leader, self.picture, self.environment.redis_host, self.environment.redis_password
        )
        self.hub = Hub(self.picture, self.link)
        self.others = Others(self.leader, self.open_sockets.look_again)
        self.picture.listen(self._look_again)
        self.recordings = RecordingDesk(self.environment.recordings_dir, self._bucket)
        self.figures = Figures(self.store, self.centre, self.picture, self.hub)

    def _look_again(self, changed: Mapping[str, Any], _gone: list[str]) -> None:
        """Another web process may have changed it."""
        if f"{AGAIN}{SESSIONS}" in changed:
            self.open_sockets.look_again()

    async def _bucket(self) -> Bucket | None:
        """Raises OperatorError."""
        settings = (await self.centre.get()).recording.s3
        if self._last_bucket is None or self._last_bucket[0] != settings:
            self._last_bucket = settings, bucket_of(settings, self.environment)
        return self._last_bucket[1]

    # What is on the database is made in the thread that uses it: while it is away, that takes its time.
    @property
    def accounts(self) -> AccountStore:
        """Who may use the desktop."""
        return AccountStore(self.store.engine)

    @property
    def sessions(self) -> Sessions:
        """Who is signed in."""
        return Sessions(self.store.engine)

    @property
    def attempts(self) -> Attempts:
        """Who failed to sign in."""
        return Attempts(self.store.engine)

    @property
    def links(self) -> Links:
        """Who accounts are at the provider of single sign-on."""
        return Links(self.store.engine)

    @property
    def second_factors(self) -> SecondFactors:
        """Codes of authenticator apps."""
        return SecondFactors(self.store.engine, self._sealer)

    def _sealer(self) -> Sealer:
        """Raises OperatorError where secrets.yml cannot be used."""
        return sealer_of_second_factors(self.environment.secrets_file)

    @property
    def tokens(self) -> Tokens:
        """Programs that use the API."""
        return Tokens(self.store.engine)

    @property
    def audit_log(self) -> AuditLog:
        """What was done by whom."""
        return AuditLog(self.store.engine)
