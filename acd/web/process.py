"""The web process: everything that is needed to serve the desktop, built here and run until told to stop.

It keeps nothing in memory that must last: sessions are in the database, the live picture is the
controller's. So several may run, and any may be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from acd.accounts.first import make_first_accounts
from acd.accounts.rights import teams_of_owner
from acd.accounts.store import AccountStore
from acd.errors import OperatorError, RequestRefused
from acd.privacy.daily import DailyRetention
from acd.recordings.bucket import Bucket, bucket_of
from acd.recordings.keeper import Keeper
from acd.records.store import RecordsAway, RecordStore
from acd.reports.known import Known
from acd.reports.rollups.keeper import RollUpKeeper
from acd.reports.sending.job import InUse
from acd.reports.sending.worker import ReportSender
from acd.runtime.in_use import in_use
from acd.settings.environment import Environment
from acd.settings.model import RecordingSettings
from acd.settings.retention import RetentionSettings
from acd.web.alive import PATH as PATH_OF_ALIVE
from acd.web.alive import Alive
from acd.web.api import ROUTES
from acd.web.app import make_app
from acd.web.audit_writer import AuditWriter
from acd.web.connections import KEPT_S, Site, connections_of
from acd.web.identity import Identity, address_of
from acd.web.live import socket as live
from acd.web.metrics import PATH as PATH_OF_METRICS
from acd.web.metrics import WebMetrics
from acd.web.pages import FOLDER, Pages
from acd.web.report_desk import going_on_of, known_of
from acd.web.route import Route
from acd.web.services import Services
from acd.web.sip_proxy import PATH as SIP
from acd.web.sip_proxy import sip_handler
from acd.web.tls.certificate import Certificate
from acd.webhooks.worker import WebhookWorker

log = structlog.get_logger(__name__)

HEALTH_LIMIT_S = 3.0
STOP_LIMIT_S = 2.0


class WebProcess:
    """Usable between `start` and `stop`; `run` is both, with signals.

    Raises OperatorError for a certificate that cannot be served with.
    """

    def __init__(self, environment: Environment, routes: Sequence[Route] = tuple(ROUTES)) -> None:
        self.environment = environment
        self.certificate: Certificate | None = None
        if environment.tls_cert is not None and environment.tls_key is not None:
            self.certificate = Certificate(environment.tls_cert, environment.tls_key)
        self._store = RecordStore(environment.database_url)
        self._audit = AuditWriter(self._store)
        identity = Identity(self._store, environment.http_proxies)
        self.services = Services(environment, self._store, identity, self._audit.granted, self._audit.flush)
        self.app = make_app(self.services, routes)
        self.app.router.add_get(live.PATH, live.live_handler(self.services))
        self.app.router.add_get(SIP, sip_handler(self.services))
        self.app.router.add_get("/health", self._health)
        alive = Alive(self._store, self.services.link, self.services.leader, self._count_stranger)
        self.app.router.add_get(PATH_OF_ALIVE, alive.page)
        centre, hub = self.services.centre, self.services.hub
        metrics = WebMetrics(
            self._store, centre, hub, environment.metrics_from, self.certificate, self.services.limits
        )
        self.app.router.add_get(PATH_OF_METRICS, metrics.page)
        self.app.router.add_get("/{path:.*}", Pages(FOLDER).serve)
        self.connections = connections_of(environment, self.services.limits)
        self.app.middlewares.insert(0, self.connections.middleware)
        self._runner = web.AppRunner(
            self.app, access_log=None, shutdown_timeout=STOP_LIMIT_S, keepalive_timeout=KEPT_S
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._auditing: asyncio.Task[None] | None = None
        self._ahead: asyncio.Task[None] | None = None
        self._present = contextlib.ExitStack()
        self._keeper = Keeper(
            environment.recordings_dir,
            self._store,
            self._recording_settings,
            lambda settings: bucket_of(settings, environment),
        )
        self._roll_ups = RollUpKeeper(
            lambda: self._store.engine, self._reported, lock=environment.home / "roll-ups.lock"
        )
        self._reports = ReportSender(
            lambda: self._store.engine, environment.database_url, self._configuration_in_use, teams_of_owner
        )
        self._retention = DailyRetention(
            environment.home, environment.recordings_dir, self._store, self._retention_settings
        )
        self._webhooks = WebhookWorker(
            self.services.leader, lambda: self._store.engine, self._webhooks_to_private
        )

    async def _reported(self) -> tuple[ZoneInfo, Known]:
        """In which zone days are kept, and what reports know of the centre."""
        centre = await self.services.centre.get()
        return ZoneInfo(centre.system.timezone), known_of(centre, "en")

    @property
    def listening(self) -> bool:
        """Whether browsers can connect."""
        return bool(self._runner.addresses)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._runner.addresses[0][1])

    async def start(self) -> None:
        """Open everything. Raises OperatorError where port or database cannot be had, or a restore is on."""
        environment = self.environment
        self._present.enter_context(in_use(environment.home))
        try:
            await asyncio.to_thread(self._store.open)
        except RecordsAway as error:  # the live picture can be shown all the same
            log.error("the database is away, nobody can sign in", reason=str(error))
        else:
            await self._first_accounts()
        services = self.services
        work = [
            services.link.run(),
            services.link.listen(),
            services.hub.run(),
            services.open_sockets.run(self._store),
        ]
        work += [services.figures.run(), self._webhooks.run(), self._keeper.run()]
        work += [self._roll_ups.run(), self._reports.run(), self._retention.run()]
        work.append(services.limits.run(services.centre))
        if self.certificate is not None:
            work.append(self.certificate.run())
        self._tasks = [asyncio.create_task(one) for one in work]
        self._auditing = asyncio.create_task(self._audit.run())
        await self._runner.setup()
        try:
            tls = None if self.certificate is None else self.certificate.context
            where = environment.http_address, environment.http_port
            await Site(self._runner, self.connections, *where, tls).start()
        except OSError as error:
            await self.stop()
            raise OperatorError(
                f"port {environment.http_port} on {environment.http_address} cannot be used"
                f" ({error.strerror}); set ACD_HTTP_PORT"
            ) from error
        self._ahead = asyncio.create_task(self._read_ahead())

    async def stop(self) -> None:
        """Close everything; browsers come back when the next process is there."""
        self.services.hub.close()
        self.services.open_sockets.close()
        await self._runner.cleanup()
        self.connections.close()
        tasks = self._tasks if self._ahead is None else [*self._tasks, self._ahead]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._auditing is not None:
            await self._audit.close(self._auditing)
        await self.services.customers.close()
        await self.services.sign_on.close()
        self._store.close()
        self._present.close()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT, or until a task that must not end ends."""
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        if self.certificate is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.certificate.look)
        await self.start()
        waiting = asyncio.create_task(stop.wait())
        try:
            tasks = [waiting, *self._tasks]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            waiting.cancel()
            await self.stop()

    async def _first_accounts(self) -> None:
        file = self.environment.first_passwords_file
        try:
            if await asyncio.to_thread(AccountStore(self._store.engine).any):
                return
            agents = (await self.services.centre.get()).agents
            made = await asyncio.to_thread(make_first_accounts, self._store.engine, agents, file)
        except SQLAlchemyError as error:  # the next start makes them
            log.error("the first accounts could not be made", reason=type(error).__name__)
            return
        if made:
            log.warning("accounts were made for all agents and an admin", passwords_in=str(file))

    async def _read_ahead(self) -> None:
        """So that who comes first does not wait for it; where it cannot be read, whoever needs it is told."""
        with contextlib.suppress(OperatorError):
            await self.services.centre.get()
            await self.services.customers.settings(self.environment)

    async def _recording_settings(self) -> RecordingSettings:
        return (await self.services.centre.get()).recording

    async def _retention_settings(
        self,
    ) -> tuple[RetentionSettings, ZoneInfo, Callable[[], Bucket | None]]:
        centre, environment = await self.services.centre.get(), self.environment
        zone = ZoneInfo(centre.system.timezone)
        return centre.retention, zone, lambda: bucket_of(centre.recording.s3, environment)

    async def _webhooks_to_private(self) -> bool:
        return (await self.services.centre.get()).webhooks_to_private

    async def _configuration_in_use(self) -> InUse:
        services = self.services
        live = going_on_of(services.picture.objects, datetime.now(UTC)) if services.link.up else None
        return InUse((await services.centre.get()).folders, await services.centre.zone(), live)

    def _count_stranger(self, request: web.Request) -> None:
        self.services.limits.count_stranger(address_of(request, self.environment.http_proxies))

    async def _health(self, request: web.Request) -> web.Response:
        """What the controller says of itself; 503 where it is away, or routes no calls."""
        self._count_stranger(request)
        facts: dict[str, Any]
        try:
            facts = await self.services.leader.request(limit_s=HEALTH_LIMIT_S, do="health")
        except (OperatorError, RequestRefused) as error:
            facts = {"ok": False, "reason": str(error)}
        facts["browsers"] = self.services.hub.clients
        if self.certificate is not None:
            facts["tls"] = self.certificate.facts()
        return web.json_response(facts, status=200 if facts["ok"] else 503)
