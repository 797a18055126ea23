"""The configuration that is in use at this moment, for those who outlive a reload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from acd.core.disposition import DispositionTree
from acd.core.plan import Plan
from acd.ivr.hours import Calendar
from acd.ivr.template import Template
from acd.settings.caller_limits import CallerLimits
from acd.settings.model import Centre, FeatureCodes, PhoneSpec, RecordingSettings, RecordRule, SystemSettings
from acd.settings.outside import Dialing, NumberRoute, TrunkSpec


class CentreView(Protocol):
    """What may be asked of a Centre at any time; whoever keeps an answer keeps an old one."""

    @property
    def system(self) -> SystemSettings: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def numbers(self) -> Mapping[str, NumberRoute]: ...
    @property
    def phones(self) -> Mapping[str, PhoneSpec]: ...
    @property
    def trunks(self) -> Mapping[str, TrunkSpec]: ...
    @property
    def features(self) -> FeatureCodes: ...
    @property
    def reason_keys(self) -> Mapping[str, str]: ...
    @property
    def dialing(self) -> Dialing | None: ...
    @property
    def callback_windows(self) -> Mapping[str, Calendar]: ...
    @property
    def do_not_call(self) -> frozenset[str]: ...
    @property
    def caller_limits(self) -> CallerLimits: ...
    @property
    def dispositions(self) -> Mapping[str, DispositionTree]: ...
    @property
    def greetings(self) -> Mapping[str, Mapping[str, Template]]: ...
    @property
    def recorded(self) -> Mapping[str, RecordRule]: ...
    @property
    def recording(self) -> RecordingSettings: ...
    @property
    def teams(self) -> Mapping[str, str]: ...
    @property
    def team_names(self) -> Mapping[str, Mapping[str, str]]: ...


class CentreNow:
    """A CentreView of `now`, which a reload exchanges whole."""

    def __init__(self, centre: Centre) -> None:
        self.now = centre

    @property
    def system(self) -> SystemSettings:
        """What holds for the whole centre."""
        return self.now.system

    @property
    def plan(self) -> Plan:
        """As the engine sees it."""
        return self.now.plan

    @property
    def numbers(self) -> Mapping[str, NumberRoute]:
        """Where numbers of ours lead."""
        return self.now.numbers

    @property
    def phones(self) -> Mapping[str, PhoneSpec]:
        """SIP phones of ours."""
        return self.now.phones

    @property
    def trunks(self) -> Mapping[str, TrunkSpec]:
        """The ways outside."""
        return self.now.trunks

    @property
    def features(self) -> FeatureCodes:
        """What agents dial to change their state."""
        return self.now.features

    @property
    def reason_keys(self) -> Mapping[str, str]:
        """The reason code of a digit."""
        return self.now.reason_keys

    @property
    def dialing(self) -> Dialing | None:
        """Who may dial what outside."""
        return self.now.dialing

    @property
    def callback_windows(self) -> Mapping[str, Calendar]:
        """When a group's customers may be called back."""
        return self.now.callback_windows

    @property
    def do_not_call(self) -> frozenset[str]:
        """Numbers of those who are never called."""
        return self.now.do_not_call

    @property
    def caller_limits(self) -> CallerLimits:
        """How often one number may call in."""
        return self.now.caller_limits

    @property
    def dispositions(self) -> Mapping[str, DispositionTree]:
        """What agents record of a group's calls."""
        return self.now.dispositions

    @property
    def greetings(self) -> Mapping[str, Mapping[str, Template]]:
        """What agents say first, by group and language."""
        return self.now.greetings

    @property
    def recorded(self) -> Mapping[str, RecordRule]:
        """By group, whether its talks are recorded."""
        return self.now.recorded

    @property
    def recording(self) -> RecordingSettings:
        """What becomes of recordings."""
        return self.now.recording

    @property
    def teams(self) -> Mapping[str, str]:
        """The team of each agent who has one."""
        return self.now.teams

    @property
    def team_names(self) -> Mapping[str, Mapping[str, str]]:
        """What teams are called, by language."""
        return self.now.team_names
