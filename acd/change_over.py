"""A reload in the running centre: what has to be made ready, what is exchanged, who follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from acd.core.calls import Call, CallState
from acd.core.events import PlanChanged
from acd.core.facts import Customer
from acd.customer_book import CustomerBook
from acd.errors import OperatorError
from acd.ivr.flow import FlowSet
from acd.journal.files import JournalFiles
from acd.parts import all_prompts, find_customer, prompt_store
from acd.queue_log.keeper import QueueLog
from acd.runtime.abandoned import AbandonedWaits
from acd.runtime.callback_line import CallbackLine
from acd.runtime.days import Days
from acd.runtime.flow_dial import FlowDialer
from acd.runtime.hours import Hours
from acd.runtime.joining import Joining
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.reload import Folders, not_followed
from acd.runtime.shell import Shell
from acd.runtime.versions import Loaded, Versions, missing_groups
from acd.runtime.world import Outlook
from acd.settings.centre_now import CentreNow
from acd.settings.environment import Environment
from acd.settings.model import Centre
from acd.settings.problems import shown_file
from acd.telephony.asterisk_files import AsteriskFiles, NewFiles
from acd.telephony.dial_string import sip_targets
from acd.telephony.nodes import Nodes
from acd.telephony.prompts import PromptStore
from acd.telephony.switch import Switchboard
from acd.telephony.trunk_states import TrunkBoard
from acd.telephony.watch import Watch

log = structlog.get_logger(__name__)

GROUPS_FILE = "groups.yml"


@dataclass(slots=True)
class Exchanged:
    """Everything in the controller that holds a part of the configuration."""

    environment: Environment
    now: CentreNow
    shell: Shell
    versions: Versions
    customers: CustomerBook
    prompts: PromptStore
    days: Days
    outlook: Outlook
    dialer: FlowDialer
    watch: Watch
    nodes: Nodes
    switch: Switchboard
    trunks: TrunkBoard
    asterisk: AsteriskFiles
    in_use: Callable[[], Iterable[str]]
    hours: Hours
    joining: Joining
    abandoned: AbandonedWaits
    line_announcements: LineAnnouncements
    callback_line: CallbackLine
    journal: JournalFiles
    queue_log: QueueLog
    new_agents: Callable[[Iterable[str]], None]

    def change_to(self, centre: Centre, loaded: Loaded, shown: Folders) -> ChangeOver:
        """A change of all of it; see `acd.runtime.reload.Change`."""
        return ChangeOver(self, centre, loaded, shown)

    def old_flows(self) -> list[FlowSet]:
        """The flows that callers are in now."""
        found = (self.versions.get(version) for version in self.in_use())
        return [flows for flows in found if flows is not None]


class ChangeOver:
    """Implements `acd.runtime.reload.Change`. The files of `centre` are where they will be once it holds."""

    def __init__(self, parts: Exchanged, centre: Centre, loaded: Loaded, shown: Folders) -> None:
        self._parts = parts
        self._centre = centre
        self._loaded = loaded
        self._shown = shown
        self._old_flows, self._last_flows = parts.old_flows(), parts.versions.active
        self._look_up: Callable[[str], Customer | None] = lambda _number: None
        self._files = NewFiles({})
        self._notes: list[str] = []

    def faults(self) -> list[str]:
        """Groups that are gone although somebody waits for them, and that have no heir."""
        file = self._shown.config_dir / GROUPS_FILE
        place = f"{shown_file(file)}:{_line_of(file, 'removed', 'groups')}: removed"
        return [
            f"{place}: there is no group '{group}' any more, but {why}; say in this file where its"
            f" callers go, under `removed:` beside `groups:`:"
            f" {group}: {{to: GROUP}} or {group}: {{to_flow: FLOW}}"
            for group, why in sorted(self._orphans().items())
        ]

    def _orphans(self) -> dict[str, str]:
        plan, floor = self._centre.plan, self._parts.shell.engine.floor
        flows = [group for old in self._parts.old_flows() for group in missing_groups(old, plan)]
        found = dict.fromkeys(flows, "callers are in flows that lead to it")
        waiting = Counter(call.group for call in floor.calls.values() if _is_in_line(call))
        for group, count in waiting.items():
            if group is not None and group not in plan.groups and group not in plan.removed:
                found[group] = f"{count} {'callers wait' if count > 1 else 'caller waits'} for it"
        return found

    def prepare(self, copy: Centre) -> None:
        """See `Change`; last of all, Asterisk's files are written."""
        parts = self._parts
        self._look_up = find_customer(copy)
        if copy.system.text_to_speech != parts.now.system.text_to_speech:
            self._render_old_flows(copy)
        # Asterisk finds music where it is edited, not in a version that will be dropped one day.
        lasting = replace(copy, flows_dir=self._shown.flows_dir)
        self._files = parts.asterisk.prepare(lasting)
        parts.asterisk.write(self._files)

    def _render_old_flows(self, centre: Centre) -> None:
        """With the new voice: those that callers are in, and those that somebody may still enter."""
        store = prompt_store(centre, self._parts.environment)
        for flows in self._old_flows:
            store.prepare(all_prompts(centre, flows))
        try:
            store.prepare(all_prompts(centre, self._last_flows))
        except OperatorError as error:  # of flows that nobody is in: no reason to refuse
            log.warning("the flows until now cannot be spoken with the new voice", reason=str(error))

    def undo(self) -> None:
        """See `Change`."""
        self._parts.asterisk.undo(self._files)

    def put_to_use(self) -> None:
        """See `Change`. The engine comes last: what it wants done then is done by the new configuration."""
        parts, centre = self._parts, self._centre
        system, before = centre.system, parts.now.now
        self._notes = at_the_next_start(before, centre)
        parts.now.now = centre
        parts.joining.plan = centre.plan
        parts.abandoned.within_s = centre.resume_within_s
        parts.journal.change(centre.journal)
        parts.abandoned.groups_changed(before.plan.groups, centre.plan.groups)
        parts.line_announcements.change(centre.line_announcements, system.language)
        parts.versions.activate(self._loaded, centre.plan)
        parts.customers.change(centre, self._look_up)
        parts.prompts.speak_with(system.text_to_speech)
        parts.dialer.sip_addresses = sip_targets(system.sip_addresses)
        parts.nodes.set_lease(system.lease_s)
        parts.switch.call_id_header = system.call_id_header
        parts.trunks.change(centre.trunks.values())
        parts.outlook.timezone = ZoneInfo(system.timezone)
        new = centre.plan.agents.keys() - before.plan.agents.keys()
        self._tell_the_engine(new, moved=system.timezone != before.system.timezone)

    def _tell_the_engine(self, new_agents: Iterable[str], *, moved: bool) -> None:
        """A fault of carrying out what it wants done is no reason to stop half way, but is to be told."""
        parts, centre = self._parts, self._centre
        steps: list[tuple[str, Callable[[], None]]] = [
            # The plan may hand callbacks to groups that may not call now.
            ("hours of callbacks", parts.callback_line.tell_closed),
            ("groups, agents and routing", lambda: parts.shell.feed(PlanChanged(centre.plan))),
            ("desktops", lambda: parts.new_agents(new_agents)),
            ("hours of callbacks", parts.callback_line.tell_hours),
            ("phones", lambda: parts.watch.change_phones(centre.phones)),
            ("hours of groups", self._change_hours),
            ("queue_log", self._change_queue_log),
        ]
        if moved:
            steps.append(("the timezone", lambda: parts.days.move_to(centre.system.timezone)))
        for what, step in steps:
            try:
                step()
            except Exception as error:
                log.exception("a part of the change has failed", part=what)
                self._notes.append(not_followed(what, error))

    def _change_queue_log(self) -> None:
        floor = self._parts.shell.engine.floor
        self._parts.queue_log.changed(
            self._centre.queue_log, list(floor.calls.values()), list(floor.agents.values())
        )

    def _change_hours(self) -> None:
        self._parts.hours.change(self._centre.system.timezone, self._centre.group_hours)
        self._parts.hours.tell()

    async def settle(self) -> list[str]:
        """See `Change`."""
        return self._notes + await self._parts.asterisk.have_read(self._files)


def at_the_next_start(before: Centre, after: Centre) -> list[str]:
    """What a reload does not change, a line each."""
    if before.redis == after.redis:
        return []
    return ["config/system.yml: redis: takes effect at the next start of the controller"]


def _is_in_line(call: Call) -> bool:
    return call.state is CallState.WAITING or (call.state is CallState.RINGING and not call.direct)


def _line_of(file: Path, *sections: str) -> int:
    """Of the first of these sections that the file has, from 1."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return 1
    for section in sections:
        for number, line in enumerate(lines, start=1):
            if line.startswith(f"{section}:"):
                return number
    return 1
