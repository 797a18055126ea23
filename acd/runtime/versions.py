"""The versions of flows that are in use: the active one, and those that calls under way began with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import structlog

from acd.core.plan import Plan
from acd.errors import OperatorError
from acd.ivr.expressions import Expression
from acd.ivr.flow import Callback, FlowSet, Queue, SoundFile, Voicemail
from acd.ivr.hours import Calendar
from acd.runtime.version_files import NOT_KEPT, Staged, VersionEntry, VersionFiles
from acd.settings.asterisk_sounds import SOUND_FORMATS
from acd.settings.model import Centre
from acd.settings.outside import NumberRoute

log = structlog.get_logger(__name__)

LoadCentre = Callable[[Path, Path], Centre]
"""`acd.settings.load.load_centre`."""


class FlowSets(Protocol):
    """What walks callers through flows asks for one: `active` for new calls, `get` for those that go on."""

    @property
    def active(self) -> FlowSet:
        """What a call that arrives now gets."""

    @property
    def numbers(self) -> Mapping[str, NumberRoute]:
        """Where dialled numbers lead: changes together with `active`."""

    def get(self, version: str) -> FlowSet | None:
        """The version that a call began with; None if it is neither in memory nor on disk any more.

        One that only a call from before a restart still uses is read from disk, which takes a moment.
        """


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version in memory."""

    entry: VersionEntry
    flows: FlowSet
    numbers: Mapping[str, NumberRoute]


class Versions:
    """Implements `FlowSets`. `in_use` tells the versions that calls under way began with."""

    def __init__(self, files: VersionFiles, load: LoadCentre, plan: Plan, first: Loaded) -> None:
        self._files = files
        self._load = load
        self._plan = plan
        self._active = first
        self._old: dict[str, FlowSet] = {}
        self.in_use: Callable[[], frozenset[str]] = frozenset

    @property
    def active(self) -> FlowSet:
        """What a call that arrives now gets."""
        return self._active.flows

    @property
    def numbers(self) -> Mapping[str, NumberRoute]:
        """Where dialled numbers lead."""
        return self._active.numbers

    @property
    def entry(self) -> VersionEntry:
        """The active version."""
        return self._active.entry

    @property
    def is_kept(self) -> bool:
        """Whether the active version is on disk, for calls after a restart and for rollbacks."""
        return self.entry.number != NOT_KEPT

    def get(self, version: str) -> FlowSet | None:
        """See `FlowSets`."""
        if version == self.active.version:
            return self.active
        if version not in self._old:
            found = self._read(version)
            if found is None:
                return None
            self._old[version] = found
        return self._old[version]

    def activate(self, loaded: Loaded, plan: Plan) -> None:
        """From here on new calls take it. In one go: nothing is seen half changed."""
        self._plan = plan
        self._old[self.active.version] = self.active
        self._active = loaded
        used = self.in_use()
        for version in [v for v in self._old if v not in used]:
            del self._old[version]
        self._old.pop(self.active.version, None)

    async def prune(self) -> None:
        """Remove from disk what is old and what no call uses; in a thread, for it may be many files."""
        await asyncio.to_thread(self._files.prune, self.in_use() | {self.active.version})

    def _read(self, version: str) -> FlowSet | None:
        entry = next((e for e in reversed(self._files.entries()) if e.version == version), None)
        if entry is None:
            log.error("the version of flows that a call began with is not kept any more", version=version)
            return None
        try:
            kept = self._files.kept(entry)
            flows = flows_of(self._load_centre(entry), kept, kept)
        except OperatorError as error:
            log.error("a kept version of flows cannot be used", number=entry.number, reason=str(error))
            return None
        missing = missing_groups(flows, self._plan)
        if missing:
            log.error(
                "a kept version of flows needs groups that are gone", number=entry.number, groups=missing
            )
            return None
        return flows

    def _load_centre(self, entry: VersionEntry) -> Centre:
        kept = self._files.kept(entry)
        return self._load(kept.config_dir, kept.flows_dir)


def flows_of(centre: Centre, files: Staged, home: Staged) -> FlowSet:
    """The flows of a version: with its hash, and with sounds from its own folder.

    So a sound that is changed in `ivr_flows/` is heard from the next reload on, like any other change.
    `files` are there now, `home` is where they will be when somebody calls.
    """
    flows: FlowSet = _with_own_sounds(centre.flow_set, _Sounds(files.flows_dir, home.flows_dir))
    return replace(flows, version=home.version)


@dataclass(frozen=True, slots=True)
class _Sounds:
    now: Path
    later: Path

    def own(self, sound: SoundFile) -> SoundFile:
        here = self.now / "sounds" / sound.name
        is_own = any(Path(f"{here}{end}").is_file() for end in SOUND_FORMATS)
        return SoundFile(str(self.later / "sounds" / sound.name)) if is_own else sound


def _with_own_sounds(value: Any, sounds: _Sounds) -> Any:
    """The same, with the full path for each sound that is a file of the flows."""
    if isinstance(value, SoundFile):
        return sounds.own(value)
    if isinstance(value, tuple):
        return tuple(_with_own_sounds(part, sounds) for part in value)
    if isinstance(value, dict):
        return {key: _with_own_sounds(part, sounds) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, Expression | Calendar):  # these two hold no prompts
        parts: dict[str, Any] = {f.name: getattr(value, f.name) for f in fields(value)}
        changed = {name: _with_own_sounds(part, sounds) for name, part in parts.items()}
        return replace(value, **changed)  # type: ignore[type-var]
    return value


def missing_groups(flows: FlowSet, plan: Plan) -> list[str]:
    """The groups that are asked for and that the running centre neither has nor has an heir for."""
    return sorted(set(_groups(flows)) - set(plan.groups) - set(plan.removed))


def _groups(flows: FlowSet) -> Iterator[str]:
    for flow in flows.flows.values():
        for step in flow.steps.values():
            if isinstance(step, Queue | Callback | Voicemail):
                yield step.group
