"""What a flow can see of the centre at this moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.core.calls import Call
from acd.core.expected_wait import expected_wait_s
from acd.core.facts import Customer
from acd.core.floor import Floor
from acd.ivr.ports import Announcements
from acd.ivr.talk import GroupView
from acd.ivr.values import Value
from acd.ivr.world import World
from acd.runtime.handle_times import HandleTimes


class GroupViews(Mapping[str, GroupView]):
    """Each group's line, counted when somebody looks."""

    def __init__(self, floor: Floor, handle_times: HandleTimes) -> None:
        self._floor = floor
        self._handle_times = handle_times

    def __getitem__(self, group: str) -> GroupView:
        router = self._floor.router
        logged_in = self.logged_in(group)
        waiting = len(router.lines[group])
        return GroupView(
            waiting=waiting,
            agents_ready=sum(router.is_free(agent) for agent in logged_in),
            agents_logged_in=len(logged_in),
            expected_wait_s=self.expected_wait_s(group, waiting + 1),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._floor.plan.groups)

    def __len__(self) -> int:
        return len(self._floor.plan.groups)

    def expected_wait_s(self, group: str, position: int) -> float:
        """Of the caller at this place in line."""
        return expected_wait_s(position, self._handle_times.average_s(group), len(self.logged_in(group)))

    def logged_in(self, group: str) -> list[str]:
        """The agents at work who can serve the group."""
        agents = self._floor.agents.values()
        return [a.id for a in agents if a.logged_in and group in self._floor.router.groups_of(a.id)]


class Outlook:
    """Makes a World for each decision of a flow."""

    def __init__(
        self,
        floor: Floor,
        clock: Callable[[], float],
        timezone: str,
        announcements: Announcements,
        handle_times: HandleTimes,
    ) -> None:
        self._clock = clock
        self._timezone = ZoneInfo(timezone)
        self._announcements = announcements
        self.groups = GroupViews(floor, handle_times)

    def of(self, call: Call) -> World:
        """As this call's flow sees it now."""
        started_at = datetime.fromtimestamp(call.arrived_at, UTC).astimezone(self._timezone)
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
            timezone=self._timezone,
        )


def customer_values(customer: Customer) -> Mapping[str, Value]:
    """What the directory says of a customer, as flows see it."""
    return asdict(customer)
