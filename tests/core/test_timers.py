"""The heap of deadlines against a dictionary that is searched anew each time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.core.timers import Timer, Timers

KINDS = st.sampled_from(list(Timer))
KEYS = st.sampled_from(["c1", "c2", "anna"])
TIMES = st.integers(0, 8).map(float)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KINDS, KEYS, TIMES),
        st.tuples(st.just("clear"), KINDS, KEYS, TIMES),
        st.tuples(st.just("pop"), KINDS, KEYS, TIMES),
    ),
    max_size=50,
)


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_timers_are_a_dictionary_of_deadlines(steps: list[tuple[str, Timer, str, float]]) -> None:
    timers = Timers()
    due: dict[tuple[Timer, str], float] = {}
    for what, kind, key, at in steps:
        if what == "set":
            timers.set(kind, key, at)
            due[kind, key] = at
        elif what == "clear":
            timers.clear(key, kind)
            due.pop((kind, key), None)
        else:
            popped = timers.pop_due(at)
            earliest = min(due.values(), default=None)
            assert (popped is None) == (earliest is None or earliest > at)
            if popped is not None:
                assert due.pop(popped) == earliest
        assert timers.next() == min(due.values(), default=None)


def test_moving_a_deadline_leaves_nothing_behind() -> None:
    timers = Timers()
    timers.set(Timer.WRAP_UP, "anna", 10.0)
    timers.set(Timer.WRAP_UP, "anna", 5.0)
    timers.set(Timer.WRAP_UP, "anna", 10.0)
    assert timers.pop_due(9.0) is None
    assert timers.pop_due(10.0) == (Timer.WRAP_UP, "anna")
    assert timers.pop_due(10.0) is None
    assert timers.next() is None
