"""What the lines of a report are called, and in which order they come. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.reports.asked import By
from acd.reports.known import Known
from acd.reports.wording import words


def name_of(by: By, key: str, known: Known) -> str:
    """For people. '' where all are together."""
    if by is By.ALL:
        return ""
    told = words(known.language).lines
    if by is By.REASON:
        return known.reason(key) or key or told["none"]
    if key == "":
        return told["none"]
    configured = _configured(by, known)
    if configured is None:
        return key
    return configured.get(key) or told["not_configured"].format(id=key)


def in_order(by: By, keys: Iterable[str], known: Known) -> list[str]:
    """As in the configuration, then the others by name; nobody last."""
    configured = {key: place for place, key in enumerate(_configured(by, known) or ())}
    return sorted(keys, key=lambda key: (key == "", configured.get(key, len(configured)), key))


def _configured(by: By, known: Known) -> Mapping[str, str] | None:
    """Names by key; None: whatever there is needs no configuration."""
    if by is By.GROUP:
        return {id: group.name for id, group in known.groups.items()}
    if by is By.AGENT:
        return {id: agent.name for id, agent in known.agents.items()}
    if by is By.TEAM and known.teams:
        return known.teams
    return None
