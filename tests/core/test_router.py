"""Lanes and pools against a look at everybody, and what a decision costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.core.lanes import Standing
from acd.core.ordered import Ordered
from acd.core.plan import AgentProfile, GroupPolicy, Plan, Ring
from acd.core.pools import AgentChoice, Idle
from acd.core.requirement import ANYBODY, Requirement
from acd.core.router import Router

NAMES = st.sampled_from(list("abcdef"))
KEYS = st.tuples(st.sampled_from([-5.0, 0.0]), st.sampled_from([1.0, 2.0, 3.0]))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), NAMES, KEYS),
        st.tuples(st.just("remove"), NAMES),
        st.tuples(st.just("replace"), NAMES, NAMES),
    ),
    max_size=40,
)
Key = tuple[float, ...]


class Naive:
    """A list that is sorted anew each time."""

    def __init__(self) -> None:
        self.entries: list[tuple[Key, str]] = []

    def add(self, name: str, key: Key) -> None:
        self.remove(name)
        self.entries = sorted([*self.entries, (key, name)])

    def remove(self, name: str) -> None:
        self.entries = [entry for entry in self.entries if entry[1] != name]

    def replace(self, name: str, successor: str) -> None:
        self.entries = sorted((key, successor if n == name else n) for key, n in self.entries)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_ordered_is_a_sorted_list(steps: list[tuple[str, ...]]) -> None:
    ordered, naive = Ordered(), Naive()
    for what, *arguments in steps:
        if what == "replace" and (arguments[0] not in ordered or arguments[1] in ordered):
            continue
        getattr(ordered, what)(*arguments)
        getattr(naive, what)(*arguments)
        names = [name for _, name in naive.entries]
        assert list(ordered) == names
        assert len(ordered) == len(names)
        assert ordered.head() == (naive.entries[0] if names else None)
        assert ordered.second() == (naive.entries[1] if len(names) > 1 else None)
        for name in "abcdef":
            assert (name in ordered) == (name in names)
            if name in ordered:
                assert [ordered.at(i) for i in range(len(ordered))][names.index(name)] == name


def test_only_one_who_stands_in_line_can_be_replaced() -> None:
    with pytest.raises(KeyError):
        Ordered().replace("a", "b")


# --- decisions ------------------------------------------------------------------------------------
SKILLS = ({"sales": 5}, {"sales": 5}, {"sales": 3, "support": 4}, {"support": 4}, {"vip": 1, "sales": 9})
AGENTS = {
    f"a{i}": AgentProfile(f"a{i}", f"a{i}", str(i), s, weight=1.0 + i % 2) for i, s in enumerate(SKILLS)
}
WANTED = [Requirement.parse(text) for text in ("", "vip", "sales >= 4", "support or vip")]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Groups with every rule there is."""
    groups = {}
    for name, text in (("g1", "sales"), ("g2", "support"), ("g3", "sales >= 4")):
        rings = [Ring(10.0, Requirement.parse("sales or support")), Ring(20.0, ANYBODY, True)]
        groups[name] = GroupPolicy(
            name,
            name,
            Requirement.parse(text),
            rings=tuple(rings[: draw(st.integers(0, 2))]),
            choice=draw(st.sampled_from(list(AgentChoice))),
            weight=draw(st.sampled_from([1.0, 3.0])),
            reserve=draw(st.sampled_from([0, 0, 1])),
        )
    return Plan(AGENTS, groups, ageing=draw(st.sampled_from([{}, {0: 1.0, 5: 2.0}])))


NOW = 100.0
IDLES = st.dictionaries(
    st.sampled_from(list(AGENTS)),
    st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 99)),
)


@given(plans(), IDLES, st.data())
@settings(max_examples=300, deadline=None)
def test_choices_are_those_of_a_look_at_everybody(
    plan: Plan, idle: dict[str, tuple[int, int, int, int, int]], data: st.DataObject
) -> None:
    router = Router(plan)
    idles = {
        name: Idle(float(since), occupied / 4, calls, float(offered), turn, float(occupied), float(login_at))
        for turn, (name, (since, occupied, calls, offered, login_at)) in enumerate(idle.items())
    }
    for name, value in idles.items():
        router.agent_free(name, value)
    calls = {f"c{i}": data.draw(standings(plan)) for i in range(data.draw(st.integers(0, 8)))}
    for i, (call_id, standing) in enumerate(calls.items()):
        router.enqueue(call_id, standing, i + 1)
    now = NOW
    for call_id, standing in calls.items():
        _check_choice(plan, router, idles, call_id, standing)
    for agent in idles:
        wanted = [c for c, s in calls.items() if _may(plan, idles, agent, s)]
        keys = {c: _urgency(calls[c], i, now) for i, c in enumerate(calls) if c in wanted}
        found = router.call_for(agent, now)
        assert (found is None) == (not keys)
        if found is not None:
            assert keys[found] == min(keys.values())


@st.composite
def standings(draw: st.DrawFn, plan: Plan) -> Standing:
    """Anywhere a call can stand."""
    group = draw(st.sampled_from(list(plan.groups)))
    priority = draw(st.sampled_from([0, 5]))
    return Standing(
        group,
        draw(st.sampled_from(WANTED)),
        float(draw(st.integers(1, 5))),
        0.0 if plan.ageing else float(priority),
        plan.rate(group, priority),
        draw(st.integers(0, len(plan.groups[group].rings))),
        draw(st.sampled_from([None, None, None, "a0"])),
        draw(st.booleans()),
    )


def _urgency(standing: Standing, joined: int, now: float) -> tuple[float, ...]:
    return (-standing.level, -standing.rate * (now - standing.since), standing.since, joined)


def _tier(plan: Plan, agent: str, standing: Standing) -> int | None:
    """In which ring this agent may serve; None for none."""
    skills, group = AGENTS[agent].skills, plan.groups[standing.group]
    if standing.only is not None:
        return 0 if standing.only == agent else None
    if standing.alone:
        return 0 if standing.requirement.admits(skills) else None
    if group.requirement.admits(skills) and standing.requirement.admits(skills):
        return 0
    for number, ring in enumerate(group.rings[: standing.ring], 1):
        asked = ring.drops_call_requirement or standing.requirement.admits(skills)
        if asked and ring.requirement.admits(skills):
            return number
    return None


def _may(plan: Plan, idles: Mapping[str, Idle], agent: str, standing: Standing) -> bool:
    own = plan.groups[standing.group]
    is_equal = own.reserve > 0 and own.requirement.admits(AGENTS[agent].skills)  # to others that reserve
    for group in () if is_equal else plan.groups.values():
        ready = [a for a in idles if group.requirement.admits(AGENTS[a].skills)]
        if group.reserve and group.id != standing.group and agent in ready and len(ready) <= group.reserve:
            return False
    return _tier(plan, agent, standing) is not None


def _check_choice(
    plan: Plan, router: Router, idles: Mapping[str, Idle], call_id: str, standing: Standing
) -> None:
    able = [a for a in idles if _may(plan, idles, a, standing)]
    choice = router.agent_for(call_id, standing.group, NOW)
    assert (choice is None) == (not able)
    if choice is None:
        return
    tiers = {agent: _tier(plan, agent, standing) for agent in able}
    inner = [agent for agent in able if tiers[agent] == min(t for t in tiers.values() if t is not None)]
    assert choice.agent in inner
    if standing.only is not None:
        return
    assert choice.ready == len(inner)
    group = plan.groups[standing.group]
    wanted = standing.requirement.skills
    if not standing.alone:
        wanted |= group.requirement.skills

    def measure(agent: str) -> tuple[float, ...]:
        idle, skills = idles[agent], AGENTS[agent].skills
        first = {
            AgentChoice.LONGEST_IDLE: 0.0,
            AgentChoice.LEAST_OCCUPIED: idle.busy_s / (NOW - idle.login_at),
            AgentChoice.MOST_SKILLED: -float(sum(skills.get(skill, 0) for skill in wanted)),
            AgentChoice.LEAST_SKILLED: float(sum(skills.values())),
            AgentChoice.FEWEST_CALLS: float(idle.calls),
            AgentChoice.ROUND_ROBIN: idle.offered_at,
        }[group.choice]
        return (first, idle.since, idle.turn)

    if group.choice is not AgentChoice.WEIGHTED_RANDOM:
        assert choice.agent == min(inner, key=measure)


def test_a_draw_by_weight_is_repeatable_and_fair() -> None:
    group = GroupPolicy("g", "g", ANYBODY, choice=AgentChoice.WEIGHTED_RANDOM)
    agents = {n: AgentProfile(n, n, n, {}, weight=w) for n, w in (("a", 1.0), ("b", 1.0), ("c", 2.0))}
    router = Router(Plan(agents, {"g": group}))
    for turn, name in enumerate(agents):
        router.agent_free(name, Idle(0.0, 0.0, 0, 0.0, turn))
    drawn: Counter[str] = Counter()
    for i in range(4000):
        router.enqueue(f"c{i}", Standing("g", ANYBODY, 0.0), i)
        choice, again = (router.agent_for(f"c{i}", "g", NOW, 7) for _ in range(2))
        assert choice is not None
        assert choice == again
        drawn[choice.agent] += 1
    # Four sigma of a binomial with 4,000 draws.
    assert abs(drawn["c"] - 2000) < 127
    assert abs(drawn["a"] - 1000) < 110
    assert abs(drawn["b"] - 1000) < 110


def test_leaving_a_pool_or_line_in_which_nobody_stands_is_fine() -> None:
    router = Router(Plan(AGENTS, {"g": GroupPolicy("g", "g", ANYBODY)}))
    router.agent_taken("a0")
    router.dequeue("c1", "g")
    assert not router.is_free("a0")
    assert router.agent_for("c1", "g", NOW) is None


def test_empty_lanes_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.core.lane_book.MAX_EMPTY_LANES", 10)
    router = Router(Plan(AGENTS, {"g": GroupPolicy("g", "g", ANYBODY)}))
    router.enqueue("stays", Standing("g", Requirement.parse("vip"), 0.0), 1)
    for i in range(100):
        router.enqueue("c", Standing("g", Requirement.parse(f"sales >= {i}"), 0.0), 2)
        router.dequeue("c", "g")
    router.agent_free("a4", Idle(0.0, 0.0, 0, 0.0, 1))
    assert router.call_for("a4", 1.0) == "stays"
    assert len(router._lanes) == 11  # and that in which somebody waits


class Counted(Ordered):
    """Counts the looks at it."""

    looks = 0

    def head(self) -> tuple[Key, str] | None:
        Counted.looks += 1
        return super().head()

    def second(self) -> tuple[Key, str] | None:
        Counted.looks += 1
        return super().second()


def _looks(monkeypatch: pytest.MonkeyPatch, agents: int, waiting: int) -> tuple[int, int]:
    """Looks at pools and lanes that a call's and an agent's decision take in a centre of this size."""
    monkeypatch.setattr("acd.core.pools.Ordered", Counted)
    monkeypatch.setattr("acd.core.lanes.Ordered", Counted)
    skills = ({"sales": 5}, {"sales": 3, "support": 3}, {"support": 5})
    names = [f"a{i}" for i in range(agents)]
    plan = Plan(
        agents={n: AgentProfile(n, n, n, skills[i % len(skills)]) for i, n in enumerate(names)},
        groups={
            g: GroupPolicy(g, g, Requirement.parse(skill))
            for g, skill in (("g1", "sales"), ("g2", "support"), ("g3", "sales"))
        },
    )
    router = Router(plan)
    for i, name in enumerate(names):
        router.agent_free(name, Idle(float(i), 0.0, 0, 0.0, i))
    for i in range(waiting):
        router.enqueue(f"c{i}", Standing(f"g{i % 3 + 1}", ANYBODY, float(i)), i)
    Counted.looks = 0
    assert router.agent_for("c0", "g1", NOW) is not None
    for_a_call, Counted.looks = Counted.looks, 0
    assert router.call_for("a1", 1e6) == "c0"
    return for_a_call, Counted.looks


def test_a_decision_costs_the_same_in_a_large_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    small = _looks(monkeypatch, agents=3, waiting=3)
    large = _looks(monkeypatch, agents=3000, waiting=3000)
    assert small == large == (4, 0)
