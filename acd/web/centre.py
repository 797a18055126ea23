"""The configuration that the controller uses: names, groups' thresholds, reasons, the time zone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from acd.core.plan import GroupPolicy
from acd.core.requirement import ANYBODY
from acd.core.work_rules import Reason
from acd.errors import OperatorError, SettingsError
from acd.ivr.hours import Calendar
from acd.records.reach import Reach, reach_of
from acd.runtime.version_files import VersionFiles
from acd.settings.environment import Environment
from acd.settings.model import DesktopSettings, PhoneSpec, RecordingSettings, SystemSettings
from acd.settings.outside import NumberRoute
from acd.settings.report_settings import ReportSettings
from acd.settings.retention import RetentionSettings
from acd.settings.sign_in import SignInSettings
from acd.web import reading
from acd.web.last_failure import LastFailure

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class AgentShown:
    """An agent's id, name and extension. `hours`: when the agent is to be logged in, if that is said.

    `groups`: those whose lines the agent can serve, in whichever ring.
    """

    id: str
    name: str
    extension: str
    team: str | None = None
    hours: Calendar | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowInUse:
    """Its languages, and how many steps it has."""

    id: str
    languages: tuple[str, ...]
    steps: int


@dataclass(frozen=True, slots=True)
class CentreShown:
    """What the web process needs to know of the configuration, and nothing that calls are routed by.

    `groups` have the figures that reports count by. `dispositions`: the trees by group, as pages have them.
    `dial_outside`: the agents who may dial numbers elsewhere. `folders`: where it was read. `team_names`: by
    team and language.
    """

    folders: tuple[Path, Path]
    system: SystemSettings
    agents: Mapping[str, AgentShown]
    groups: Mapping[str, GroupPolicy]
    reasons: Mapping[str, Reason]
    phones: Mapping[str, PhoneSpec]
    numbers: Mapping[str, NumberRoute]
    flows: Mapping[str, FlowInUse]
    dispositions: Mapping[str, dict[str, Any]]
    dial_outside: frozenset[str]
    desktop: DesktopSettings
    sign_in: SignInSettings
    recording: RecordingSettings
    retention: RetentionSettings
    webhooks_to_private: bool
    reports: ReportSettings
    team_names: Mapping[str, Mapping[str, str]]

    def reach(self, teams: Collection[str] | None) -> Reach:
        """How far rights go that are for these teams; None: for all."""
        return reach_of(teams, ((agent.id, agent.team, agent.groups) for agent in self.agents.values()))

    @classmethod
    def read(cls, config_dir: Path, flows_dir: Path) -> CentreShown:
        """In a thread. Raises SettingsError, OperatorError."""
        told = reading.read("centre", config_dir, flows_dir)
        agents = [AgentShown(*each) for each in told.pop("agents")]
        flows = [FlowInUse(*each) for each in told.pop("flows")]
        return cls(
            folders=(config_dir, flows_dir),
            agents={agent.id: agent for agent in agents},
            groups={each[0]: _group(*each) for each in told.pop("groups")},
            reasons={code: Reason(**each) for code, each in told.pop("reasons").items()},
            flows={flow.id: flow for flow in flows},
            **told,
        )


def _group(group: str, name: str, level_s: float, target: float, short_s: float) -> GroupPolicy:
    return GroupPolicy(
        group, name, ANYBODY, service_level_s=level_s, service_level_target=target, short_abandon_s=short_s
    )


class CentreInUse:
    """The newest version that was made active; read again when there is a newer one."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._files = VersionFiles(environment.versions_dir)
        self._number = -1
        self._centre: CentreShown | None = None
        self._looked_at = 0.0
        self._failure = LastFailure()  # while nothing was read yet
        self._reading = asyncio.Lock()

    async def get(self) -> CentreShown:
        """At most a few seconds old. Raises OperatorError where none can be read."""
        async with self._reading:
            if self._centre is None:
                self._failure.tell()
            if self._centre is None or time.monotonic() - self._looked_at > LOOK_EVERY_S:
                await asyncio.to_thread(self._look)
            assert self._centre is not None
            return self._centre

    async def zone(self) -> ZoneInfo:
        """The centre's time zone."""
        return ZoneInfo((await self.get()).system.timezone)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        last = self._files.last()
        number = last.number if last is not None else 0
        if self._centre is not None and number == self._number:
            return
        try:
            if last is None:
                self._centre = CentreShown.read(self._environment.config_dir, self._environment.flows_dir)
            else:
                kept = self._files.kept(last)
                self._centre = CentreShown.read(kept.config_dir, kept.flows_dir)
            self._number = number
        except OperatorError as error:
            if self._centre is None:
                self._failure.keep(error)
                raise
            if isinstance(error, SettingsError):
                self._number = number  # what is kept of a version does not change: once is enough
            log.exception("the configuration in use cannot be read; the one before is used on")
