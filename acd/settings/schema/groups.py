"""config/groups.yml: the skill groups."""

from __future__ import annotations

from typing import Annotated

from acd.settings.schema.checking import Options, not_empty, seconds
from acd.settings.schema.values import Id, MusicClass, Name, Proficiency, PublicNumber, Share


class GroupEntry(Options):
    """One skill group; the options are those of `acd.core.plan.GroupPolicy`.

    `caller_id`: the number of ours that is shown where its agents dial outside.
    """

    name: Name
    requires: Annotated[dict[Id, Proficiency], not_empty("skill")]
    ring_timeout_s: Annotated[float, seconds(1, 600)] = 15.0
    wrap_up_s: Annotated[float, seconds(0, 3600)] = 10.0
    service_level_s: Annotated[float, seconds(1, 3600)] = 20.0
    service_level_target: Share = 0.8
    short_abandon_s: Annotated[float, seconds(0, 60)] = 5.0
    music: MusicClass = "default"
    caller_id: PublicNumber | None = None


class GroupsFile(Options):
    """The whole file."""

    groups: Annotated[dict[Id, GroupEntry], not_empty("group")]
