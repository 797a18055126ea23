"""Builds the rules of agents' work from files that were found to be without fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from acd.core.facts import OfferFailure
from acd.core.work_rules import (
    DEFAULT_MISSED_RINGS,
    NO_LIMITS,
    MissRule,
    Reason,
    WorkLimits,
    WrapUpMode,
    WrapUpRule,
)
from acd.settings.schema.groups import GroupEntry
from acd.settings.schema.system import SystemFile
from acd.settings.schema.work import LimitsEntry


def wrap_up(group: GroupEntry) -> WrapUpRule:
    """The long form, or the short one."""
    if group.wrap_up is None:
        return WrapUpRule.timed(group.wrap_up_s)
    return WrapUpRule(**{**group.wrap_up.model_dump(), "mode": WrapUpMode(group.wrap_up.mode)})


def missed_rings(file: SystemFile) -> Mapping[OfferFailure, MissRule]:
    """By cause: the usual rule, with what the file says."""
    said = file.missed_rings.model_dump(exclude_none=True)
    return {cause: replace(rule, **said[cause.value]) for cause, rule in DEFAULT_MISSED_RINGS.items()}


def limits(own: LimitsEntry | None, common: LimitsEntry | None) -> WorkLimits:
    """The agent's own where they are said, else those of all."""
    said: dict[str, Any] = {}
    for entry in (common, own):
        said |= entry.model_dump(exclude_none=True) if entry is not None else {}
    for name in ("max_calls_per_day", "max_consecutive_calls"):
        said[name] = said.get(name) or None
    return replace(NO_LIMITS, **said)


def reasons(file: SystemFile) -> Mapping[str, Reason]:
    """What agents may choose, in the order of the file; one label for all counts as English."""
    return {
        code: Reason({"en": r.label} if isinstance(r.label, str) else r.label, r.paid, r.max_s)
        for code, r in file.not_ready_reasons.items()
    }
