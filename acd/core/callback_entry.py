"""A callback's entry in the line: when it stands there, when it is given up, who is told."""

from __future__ import annotations

from acd.core import facts, lines, offers
from acd.core.callback_facts import CallbackNews, CallbackNote
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import NoteCallback
from acd.core.facts import EndedBy
from acd.core.floor import Floor
from acd.core.plan import CallbackRule
from acd.core.timers import Timer

GROUP_GONE = "its group is gone"
_DEFAULT = CallbackRule()


def group_removed(floor: Floor, call: Call) -> None:
    """The plan has no such group any more: into the line of its heir, or to people.

    One that is being dialled goes on.
    """
    if call.channel is not Channel.NONE or call.agent is not None:
        return
    if call.group is not None and floor.plan.heir(call.group) is not None:
        floor.hand_on(call)
        call.present = False
        stand_if_due(floor, call)
        return
    call.state = CallState.WAITING
    close(floor, call, CallbackNews.PUT_BACK, GROUP_GONE)


def rule_of(floor: Floor, call: Call) -> CallbackRule:
    """The group's rule; the usual one where a reload has taken it away."""
    policy = floor.policy(call)
    return _DEFAULT if policy is None or policy.callbacks is None else policy.callbacks


def in_line(call: Call) -> bool:
    """Whether the entry stands in line, or aside until it is time; nobody is dialled or rung for it."""
    return call.channel is Channel.NONE and call.state is CallState.WAITING


def stand_if_due(floor: Floor, call: Call) -> None:
    """Into the line, if it is time for it; else when it is."""
    if call.group not in floor.plan.groups:
        group_removed(floor, call)
        return
    _arm(floor, call)
    if call.try_at is not None or call.group in floor.callbacks_closed or call.present:
        return
    call.present = True
    floor.enter_line(call)
    offers.dispatch_call(floor, call)


def _arm(floor: Floor, call: Call) -> None:
    due = [at for at in (call.try_at, call.expires_at) if at is not None]
    if due:
        floor.timers.set(Timer.CALLBACK, call.id, max(min(due), floor.now))


def expire(floor: Floor, call: Call) -> bool:
    """Whether the entry's time was over; then it is given up."""
    if not in_line(call) or call.expires_at is None or call.expires_at > floor.now:
        return False
    close(floor, call, CallbackNews.EXPIRED, "its time was over")
    return True


def close(floor: Floor, call: Call, news: CallbackNews | None, why: str) -> None:
    """Nobody tries any more; `news` None: whoever has closed it says so themselves."""
    lines.drop_limits(floor, call)
    floor.timers.clear(call.id, Timer.CALLBACK)
    floor.note(call, facts.Ended(floor.now, EndedBy.SYSTEM, why))
    floor.move_call(call, CallInput.END)
    if news is not None:
        tell(floor, call, news, None, why)
    floor.settle(call)


def tell(floor: Floor, call: Call, news: CallbackNews, agent: str | None, note: str) -> None:
    """Have it noted with the callback's task what has become of it."""
    floor.emit(NoteCallback(CallbackNote(call.id, floor.now, news.value, agent, note)))
