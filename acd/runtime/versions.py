"""The versions of flows that are in use: the active one, and those that calls under way began with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from acd.ivr.flow import FlowSet
from acd.settings.model import NumberRoute


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


class OneFlowSet:
    """Only one version, as the files have it: for tests and tools."""

    def __init__(self, flows: FlowSet, numbers: Mapping[str, NumberRoute] | None = None) -> None:
        self._flows = flows
        self._numbers = numbers or {}

    @property
    def active(self) -> FlowSet:
        """The one."""
        return self._flows

    @property
    def numbers(self) -> Mapping[str, NumberRoute]:
        """As given."""
        return self._numbers

    def get(self, version: str) -> FlowSet | None:
        """The one, if it is that."""
        return self._flows if version == self._flows.version else None
