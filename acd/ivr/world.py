"""What the outside looks like at one moment, as far as a flow can see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from acd.ivr.expression_sandbox import AS_VALUE, OPTIONAL
from acd.ivr.talk import GroupView
from acd.ivr.values import Value

VISIBLE: Mapping[str, frozenset[str] | None] = {
    "caller": frozenset({"number", "name"}),
    "call": frozenset({"id", "dialed_number", "language", "started_at"}),
    "customer": None,
    "queue": None,
    "now": frozenset({"date", "time", "year", "month", "day", "hour", "minute", "weekday"}),
    "announcement": None,
}
"""Names that an expression can use besides its own variables, and what each has; None: see `scope`."""

GROUP_FIELDS = frozenset(GroupView.__dataclass_fields__)
"""What `queue.GROUP.` has."""


@dataclass(frozen=True)
class World:
    """`now` is aware; `timezone` is the centre's. `groups` is keyed by group id.

    `caller` has number and name, `call` id, dialed_number and started_at (ISO text). `customer` is what
    the directory says, None for somebody unknown. `announcements` are those switched on.
    """

    now: datetime
    caller: Mapping[str, Value] = field(default_factory=dict)
    call: Mapping[str, Value] = field(default_factory=dict)
    customer: Mapping[str, Value] | None = None
    groups: Mapping[str, GroupView] = field(default_factory=dict)
    announcements: frozenset[str] = frozenset()
    timezone: tzinfo = UTC

    @property
    def local_now(self) -> datetime:
        """`now` in the centre's zone."""
        return self.now.astimezone(self.timezone)

    def view(
        self,
        name: str,
        *,
        customer: Mapping[str, Value] | None,
        language: str,
        announcements: Mapping[str, object],
    ) -> object:
        """What an expression finds under one of the names of VISIBLE."""
        views: Mapping[str, Callable[[], object]] = {
            "caller": lambda: {"number": "", "name": "", **self.caller},
            "call": lambda: {
                "id": "",
                "dialed_number": "",
                "started_at": None,
                **self.call,
                "language": language,
            },
            "customer": lambda: None if customer is None else {**customer, OPTIONAL: True},
            "queue": lambda: {group: _fields(view) for group, view in self.groups.items()},
            "now": self._now,
            "announcement": lambda: {each: each in self.announcements for each in announcements},
        }
        return views[name]()

    def _now(self) -> dict[str, Value]:
        local = self.local_now
        return {
            AS_VALUE: local.isoformat(timespec="seconds"),
            "date": local.date().isoformat(),
            "time": local.strftime("%H:%M"),
            "year": local.year,
            "month": local.month,
            "day": local.day,
            "hour": local.hour,
            "minute": local.minute,
            "weekday": local.isoweekday(),  # 1 is Monday
        }


def _fields(view: GroupView) -> dict[str, Value]:
    return {name: getattr(view, name) for name in GROUP_FIELDS}
