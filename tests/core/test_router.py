"""Lines and pools against naive models, and what a decision costs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.core.plan import AgentProfile, GroupPolicy, Plan, Requirement
from acd.core.router import Choice, Ordered, Router
from tests.core.centre import PLAN

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
    """A list that is sorted anew each time; sorting keeps the order of joining for equal keys."""

    def __init__(self) -> None:
        self.entries: list[tuple[Key, str]] = []

    def add(self, name: str, key: Key) -> None:
        self.remove(name)
        self.entries = sorted([*self.entries, (key, name)], key=lambda entry: entry[0])

    def remove(self, name: str) -> None:
        self.entries = [entry for entry in self.entries if entry[1] != name]

    def replace(self, name: str, successor: str) -> None:
        self.entries = [(key, successor if n == name else n) for key, n in self.entries]


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
            assert ordered.position(name) == (names.index(name) + 1 if name in names else None)


def test_only_one_who_stands_in_line_can_be_replaced() -> None:
    with pytest.raises(KeyError):
        Ordered().replace("a", "b")


WORLD = st.fixed_dictionaries(
    {
        "idle": st.dictionaries(st.sampled_from(list(PLAN.agents)), st.integers(1, 5).map(float)),
        "calls": st.lists(
            st.tuples(
                st.sampled_from(list(PLAN.groups)), st.sampled_from([0, 5]), st.integers(1, 5).map(float)
            ),
            max_size=8,
        ),
    }
)


@given(WORLD)
@settings(max_examples=200, deadline=None)
def test_choices_are_those_of_a_look_at_everybody(world: dict[str, object]) -> None:
    router = Router(PLAN)
    idle, calls = world["idle"], world["calls"]
    assert isinstance(idle, dict)
    assert isinstance(calls, list)
    for agent, since in idle.items():
        router.agent_free(agent, since)
    for i, (group, priority, since) in enumerate(calls):
        router.enqueue(f"c{i}", group, priority, since)
    for policy in PLAN.groups.values():
        able = [a for a in idle if policy.requirement.admits(PLAN.agents[a].skills)]
        _check_choice(router.agent_for(policy.id), able, idle)
    for agent in PLAN.agents:
        served = router.groups_of(agent)
        found = router.call_for(agent)
        keys = {f"c{i}": (-p, since) for i, (g, p, since) in enumerate(calls) if g in served}
        assert (found is None) == (not keys)
        if found is not None:
            assert keys[found[0]] == min(keys.values())
            assert found[1] == calls[int(found[0][1:])][0]


def _check_choice(choice: Choice | None, able: list[str], idle: Mapping[str, float]) -> None:
    assert (choice is None) == (not able)
    if choice is None:
        return
    times = sorted(idle[agent] for agent in able)
    assert choice.agent in able
    assert (choice.idle_since, choice.ready) == (times[0], len(able))
    assert idle[choice.agent] == choice.idle_since
    assert choice.next_idle_since == (times[1] if len(times) > 1 else None)
    if choice.next_agent is not None:
        assert choice.next_agent in able
        assert choice.next_agent != choice.agent
        assert idle[choice.next_agent] == choice.next_idle_since


def test_leaving_a_pool_or_line_in_which_nobody_stands_is_fine() -> None:
    router = Router(PLAN)
    router.agent_taken("anna")
    router.dequeue("c1", "sales")
    assert not router.is_free("anna")
    assert router.agent_for("sales") is None


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
    """Looks at pools and lines that a call's and an agent's decision take in a centre of this size."""
    monkeypatch.setattr("acd.core.router.Ordered", Counted)
    skills = ({"sales": 5}, {"sales": 3, "support": 3}, {"support": 5})
    names = [f"a{i}" for i in range(agents)]
    plan = Plan(
        agents={n: AgentProfile(n, n, n, skills[i % len(skills)]) for i, n in enumerate(names)},
        groups={
            g: GroupPolicy(g, g, Requirement({skill: 1}))
            for g, skill in (("g1", "sales"), ("g2", "support"), ("g3", "sales"))
        },
    )
    router = Router(plan)
    for i, name in enumerate(names):
        router.agent_free(name, float(i))
    for i in range(waiting):
        router.enqueue(f"c{i}", f"g{i % 3 + 1}", 0, float(i))
    Counted.looks = 0
    assert router.agent_for("g1") is not None
    for_a_call, Counted.looks = Counted.looks, 0
    assert router.call_for("a1") == ("c0", "g1")
    return for_a_call, Counted.looks


def test_a_decision_costs_the_same_in_a_large_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    small = _looks(monkeypatch, agents=3, waiting=3)
    large = _looks(monkeypatch, agents=3000, waiting=3000)
    assert small == large == (4, 3)
