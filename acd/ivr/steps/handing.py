"""Steps that put the caller into other hands: `queue`, `transfer`, `voicemail`, `record`."""

from __future__ import annotations

from acd.ivr.expressions import ExpressionError
from acd.ivr.flow import Queue, QueueNews, Record, Transfer, Voicemail
from acd.ivr.position import AWAY, Progress
from acd.ivr.talk import (
    AgentLeft,
    Dial,
    JoinQueue,
    NoAgents,
    NotTaken,
    Outcome,
    QueueClosed,
    QueueFull,
    QueueKey,
    QueueLeft,
    QueueTimeout,
    Recorded,
    RecordSound,
)
from acd.ivr.talk import News as NewsOfQueue
from acd.ivr.walk import Answer, Leave, Over, Walk

HIGHEST_PRIORITY = 100


def begin_queue(walk: Walk, step: Queue) -> Answer:
    """Into the line.

    Who stood there before a restart keeps the priority, and is asked no more for the agent to wait for: what
    these were made of may be lost.
    """
    was_there = walk.progress.phase == AWAY
    priority = walk.progress.priority if was_there else _priority(walk, step)
    prefer = "" if was_there or step.prefer is None else walk.open_text(step.prefer).strip()
    joins = JoinQueue(
        step.group,
        priority,
        walk.language,
        keys=frozenset(step.keys),
        news=None if step.news is None else _news(walk, step.news),
        max_wait_s=step.max_wait_s if step.timeout is not None else None,
        leave_without_agents=step.no_agents is not None,
        back_after_agent=step.after is not None,
        leave_when_full=step.full is not None,
        leave_when_closed=step.closed is not None,
        exits=frozenset(step.exits),
        requirement=step.requirement,
        alone=step.alone,
        prefer=prefer,
        prefer_wait_s=step.prefer_wait_s if prefer else 0.0,
    )
    walk.progress = Progress(AWAY, priority=priority)
    return joins


def _priority(walk: Walk, step: Queue) -> int:
    """0 to 100; one beyond is the nearest of these."""
    if step.priority is None:
        return 0
    value = walk.evaluate(step.priority)
    try:
        priority = int(value or 0)
    except ValueError:
        raise ExpressionError(f"{step.priority.source}: the priority is no number") from None
    return max(0, min(priority, HIGHEST_PRIORITY))


def _news(walk: Walk, news: QueueNews) -> NewsOfQueue:
    return NewsOfQueue(
        news.first_s, news.every_s, news.position, news.expected_wait, walk.hear_openly(news.comfort)
    )


def handle_queue(walk: Walk, step: Queue, outcome: Outcome) -> Answer | None:
    """Out by one of the exits; after the agent the call ends where there is no `after`."""
    match outcome:
        case QueueKey(key=key) if key in step.keys:
            return Leave(f"key {key}", step.keys[key])
        case QueueTimeout() if step.timeout is not None:
            return Leave("timeout", step.timeout)
        case NoAgents() if step.no_agents is not None:
            return Leave("no agents", step.no_agents)
        case QueueFull() if step.full is not None:
            return Leave("full", step.full)
        case QueueClosed() if step.closed is not None:
            return Leave("closed", step.closed)
        case QueueLeft(exit=name) if name in step.exits:
            return Leave(f"exit {name}", step.exits[name])
        case AgentLeft():
            return _after(walk, step.after, "after the agent")
    return None


def _after(walk: Walk, after: str | None, detail: str) -> Answer:
    """What was keyed in secret was for before the talk: nobody is asked for it again in a survey."""
    walk.position = walk.position.without_secrets()
    return Leave("after", after) if after is not None else Over(detail)


# --- transfer ---------------------------------------------------------------------------------
def begin_transfer(walk: Walk, step: Transfer) -> Answer:
    """Ring them; nobody can be rung without a number."""
    target = walk.open_text(step.target).strip()
    if not target:
        return Leave("failure", step.failure, "no target")
    walk.progress = Progress(AWAY)
    return Dial(step.kind, target, step.timeout_s, back_after_agent=step.after is not None)


def handle_transfer(walk: Walk, step: Transfer, outcome: Outcome) -> Answer | None:
    """Not taken, or taken and over."""
    match outcome:
        case NotTaken(reason=reason):
            return Leave("failure", step.failure, reason)
        case AgentLeft():
            return _after(walk, step.after, "after the transfer")
    return None


# --- recordings -------------------------------------------------------------------------------
def begin_voicemail(walk: Walk, step: Voicemail) -> Answer:
    """For the group."""
    return RecordSound(
        walk.hear_openly(step.message), step.max_s, step.silence_s, step.min_s, voicemail_group=step.group
    )


def handle_voicemail(_: Walk, step: Voicemail, outcome: Outcome) -> Answer | None:
    """Kept or too short: on in any case."""
    if not isinstance(outcome, Recorded):
        return None
    return Leave("next", step.next, _length(outcome))


def begin_record(walk: Walk, step: Record) -> Answer:
    """For the call."""
    return RecordSound(walk.hear_openly(step.message), step.max_s, step.silence_s)


def handle_record(walk: Walk, step: Record, outcome: Outcome) -> Answer | None:
    """The variable gets the recording's name, '' if there is none."""
    if not isinstance(outcome, Recorded):
        return None
    walk.assign({step.variable: outcome.name})
    return Leave("next", step.next, _length(outcome))


def _length(recorded: Recorded) -> str:
    return f"{recorded.name}, {recorded.duration_s:.0f} s" if recorded.name else "nothing recorded"
