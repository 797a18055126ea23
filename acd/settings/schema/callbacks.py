"""How a group calls back those who asked for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator

from acd.core.plan import CallbackFirst
from acd.settings.schema.calendars import SpansValue
from acd.settings.schema.checking import Options, mistake, one_of, seconds, whole
from acd.settings.schema.values import Id

AUTOMATIC, BY_HAND = "automatic", "by_hand"


class WindowEntry(Options):
    """When customers may be called: while a calendar is open, or each day at these hours of the centre."""

    calendar: Id | None = None
    hours: SpansValue | None = None

    @model_validator(mode="after")
    def _is_one(self) -> WindowEntry:
        if (self.calendar is None) == (self.hours is None):
            raise mistake("expected either `calendar`, the name of one, or `hours` such as '09:00-19:00'")
        return self


class CallbacksEntry(Options):
    """With `mode: automatic` a callback keeps the caller's place in line; `by_hand`: people work them off.

    `first`: whose phone rings first. The customer's rings for `ring_timeout_s`; who was not reached is tried
    `retries` times more, each `retry_after_s` later; after `expire_after_s` it is left to people.
    """

    mode: Annotated[str, one_of(AUTOMATIC, BY_HAND)] = BY_HAND
    first: Annotated[str, one_of(*CallbackFirst)] = CallbackFirst.AGENT
    retries: Annotated[int, whole(0, 20)] = 2
    retry_after_s: Annotated[float, seconds(1, 86_400)] = 900.0
    window: WindowEntry | None = None
    expire_after_s: Annotated[float, seconds(60, 2_592_000)] = 86_400.0
    ring_timeout_s: Annotated[float, seconds(5, 120)] = 30.0
