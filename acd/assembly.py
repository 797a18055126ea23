"""The composition root: the only module that puts the controller together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from acd.answers import Answers
from acd.callbacks_on_record import CallbacksOnRecord
from acd.change_over import Exchanged
from acd.core.forecast import Forecast
from acd.core.last_agents import LastAgents
from acd.core.ports import Refusal
from acd.customer_book import CustomerBook
from acd.desktop import Desktop, Surroundings
from acd.drilling import DrillDesk
from acd.errors import FencedOff
from acd.guarding import Guarding, SipCertificate
from acd.journal.engine import JournaledEngine
from acd.journal.files import JournalFiles
from acd.leading import Leading
from acd.lookups.desk import LookupDesk
from acd.lookups.http import HttpLookups
from acd.metrics import ControllerMetrics
from acd.parts import (
    CHECKOUT,
    StoreRecorder,
    asterisk_folder,
    folders,
    front_keeper_of,
    prompt_store,
    tools,
    traces_of,
)
from acd.queue_log.keeper import QueueLog
from acd.reconcile import Reconciler
from acd.records.left_spools import LeftSpools
from acd.records.spool import Spool
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
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
from acd.runtime.observers import Audience
from acd.runtime.reception import Reception
from acd.runtime.recordings import RecordingDesk
from acd.runtime.reload import Reloader, Start
from acd.runtime.shell import Shell
from acd.runtime.version_files import VersionFiles
from acd.runtime.versions import Versions
from acd.runtime.why_desk import WhyDesk
from acd.runtime.world import Outlook
from acd.settings.centre_now import CentreNow
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.phone_number import normalised
from acd.settings.pins import PinBook
from acd.settings.redis_in_use import redis_settings
from acd.settings.secrets import Secrets
from acd.state.feed_channel import FeedChannel
from acd.state.live import LiveMirror
from acd.state.redis_hash import RedisServer
from acd.steering import Steering
from acd.task_calls import TaskCalls
from acd.telephony import fence
from acd.telephony.agi import AgiServer, word_of
from acd.telephony.ami import AmiLink
from acd.telephony.asterisk_files import AsteriskFiles
from acd.telephony.at_work import AtWork
from acd.telephony.bond import Bond, Mark
from acd.telephony.dial_string import sip_targets
from acd.telephony.merges import Merges
from acd.telephony.nodes import Node, Nodes
from acd.telephony.switch import CALLBACK_WORDS, Switchboard
from acd.telephony.trunk_states import TrunkBoard
from acd.telephony.watch import Watch

AMI_USER = "acd"
# Finished calls wait so long for others, to be written together; until then the mirror has them.
GATHER_RECORDS_S = 0.5


class Assembly:
    """Everything that a controller consists of, each part joined to those that it needs; nothing runs yet."""

    def __init__(
        self, begun: Start, environment: Environment, secrets: Secrets, leading: Leading | None = None
    ) -> None:
        centre = begun.centre
        self.leading = leading
        self.now = CentreNow(centre)
        self.environment = environment
        self.store = RecordStore(environment.database_url)
        self.mirror = LiveMirror.configured(
            environment.live_dir, redis_settings(centre, environment), environment.redis_password
        )
        spool = Spool(environment.spool_dir)
        self.writer = RecordWriter(
            self.store, gather_s=GATHER_RECORDS_S, together=self.mirror.together, spool=spool
        )
        self.left_spools = LeftSpools(spool, environment.home, self.writer.look_on_disk)
        self.clock = EngineClock()
        recorder = StoreRecorder(self.writer)
        self.journal = JournalFiles(environment.journal_dir, centre.journal)
        self.engine = JournaledEngine(centre.plan, self.journal)
        self.shell = Shell(self.engine, self.clock, self.mirror, recorder)
        self.queue_log = QueueLog(
            environment.home,
            centre.queue_log,
            self.clock,
            queues_of=self._groups_of,
            extension_of=self._extension_of,
            is_live=self._goes_on,
        )
        self.guarding = Guarding(self.now, self.shell.engine.floor, self.clock, self.mirror)
        self.paces = KeptPaces(self.shell.engine.floor, self.mirror)
        self.last_agents = LastAgents()
        self.abandoned = AbandonedWaits(centre.resume_within_s, self.clock, self.mirror)
        self.days = Days(self.shell.feed, self.clock, centre.system.timezone)
        self.watch = Watch(centre.phones, self.shell.feed, self._transferred, self.clock)
        self.watch.scans = self.guarding.scans.hear
        made = [self._make_node(of_node, secrets) for of_node in environment.of_nodes]
        self.nodes = Nodes(made, self.watch, self.shell.feed, self.shell.engine.floor, self.mirror)
        self.link = self.nodes.link
        links = [node.link for node in self.nodes.all]
        self.at_work = [AtWork(self.shell.engine.floor, link) for link in links]
        self.trunks = TrunkBoard(centre.trunks.values(), links)
        self.prompts = prompt_store(centre, environment)
        self.version_files = VersionFiles(environment.versions_dir)
        self.versions = Versions(self.version_files, load_centre, centre.plan, begun.loaded)
        self.hours = Hours(
            self.shell.feed,
            self.clock,
            centre.system.timezone,
            centre.group_hours,
            lambda: self.versions.active.calendars,
            self.mirror,
        )
        self.versions.in_use = lambda: frozenset(self.calls_by_version())
        self.announcements = Announcements(
            self.mirror, self.clock, lambda: list(self.versions.active.announcements)
        )
        self.callback_line = CallbackLine(self.now, self.shell, self.mirror, recorder)
        self.callbacks = CallbackDesk(self.mirror, recorder, self.clock, self._number_of, self.callback_line)
        self.callbacks_on_record = CallbacksOnRecord(self.store, self.callback_line)
        self.callback_line.on_closed = self.callbacks.closed
        self.merges = Merges(self.mirror)
        word = word_of(secrets.ami_password)
        self.switch = Switchboard(self.watch, self.link, self.prompts, self.merges, self._serve, word)
        self.switch.call_id_header = centre.system.call_id_header
        self.switch.callback_word = CALLBACK_WORDS.get(centre.system.language, CALLBACK_WORDS["en"])
        http = HttpLookups()
        self.customers = CustomerBook(centre, self.store, http)
        self.lookups = LookupDesk(self.customers.values, http)
        self.front = front_keeper_of(
            environment, secrets.ami_password, lambda: self.nodes.drained, self.guarding.scans.add
        )
        self.asterisk = AsteriskFiles(environment, asterisk_folder(CHECKOUT), os.environ, links, self.front)
        services = self._services()
        self.reception = Reception(
            self.now,
            self.shell,
            self.switch,
            self.mirror,
            self.customers.at_arrival,
            services,
            PinBook(environment.secrets_file),
            self.guarding.guard,
        )
        self.guarding.limited = self.reception.gate.limited
        self.switch.dial_limit = self.guarding.guard.dial_limit
        self.guarding.guard.on_over = lambda call_id: self.switch.hang_up(call_id, Refusal.NORMAL)
        self.watch.legs.on_outside_failed = self.reception.callbacks.leg_failed
        self.switch.ends_with_agent = self.reception.ends_with_agent
        self.flow_desk = self._make_flow_desk(services)
        self.agi = AgiServer(self.switch.serve)
        self.steering = Steering(
            self.now,
            self.shell,
            self.mirror,
            self.versions,
            self.watch,
            self.nodes,
            self.switch,
            environment.recordings_dir,
            self.guarding.guard,
        )
        self.answers = Answers(
            self.now,
            self.shell,
            self.switch,
            self.nodes,
            self.mirror,
            self.writer,
            self.store,
            self.versions,
            self.announcements,
            self.trunks,
            self.reception.walker,
            self.guarding.guard,
            self.front,
        )
        self.metrics = ControllerMetrics(
            self.shell.engine.floor,
            self.shell.clock,
            self.answers.health,
            lambda: len(self.switch.asking()),
            environment.home,
            lambda: not self.journal.failing,
        )
        self.shell.on_offered = self.metrics.offered
        self.metrics.add(self.guarding)
        self.metrics.add(SipCertificate(environment))
        self.traces = traces_of(environment)
        if self.traces is not None:
            recorder.on_record = self.traces.offer
            self.metrics.add(self.traces)
        self.desktop = Desktop(
            Surroundings(
                self.now,
                self.shell,
                self.mirror,
                recorder,
                self.store,
                self.versions,
                self.announcements,
                self.callbacks,
                services.outlook.groups,
                self.reception.walker,
                lambda: self.nodes.up,
                self.steering.desk.picture,
            )
        )
        if (redis := redis_settings(centre, environment)) is not None:
            server = RedisServer(redis.address, redis.port, redis.database, environment.redis_password)
            self.desktop.publish_on(FeedChannel(server, redis.prefix))
        recorder.on_tasks_changed = self.desktop.tasks_changed
        self.guarding.guard.on_alarm = lambda alarm: self.desktop.facts.alarm(alarm.form())
        self.desktop.facts.past_alarms = lambda: [alarm.form() for alarm in self.guarding.guard.told()]
        self.steering.desk.on_changed = self.desktop.feed.call_changed
        self.shell.observer = Audience(
            of_calls=[self.last_agents, self.abandoned, self.desktop.dispositions],
            of_floor=[self.paces, self.desktop.facts, self.queue_log, self.guarding.book],
            of_all=[self.desktop.feed, self.steering.desk],
        )
        task_calls = TaskCalls(
            self.shell.engine.floor,
            self.steering.desk,
            self.callback_line,
            self.callbacks_on_record.tasks,
            self._task_taken,
        )
        self.reconciler = Reconciler(
            self.now,
            self.store,
            self.writer,
            self.customers.in_file,
            self.mirror.load,
            [(each.cdr_file, each.cdr_place_file) for each in environment.of_nodes],
            self.clock,
        )
        handlers = {
            **self.answers.handlers(),
            **self.reconciler.handlers(),
            **self.flow_desk.handlers(),
            **self.why_desk.handlers(),
            **self.callback_line.handlers(),
            **self.desktop.handlers(),
            **self.steering.desk.handlers(),
            **task_calls.handlers(),
            **self._drill_desk(secrets).handlers(),
            "tidy-live-state": lambda _request: {"written": self.mirror.write_anew()},
        }
        self.control = leading.control if leading is not None else ControlServer(environment.control_socket)
        self.handlers = {**handlers, **(leading.handlers if leading is not None else {})}
        if leading is not None:
            self._lead(leading, secrets)

    def _lead(self, leading: Leading, secrets: Secrets) -> None:
        """Nothing is decided, said to Asterisk or written unless it is sure that we lead."""
        environment, gate = self.environment, leading.gate
        self.shell.may_decide = self.agi.may_act = gate.check
        self.queue_log.may_write = gate.check
        self.mirror.on_fenced = lambda: gate.shut("Redis has a higher number")
        mark = Mark(leading.fence, leading.name, environment.agi_address, gate.shut)
        self.nodes.lead_as(mark)

        async def shut_others_out(address: tuple[str, int]) -> None:
            try:
                await fence.shut_others_out(
                    address, secrets.ami_password, AMI_USER, mark.fence, mark.name, gate.check
                )
            except FencedOff as error:
                gate.shut(str(error))

        if self.front is not None:
            self.front.may_act = gate.check
        for node in self.nodes.all:
            node.link.may_act = gate.check
            node.link.before_connecting = partial(shut_others_out, node.link.address)

    def _drill_desk(self, secrets: Secrets) -> DrillDesk:
        """Where there is only one node its name is ''."""
        nodes = self.nodes.all
        say = {n.name: partial(fence.say, n.link.address, secrets.ami_password) for n in nodes}
        return DrillDesk(say, self.writer.look)

    def _make_node(self, environment: Environment, secrets: Secrets) -> Node:
        """The connection to one Asterisk."""
        bond = Bond(
            self.watch,
            self.shell.feed,
            self.shell.engine.floor,
            environment.cdr_file,
            self.now.system.lease_s,
            environment.node,
        )
        link = AmiLink(
            (environment.asterisk_host, environment.ami_port),
            (AMI_USER, secrets.ami_password),
            self.watch.on_event,
            bond.up_again,
            bond.down,
            environment.node,
        )
        return Node(environment.node, link, bond)

    def _services(self) -> Services:
        """What flows make use of."""
        system, floor = self.now.system, self.shell.engine.floor
        outlook = Outlook(floor, self.clock, system.timezone, self.announcements, self.paces)
        self.engine.ask_for_waits(Forecast(floor, self.paces).p50_s)  # for the policies of groups
        self.why_desk = WhyDesk(floor, self.clock, outlook.groups.expected_wait, system.language)
        return Services(
            flows=self.versions,
            lookups=self.lookups,
            callbacks=self.callbacks,
            recordings=RecordingDesk(self.environment.recordings_dir, self.shell),
            outlook=outlook,
            dialer=FlowDialer(self.shell, self.switch, sip_targets(system.sip_addresses)),
            joining=Joining(self.now.plan, self.last_agents, self.abandoned),
            line_announcements=LineAnnouncements(self.now.now.line_announcements, system.language),
        )

    def _make_flow_desk(self, services: Services) -> FlowDesk:
        environment = self.environment
        exchanged = Exchanged(
            environment,
            self.now,
            self.shell,
            self.versions,
            self.customers,
            self.prompts,
            self.days,
            services.outlook,
            services.dialer,
            self.watch,
            self.nodes,
            self.switch,
            self.trunks,
            self.asterisk,
            self.calls_by_version,
            self.hours,
            services.joining,
            self.abandoned,
            services.line_announcements,
            self.callback_line,
            self.journal,
            self.queue_log,
            self._agents_are_new,
        )
        places = folders(environment)
        reloader = Reloader(
            self.versions, self.version_files, places, tools(environment), exchanged.change_to
        )
        reloader.calls = self.calls_by_version
        return FlowDesk(
            reloader,
            self.announcements,
            self.callbacks,
            self.callbacks_on_record.open_wishes,
            self.shell.engine.floor,
        )

    def _agents_are_new(self, agents: Iterable[str]) -> None:
        self.desktop.presence.known(agents)

    def _groups_of(self, agent: str) -> tuple[str, ...]:
        """Those whose calls the agent can get; none for one who is no longer in the plan."""
        floor = self.shell.engine.floor
        return floor.router.groups_of(agent) if agent in floor.plan.agents else ()

    def _extension_of(self, agent: str) -> str | None:
        profile = self.shell.engine.floor.plan.agents.get(agent)
        return None if profile is None else profile.extension

    def _goes_on(self, call_id: str) -> bool:
        floor = self.shell.engine.floor
        return call_id in floor.calls or call_id in floor.lost

    def _number_of(self, number: str) -> str | None:
        return normalised(number, self.now.system.country)

    async def _task_taken(self) -> None:
        self.desktop.tasks_changed()
        await self.flow_desk.refresh_callbacks()

    async def _serve(self, ask: Any, line: Any) -> None:
        await self.reception.serve(ask, line)

    def _transferred(self, call_id: str, consult_id: str) -> None:
        self.reception.merged(call_id, consult_id)
        self.switch.merged(call_id, consult_id)

    def calls_by_version(self) -> Counter[str]:
        """The versions of flows that callers are in, or go back to after the line or the agent."""
        places = (value for key, value in self.mirror.load().items() if key.startswith("flow:"))
        return Counter(str(value["version"]) for value in places if "version" in value)
