"""The live floor: agents, calls, phones, lines; and the few operations that change it.

Rules live in `offers.py`, `lines.py`, `conversations.py`, `desk.py` and `recovery.py`; they change agents
and calls only through the operations here, so that facts, lines, pools, timers and commands always
agree with the states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from acd.core import limits
from acd.core.agents import BUSY_STATES, Agent, AgentInput, AgentState
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import (
    AgentChanged,
    AgentForgotten,
    CallChanged,
    CallMerged,
    Command,
    HoldInLine,
    LeaveLine,
    LostCallChanged,
    Offer,
    StoreCall,
    StoreInterval,
)
from acd.core.facts import AgentInterval, CallKind, Fact, LeftBy, LeftLine, Queued
from acd.core.lanes import Standing
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.pools import Idle
from acd.core.requirement import Requirement
from acd.core.router import Router
from acd.core.timers import Timer, Timers
from acd.core.work_rules import (
    LIMIT_REASONS,
    REASON_DESKTOP_GONE,
    REASON_REST,
    REASON_UNREACHABLE,
    WorkLimits,
)

NOBODY = ""
"""For whom a call waits while its node is away: it keeps its place, and holds nobody else up."""


_NOWHERE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Phone:
    """What is known of a phone. `missing`: the nodes that cannot ring it."""

    reachable: bool = False
    in_use: bool = False
    missing: frozenset[str] = frozenset()


class Floor:
    """All live state. `now` is the time of the event being handled.

    `day`: the centre's date, as far as it was told. `callbacks_closed`: the groups whose customers may not be
    called back at this hour. `entered_line` and `went_home`: who did so since the lines were last looked at,
    see `waits.py`. `leaving`: agents who are no longer in the plan and finish their work; `retired`: groups
    that are not, while somebody talks or wraps up by their rules. `suspended`: nothing is known of the floor;
    `nodes_away`: of several nodes, those of which nothing is known; `lost`: calls that ended with their node,
    as long as that may turn out to live; `lacking`: phones that one of them cannot ring. `is_mirrored`:
    somebody wants to know which agents and calls have changed; `explains`: to read why an agent was chosen.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.agents: dict[str, Agent] = {agent: Agent(agent) for agent in plan.agents}
        self.calls: dict[str, Call] = {}
        self._of_kind: dict[CallKind, dict[str, Call]] = {kind: {} for kind in CallKind}
        self.phones: dict[str, Phone] = {}
        self.router = Router(plan)
        self.timers = Timers()
        self.suspended = False
        self.nodes_away: set[str] = set()
        self.lost: dict[str, Call] = {}
        self.lacking: set[str] = set()
        self.now = 0.0
        self.hour = 0
        self.closed_at: dict[str, float] = {}
        self.estimate_wait_s: Callable[[Call], float] | None = None
        self.day = ""
        self.entered_line: list[Call] = []
        self.went_home: list[Agent] = []
        self.leaving: dict[str, AgentProfile] = {}
        self.retired: dict[str, GroupPolicy] = {}
        self.last_on_phone: dict[str, str] = {}  # who may be gone
        self.callbacks_closed: set[str] = set()
        self.is_mirrored = self.explains = True
        self._out: list[Command] = []
        self._changed_calls: dict[str, None] = {}
        self._changed_agents: dict[str, None] = {}

    # --- output -------------------------------------------------------------------------------
    def emit(self, command: Command) -> None:
        """Have something done, after what was emitted before."""
        self._out.append(command)

    def take_commands(self) -> list[Command]:
        """Everything emitted since the last time, then what has to be mirrored.

        A caller who is offered to an agent at once needs no music first: the dial brings its own. Nor
        does one who leaves the line at once.
        """
        out, self._out = self._out, []
        if len(out) > 1:
            gone_on = {c.call_id for c in out if isinstance(c, (Offer, LeaveLine))}
            if gone_on:
                out = [c for c in out if not (isinstance(c, HoldInLine) and c.call_id in gone_on)]
        if not self.is_mirrored:
            self._changed_agents.clear()
            self._changed_calls.clear()
            return out
        if self._changed_agents:
            out += [AgentChanged(agent_id) for agent_id in self._changed_agents if agent_id in self.agents]
            self._changed_agents = {}
        if self._changed_calls:
            out += [CallChanged(call_id) for call_id in self._changed_calls if call_id in self.calls]
            if self.lost:
                out += [LostCallChanged(call_id) for call_id in self._changed_calls if call_id in self.lost]
            self._changed_calls = {}
        return out

    def note(self, call: Call, fact: Fact) -> None:
        """Add to the call's history."""
        call.facts.append(fact)
        self.mark(call)

    def mark(self, call: Call) -> None:
        """The call has changed."""
        self._changed_calls[call.id] = None

    def touch(self, agent: Agent) -> None:
        """The agent has changed in a way that is not a change of state."""
        self.mark_agent(agent)
        self.place(agent)

    def mark_agent(self, agent: Agent) -> None:
        """The agent has changed in a way that has nothing to do with who can be rung."""
        self._changed_agents[agent.id] = None

    # --- agents -------------------------------------------------------------------------------
    def move_agent(
        self, agent: Agent, input_: AgentInput, reason: str | None = None, work: str | None = None
    ) -> None:
        """Through the gate; closes the interval of the state that ends. May raise IllegalTransition.

        `work`: the call that the ending state was spent on, where the agent's fields no longer say so.
        A state of no duration leaves no interval.
        """
        state, old_reason, since = agent.state, agent.reason, agent.since
        call_id = agent.call_id or agent.wrap_up_call_id or agent.own_call_id or work
        if agent.calls_in_a_row:
            agent.calls_in_a_row = limits.calls_in_a_row(agent, self.limits(agent), self.now)
        agent.apply(input_, self.now, reason)
        if state is not AgentState.LOGGED_OUT and since < self.now:
            spent_on = call_id if state in BUSY_STATES else None
            interval = AgentInterval(agent.id, state.value, old_reason, since, self.now, spent_on)
            self.emit(StoreInterval(interval))
        if state is AgentState.WRAP_UP:
            self.timers.clear(agent.id, Timer.WRAP_UP)
        if agent.rest_until is not None:
            agent.rest_until = None
            self.timers.clear(agent.id, Timer.REST)
        if not agent.logged_in:
            self.went_home.append(agent)
            agent.desktop_missing, agent.desktop_until = False, None
            self.timers.clear(agent.id, Timer.DESKTOP)
        self.touch(agent)

    def release_agent(self, agent: Agent, work: str | None = None) -> None:
        """The agent's work is over: to whatever was asked for meanwhile, else ready.

        An own call that goes on comes first. `work`: see `move_agent`.
        """
        work, agent.call_id, agent.wrap_up_wanted = agent.call_id or work, None, False
        reason = agent.next_reason
        if agent.own_call_id is not None:
            self.move_agent(agent, AgentInput.FOUND_TALKING, work=work)
        elif agent.pending_logout:
            agent.forget_wishes()
            agent.phone = None
            self.move_agent(agent, AgentInput.LOG_OUT, work=work)
        elif reason is None or reason in LIMIT_REASONS:  # a limit is looked at anew
            agent.forget_wishes()
            self.make_ready(agent, work)
        else:
            agent.forget_wishes()
            self.move_agent(agent, AgentInput.GO_NOT_READY, reason, work)

    def make_ready(self, agent: Agent, work: str | None = None) -> None:
        """The agent wants calls: ready, unless phone or desktop are gone or a limit forbids it for now."""
        reason = limits.against_ready(agent, self.limits(agent), self.now, self.day)
        if reason is None and agent.desktop_missing:
            reason = REASON_DESKTOP_GONE
        if self.phone_gone(agent):
            reason = REASON_UNREACHABLE
        if reason is None:
            self.move_agent(agent, AgentInput.GO_READY, work=work)
            return
        agent.ready_when_reachable = reason == REASON_UNREACHABLE
        self.move_agent(agent, AgentInput.GO_NOT_READY, reason, work)
        if reason == REASON_REST:
            self.rest(agent)

    def rest(self, agent: Agent) -> None:
        """Until the rest that is due is over; having been without work before is part of it."""
        agent.rest_until = max(self.now, agent.idle_since + self.limits(agent).rest_s)
        self.timers.set(Timer.REST, agent.id, agent.rest_until)
        self.touch(agent)

    def limits(self, agent: Agent) -> WorkLimits:
        """How much the agent is to work."""
        return self.profile(agent.id).limits

    def profile(self, agent: str) -> AgentProfile:
        """Of an agent of the floor, also of one who is leaving."""
        return self.plan.agents[agent] if agent in self.plan.agents else self.leaving[agent]

    def forget_agent(self, agent: Agent) -> None:
        """One who is leaving has gone home."""
        del self.agents[agent.id]
        del self.leaving[agent.id]
        self.router.forget(agent.id)
        self.timers.clear(agent.id, Timer.WRAP_UP, Timer.BACK_OFF, Timer.REST, Timer.DESKTOP)
        self.emit(AgentForgotten(agent.id))

    def can_take_calls(self, agent: Agent) -> bool:
        """Ready, with a phone that can be rung now."""
        return agent.state is AgentState.READY and agent.back_off_until is None and self.phone_idle(agent)

    def phone_idle(self, agent: Agent) -> bool:
        """Whether the agent's phone can be reached and has no channel."""
        phone = self.phones.get(agent.phone or "")
        return phone is not None and phone.reachable and not phone.in_use

    def phone_gone(self, agent: Agent) -> bool:
        """Whether the agent's phone is known to be out of reach; of an unknown phone nothing is known."""
        phone = self.phones.get(agent.phone or "")
        return phone is not None and not phone.reachable

    def lacks(self, agent: Agent, call: Call) -> bool:
        """Whether the call's node cannot ring the agent's phone, which other nodes can."""
        return call.node in self.missing(agent)

    def missing(self, agent: Agent) -> frozenset[str]:
        """The nodes that cannot ring the agent's phone, which others can."""
        phone = self.phones.get(agent.phone or "")
        return _NOWHERE if phone is None else phone.missing

    def is_away(self, call: Call) -> bool:
        """Whether what we believe of the call may be wrong: nothing is decided about it then."""
        return self.suspended or call.node in self.nodes_away

    def agent_on(self, phone: str) -> Agent | None:
        """Who is logged in on this phone."""
        agent = self.agents.get(self.last_on_phone.get(phone, ""))
        return agent if agent is not None and agent.phone == phone and agent.logged_in else None

    def place(self, agent: Agent) -> None:
        """Among those who can be rung now, or not; the agent as such has not changed."""
        if agent.phone is not None:
            self.last_on_phone[agent.phone] = agent.id
        self.router.agent_present(agent.id, logged_in=agent.logged_in)
        free = self.can_take_calls(agent)
        if free == self.router.is_free(agent.id):
            return
        if free:
            self.router.agent_free(agent.id, self._idle(agent))
        else:
            self.router.agent_taken(agent.id)

    def _idle(self, agent: Agent) -> Idle:
        login_at = self.now if agent.login_at is None else agent.login_at
        occupancy = agent.busy_s / (self.now - login_at) if self.now > login_at else 0.0
        turn = self.router.next_turn()
        since, calls = agent.ready_since, agent.calls_taken
        return Idle(since, occupancy, calls, agent.offered_at, turn, agent.busy_s, login_at)

    # --- calls --------------------------------------------------------------------------------
    def admit(self, call: Call) -> None:
        """A new call, or one that was kept."""
        self.calls[call.id] = self._of_kind[call.kind][call.id] = call
        self.mark(call)

    def of_kind(self, *kinds: CallKind) -> list[Call]:
        """All of these kinds, without a look through the customers' calls, of which there are most."""
        return [call for kind in kinds for call in self._of_kind[kind].values()]

    def move_call(self, call: Call, input_: CallInput) -> None:
        """Through the gate; takes the call out of or into its line. May raise IllegalTransition."""
        was_waiting = call.state is CallState.WAITING
        call.apply(input_, self.now)
        if was_waiting and call.state is not CallState.WAITING and call.group is not None:
            self.router.dequeue(call.id, call.group)
        if call.state is CallState.WAITING:
            # Removed while the phone rang. A callback that has no other line then is left to people.
            if call.group not in self.plan.groups and self.plan.heir(call.group) is not None:
                self.hand_on(call)
            if call.present:
                self.enter_line(call)
        self.mark(call)

    def hand_on(self, call: Call) -> None:
        """The group that the call waits for has been removed: into its heir's line, with the time waited."""
        heir = self.plan.heir(call.group)
        assert call.group is not None, call.id
        assert heir is not None, call.group
        self.note(call, LeftLine(self.now, call.group, LeftBy.REMOVED, heir))
        call.priority = call.base_priority  # the heir has a policy of its own
        call.group, call.ring, call.step_runs, call.step_raises = heir, 0, {}, {}
        call.only_agent, call.only_until = None, None
        self.note(call, Queued(self.now, heir, call.priority, call.requirement, call.requirement_alone))

    def enter_line(self, call: Call) -> None:
        """Stand in the line at the place that priority and waiting time give."""
        assert call.group is not None, call.id
        assert call.waiting_since is not None, call.id
        if not call.joined:
            call.joined = self.router.next_turn()
        self.stand(call)
        self.entered_line.append(call)
        self.mark(call)
        if call.channel is not Channel.NONE:
            self.emit(HoldInLine(call.id, call.group))

    def stand(self, call: Call) -> None:
        """In the lane where the call's place and wishes put it now."""
        self.router.enqueue(call.id, self.standing(call), call.joined)
        self.mark(call)

    def standing(self, call: Call) -> Standing:
        """How the call stands in its group's line."""
        assert call.group is not None, call.id
        assert call.waiting_since is not None, call.id
        return Standing(
            call.group,
            Requirement.kept(call.requirement),
            call.waiting_since,
            0.0 if self.plan.ageing else float(call.priority),
            self.plan.rate(call.group, call.priority),
            call.ring,
            NOBODY if call.node in self.nodes_away else call.only_agent,
            call.requirement_alone,
        )

    def widest(self, call: Call) -> Standing:
        """How it would stand in the widest ring, waiting for nobody in particular."""
        assert call.group is not None, call.id
        rings = () if call.requirement_alone else self.plan.groups[call.group].rings
        return self.standing(call)._replace(ring=len(rings), only=None)

    def expected_wait_s(self, call: Call) -> float:
        """Of a call in line, from now: as `estimate_wait_s` says, if somebody who knows more has set it."""
        assert call.group is not None, call.id
        if self.estimate_wait_s is not None:
            return self.estimate_wait_s(call)
        position = self.router.lines[call.group].position(call.id, self.now) or 1
        return position * self.plan.groups[call.group].aht_s / max(1, self.router.logged_in(call.group))

    def callers_waiting(self, group: str) -> int:
        """How many hear music in the group's line: who has asked to be called back takes up no room."""
        line = self.router.lines[group]
        away = (c for c in self.of_kind(CallKind.CALLBACK) if c.channel is Channel.NONE and c.id in line)
        return len(line) - sum(1 for _ in away)

    def take_over_place(self, old: Call, new: Call) -> None:
        """`new` stands in the line exactly where `old` stood."""
        assert old.group is not None, old.id
        self.router.lines[old.group].replace(old.id, new.id)
        self.mark(new)

    def policy(self, call: Call) -> GroupPolicy | None:
        """The rules of the group that the call waits for or came through."""
        return None if call.group is None else self.group(call.group)

    def group(self, group: str) -> GroupPolicy | None:
        """The rules of a group, also of one that has been removed but is not done with."""
        return self.plan.groups.get(group) or self.retired.get(group)

    def settle(self, call: Call) -> None:
        """An ended call: have it stored, and forget it when its wrap-up is over, too."""
        if call.state is not CallState.ENDED:
            return
        self.emit(StoreCall(call))
        if call.finished:
            self._forget(call)

    def merge(self, call: Call) -> None:
        """The call lives on in another: take it off the floor."""
        self._forget(call)
        self.emit(CallMerged(call.id))

    def _forget(self, call: Call) -> None:
        del self.calls[call.id], self._of_kind[call.kind][call.id]
