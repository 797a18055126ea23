"""A scenario from its file, or from nothing: what is left out is assumed for the configuration at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import TypeAlias

from acd.core.plan import GroupPolicy, Plan
from acd.core.requirement import Requirement
from acd.core.router import Router
from acd.core.work_rules import WrapUpMode
from acd.errors import OperatorError, SettingsError
from acd.settings.document import Document, read_document
from acd.settings.problems import Place, did_you_mean, shown
from acd.settings.validate import validate
from acd.simulate.chance import Constant, Duration, Empirical, Lognormal, Never
from acd.simulate.known_times import KnownTimes
from acd.simulate.opening import ALWAYS_OPEN, Opening
from acd.simulate.recorded import History, Recorded
from acd.simulate.scenario import (
    DAY_S,
    Arrivals,
    CallbackHabits,
    CallerClass,
    GroupTraffic,
    Habits,
    Listed,
    Poisson,
    Returning,
    Scenario,
    Shift,
    exponential,
)
from acd.simulate.schema import (
    AgentTimeEntry,
    ArrivalsEntry,
    CallbacksEntry,
    ClassEntry,
    DurationEntry,
    GroupEntry,
    PatienceEntry,
    ReturningEntry,
    ScenarioFile,
    ShiftEntry,
    SimulationEntry,
)
from acd.simulate.usual import usual_callbacks, usual_exits

DEFAULT_OCCUPANCY = 0.75
"""Callers come at a rate that keeps the agents of a group busy for this share of their time."""
DEFAULT_PATIENCE_S = 180.0
DEFAULT_ANSWER_S = 3.0
DEFAULT_WORK_S = 30.0
DEFAULT_HOURS = 200.0
WARM_UP_SHARE = 0.05
HOUR_S = 3600.0

AnyDuration: TypeAlias = DurationEntry | PatienceEntry | AgentTimeEntry


def no_history(_from: str, _to: str) -> Recorded:
    """Where there are no records."""
    raise OperatorError("there are no records here")


def load_scenario(
    path: Path, plan: Plan, history: History = no_history, opening: Opening = ALWAYS_OPEN
) -> Scenario:
    """The scenario of a file. Raises SettingsError with every mistake, 'file:line: path: message'."""
    document = read_document(path)
    content = validate(document, ScenarioFile)
    known = KnownTimes(document, path.parent, history)
    scenario = _Assembly(plan, document, known, opening).scenario(content or ScenarioFile())
    problems = sorted(problem for some in (document, *known.files) for problem in some.problems)
    if problems:
        raise SettingsError([str(problem) for problem in problems])
    return scenario


def default_scenario(plan: Plan, opening: Opening = ALWAYS_OPEN) -> Scenario:
    """What is assumed where nothing is said."""
    document = Document("", "")
    known = KnownTimes(document, Path(), no_history)
    return _Assembly(plan, document, known, opening).scenario(ScenarioFile())


def default_rates(plan: Plan) -> Mapping[str, float]:
    """Calls an hour by group, such that its agents are busy for DEFAULT_OCCUPANCY of their time.

    An agent of several groups gives each the same share of the time.
    """
    router = Router(plan)
    capacity = dict.fromkeys(plan.groups, 0.0)
    for agent in plan.agents:
        groups = router.groups_of(agent)
        for group in groups:
            capacity[group] += 1 / len(groups)
    return {
        group: round(DEFAULT_OCCUPANCY * agents * 3600 / plan.groups[group].aht_s, 1)
        for group, agents in capacity.items()
    }


def _class(name: str, entry: ClassEntry) -> CallerClass:
    requirement = "" if entry.requires is None else entry.requires.text
    prefer, wait_s = entry.prefer or "", entry.prefer_wait_s
    return CallerClass(name, entry.share, entry.priority, entry.value, requirement, prefer, wait_s)


def _returning(entry: ReturningEntry | None) -> Returning:
    return Returning() if entry is None else Returning(entry.share, entry.within_days)


def mean_wrap_up_s(policy: GroupPolicy, habits: Habits) -> float:
    """By the group's rule, or as long as agents take where they end it. Nobody asks for an optional one."""
    released = policy.wrap_up.mode is WrapUpMode.UNTIL_RELEASED
    return habits.work.mean_s if released else policy.wrap_up.usual_s


def talk_of(policy: GroupPolicy, habits: Habits, handle_s: float) -> Duration:
    """The talk that, with the group's wrap-up, makes this mean handle time.

    Raises OperatorError if the wrap-up alone is as long.
    """
    wrap_up_s = mean_wrap_up_s(policy, habits)
    if handle_s <= wrap_up_s:
        raise OperatorError(
            f"a handle time of {handle_s:g} s is not more than the wrap-up of {policy.id},"
            f" {wrap_up_s:g} s, which is part of it"
        )
    return exponential(handle_s - wrap_up_s)


@dataclass(slots=True)
class _Assembly:
    plan: Plan
    document: Document
    known: KnownTimes
    opening: Opening

    def scenario(self, file: ScenarioFile) -> Scenario:
        run, known = file.simulation, self.known
        known.read({g: entry for g, entry in file.groups.items() if g in self.plan.groups}, run.begins)
        length_s, warm_up_s = self._length_s(run)
        agents = file.agents
        habits = Habits(
            self._duration(agents.answer, ("agents", "answer")) or Constant(DEFAULT_ANSWER_S),
            self._duration(agents.wrap_up, ("agents", "wrap_up")) or exponential(DEFAULT_WORK_S),
            agents.unanswered,
            agents.back_after_s,
            agents.shrinkage,
        )
        traffic = self._traffic(file, habits)
        return Scenario(
            traffic=traffic,
            length_s=length_s,
            warm_up_s=min(warm_up_s, length_s / 2),
            opens_s=(known.begins - datetime.combine(known.begins, time())).total_seconds(),
            habits=habits,
            shifts=None if agents.shifts is None else self._shifts(agents.shifts),
            lines=run.lines,
            seed=run.seed,
            batches=run.batches,
            first_day=known.begins.date(),
        )

    def _length_s(self, run: SimulationEntry) -> tuple[float, float]:
        """Of all, and of the warm-up: a day whose callers are known begins as empty as it did."""
        hours = run.hours or (self.known.length_s or DEFAULT_HOURS * HOUR_S) / HOUR_S
        self.known.report_late(hours)
        share = WARM_UP_SHARE if self.known.length_s is None else 0.0
        warm_up_hours = share * hours if run.warm_up_hours is None else run.warm_up_hours
        if warm_up_hours >= hours:
            message = f"the warm-up is as long as all {hours:g} hours"
            self.document.report(("simulation", "warm_up_hours"), message)
        return hours * HOUR_S, warm_up_hours * HOUR_S

    def _traffic(self, file: ScenarioFile, habits: Habits) -> dict[str, GroupTraffic]:
        rates = default_rates(self.plan)
        entries = file.groups or dict.fromkeys(self.plan.groups, GroupEntry())
        found = {}
        for group, entry in entries.items():
            if group not in self.plan.groups:
                self.document.report_undefined(("groups", group), "group", group, self.plan.groups)
                continue
            place: Place = ("groups", group)
            policy = self.plan.groups[group]
            arrivals = Poisson.even(rates[group])
            found[group] = GroupTraffic(
                arrivals=self._arrivals(entry.arrivals, group) or arrivals,
                talk=self._duration(entry.talk, (*place, "talk"), group)
                or exponential(max(policy.aht_s - mean_wrap_up_s(policy, habits), 30.0)),
                patience=self._duration(entry.patience, (*place, "patience"))
                or exponential(DEFAULT_PATIENCE_S),
                classes=self._classes(entry.classes, place),
                max_wait_s=entry.max_wait_s,
                exits=usual_exits(policy, self.opening) if entry.exits is None else frozenset(entry.exits),
                returning=_returning(entry.returning),
                callbacks=self._callbacks(entry.callbacks, policy, (*place, "callbacks")),
            )
        return found

    def _classes(self, entries: Mapping[str, ClassEntry], place: Place) -> tuple[CallerClass, ...]:
        for name, entry in entries.items():
            if entry.prefer is not None and entry.prefer not in self.plan.agents:
                at = (*place, "classes", name, "prefer")
                self.document.report_undefined(at, "agent", entry.prefer, self.plan.agents)
            if entry.requires is not None:
                self._skills((*place, "classes", name, "requires"), entry.requires)
        return tuple(_class(name, entry) for name, entry in entries.items()) or (CallerClass(),)

    def _skills(self, place: Place, requirement: Requirement) -> None:
        """Callers for whom there can be nobody would wait in vain, and no figure would say why."""
        known = {skill for agent in self.plan.agents.values() for skill in agent.skills}
        known |= {skill for group in self.plan.groups.values() for skill in group.requirement.skills}
        for skill in sorted(requirement.skills - known):
            hint = did_you_mean(skill, sorted(known), separator=";")
            message = f"no agent has the skill '{shown(skill)}', and no group asks for it{hint}"
            self.document.report(place, message)

    def _callbacks(
        self, entry: CallbacksEntry | None, policy: GroupPolicy, place: Place
    ) -> CallbackHabits | None:
        if entry is None:
            return usual_callbacks(policy)
        answer = self._duration(entry.answer, (*place, "answer")) or CallbackHabits().answer
        return CallbackHabits(entry.accept, entry.reached, answer, frozenset(entry.exits))

    def _arrivals(self, entry: ArrivalsEntry | None, group: str) -> Arrivals | None:
        if group in self.known.calls:
            return Listed(self.known.calls[group])
        if entry is None or entry.csv or entry.records is not None:
            return None
        if entry.by_time:
            return Poisson(tuple(sorted((float(at), rate) for at, rate in entry.by_time.items())))
        return Poisson.even(entry.per_hour)

    def _duration(self, entry: AnyDuration | None, place: Place, group: str = "") -> Duration | None:
        if entry is None:
            return None
        if isinstance(entry, PatienceEntry) and entry.never:
            return Never()
        if entry.lognormal is not None:
            return Lognormal(entry.lognormal.mean_s, entry.lognormal.cv)
        if isinstance(entry, DurationEntry) and entry.records is not None:
            recorded = self.known.of_period(entry.records, (*place, "records"))
            calls = recorded.calls if recorded else ()
            talks = [c.talk_s for c in calls if c.visit.group == group and c.talk_s is not None]
            if not talks:
                self.document.report((*place, "records"), f"no answered call of {group} is on record there")
                return None
            return Empirical(talks)
        if "constant" in entry.model_fields_set:
            return Constant(entry.constant)
        return exponential(entry.exponential)

    def _shifts(self, entries: Mapping[str, ShiftEntry]) -> list[Shift]:
        found = []
        for name, entry in entries.items():
            place: Place = ("agents", "shifts", name)
            for index, agent in enumerate(entry.agents):
                if agent not in self.plan.agents:
                    self.document.report_undefined(
                        (*place, "agents", index), "agent", agent, self.plan.agents
                    )
            begin, end = entry.hours
            breaks = []
            for index, (first, last) in enumerate(entry.breaks):
                later = DAY_S if first < begin else 0.0
                if last + later > end:
                    self.document.report((*place, "breaks", index), "the break is not within the shift")
                breaks.append((first + later, last + later))
            if breaks and not self.plan.reasons:
                self.document.report((*place, "breaks"), "no not-ready reason is configured for breaks")
            agents = [agent for agent in dict.fromkeys(entry.agents) if agent in self.plan.agents]
            found.append(Shift(agents, float(begin), float(end), breaks))
        return found
