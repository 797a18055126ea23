"""Watches an engine from outside: keeps its own books by the commands and checks them after each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import orjson

from acd.core.agents import BUSY_STATES, Agent, AgentState
from acd.core.callback_events import CallbackPlaced
from acd.core.calls import Call, CallState, Channel
from acd.core.commands import (
    AgentChanged,
    AgentForgotten,
    CallChanged,
    CallMerged,
    Command,
    LeaveLine,
    LostCallChanged,
    LostCallForgotten,
    Offer,
    StoreCall,
    StoreInterval,
)
from acd.core.engine import Engine
from acd.core.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentWentNotReady,
    AgentWentReady,
    CallArrived,
    CallMoved,
    CallPrioritised,
    Event,
    PendingRevoked,
    PlanChanged,
    WrapUpDone,
    WrapUpExtended,
    WrapUpWanted,
)
from acd.core.facts import AgentInterval, CallKind, LeftBy, LeftLine, Offered, PolicyApplied
from acd.core.losses import AFTERWARDS, without_false_losses
from acd.core.plan import Plan
from acd.core.policy import RaisePriority, SetPriority
from acd.core.requirement import Requirement
from acd.core.timers import Timer
from acd.core.work_rules import REASON_DESKTOP_GONE, REASON_REST
from acd.core.wrap_up import rule_of
from acd.errors import RequestRefused

Kept = dict[str, dict[str, Any]]
_ALWAYS_DONE = (SetPriority, RaisePriority)
REQUESTS = (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentWentReady,
    AgentWentNotReady,
    PendingRevoked,
    WrapUpWanted,
    WrapUpExtended,
    WrapUpDone,
    CallMoved,
    CallPrioritised,
)
"""What may be refused."""
DIALLED = (CallState.IVR, CallState.DIALING_OUT)
WORK = {AgentState.TALKING.value, AgentState.WRAP_UP.value}
IDLE = {AgentState.NOT_READY.value, AgentState.READY.value}


def picture(engine: Engine) -> Kept:
    """All live state, in the form in which it is mirrored."""
    floor = engine.floor
    calls = {f"call:{c.id}": c.to_dict() for c in floor.calls.values()}
    calls |= {f"lost:{c.id}": c.to_dict() for c in floor.lost.values()}
    return {**calls, **{f"agent:{a.id}": a.to_dict() for a in floor.agents.values()}}


class Bookkeeper:
    """Plays the shell for an engine; `check` is called after every step."""

    def __init__(self, plan: Plan, make_engine: Callable[[Plan], Engine] = Engine) -> None:
        self.plan = plan
        self._make_engine = make_engine
        self.engine = make_engine(plan)
        self.now = 1000.0
        self.torn = False  # whether it was ever restarted with half of what it had
        self.plan_since = self.now
        self.mirror = picture(self.engine)
        self.live: set[str] = set()  # arrived, and neither merged nor finished
        self.stored: dict[str, bool] = {}  # ended and stored: whether as finished
        self.interval_from: dict[str, float] = {}
        self.busy_s: dict[str, float] = {}  # by agent, since log-in
        self.state_s: dict[str, float] = {}  # the same, of all states
        self._admitted = cache(self._admitted)  # type: ignore[method-assign]  # asked again and again
        self.work_until: dict[str, float] = {}  # when the agent's last talk or wrap-up ended
        self.offered: list[Offer] = []  # since the last check
        self.stood: dict[str, tuple[object, ...]] = {}  # at the last check
        self.clock_off_s = 0.0  # what the engine's next event is told too little

    # --- steps --------------------------------------------------------------------------------
    def feed(self, event: Event, *, swallow: bool = True) -> list[Command]:
        """One event; a request that is refused must change nothing, and counts for nothing if swallowed."""
        if isinstance(event, CallArrived) and event.call_id not in self.engine.floor.calls:
            self.live.add(event.call_id)
            self.stored.pop(event.call_id, None)
        if isinstance(event, CallbackPlaced) and self._is_new(event):
            self.live.add(event.call_id)
            self.stored.pop(event.call_id, None)
        if isinstance(event, PlanChanged):
            self.plan, self.plan_since = event.plan, self.now
            self._admitted = cache(Bookkeeper._admitted.__get__(self))  # type: ignore[method-assign]
        before = picture(self.engine) if isinstance(event, REQUESTS) else None
        out, lost = self._logged_out(), set(self.engine.floor.lost)
        try:
            off_s, self.clock_off_s = self.clock_off_s, 0.0
            commands = self.engine.handle(event, self.now - off_s)
            self.now = self.engine.floor.now
        except RequestRefused:
            assert picture(self.engine) == before, "a refused request has changed something"
            if not swallow:
                raise
            return []
        stored = {command.call.id for command in commands if isinstance(command, StoreCall)}
        for call_id in lost - self.engine.floor.lost.keys():
            if call_id in stored or call_id in self.engine.floor.calls:  # else it is forgotten
                self.live.add(call_id)
                self.stored.pop(call_id, None)
        self._take(commands, out)
        return commands

    def advance(self, duration_s: float) -> list[Command]:
        """Let time pass; every deadline on the way is met when it is due."""
        end = self.now + duration_s
        commands: list[Command] = []
        while (deadline := self.engine.next_deadline()) is not None and deadline <= end:
            assert deadline > self.now or not commands, "a deadline that comes again at once"
            self.now = max(self.now, deadline)
            out = self._logged_out()
            done = self.engine.handle_timer(self.now)
            self._take(done, out)
            commands += done
        self.now = end
        return commands

    def clock_back(self, by_s: float) -> list[Command]:
        """The clock shows an earlier time: for the engine it stands still; so it does at the next event."""
        commands = self.advance(0.0) + self._timers(self.now)
        assert self._timers(self.now - by_s) == [], "something was done in the past"
        self.clock_off_s = by_s
        return commands

    def stand_still(self, duration_s: float) -> list[Command]:
        """The process does nothing for so long; then every deadline that has passed is met late."""
        self.now += duration_s
        return self._timers(self.now)

    def _timers(self, now: float) -> list[Command]:
        out = self._logged_out()
        commands = self.engine.handle_timer(now)
        self._take(commands, out)
        return commands

    def restart(self, kept: Kept | None = None) -> list[Command]:
        """Killed and started again with what the mirror kept (or with `kept`, a torn one)."""
        torn = kept is not None
        self.torn |= torn
        kept = orjson.loads(orjson.dumps(self.mirror if kept is None else kept))  # as the disk does
        assert kept is not None
        agents = [Agent.from_dict(v) for k, v in kept.items() if k.startswith("agent:")]
        calls = [Call.from_dict(v) for k, v in kept.items() if k.startswith("call:")]
        lost = [Call.from_dict(v) for k, v in kept.items() if k.startswith("lost:")]
        self.engine = self._make_engine(self.plan)
        if torn:
            known = [*calls, *(call for call in lost if not call.finished)]
            self.live = {call.id for call in known}
            self.stored = {call.id: False for call in known if call.state is CallState.ENDED}
            self.interval_from = {a.id: a.since for a in agents if a.logged_in}
            self.busy_s = {a.id: a.busy_s for a in agents}
            self.state_s = {a.id: a.since - (a.login_at or 0.0) for a in agents}
        self.mirror = kept
        commands = self.engine.restore(agents, calls, self.now, lost)
        self._take(commands, self._logged_out())
        return commands

    def _is_new(self, wish: CallbackPlaced) -> bool:
        floor = self.engine.floor
        return floor.plan.heir(wish.group) is not None and wish.call_id not in floor.calls

    def _logged_out(self) -> set[str]:
        return {a.id for a in self.engine.floor.agents.values() if not a.logged_in}

    # --- books --------------------------------------------------------------------------------
    def _take(self, commands: Sequence[Command], were_out: set[str]) -> None:
        for agent in self.engine.floor.agents.values():
            if agent.logged_in and agent.id in were_out:
                self.interval_from[agent.id], self.busy_s[agent.id] = self.now, 0.0
                self.state_s[agent.id] = 0.0
        self.offered += [c for c in commands if isinstance(c, Offer)]
        for command in commands:
            if isinstance(command, LeaveLine) and command.how is LeftBy.NO_AGENTS:
                assert self.engine.floor.calls[command.call_id].only_agent is None, "led out although kept"
        last_store = {c.call.id: c for c in commands if isinstance(c, StoreCall)}
        for command in commands:
            match command:
                case CallMerged(call_id):
                    del self.mirror[f"call:{call_id}"]
                    self.live.remove(call_id)
                case StoreCall(call) if command is last_store[call.id]:
                    self._store(call)  # two wrap-ups that end at once store the same, complete call twice
                case StoreInterval(interval):
                    self._interval(interval)
                case _:
                    self._mirror(command)

    def _mirror(self, command: Command) -> None:
        floor = self.engine.floor
        match command:
            case CallChanged(call_id):
                self.mirror[f"call:{call_id}"] = floor.calls[call_id].to_dict()
            case AgentChanged(agent_id):
                self.mirror[f"agent:{agent_id}"] = floor.agents[agent_id].to_dict()
            case AgentForgotten(agent_id):
                assert agent_id not in self.plan.agents, "forgotten, although in the plan"
                del self.mirror[f"agent:{agent_id}"]
            case LostCallChanged(call_id):
                self.mirror[f"lost:{call_id}"] = floor.lost[call_id].to_dict()
            case LostCallForgotten(call_id):
                del self.mirror[f"lost:{call_id}"]

    def _store(self, call: Call) -> None:
        assert call.id in self.live, f"{call.id} stored after it was finished"
        assert call.state is CallState.ENDED
        self.stored[call.id] = call.finished
        self.mirror[f"call:{call.id}"] = call.to_dict()
        if call.finished:
            self.live.remove(call.id)
            del self.mirror[f"call:{call.id}"]

    def _interval(self, interval: AgentInterval) -> None:
        assert interval.since == self.interval_from[interval.agent], f"a gap or an overlap before {interval}"
        assert interval.since < interval.until
        assert (interval.reason is not None) == (interval.state == "not_ready"), interval
        assert (interval.call_id is None) == (interval.state in IDLE), interval
        self.interval_from[interval.agent] = interval.until
        self.state_s[interval.agent] += interval.until - interval.since
        if interval.state not in IDLE:
            self.busy_s[interval.agent] += interval.until - interval.since
        if interval.state in WORK:
            self.work_until[interval.agent] = interval.until

    # --- invariants ---------------------------------------------------------------------------
    def check(self) -> None:
        """Whatever must hold at any time."""
        assert self.mirror == picture(self.engine), "the mirror is behind"
        floor = self.engine.floor
        assert set(floor.agents) == {*self.plan.agents, *floor.leaving}, "an agent is lost, or stays for ever"
        self._check_calls()
        for agent in self.engine.floor.agents.values():
            self._check_agent(agent)
        self._check_lines()
        if not self.engine.floor.suspended:
            self._check_nobody_waits_in_vain()
            self._check_nobody_was_passed_over()
            self._check_nobody_waits_too_long()

    def _check_calls(self) -> None:
        floor = self.engine.floor
        assert set(floor.calls) == self.live, "a call is lost or doubled"
        for call in floor.lost.values():
            assert call.state is CallState.ENDED, call
            assert floor.calls.get(call.id, call) is call, "two of one call"
        wrap_ups = Counter(a.wrap_up_call_id for a in floor.agents.values())
        for call in floor.calls.values():
            assert call.open_wrap_ups == wrap_ups[call.id], call
            assert (call.state is CallState.ENDED) == (call.id in self.stored), call
            assert not call.finished, call
            with_agent = call.state in (CallState.RINGING, CallState.TALKING)
            is_dialled = call.channel is not Channel.CALLER and call.state in DIALLED
            assert (call.agent is not None) == with_agent or (is_dialled and not with_agent), call
            assert not is_dialled or call.agent is not None or self.torn, f"dialled without an agent: {call}"
            self._check_callback(call)
            self._check_policy_facts(call)
            told = [f for f in without_false_losses(call.facts) if not isinstance(f, AFTERWARDS)]
            assert all(a.at <= b.at for a, b in pairwise(told)), call.facts
            if call.agent is not None:  # so nobody has two
                assert floor.agents[call.agent].call_id == call.id, call
            if call.leave_at is not None and call.leave_at > self.now and call.state is CallState.WAITING:
                assert floor.timers.is_armed(call.id, Timer.MAX_WAIT), call
            if call.state is CallState.RINGING:
                assert floor.timers.is_armed(call.id, Timer.OVERDUE), call
            if is_dialled and call.agent is not None:
                assert floor.timers.is_armed(call.id, Timer.OVERDUE), f"kept for ever: {call}"

    def _check_policy_facts(self, call: Call) -> None:
        """What is on record of a policy was done; nothing was announced to an entry without a channel."""
        for fact, after in pairwise(call.facts):
            if isinstance(fact, PolicyApplied) and fact.what.startswith(("to group ", "leave by ")):
                way = fact.what.removeprefix("to group ").removeprefix("leave by ")
                assert isinstance(after, LeftLine), f"{fact} was not done: {call}"
                assert after.exit == way, call
        is_unreached = call.channel is Channel.NONE and call.tries == 0
        said = [f for f in call.facts if isinstance(f, PolicyApplied) and f.what.startswith("announce ")]
        assert not (is_unreached and said), call

    def _check_callback(self, call: Call) -> None:
        """It is given up when its time is over, and stands in line whenever it may."""
        floor = self.engine.floor
        if call.kind is not CallKind.CALLBACK:
            assert call.channel is Channel.CALLER, call
        if call.channel is Channel.NONE and call.state is CallState.WAITING:
            assert floor.timers.is_armed(call.id, Timer.CALLBACK), call
            is_known = call.group in floor.plan.groups  # else its timer is due now, and leaves it to people
            may_stand = is_known and call.try_at is None and call.group not in floor.callbacks_closed
            assert call.present == may_stand, call

    def _check_agent(self, agent: Agent) -> None:
        floor = self.engine.floor
        call = floor.calls[agent.call_id] if agent.call_id is not None else None
        own = floor.calls[agent.own_call_id] if agent.own_call_id is not None else None
        match agent.state:
            case AgentState.RINGING:
                assert call is not None, agent
                reserved = call.channel is Channel.NONE and call.state in DIALLED
                assert reserved or call.state is CallState.RINGING, agent
            case AgentState.TALKING:
                assert call is not None or own is not None, agent
                joined = call is not None and call.channel is Channel.AGENT and call.state in DIALLED
                assert joined or call is None or call.state is CallState.TALKING, agent
            case AgentState.WRAP_UP:
                assert call is None, agent
                assert agent.wrap_up_call_id is not None, agent
                has_end = agent.wrap_up_until is not None
                assert floor.timers.is_armed(agent.id, Timer.WRAP_UP) == has_end, agent
                as_begun = agent.since <= self.plan_since  # by the rule that held when it began
                assert has_end or as_begun or rule_of(floor, agent.wrap_up_group).lasts_s is None, agent
            case _:
                assert (call, own, agent.wrap_up_call_id) == (None, None, None), agent
                pending = (agent.pending_reason, agent.pending_logout, agent.back_to, agent.wrap_up_wanted)
                assert pending == (None, False, None, False), agent
        assert call is None or call.agent == agent.id, agent
        assert own is None or (own.origin_agent == agent.id and own.state is not CallState.ENDED), agent
        assert (agent.reason is not None) == (agent.state is AgentState.NOT_READY), agent
        assert (agent.phone is not None) == agent.logged_in, agent
        if agent.id in floor.leaving:
            assert agent.state in BUSY_STATES, agent
            assert agent.pending_logout, agent
        assert (agent.back_off_until is not None) == floor.timers.is_armed(agent.id, Timer.BACK_OFF), agent
        assert (agent.rest_until is not None) == floor.timers.is_armed(agent.id, Timer.REST), agent
        assert (agent.desktop_until is not None) == floor.timers.is_armed(agent.id, Timer.DESKTOP), agent
        assert not (agent.desktop and (agent.desktop_missing or agent.desktop_until is not None)), agent
        assert not (agent.desktop_missing and agent.state is AgentState.READY), agent
        assert agent.reason != REASON_DESKTOP_GONE or agent.desktop_missing, agent
        assert (agent.rest_until is not None) == (agent.reason == REASON_REST), agent
        if agent.rest_until is not None:
            assert agent.idle_since >= self.work_until.get(agent.id, 0.0), agent
            rest_s = self.plan.agents[agent.id].limits.rest_s
            assert self.torn or agent.rest_until == max(agent.since, agent.idle_since + rest_s), agent
        assert (agent.login_at is not None) == agent.logged_in, agent
        assert floor.router.is_free(agent.id) == floor.can_take_calls(agent), agent
        assert agent.state is not AgentState.READY or not floor.phone_gone(agent), agent
        if agent.logged_in:
            assert agent.since == self.interval_from[agent.id], agent
            assert abs(agent.busy_s - self.busy_s[agent.id]) < 1e-6, agent
            assert floor.agent_on(agent.phone or "") is agent, agent
            assert agent.login_at is not None
            at_work_s = agent.since - agent.login_at
            assert abs(self.state_s[agent.id] - at_work_s) < 1e-6, f"state seconds do not add up: {agent}"
        for until in (agent.wrap_up_until, agent.back_off_until, agent.rest_until):
            assert until is None or until >= self.now, f"a deadline that did not fire: {agent}"

    def _check_lines(self) -> None:
        floor = self.engine.floor
        for group, line in floor.router.lines.items():
            in_line = {
                c.id
                for c in floor.calls.values()
                if c.state is CallState.WAITING and c.present and c.group == group
            }
            order = list(line.in_order(self.now))
            assert sorted(order) == sorted(in_line), group
            assert [line.position(c, self.now) for c in order] == list(range(1, len(order) + 1)), group
            keys = [self._urgency(floor.calls[c]) for c in order]
            assert keys == sorted(keys), group

    def _urgency(self, call: Call) -> tuple[float, ...]:
        """Smaller is more urgent: by the rules as they are written, not by those of the lanes."""
        assert call.waiting_since is not None
        ageing, weight = self.plan.ageing, self.plan.groups[call.group or ""].weight
        waited_s = self.now - call.waiting_since
        if not ageing:
            return (-call.priority, -weight * waited_s, call.waiting_since, call.joined)
        rate = ageing[max((p for p in ageing if p <= call.priority), default=min(ageing))]
        return (0, -rate * weight * waited_s, call.waiting_since, call.joined)

    def _check_nobody_waits_too_long(self) -> None:
        floor = self.engine.floor
        for call in floor.calls.values():
            if call.state is not CallState.WAITING or not call.present:
                continue
            assert call.leave_at is None or call.leave_at >= self.now, call
            staff = [a for a in floor.agents.values() if self._could_serve(a, call, widest=True)]
            served = call.only_agent is not None or any(agent.logged_in for agent in staff)
            assert "no_agents" not in call.exits or served, call
            self._check_steps(call)
            self._check_ring(call)

    def _check_ring(self, call: Call) -> None:
        """No earlier than configured, no later; nobody is kept for one who is not at work."""
        group, waited_s = self.plan.groups[call.group or ""], self.now - (call.waiting_since or 0.0)
        assert call.only_agent is None or self.engine.floor.agents[call.only_agent].logged_in, call
        assert call.only_until is None or call.only_until >= self.now, call
        due = 0 if call.requirement_alone else sum(ring.after_s < waited_s for ring in group.rings)
        assert call.ring >= due, call

    def _check_steps(self, call: Call) -> None:
        """A step that looks at the time alone, and can always be done, has been taken when it was due."""
        waited_s = round(self.now - (call.waiting_since or 0.0), 6)
        for number, step in enumerate(self.plan.groups[call.group or ""].steps):
            only = step.operations[0] if len(step.operations) == 1 else None
            if isinstance(only, RaisePriority) and step.every_s is None:
                assert call.step_raises.get(str(number), 0) in (0, only.by), f"raised twice: {call}"
            once = step.every_s is None and all(isinstance(o, _ALWAYS_DONE) for o in step.operations)
            if not once or str(number) in call.step_runs or step.condition.names != {"waited_s"}:
                continue
            holds = [step.condition.test({"waited_s": waited_s - ago_s}) for ago_s in (0.0, 0.01)]
            assert not all(holds) or waited_s < 0.01, f"step {number + 1} was not taken: {call}"

    def _could_serve(self, agent: Agent, call: Call, *, widest: bool = False) -> bool:
        """By a look at everything; reserves are not counted."""
        if agent.id not in self.plan.agents:
            return False
        if call.only_agent is not None and not widest:
            return call.only_agent == agent.id
        rings = len(self.plan.groups[call.group or ""].rings) if widest else call.ring
        return self._admitted(agent.id, call.group or "", call.requirement, call.requirement_alone, rings)

    def _admitted(self, agent: str, group_id: str, requirement: str, alone: bool, rings: int) -> bool:
        skills, group = self.plan.agents[agent].skills, self.plan.groups[group_id]
        wanted = Requirement.kept(requirement)
        if alone:
            return wanted.admits(skills)
        if group.requirement.admits(skills) and wanted.admits(skills):
            return True
        return any(
            ring.requirement.admits(skills) and (ring.drops_call_requirement or wanted.admits(skills))
            for ring in group.rings[:rings]
        )

    def _kept_back(self, agent: Agent, call: Call) -> bool:
        """Whether another group's reserve needs the agent."""
        floor, kept = self.engine.floor, False
        for group in self.plan.groups.values():
            staff = [a for a in floor.agents.values() if a.id in self.plan.agents]
            serves = [a for a in staff if group.requirement.admits(self._skills(a))]
            ready = sum(floor.can_take_calls(a) for a in serves)
            if group.reserve and agent in serves:
                if group.id == call.group:
                    return False  # those who reserve the same agents are equals
                kept = kept or ready <= group.reserve
        return kept

    def _skills(self, agent: Agent) -> Mapping[str, int]:
        return self.plan.agents[agent.id].skills

    def _check_nobody_waits_in_vain(self) -> None:
        floor = self.engine.floor
        for agent in floor.agents.values():
            phone = floor.phones.get(agent.phone or "")
            if phone is None or not phone.reachable or phone.in_use:
                continue
            if agent.state is not AgentState.READY or agent.back_off_until is not None:
                continue
            for call in floor.calls.values():
                if call.state is not CallState.WAITING or not call.present:
                    continue
                if not self._can_be_rung_for(agent, call):
                    continue
                wanted = self._could_serve(agent, call) and not self._kept_back(agent, call)
                assert not wanted, f"{agent.id} is idle while {call.id} waits"

    def _can_be_rung_for(self, agent: Agent, call: Call) -> bool:
        """Whether the call's node is there, and can ring the agent's phone."""
        floor = self.engine.floor
        phone = floor.phones.get(agent.phone or "")
        return call.node not in floor.nodes_away and (phone is None or call.node not in phone.missing)

    def _check_nobody_was_passed_over(self) -> None:
        """No agent was offered a call while a more urgent one that the agent could serve stood in line.

        Looked at are single offers, of agents whom no reserve concerns, and calls that stand as they did.
        """
        offered, self.offered, before, self.stood = self.offered, [], self.stood, self._stand()
        if len(offered) != 1:
            return
        floor = self.engine.floor
        call, agent = floor.calls.get(offered[0].call_id), floor.agents.get(offered[0].agent)
        if call is None or agent is None or agent.call_id != call.id or not self._came_from_line(call):
            return
        if agent.id in floor.leaving or self._concerns_a_reserve(agent):
            return
        for call_id, stand in self.stood.items():
            other = floor.calls[call_id]
            if not self._can_be_rung_for(agent, other):
                continue
            if before.get(call_id) == stand and self._could_serve(agent, other):
                assert self._urgency(call) < self._urgency(other), f"{call.id} was preferred to {other}"

    def _stand(self) -> dict[str, tuple[object, ...]]:
        """Who is in line, and all that decides whose turn it is."""
        in_line = [c for c in self.engine.floor.calls.values() if c.state is CallState.WAITING and c.present]
        return {c.id: (c.group, c.since, c.priority, c.requirement, c.ring, c.only_agent) for c in in_line}

    def _came_from_line(self, call: Call) -> bool:
        last = next((f.reasons for f in reversed(call.facts) if isinstance(f, Offered)), ())
        is_rung = call.state is CallState.RINGING and call.group in self.plan.groups
        return is_rung and not call.direct and "kept for this callback" not in last

    def _concerns_a_reserve(self, agent: Agent) -> bool:
        reserving = [group for group in self.plan.groups.values() if group.reserve]
        return any(group.requirement.admits(self._skills(agent)) for group in reserving)
