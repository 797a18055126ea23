"""What a flow can see of the centre at this moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.core.agents import BUSY_STATES, AgentState
from acd.core.calls import Call
from acd.core.expected_wait import Crew, WaitRange, expected_wait, service
from acd.core.facts import Customer
from acd.core.floor import Floor
from acd.ivr.ports import Announcements
from acd.ivr.talk import GroupView
from acd.ivr.values import Value
from acd.ivr.world import World
from acd.runtime.paces import Paces


class GroupViews(Mapping[str, GroupView]):
    """Each group's line, counted when somebody looks."""

    def __init__(self, floor: Floor, paces: Paces, clock: Callable[[], float]) -> None:
        self._floor = floor
        self._paces = paces
        self._clock = clock

    def __getitem__(self, group: str) -> GroupView:
        """Of a group that has been removed: its heir, or nobody. A flow of before may still ask for it."""
        heir = self._floor.plan.heir(group)
        if heir is None:
            return GroupView()
        group, lines = heir, self._floor.router.lines
        staff = self.logged_in(group)
        expected = self._expected(group, {g: len(line) for g, line in lines.items()}, staff)
        return GroupView(
            waiting=len(lines[group]),
            agents_ready=self._ready(staff),
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
        now, lines = self._clock(), self._floor.router.lines
        lane = lines[call.group].lane_of(call.id) if call.group in lines else None
        if call.group is None or lane is None:
            return None
        urgency = lane.urgency(call.id, now)
        ahead = {g: sum(other.before(urgency, now) for other in line.lanes) for g, line in lines.items()}
        return self._expected(call.group, ahead, self.logged_in(call.group))

    def _expected(self, group: str, ahead: Mapping[str, int], staff: list[str]) -> WaitRange:
        now = self._clock()

        def handle_time_s(of: str) -> float:
            return self._paces.habit(of, now).handle_time_s

        offered = service(group, ahead, self._crews(staff), handle_time_s)
        return expected_wait(ahead[group] + 1, self._ready(staff), offered, self._paces.habit(group, now))

    def _crews(self, staff: list[str]) -> list[Crew]:
        """Those of them who will take the next callers, put together where they are alike."""
        alike = Counter(
            (self._floor.router.groups_of(agent), self._paces.busy_with(agent))
            for agent in staff
            if self._goes_on(agent)
        )
        return [Crew(count, groups, busy_with) for (groups, busy_with), count in alike.items()]

    def _goes_on(self, agent_id: str) -> bool:
        """Not those on a break, nor those who go there, or home, after the present call."""
        agent = self._floor.agents[agent_id]
        at_work = agent.state is AgentState.READY or agent.state in BUSY_STATES
        return at_work and not agent.pending_logout and agent.pending_reason is None

    def _ready(self, staff: list[str]) -> int:
        return sum(self._floor.router.is_free(agent) for agent in staff)

    def logged_in(self, group: str) -> list[str]:
        """The agents at work who can serve the group."""
        agents = self._floor.agents.values()
        return [a.id for a in agents if a.logged_in and group in self._floor.router.groups_of(a.id)]

    def p50_s(self, call: Call) -> float:
        """For the engine's policies: the expected wait of a caller in line, 0 for anybody else."""
        expected = self.expected_wait(call)
        return 0.0 if expected is None else expected.p50_s


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
