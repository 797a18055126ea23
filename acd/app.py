"""The composition root: the only module that builds the controller."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterable
from typing import Any

import structlog
from aiohttp import web

from acd.answers import Answers
from acd.callbacks_on_record import CallbacksOnRecord
from acd.catch_up import CatchUp
from acd.change_over import Exchanged
from acd.core import events
from acd.core.forecast import Forecast
from acd.core.last_agents import LastAgents
from acd.customer_book import CustomerBook
from acd.desktop import Desktop, Surroundings
from acd.errors import OperatorError
from acd.journal.engine import JournaledEngine
from acd.journal.files import JournalFiles
from acd.lookups.desk import LookupDesk
from acd.lookups.http import HttpLookups
from acd.parts import (
    CHECKOUT,
    StoreRecorder,
    all_prompts,
    asterisk_folder,
    folders,
    prompt_store,
    redis_settings,
    tools,
)
from acd.records.store import RecordsAway, RecordStore
from acd.records.writer import RecordWriter
from acd.runtime import memory
from acd.runtime.abandoned import AbandonedWaits
from acd.runtime.announcements import Announcements
from acd.runtime.callback_line import CallbackLine
from acd.runtime.callbacks import CallbackDesk
from acd.runtime.clock import EngineClock
from acd.runtime.control_server import ControlServer
from acd.runtime.days import Days
from acd.runtime.flow_desk import FlowDesk
from acd.runtime.flow_dial import FlowDialer
from acd.runtime.flow_work import Services
from acd.runtime.hours import Hours
from acd.runtime.joining import Joining
from acd.runtime.kept_paces import KeptPaces
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.reception import Reception
from acd.runtime.recordings import RecordingDesk
from acd.runtime.reload import Reloader, Start
from acd.runtime.shell import Audience, Shell
from acd.runtime.version_files import VersionFiles
from acd.runtime.versions import Versions
from acd.runtime.why_desk import WhyDesk
from acd.runtime.world import Outlook
from acd.settings.centre_now import CentreNow
from acd.settings.environment import Environment, numeric_address
from acd.settings.load import load_centre
from acd.settings.phone_number import normalised
from acd.settings.pins import PinBook
from acd.settings.secrets import Secrets
from acd.state.live import LiveMirror
from acd.steering import Steering
from acd.task_calls import TaskCalls
from acd.telephony.agi import AgiServer, script_name
from acd.telephony.ami import AmiLink
from acd.telephony.asterisk_files import AsteriskFiles
from acd.telephony.bond import Bond
from acd.telephony.dial_string import sip_targets
from acd.telephony.merges import Merges
from acd.telephony.switch import CALLBACK_WORDS, Switchboard
from acd.telephony.trunk_states import TrunkBoard
from acd.telephony.watch import Watch
from acd.web.health import start_health_page

log = structlog.get_logger(__name__)

AMI_USER = "acd"
CDR_FILE = "log/cdr-custom/acd.csv"
# Finished calls wait so long for others, to be written together; until then the mirror has them.
GATHER_RECORDS_S = 0.5


class Controller:
    """One running controller."""

    def __init__(self, begun: Start, environment: Environment, secrets: Secrets) -> None:
        centre = begun.centre
        self._now = CentreNow(centre)
        self._environment = environment
        self._store = RecordStore(environment.database_url)
        self._mirror = LiveMirror.configured(
            environment.live_dir, redis_settings(centre, environment), environment.redis_password
        )
        self._writer = RecordWriter(self._store, gather_s=GATHER_RECORDS_S, together=self._mirror.together)
        self._clock = EngineClock()
        recorder = StoreRecorder(self._writer)
        self._journal = JournalFiles(environment.journal_dir, centre.journal)
        self._engine = JournaledEngine(centre.plan, self._journal)
        self._shell = Shell(self._engine, self._clock, self._mirror, recorder)
        self._paces = KeptPaces(self._shell.engine.floor, self._mirror)
        self._last_agents = LastAgents()
        self._abandoned = AbandonedWaits(centre.resume_within_s, self._clock, self._mirror)
        self._days = Days(self._shell.feed, self._clock, centre.system.timezone)
        self._watch = Watch(centre.phones, self._shell.feed, self._transferred)
        self._bond = Bond(
            self._watch,
            self._shell.feed,
            self._shell.engine.floor,
            environment.asterisk_dir / CDR_FILE,
            centre.system.lease_s,
        )
        self._link = AmiLink(
            (environment.asterisk_host, environment.ami_port),
            (AMI_USER, secrets.ami_password),
            self._watch.on_event,
            self._bond.up_again,
            self._bond.down,
        )
        self._trunks = TrunkBoard(centre.trunks.values(), self._link)
        self._prompts = prompt_store(centre, environment)
        self._version_files = VersionFiles(environment.versions_dir)
        self._versions = Versions(self._version_files, load_centre, centre.plan, begun.loaded)
        self._hours = Hours(
            self._shell.feed,
            self._clock,
            centre.system.timezone,
            centre.group_hours,
            lambda: self._versions.active.calendars,
            self._mirror,
        )
        self._versions.in_use = lambda: frozenset(self._calls_by_version())
        self._announcements = Announcements(
            self._mirror, self._clock, lambda: list(self._versions.active.announcements)
        )
        self._callback_line = CallbackLine(self._now, self._shell, self._mirror, recorder)
        self._callbacks = CallbackDesk(
            self._mirror, recorder, self._clock, self._number_of, self._callback_line
        )
        self._callbacks_on_record = CallbacksOnRecord(self._store, self._callback_line)
        self._callback_line.on_closed = self._callbacks.closed
        self._merges = Merges(self._mirror)
        script = script_name(secrets.ami_password)
        self._switch = Switchboard(self._watch, self._link, self._prompts, self._merges, self._serve, script)
        self._switch.call_id_header = centre.system.call_id_header
        self._switch.callback_word = CALLBACK_WORDS.get(centre.system.language, CALLBACK_WORDS["en"])
        http = HttpLookups()
        self._customers = CustomerBook(centre, self._store, http)
        self._lookups = LookupDesk(self._customers.values, http)
        self._asterisk = AsteriskFiles(environment, asterisk_folder(CHECKOUT), os.environ, self._link)
        services = self._services()
        self._reception = Reception(
            self._now,
            self._shell,
            self._switch,
            self._mirror,
            self._customers.at_arrival,
            services,
            PinBook(environment.secrets_file),
        )
        self._watch.legs.on_outside_failed = self._reception.callbacks.leg_failed
        self._switch.ends_with_agent = self._reception.ends_with_agent
        self._flow_desk = self._make_flow_desk(services)
        self._agi = AgiServer(self._switch.serve)
        self._steering = Steering(
            self._now,
            self._shell,
            self._mirror,
            self._versions,
            self._watch,
            self._link,
            self._bond,
            self._switch,
            environment.recordings_dir,
        )
        self._answers = Answers(
            self._now,
            self._shell,
            self._switch,
            self._bond,
            self._mirror,
            self._writer,
            self._store,
            self._versions,
            self._announcements,
            self._trunks,
            self._reception.walker,
        )
        self._desktop = Desktop(
            Surroundings(
                self._now,
                self._shell,
                self._mirror,
                recorder,
                self._store,
                self._versions,
                self._announcements,
                self._callbacks,
                services.outlook.groups,
                self._reception.walker,
                lambda: self._bond.up,
                self._steering.desk.picture,
            )
        )
        recorder.on_tasks_changed = self._desktop.tasks_changed
        self._steering.desk.on_changed = self._desktop.feed.call_changed
        self._shell.observer = Audience(
            of_calls=[self._last_agents, self._abandoned, self._desktop.dispositions],
            of_floor=[self._paces, self._desktop.facts],
            of_all=[self._desktop.feed, self._steering.desk],
        )
        task_calls = TaskCalls(
            self._shell.engine.floor,
            self._steering.desk,
            self._callback_line,
            self._callbacks_on_record.tasks,
            self._task_taken,
        )
        handlers = {
            **self._answers.handlers(),
            **self._flow_desk.handlers(),
            **self._why_desk.handlers(),
            **self._callback_line.handlers(),
            **self._desktop.handlers(),
            **self._steering.desk.handlers(),
            **task_calls.handlers(),
        }
        self._control = ControlServer(environment.control_socket, handlers, self._desktop.streams())
        self._health: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._recovery: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[list[str]] | None = None
        self.floor_known = asyncio.Event()

    def _services(self) -> Services:
        """What flows make use of."""
        system, floor = self._now.system, self._shell.engine.floor
        outlook = Outlook(floor, self._clock, system.timezone, self._announcements, self._paces)
        self._engine.ask_for_waits(Forecast(floor, self._paces).p50_s)  # for the policies of groups
        self._why_desk = WhyDesk(floor, self._clock, outlook.groups.expected_wait, system.language)
        return Services(
            flows=self._versions,
            lookups=self._lookups,
            callbacks=self._callbacks,
            recordings=RecordingDesk(self._environment.recordings_dir, self._shell),
            outlook=outlook,
            dialer=FlowDialer(self._shell, self._switch, sip_targets(system.sip_addresses)),
            joining=Joining(self._now.plan, self._last_agents, self._abandoned),
            line_announcements=LineAnnouncements(self._now.now.line_announcements, system.language),
        )

    def _make_flow_desk(self, services: Services) -> FlowDesk:
        environment = self._environment
        exchanged = Exchanged(
            environment,
            self._now,
            self._shell,
            self._versions,
            self._customers,
            self._prompts,
            self._days,
            services.outlook,
            services.dialer,
            self._watch,
            self._bond,
            self._switch,
            self._trunks,
            self._asterisk,
            self._calls_by_version,
            self._hours,
            services.joining,
            self._abandoned,
            services.line_announcements,
            self._callback_line,
            self._journal,
            self._agents_are_new,
        )
        places = folders(environment)
        reloader = Reloader(
            self._versions, self._version_files, places, tools(environment), exchanged.change_to
        )
        reloader.calls = self._calls_by_version
        return FlowDesk(
            reloader,
            self._announcements,
            self._callbacks,
            self._callbacks_on_record.open_wishes,
            self._shell.engine.floor,
        )

    def _agents_are_new(self, agents: Iterable[str]) -> None:
        self._desktop.presence.known(agents)

    def _number_of(self, number: str) -> str | None:
        return normalised(number, self._now.system.country)

    async def _task_taken(self) -> None:
        self._desktop.tasks_changed()
        await self._flow_desk.refresh_callbacks()

    async def start(self) -> None:
        """Open everything. Raises OperatorError when a port or a file cannot be had."""
        self._prompts.prepare(all_prompts(self._now.now, self._versions.active))
        self._shell.feed(events.DispatchSuspended())  # until the floor is known
        await self._mirror.open()
        try:
            await asyncio.to_thread(self._store.open)
        except RecordsAway as error:  # records wait in the live state until the writer can store them
            log.error("the database of records is away, calls are routed all the same", reason=str(error))
        self._writer.start()
        self._shell.attach(self._switch)
        self._bond.attach(self._link, self._switch)
        self._bond.on_known = self._floor_is_known
        self._shell.on_frozen = self._bond.frozen
        self._announcements.restore(self._mirror.load())
        self._paces.restore(self._mirror.load())
        self._abandoned.restore(self._mirror.load())
        open_wishes, tasks = await self._callbacks_on_record.at_start()
        self._callbacks.restore(self._mirror.load(), open_wishes)
        self._reception.walker.restore(self._mirror.load())
        self._merges.restore(self._mirror.load())
        self._steering.restore()
        await self._take_up_versions()
        self._callback_line.restore(self._mirror.load())
        self._desktop.restore()
        self._callback_line.tell_hours()
        self._shell.restore()
        self._steering.take_up()
        self._days.tell()
        self._hours.restore()
        self._hours.tell()
        if tasks is not None:
            self._callbacks_on_record.reconcile(tasks, self._callback_line.known())
        self._callbacks.place_again()
        self._reception.walker.take_up()
        await self._control.start()
        await self._listen()
        for work in (
            self._link.run(),
            self._bond.keep(),
            self._shell.tick(),
            self._mirror.run(),
            self._trunks.run(),
            self._days.run(),
            self._hours.run(),
            self._callback_line.run(),
            self._journal.run(),
            *self._desktop.running(),
        ):
            self._tasks.append(asyncio.create_task(work))
        self._customers.take_up_file()
        catch_up = CatchUp(
            self._now,
            self._store,
            self._writer,
            self._customers.in_file,
            self._catch_up_with_callbacks,
            self._mirror.load,
            self._last_agents,
        )
        cdr_file = self._environment.asterisk_dir / CDR_FILE
        self._recovery = asyncio.create_task(
            catch_up.run(self.floor_known, cdr_file, callbacks_known=tasks is not None)
        )
        self._recovery.add_done_callback(_log_failure)
        if self._versions.is_kept:
            self._version_files.begin_run()
        else:  # after a sudden end the last version on disk would be an older one
            self._version_files.end_run()

    async def _catch_up_with_callbacks(self) -> None:
        await self._flow_desk.refresh_callbacks()
        await self._callbacks_on_record.catch_up()

    async def _take_up_versions(self) -> None:
        """Read what calls from before a restart are in before they ask for it; the voice may have changed."""
        for version in self._calls_by_version():
            flows = await asyncio.to_thread(self._versions.get, version)
            if flows is None:
                continue
            try:
                await asyncio.to_thread(self._prompts.prepare, all_prompts(self._now.now, flows))
            except OperatorError as error:
                log.error("prompts of an older version cannot be spoken", version=version, reason=str(error))

    async def _listen(self) -> None:
        env = self._environment
        agi_address = await asyncio.to_thread(numeric_address, env.controller_host)
        for name, address, port, start in (
            ("ACD_AGI_PORT", agi_address, env.agi_port, self._agi.start),
            ("ACD_HEALTH_PORT", env.http_address, env.health_port, self._start_health),
        ):
            try:
                await start(address, port)
            except OSError as error:
                raise OperatorError(
                    f"port {port} on {address} cannot be used ({error.strerror}); set {name}"
                ) from error

    async def _start_health(self, host: str, port: int) -> None:
        self._health = await start_health_page(host, port, self._answers.health)

    async def stop(self) -> None:
        """Close everything in order; callers stay with Asterisk."""
        await self._bond.say_goodbye()
        running = [
            *self._tasks,
            *(task for task in (self._recovery, self._reading) if task is not None),
        ]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._bond.stop()
        await self._switch.stop()
        await self._steering.stop()
        await self._agi.stop()
        await self._customers.close()
        await self._lookups.close()
        self._desktop.presence.close()
        await self._control.stop()
        if self._health is not None:
            await self._health.cleanup()
        self._shell.close()
        await asyncio.to_thread(self._journal.close)
        await self._writer.close()
        self._store.close()
        await self._mirror.close()
        self._version_files.end_run()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT, or until a task that must not end ends."""
        with memory.without_collection():
            await self.start()
        memory.settle()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        waiting = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            waiting.cancel()
            await self.stop()

    # --- joints -------------------------------------------------------------------------------
    async def _serve(self, ask: Any, line: Any) -> None:
        await self._reception.serve(ask, line)

    def _floor_is_known(self) -> None:
        self.floor_known.set()
        self._steering.floor_is_known()
        self._reading = asyncio.create_task(self._asterisk.catch_up())
        self._reading.add_done_callback(_log_failure)

    def _transferred(self, call_id: str, consult_id: str) -> None:
        self._reception.merged(call_id, consult_id)
        self._switch.merged(call_id, consult_id)

    def _calls_by_version(self) -> Counter[str]:
        """The versions of flows that callers are in, or go back to after the line or the agent."""
        places = (value for key, value in self._mirror.load().items() if key.startswith("flow:"))
        return Counter(str(value["version"]) for value in places if "version" in value)


def _log_failure(task: asyncio.Task[Any]) -> None:
    """Of a task that nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a task has failed", exc_info=error)
