"""What a flow can see of the centre at this moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.core.calls import Call
from acd.core.expected_wait import WaitRange
from acd.core.facts import Customer
from acd.core.floor import Floor
from acd.core.forecast import Forecast
from acd.core.paces import Paces
from acd.ivr.ports import Announcements
from acd.ivr.talk import GroupView
from acd.ivr.values import Value
from acd.ivr.world import World


class GroupViews(Mapping[str, GroupView]):
    """Each group's line, counted when somebody looks."""

    def __init__(self, floor: Floor, paces: Paces, clock: Callable[[], float]) -> None:
        self._floor = floor
        self._forecast = Forecast(floor, paces)
        self._clock = clock

    def __getitem__(self, group: str) -> GroupView:
        """Of a group that has been removed: its heir, or nobody. A flow of before may still ask for it."""
        heir = self._floor.plan.heir(group)
        if heir is None:
            return GroupView()
        staff = self.logged_in(heir)
        expected = self._forecast.of_next(heir, self._clock())
        return GroupView(
            waiting=len(self._floor.router.lines[heir]),
            agents_ready=self._forecast.ready(staff),
            agents_logged_in=len(staff),
            expected_wait_s=expected.p50_s,
            expected_wait_p90_s=expected.p90_s,
            expected_wait_known=expected.known,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._floor.plan.groups)

    def __len__(self) -> int:
        return len(self._floor.plan.groups)

    def expected_wait(self, call: Call) -> WaitRange | None:
        """From now on, of a caller in line; None for one who is not in a line."""
        return self._forecast.of_call(call, self._clock())

    def expected_of_next(self, group: str) -> WaitRange:
        """Of somebody who would join the group's line now."""
        return self._forecast.of_next(group, self._clock())

    def logged_in(self, group: str) -> list[str]:
        """The agents at work who can serve the group."""
        return self._forecast.logged_in(group)


class Outlook:
    """Makes a World for each decision of a flow, in local time of `timezone`."""

    def __init__(
        self,
        floor: Floor,
        clock: Callable[[], float],
        timezone: str,
        announcements: Announcements,
        paces: Paces,
    ) -> None:
        self._clock = clock
        self.timezone = ZoneInfo(timezone)
        self._announcements = announcements
        self.groups = GroupViews(floor, paces, clock)

    def of(self, call: Call) -> World:
        """As this call's flow sees it now."""
        started_at = datetime.fromtimestamp(call.arrived_at, UTC).astimezone(self.timezone)
        return World(
            now=datetime.fromtimestamp(self._clock(), UTC),
            caller={"number": call.caller_number, "name": call.caller_name},
            call={
                "id": call.id,
                "dialed_number": call.dialed_number,
                "started_at": started_at.isoformat(timespec="seconds"),
            },
            customer=None if call.customer is None else customer_values(call.customer),
            groups=self.groups,
            announcements=self._announcements.on(),
            timezone=self.timezone,
        )


def customer_values(customer: Customer) -> Mapping[str, Value]:
    """What the directory says of a customer, as flows see it."""
    return asdict(customer)
