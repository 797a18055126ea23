"""Rules of agents' work, in groups.yml, system.yml and agents.yml; see `acd.core.work_rules`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from acd.core.work_rules import WrapUpMode
from acd.settings.schema.checking import (
    Options,
    not_empty,
    one_of,
    seconds,
    whole,
)
from acd.settings.schema.values import (
    Digit,
    Factor,
    Language,
    Name,
    YesNo,
)

_MODES = [mode.value for mode in WrapUpMode]


class WrapUpEntry(Options):
    """groups.yml, `wrap_up`; the short form of a timed one is `wrap_up_s`."""

    mode: Annotated[str, one_of(*_MODES)] = WrapUpMode.TIMED.value
    s: Annotated[float, seconds(1, 3600)] = 10.0
    extend_s: Annotated[float, seconds(0, 3600)] = 30.0
    max_s: Annotated[float, seconds(1, 86_400)] | None = None


class MissEntry(Options):
    """What follows when an agent does not take a call; what is left out is as it is without any entry."""

    not_ready_after: Annotated[int, whole(0, 100)] | None = None
    back_off_s: Annotated[float, seconds(1, 3600)] | None = None
    growth: Factor | None = None
    back_off_max_s: Annotated[float, seconds(1, 3600)] | None = None


class MissedRingsSection(Options):
    """system.yml, `missed_rings`: by cause."""

    no_answer: MissEntry = Field(default_factory=MissEntry)
    declined: MissEntry = Field(default_factory=MissEntry)
    busy: MissEntry = Field(default_factory=MissEntry)
    unavailable: MissEntry = Field(default_factory=MissEntry)
    unreachable: MissEntry = Field(default_factory=MissEntry)


class LimitsEntry(Options):
    """agents.yml, `limits`: of all agents, and of one. 0 is no limit."""

    max_calls_per_day: Annotated[int, whole(0, 10_000)] | None = None
    max_consecutive_calls: Annotated[int, whole(0, 1_000)] | None = None
    rest_s: Annotated[float, seconds(1, 3600)] | None = None


def _tag(value: object) -> str:
    return "(languages)" if isinstance(value, dict) else "(text)"


Label = Annotated[
    Annotated[Name, Tag("(text)")]
    | Annotated[dict[Language, Name], not_empty("language"), Tag("(languages)")],
    Discriminator(_tag),
]
"""One name for all languages, or one for each."""


class ReasonEntry(Options):
    """Why an agent is not ready; `key` is dialled after the not-ready code. Else as `Reason`."""

    label: Label
    key: Digit | None = None
    paid: YesNo = True
    max_s: Annotated[float, seconds(1, 86_400)] | None = None
