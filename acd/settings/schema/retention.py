"""config/retention.yml: for how long what is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from acd.settings.retention import CallsEnd
from acd.settings.schema.checking import Options, one_of, whole
from acd.settings.schema.values import Id

Days = Annotated[int, whole(1, 36_500)]


class KeptEntry(Options):
    """What is older than so many days is deleted."""

    days: Days


class RecordingsEntry(KeptEntry):
    """Recordings of talks, and of the steps `record` of flows."""

    groups: dict[Id, Days] = Field(default_factory=dict)
    """Groups whose recordings are kept for another time."""


class CallsEntry(KeptEntry):
    """Calls, with all that is folded from them."""

    then: Annotated[str, one_of(*CallsEnd)] = CallsEnd.ANONYMISE.value
    """`anonymise`: they become nobody's, reports stay as they are; `delete`: they are counted no more."""


class RetentionFile(Options):
    """The whole file. What is left out is kept for ever."""

    recordings: RecordingsEntry | None = None
    """Recordings of talks, and of the steps `record`."""
    voicemails: KeptEntry | None = None
    """The sounds of voicemails."""
    calls: CallsEntry | None = None
    """Calls on record."""
    facts: KeptEntry | None = None
    """The course of calls: facts and steps of flows. What is counted stays."""
    agent_states: KeptEntry | None = None
    """Agents' states; reports of that time are without them."""
    audit: KeptEntry | None = None
    """The audit log."""
    contacts: KeptEntry | None = None
    """Customers' cards without a change and without a call."""
    drafts: KeptEntry | None = None
    """What agents have typed and not sent."""
