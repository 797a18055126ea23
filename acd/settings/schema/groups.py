"""config/groups.yml: the skill groups."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from acd.core.pace import DEFAULT_HANDLE_TIME_S
from acd.core.pools import AgentChoice
from acd.settings.model import RecordRule
from acd.settings.schema.callbacks import CallbacksEntry
from acd.settings.schema.checking import (
    Options,
    mistake,
    not_empty,
    one_of,
    seconds,
    whole,
)
from acd.settings.schema.dispositions import DispositionsEntry, Greeting
from acd.settings.schema.routing import (
    Announcements,
    LastAgentEntry,
    RingEntry,
    SkillRequirement,
    StepEntry,
)
from acd.settings.schema.values import (
    Id,
    MusicClass,
    Name,
    PublicNumber,
    Share,
    Weight,
)
from acd.settings.schema.work import WrapUpEntry


def _widening(rings: list[RingEntry]) -> list[RingEntry]:
    for earlier, later in pairwise(rings):
        if later.after_s <= earlier.after_s:
            raise mistake("each ring comes later than the one before it: `after_s` must grow")
    return rings


class GroupEntry(Options):
    """One skill group; the options are those of `acd.core.plan.GroupPolicy`.

    `wrap_up_s` is short for `wrap_up: {s: …}`, and 0 for `{mode: none}`. `caller_id`: the number of ours
    that is shown where its agents dial outside. `choose`: which of several ready agents gets a call.
    `weight`: how fast the urgency of its calls grows where groups share agents. `reserve`: so many ready
    agents are kept from other groups' calls. `max_waiting`: as many may wait; the next one leaves by the
    flow's exit `full`. `hours`: a calendar; at closing time who waits leaves by the flow's exit `closed`.
    `policy`: what is done for a caller who waits, step by step; `announcements`: what it may say then.
    `callbacks`: how those are called back who asked for it. `aht_s`: the average handle time, wrap-up
    included, to expect as long as few calls have been seen. `record`: whether talks are recorded.
    `dispositions`: what agents record of a call; `greeting`: what they are shown to say first.
    """

    name: Name
    requires: SkillRequirement
    ring_timeout_s: Annotated[float, seconds(1, 600)] = 15.0
    wrap_up_s: Annotated[float, seconds(0, 3600)] = 10.0
    wrap_up: WrapUpEntry | None = None
    service_level_s: Annotated[float, seconds(1, 3600)] = 20.0
    service_level_target: Share = 0.8
    short_abandon_s: Annotated[float, seconds(0, 60)] = 5.0
    music: MusicClass = "default"
    caller_id: PublicNumber | None = None
    rings: Annotated[list[RingEntry], AfterValidator(_widening)] = Field(default_factory=list, max_length=20)
    choose: Annotated[str, one_of(*AgentChoice)] = AgentChoice.LONGEST_IDLE
    weight: Weight = 1.0
    reserve: Annotated[int, whole(0, 1000)] = 0
    max_waiting: Annotated[int, whole(1, 100_000)] | None = None
    hours: Id | None = None
    last_agent: LastAgentEntry | None = None
    policy: list[StepEntry] = Field(default_factory=list, max_length=50)
    announcements: Announcements = Field(default_factory=dict)
    callbacks: CallbacksEntry = CallbacksEntry()
    record: Annotated[str, one_of(*RecordRule)] = RecordRule.NEVER
    aht_s: Annotated[float, seconds(1, 86_400)] = DEFAULT_HANDLE_TIME_S
    dispositions: DispositionsEntry | None = None
    greeting: Greeting | None = None


class RemovedEntry(Options):
    """Where the callers of a group go that there is no longer: into another group's line, or into a flow."""

    to: Id | None = None
    to_flow: Id | None = None

    @model_validator(mode="after")
    def _is_one(self) -> RemovedEntry:
        if (self.to is None) == (self.to_flow is None):
            raise mistake("say where its callers go: either `to: GROUP` or `to_flow: FLOW`")
        return self


class GroupsFile(Options):
    """The whole file. `removed`: groups that there have been, for those who still wait for them."""

    groups: Annotated[dict[Id, GroupEntry], not_empty("group")]
    removed: dict[Id, RemovedEntry] = Field(default_factory=dict)
