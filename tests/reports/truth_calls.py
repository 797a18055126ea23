"""Calls with all kinds of ends, drawn for the days whose truth is known."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from acd.core import facts
from acd.core.callback_facts import CallbackNews, CallbackNote, entry_id
from acd.core.facts import CallbackOrder, CallKind, EndedBy, LeftBy, OfferFailure, SoundPurpose
from acd.records.corrections import Field
from acd.records.fold import fold
from tests.reports.truth import AGENTS, GROUPS, HOURS, Truth
from tests.reports.truth_agents import draw_states
from tests.reports.truth_draw import Draw

_LAST_MS = 3_600_000 * HOURS - 3_000_000
"""Later no call begins, so that all that counts of it lies in the days."""


def draw_truth(calls: int, seed: int = 1) -> Truth:
    """So many calls, and the states of the agents."""
    chance, truth = random.Random(seed), Truth()
    for number in range(calls):
        excluded = chance.random() < 0.03
        drawn = Draw(truth, chance, number, max(50, calls // 3), _LAST_MS, counts=not excluded)
        kind = chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
        KINDS[kind][1](drawn)
        truth.records.append(fold(drawn.id, drawn.facts))
        if excluded:
            drawn.correct(Field.EXCLUDED, "yes")
        elif chance.random() < 0.01:
            drawn.correct(Field.EXCLUDED, "yes", "no")  # taken back
    draw_states(truth, chance)
    truth.count_contacts()
    truth.count_peaks()
    return truth


def _answered(d: Draw, *missed_by: str) -> None:
    d.arrive()
    d.serve(*missed_by)
    d.note_call("calls_answered")
    d.contacted(answered=True)
    d.talk()
    if d.flow is not None and d.chance.random() < 0.4:
        d.survey()
    d.done(d.chance.choice((EndedBy.CALLER, EndedBy.AGENT)))
    d.wrap()
    if d.chance.random() < 0.6:
        d.dispose()


def _rerouted(d: Draw) -> None:
    """One agent or two let it ring; then another takes it."""
    _answered(d, *d.chance.sample(AGENTS, d.chance.choice((1, 1, 2))))


def _missed(d: Draw) -> None:
    """Nobody takes it, and the caller hangs up: later, or while it rings."""
    d.arrive()
    queued, agent = d.queue(), d.chance.choice(AGENTS)
    if d.chance.random() < 0.3:
        wait = d.miss(agent, OfferFailure.WITHDRAWN, "abandoned")
    else:
        failures = (
            OfferFailure.NO_ANSWER,
            OfferFailure.DECLINED,
            OfferFailure.BUSY,
            OfferFailure.UNREACHABLE,
        )
        wait = d.miss(agent, d.chance.choice(failures)) + d.pause(1, 30_000)
    d.done()
    d.visited(queued, "abandoned", wait)
    d.contacted(answered=False)


def _gone(d: Draw, low: int, high: int, by: EndedBy) -> None:
    """Abandoned after a while; by UNKNOWN while no controller was there."""
    d.arrive()
    queued = d.queue()
    wait = d.pause(low, high)
    d.done(by)
    d.visited(queued, "abandoned", wait)
    d.contacted(answered=False)


def _waiting(d: Draw) -> None:
    """Nothing more is on record."""
    d.arrive()
    queued = d.queue()
    wait = d.pause(0, 20_000)
    wait += d.miss(d.chance.choice(AGENTS), OfferFailure.DECLINED)
    d.visited(queued, "waiting", wait)
    d.never_done()
    d.contacted(answered=False)


def _left(d: Draw) -> None:
    d.arrive()
    _leave_line(d)
    d.done(EndedBy.SYSTEM)


def _leave_line(d: Draw) -> None:
    queued = d.queue()
    wait = d.pause(1_000, 90_000)
    d.say(facts.LeftLine, d.group, LeftBy.TIMEOUT)
    d.visited(queued, "left", wait)
    d.contacted(answered=False)
    if d.flow is not None:
        d.go("line", "timeout", "bye")


def _in_menu(d: Draw, by: EndedBy, name: str) -> None:
    """Nobody was asked for."""
    d.flow = d.flow or "main"
    d.arrive()
    if d.chance.random() < 0.3:
        d.go("more", "goto hours", "", into="hours")
    if d.chance.random() < 0.5:
        d.ask("polite")
    d.done(by)
    d.note_call("ivr_contained")
    d.note_call(name)
    d.contacted(answered=False)


def _message(d: Draw) -> None:
    d.flow = d.flow or "main"
    d.arrive()
    d.pause(5_000, 9_000)
    d.say(facts.SoundKept, f"m/{d.number}", 2.0, SoundPurpose.VOICEMAIL, "sales")
    d.done()
    d.contacted(answered=False)


def _blind(d: Draw) -> None:
    d.arrive()
    d.serve()
    d.note_call("calls_answered")
    d.contacted(answered=True)
    d.talk()
    d.say(facts.Transferred, d.agent, "8002", "blind")
    d.note("transfers_blind", d.at, group=d.group, **d.of_agent(d.agent), **d.of_call)
    d.serve()
    d.talk()
    d.done()
    d.wrap()


def _attended(d: Draw) -> None:
    """The colleague was asked directly, or stood for a group: then it is work for the group, and no offer."""
    d.arrive()
    d.serve()
    d.note_call("calls_answered")
    d.contacted(answered=True)
    d.talk()
    colleague = d.chance.choice([agent for agent in AGENTS if agent != d.agent])
    group = d.chance.choice((None, *GROUPS))
    way = facts.Directed(d.at, colleague) if group is None else facts.Queued(d.at, group)
    begun = facts.Arrived(d.at, CallKind.INTERNAL, "1001", "", "1002", None, d.agent)
    consult = (begun, way, facts.Answered(d.at, colleague))
    d.facts.append(facts.Transferred(d.at, d.agent, f"x{d.number}", "attended", consult))
    d.note("transfers_attended", d.at, group=d.group, **d.of_agent(d.agent), **d.of_call)
    if group is not None:
        d.group = group
        d.taken_over(colleague)
    began, length = d.ms, d.pause(1_000, 60_000)
    d.went_on("peak_talking", began, d.ms)
    if group is not None:
        d.spend("talk", length)
    d.done()


def _fallback(d: Draw) -> None:
    """Asterisk's own queue has the caller while no controller is there."""
    d.arrive()
    queued = d.queue()
    wait = d.pause(0, 20_000)
    d.say(facts.FellBack)
    wait += d.pause(0, 20_000)
    if d.chance.random() < 0.3:
        d.done(EndedBy.UNKNOWN)
        d.visited(queued, "abandoned", wait)
        d.contacted(answered=False)
        return
    d.agent = d.chance.choice(AGENTS)
    d.answer_in_fallback()
    d.visited(queued, "answered", wait, d.agent)
    d.note_call("calls_answered")
    d.contacted(answered=True)
    began, talk = d.ms, d.pause(1_000, 90_000)
    d.spend("talk", talk)
    d.went_on("peak_talking", began, d.ms)
    d.done()


def _own(d: Draw, kind: CallKind) -> None:
    """A call of our own: in line and served, but no customer who called. Rings of callbacks count."""
    d.arrive(kind)
    d.own_serve(counts_rings=kind is CallKind.CALLBACK)
    d.done()


def _callback(d: Draw) -> None:
    """Wanted out of a line or out of the menu, and what became of it."""
    d.flow = d.flow or "main"
    d.arrive()
    if d.chance.random() < 0.5:
        _leave_line(d)
    else:
        d.group = d.chance.choice(list(GROUPS))
        d.contacted(answered=False)
    d.say(facts.CallbackWanted, d.group, f"77{d.number}", "en")
    d.truth.orders.append(CallbackOrder(d.id, d.at, d.group, f"77{d.number}", "en"))
    news, end = d.chance.choice(_CALLBACK_ENDS)
    if news is not None:
        d.truth.news.append(CallbackNote(entry_id(d.id, d.at), d.at + 60, news))
    if end == "cancelled":
        d.truth.cancelled.append(d.id)
    d.note("callbacks", d.at, group=d.group)
    d.note(f"callbacks_{end}", d.at, group=d.group)
    d.done(EndedBy.SYSTEM)


_CALLBACK_ENDS = (
    (CallbackNews.DONE, "done"), (CallbackNews.DONE, "done"), (CallbackNews.FAILED, "failed"),
    (CallbackNews.EXPIRED, "failed"), (CallbackNews.TRIED, "open"), (None, "open"),
    (CallbackNews.FAILED, "cancelled"), (None, "cancelled"),
)  # fmt: skip
KINDS: dict[str, tuple[int, Callable[[Draw], None]]] = {
    "answered": (16, _answered),
    "rerouted": (6, _rerouted),
    "missed": (5, _missed),
    "abandoned": (4, partial(_gone, low=10_000, high=90_000, by=EndedBy.CALLER)),
    "short": (4, partial(_gone, low=0, high=4_000, by=EndedBy.CALLER)),
    "vanished": (3, partial(_gone, low=0, high=60_000, by=EndedBy.UNKNOWN)),
    "waiting": (1, _waiting),
    "left": (4, _left),
    "dropped": (4, partial(_in_menu, by=EndedBy.CALLER, name="ivr_dropped")),
    "completed": (4, partial(_in_menu, by=EndedBy.SYSTEM, name="ivr_completed")),
    "message": (3, _message),
    "blind": (4, _blind),
    "attended": (4, _attended),
    "fallback": (4, _fallback),
    "internal": (2, partial(_own, kind=CallKind.INTERNAL)),
    "called back": (2, partial(_own, kind=CallKind.CALLBACK)),
    "callback": (6, _callback),
}
"""How often, and how."""
