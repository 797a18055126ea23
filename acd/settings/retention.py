"""config/retention.yml as it is used: for how long what is kept. Days; None: for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CallsEnd(StrEnum):
    """What becomes of calls whose time is over."""

    ANONYMISE = "anonymise"  # nobody's: reports stay as they are
    DELETE = "delete"


@dataclass(frozen=True)
class RetentionSettings:
    """`recordings` are those of talks and of steps `record`; of some groups for another time."""

    recordings: int | None = None
    recordings_of: Mapping[str, int] = field(default_factory=dict)
    voicemails: int | None = None
    calls: int | None = None
    calls_then: CallsEnd = CallsEnd.ANONYMISE
    facts: int | None = None
    agent_states: int | None = None
    audit: int | None = None
    contacts: int | None = None
    drafts: int | None = None
