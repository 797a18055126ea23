"""A controller among several: it stands by, ready to lead within moments, and leads when it is its turn."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest

from acd.app import Controller
from acd.election import LEASE_S, Election
from acd.errors import OperatorError, RequestRefused, StateError
from acd.gate import Gate
from acd.journal.files import JournalFiles
from acd.leading import HandingOver, Health, Leading
from acd.parts import begin, tools
from acd.records.opening import Opening
from acd.records.spool import Spool
from acd.records.store import RecordsAway, RecordStore
from acd.records.writer import RecordWriter
from acd.runtime import memory
from acd.runtime.control import Request, text_if_any, text_of
from acd.runtime.control_server import ControlServer
from acd.runtime.peers import PeerAnswer, Reach, ask_peer
from acd.runtime.version_files import VersionFiles
from acd.second_keeper import SecondKeeper
from acd.settings.controllers import ControllerPlace
from acd.settings.environment import Environment, numeric_address
from acd.settings.model import Centre
from acd.settings.redis_in_use import redis_settings
from acd.settings.secrets import Secrets
from acd.state.lease import Lease
from acd.state.redis_hash import RedisServer
from acd.web.health import start_health_page

log = structlog.get_logger(__name__)

PREPARE_LIMIT_S = 20.0
"""For one that is known to be there."""
THERE_WITHIN_S = 0.5
LOOK_AGAIN_S = 10.0
"""So often one that could not lead looks whether it can now."""
EXPECTED_WITHIN_S = 3.0
ANSWERED_WITHIN_S = 0.2
WRITTEN_WITHIN_S = 0.5
"""What waits in the spool and is not written by then is written again by the leader's own writer."""
NO_STANDBY = "no-standby"


def leading_metrics(leads: Callable[[], bool]) -> CollectorRegistry:
    """What a controller tells of itself among several, whether it leads or stands by."""
    registry = CollectorRegistry()
    gauge = Gauge("acd_leads", "Whether this controller leads, of several.", registry=registry)
    gauge.set_function(lambda: float(leads()))
    return registry


def process_metrics() -> bytes:
    """Of a controller that stands by there is no more to tell."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class OneOfSeveral:
    """`run` is the process's life."""

    def __init__(self, environment: Environment, centre: Centre, secrets: Secrets, who: str) -> None:
        self._environment = environment
        self._secrets = secrets
        self._who = who
        redis = redis_settings(centre, environment)
        if redis is None:
            raise OperatorError(
                "several controllers (ACD_CONTROLLERS) need a Redis server:"
                " redis: in system.yml, or ACD_REDIS_HOST"
            )
        server = RedisServer(redis.address, redis.port, redis.database, environment.redis_password)
        me = next(p for p in environment.controllers if p.name == environment.controller)
        self._me = me
        self._others = {p.name: p for p in environment.controllers if p is not me}
        self._lease = Lease(server, redis.prefix, me.name)
        self._lease_of_second = Lease(server, redis.prefix, me.name)
        self._gate = Gate()
        self.election = Election(me, list(self._others.values()), self._lease, self._ask, self._gate)
        self._control = ControlServer(environment.control_socket)
        self._registry = leading_metrics(lambda: self.election.mine is not None)
        self._health: Health = self._standing_by
        self._metrics = process_metrics
        self._journal = JournalFiles(environment.journal_dir, centre.journal)
        """Of when this controller has led: nothing is written, but what is old goes."""
        self._stop = asyncio.Event()
        self._handed_over = False
        self._controller: Controller | None = None
        self._handing = asyncio.Lock()
        self._opening: Opening | None = None
        self._opens_late = False

    # --- its life -------------------------------------------------------------------------------
    async def run(self) -> None:
        """Stand by, then lead, until SIGTERM or SIGINT. Raises OperatorError."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        await self._control.start()
        address = await asyncio.to_thread(numeric_address, self._me.host)
        await self._control.listen_at(address, self._me.port, self._secrets.control_password)
        self._control.stand_by(self._answers(), lambda: self.election.leader)
        page = await self._open_page()
        try:
            await self._stand_by()
        finally:
            self._lease.close()
            if not self._handed_over:
                await self._control.stop()
                await page.cleanup()

    async def _open_page(self) -> web.AppRunner:
        env = self._environment
        try:
            return await start_health_page(env.http_address, env.health_port, self._facts, self._page)
        except OSError as error:
            raise OperatorError(
                f"port {env.health_port} on {env.http_address} cannot be used ({error.strerror});"
                " set ACD_HEALTH_PORT"
            ) from error

    async def _stand_by(self) -> None:
        env = self._environment
        store = RecordStore(env.database_url)
        self._opening = Opening(store)
        with contextlib.suppress(OperatorError):  # the look below says so
            await asyncio.to_thread(store.want)
        writer = RecordWriter(store, spool=Spool(env.spool_dir))
        await self._warm_up()
        writer.start()  # what waits here since this controller led
        log.info("this controller stands by", controller=self._me.name)
        stopping = asyncio.create_task(self._stop.wait())
        pruning = asyncio.create_task(self._journal.run())
        leading = asyncio.create_task(self.election.until_leading())
        looking = asyncio.create_task(self._keep_fit())
        try:
            await asyncio.wait((stopping, leading), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            pruning.cancel()
            looking.cancel()
            if not leading.done():
                leading.cancel()
        if self._stop.is_set() and self.election.mine is None:
            await writer.close()
            store.close()
            return
        keeping = asyncio.create_task(self.election.keep())
        try:
            with contextlib.suppress(TimeoutError):  # a database that stands still must not hold callers up
                async with asyncio.timeout(WRITTEN_WITHIN_S):
                    await writer.close()
            store.close()
            await self._lead()
        finally:
            keeping.cancel()

    async def _lead(self) -> None:
        env, mine = self._environment, self.election.mine
        assert mine is not None
        begun = await asyncio.to_thread(begin, env, self._who)
        others = (env.home / "controllers" / name / "live" for name in self._others)
        leading = Leading(
            self._me.name,
            mine.fence,
            self._gate,
            self._control,
            tuple(others),
            {**self._answers(), "handover": self._asked_to_hand_over},
            self._show,
            self._hand_over_at_the_end,
            SecondKeeper(self.election, self._lease_of_second, self._gate).at_work,
        )
        self._controller = Controller(begun, env, self._secrets, leading)
        await self._controller.run(self._stop)
        if not self._handed_over:
            with contextlib.suppress(StateError):
                await self._lease.give_up(mine)

    async def _warm_up(self) -> None:
        """What takes long at the first time is done before it is needed."""
        await self._look_whether_fit()
        memory.settle()

    async def _keep_fit(self) -> None:
        """For ever: what keeps it from leading may be mended by now, or a slow database has told of it."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            if self.election.unfit or self._opens_late:
                await self._look_whether_fit()

    async def _look_whether_fit(self) -> None:
        """Whether it could lead, where its process would end at once otherwise.

        A database that does not answer keeps it from nothing: it is opened beside.
        """
        unfit, self._opens_late = "", False
        try:
            await asyncio.to_thread(self._load)
            if self._opening is not None:
                self._opens_late = not await self._opening.soon()
        except RecordsAway as error:
            log.error("the database of records is away", reason=str(error))
        except OperatorError as error:
            unfit = str(error)
        if unfit and unfit != self.election.unfit:
            log.error("this controller could not lead now", reason=unfit)
        elif self.election.unfit and not unfit:
            log.info("this controller could lead now")
        self.election.unfit = unfit

    def _load(self) -> None:
        """The configuration in use, as the leader has it, or else that on disk, as `choose_start` has it.

        Nothing is made, for that is the leader's to do. Raises OperatorError where neither can be used.
        """
        env, own = self._environment, tools(self._environment)
        files = VersionFiles(env.versions_dir)
        last = files.last()
        if last is not None:
            try:
                kept = files.kept(last)
                own.render(own.load(kept.config_dir, kept.flows_dir))
            except OperatorError as error:
                log.warning("the last version cannot be used", number=last.number, reason=str(error))
            else:
                return
        own.render(own.load(env.config_dir, env.flows_dir))

    # --- what is asked ---------------------------------------------------------------------------
    async def _ask(
        self, place: ControllerPlace, do: str, limit_s: float, fields: Mapping[str, Any]
    ) -> PeerAnswer:
        password = self._secrets.control_password
        return await ask_peer(place, password, do=do, limit_s=limit_s, **fields)

    def _answers(self) -> dict[str, Any]:
        return {
            "leadership": lambda _request: self.election.leadership(),
            "promise": self._promise,
            "prepare": self._prepare,
            "lead": self._lead_alone,
        }

    def _promise(self, request: Request) -> Mapping[str, Any]:
        return self.election.promise(
            text_of(request, "name"), int(request.get("fence") or 0), float(request.get("for_s") or LEASE_S)
        )

    async def _prepare(self, _request: Request) -> Mapping[str, Any]:
        """The leader is about to hand over to this one."""
        if self.election.mine is None:
            await self._look_whether_fit()
            self.election.expect(EXPECTED_WITHIN_S)
        why = self.election.unfit or ("" if self.election.in_redis else "does not see the lease in Redis")
        ready = self.election.mine is None and not why
        return {"ready": ready, "message": why or ("ready" if ready else "leads")}

    def _lead_alone(self, _request: Request) -> Mapping[str, Any]:
        """An operator says that no other controller runs, so that this one may lead without asking them."""
        self.election.others_are_down()
        return self.election.leadership()

    # --- handing over -----------------------------------------------------------------------------
    async def _asked_to_hand_over(self, request: Request) -> Mapping[str, Any]:
        wanted = text_if_any(request, "to")
        if wanted and wanted not in self._others:
            names = ", ".join(self._others)
            raise RequestRefused(NO_STANDBY, f"there is no other controller {wanted!r}; there are: {names}")
        assert self._controller is not None
        after = await self._hand_over(self._controller, wanted)
        asyncio.get_running_loop().call_later(ANSWERED_WITHIN_S, os._exit, 0)
        return {"leader": after}

    async def _hand_over_at_the_end(self, controller: HandingOver, code: int) -> bool:
        """At SIGTERM, or after a fault: the process ends, unless nobody takes over."""
        try:
            await self._hand_over(controller, "")
        except RequestRefused as error:
            log.warning("nobody takes over", reason=str(error))
            return False
        sys.stderr.flush()
        os._exit(code)

    async def _hand_over(self, controller: HandingOver, wanted: str) -> str:
        """Who leads now. Raises RequestRefused where nobody is ready."""
        async with self._handing:
            if self._handed_over:
                return self.election.leader
            to = await self._choose(wanted)
            await controller.let_go()
            self._control.stand_by(self._answers(), lambda: self.election.leader)
            self._handed_over = True
            await controller.end()  # before another one writes the same files
            try:
                after = await self.election.hand_over(to)
            except StateError as error:
                self._gate.shut(f"the lease could not be handed over: {error}")
            log.warning("handed over", to=after.name, fence=after.fence)
        return after.name

    async def _choose(self, wanted: str) -> str:
        """One that has said that it is ready, before anything is let go of."""
        if not self.election.in_redis:
            raise RequestRefused(NO_STANDBY, "Redis is away, so the lease in it cannot be handed over now")
        asked = {name: place for name, place in self._others.items() if wanted in ("", name)}
        there = await asyncio.gather(
            *(self._ask(place, "leadership", THERE_WITHIN_S, {}) for place in asked.values())
        )
        reasons = []
        for (name, place), first in zip(asked.items(), there, strict=True):
            told = first
            if first.reach is Reach.ANSWERED:
                told = await self._ask(place, "prepare", PREPARE_LIMIT_S, {})
                if told.reach is Reach.ANSWERED and told.answer.get("ready"):
                    return name
            reasons.append(f"{name}: {told.reason or told.answer.get('message') or 'not ready'}")
        raise RequestRefused(NO_STANDBY, f"no controller stands by ({'; '.join(reasons)})")

    # --- what is shown ------------------------------------------------------------------------------
    def _show(self, health: Health, metrics: Callable[[], bytes]) -> None:
        self._health = lambda: {**health(), **self._role()}
        self._metrics = metrics

    def _role(self) -> dict[str, Any]:
        return {**self.election.leadership(), "lease_in_redis": self.election.in_redis}

    def _standing_by(self) -> Mapping[str, Any]:
        unfit = self.election.unfit
        return {"ok": not unfit, "dispatching": False, "cannot_lead": unfit, **self._role()}

    def _facts(self) -> Mapping[str, Any]:
        return self._health()

    def _page(self) -> bytes:
        return generate_latest(self._registry) + self._metrics()
