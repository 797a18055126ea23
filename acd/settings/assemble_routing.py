"""Builds the rules of a skill group for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from acd.core.plan import CallbackFirst, CallbackRule, GroupPolicy, LastAgent, Ring
from acd.core.pools import AgentChoice
from acd.core.requirement import Requirement
from acd.ivr.hours import Calendar, weekly_hours
from acd.settings import assemble_work
from acd.settings.schema.callbacks import BY_HAND, CallbacksEntry
from acd.settings.schema.groups import GroupEntry, GroupsFile
from acd.settings.schema.routing import RingEntry

_AS_THEY_ARE = (
    "name", "ring_timeout_s", "service_level_s", "service_level_target", "short_abandon_s",
    "music", "weight", "reserve", "max_waiting", "aht_s",
)  # fmt: skip


def group_policy(group_id: str, entry: GroupEntry, groups: GroupsFile) -> GroupPolicy:
    """Of a file without faults."""
    last = entry.last_agent
    return GroupPolicy(
        id=group_id,
        requirement=entry.requires,
        wrap_up=assemble_work.wrap_up(entry),
        rings=tuple(ring_of(entry, ring, groups) for ring in entry.rings),
        choice=AgentChoice(entry.choose),
        last_agent=None if last is None else LastAgent(last.days, last.wait_s),
        steps=tuple(step.step() for step in entry.policy),
        callbacks=_callbacks(entry.callbacks),
        disposition_required=entry.dispositions is not None and entry.dispositions.required,
        **{name: getattr(entry, name) for name in _AS_THEY_ARE},
    )


def _callbacks(entry: CallbacksEntry) -> CallbackRule | None:
    if entry.mode == BY_HAND:
        return None
    return CallbackRule(
        CallbackFirst(entry.first),
        entry.retries,
        entry.retry_after_s,
        entry.expire_after_s,
        entry.ring_timeout_s,
    )


def callback_windows(
    groups: GroupsFile, calendars: Mapping[str, Calendar], zone: ZoneInfo
) -> dict[str, Calendar]:
    """When customers of a group may be called back; a group that is not in it: at any time."""
    windows = {}
    for group_id, entry in groups.groups.items():
        window = entry.callbacks.window
        if window is None or entry.callbacks.mode == BY_HAND:
            continue
        if window.calendar is not None:
            windows[group_id] = calendars[window.calendar]
        elif window.hours is not None:
            week = weekly_hours(dict.fromkeys(range(7), window.hours))
            windows[group_id] = Calendar(f"callbacks of {group_id}", zone, week)
    return windows


def ring_of(group: GroupEntry, ring: RingEntry, groups: GroupsFile) -> Ring:
    """Who may serve in this ring."""
    wanted = [groups.groups[name].requires for name in ring.add_groups]
    if ring.requires is not None:
        wanted.append(ring.requires)
    requirement = Requirement.any_of(wanted) if wanted else group.requires
    return Ring(ring.after_s, requirement, ring.drop_call_requirement)
