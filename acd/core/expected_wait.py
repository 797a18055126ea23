"""How long a caller in line will wait, and what that is worked out from.

A simple estimate: whoever is at place p waits until p agents have become free, and n agents with an
average handle time h free themselves at a rate of n/h.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acd.core.facts import AgentLeft, Answered, Ended, Fact, Queued, Transferred, WrapUpEnded, WrapUpStarted

DEFAULT_HANDLE_TIME_S = 180.0
"""Of a group that has not handled a call yet."""


def expected_wait_s(position: int, handle_time_s: float, agents_logged_in: int) -> float:
    """Seconds until the caller at this place (1 is the head) is served.

    With nobody logged in it is as if one agent came now.
    """
    return position * handle_time_s / max(1, agents_logged_in)


def handle_times_s(facts: Iterable[Fact]) -> Iterator[tuple[str, float]]:
    """Of a finished call: each talk of an agent of a group, with the wrap-up after it, as (group, seconds).

    A wrap-up that lasted while the caller talked with the next agent counts for the talk it belongs to.
    """
    group, agent, since = "", "", 0.0
    talks: dict[str, tuple[str, float]] = {}  # agent → group and seconds
    wrap_ups: dict[str, float] = {}
    for fact in facts:
        match fact:
            case Queued():
                group = fact.group
            case Answered():
                agent, since = fact.agent, fact.at
            case AgentLeft() | Transferred() | Ended() if agent:
                if group:
                    _, before = talks.get(agent, ("", 0.0))
                    talks[agent] = (group, before + fact.at - since)
                agent = ""
            case WrapUpStarted():
                wrap_ups[fact.agent] = fact.at
            case WrapUpEnded() if fact.agent in wrap_ups and fact.agent in talks:
                in_group, talk_s = talks[fact.agent]
                talks[fact.agent] = (in_group, talk_s + fact.at - wrap_ups.pop(fact.agent))
            case _:
                pass
    yield from talks.values()
