"""The centre as a whole, as the live feed shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from acd.core.floor import Floor
from acd.core.work_rules import SYSTEM_REASONS
from acd.settings.model import SystemSettings

LANGUAGES = ("en", "zh_CN")
"""Those that pages are written in."""


def centre_object(
    floor: Floor,
    system: SystemSettings,
    announcements: Iterable[Mapping[str, Any]],
    teams: Mapping[str, Mapping[str, str]],
    *,
    version: str,
    asterisk: bool,
) -> dict[str, Any]:
    """Its name and language, what is switched on, reasons for not being ready, groups and teams in order.

    `announcements`: as `Announcements.picture` has them. `version`: of the flows that new callers enter.
    """
    chosen = floor.plan.reasons
    return {
        "name": system.name,
        "language": system.language,
        "timezone": system.timezone,
        "asterisk": asterisk,
        "dispatching": not floor.suspended,
        "version": version,
        "announcements": [
            {"id": a["name"], "name": a["name"], "on": a["on"], "until_at": a.get("until")}
            for a in announcements
        ],
        "reasons": [
            {
                "id": code,
                "label": {language: reason.label(language) for language in LANGUAGES},
                "selectable": code in chosen,
                "max_s": reason.max_s,
            }
            for code, reason in {**chosen, **SYSTEM_REASONS}.items()
        ],
        "groups": list(floor.plan.groups),
        "teams": [{"id": team, "name": names} for team, names in teams.items()],
    }
