"""Calls to the outside: asks the dial plan, picks the trunk, goes on to the next, says what is the matter.

Nobody but an agent gets outside: by dialling, or by sending a caller there. A caller from outside who
dials an outside number never comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from acd.core import outside_facts as facts
from acd.core.callback_events import CallbackNotReached
from acd.core.callback_facts import CallbackTried
from acd.core.calls import Call, CallState, Channel
from acd.core.facts import CallKind, StepTaken, Transferred
from acd.core.outside_events import OutsideDialed, OutsideFailed, OutsideRefused
from acd.core.outside_facts import FLOW, DialFailure
from acd.core.ports import Ask, Refusal, Switch
from acd.ivr.flow import Speech
from acd.ivr.ports import CallerLine
from acd.runtime.dial_plan import Denial, DialPlan, Permit
from acd.runtime.outside_guard import OutsideGuard
from acd.runtime.shell import Shell
from acd.settings.centre_now import CentreView

log = structlog.get_logger(__name__)

SENTENCES: Mapping[str, Mapping[Denial, str]] = {
    "en": {
        Denial.LOGGED_OUT: "Please log in first.",
        Denial.NOT_ALLOWED: "You are not allowed to call this number.",
        Denial.TRUNKS_FULL: "All lines to the outside are busy. Please try again later.",
        Denial.NO_NUMBER: "This is no number outside.",
        Denial.PREMIUM: "This number is too expensive to be called.",
        Denial.OUT_OF_HOURS: "Calls to the outside are not allowed at this time.",
        Denial.CALLS_FULL: "There are too many calls to the outside. Please try again later.",
        Denial.OWN_CALLS_FULL: "You have another call to the outside.",
        Denial.DESTINATION_FULL: "There are too many calls to this destination. Please try again later.",
        Denial.NO_RATE: "This number cannot be called, as its price is not known.",
        Denial.BUDGET_SPENT: "Today's budget for calls to the outside is spent.",
        Denial.OWN_BUDGET_SPENT: "Your budget for calls to the outside is spent for today.",
    },
    "zh_CN": {
        Denial.LOGGED_OUT: "请先登录。",
        Denial.NOT_ALLOWED: "您无权拨打此号码。",
        Denial.TRUNKS_FULL: "外线全忙，请稍后再试。",
        Denial.NO_NUMBER: "这不是外线号码。",
        Denial.PREMIUM: "此号码费用过高，不能拨打。",
        Denial.OUT_OF_HOURS: "现在不允许拨打外线。",
        Denial.CALLS_FULL: "外线通话过多，请稍后再试。",
        Denial.OWN_CALLS_FULL: "您已有一个外线通话。",
        Denial.DESTINATION_FULL: "拨往该地区的通话过多，请稍后再试。",
        Denial.NO_RATE: "此号码价格未知，不能拨打。",
        Denial.BUDGET_SPENT: "今天的外线费用额度已用完。",
        Denial.OWN_BUDGET_SPENT: "您今天的外线费用额度已用完。",
    },
}

# What may succeed over another trunk. Busy, no answer and a refusal are the last word of the one called.
GOES_ON = frozenset({DialFailure.CONGESTION, DialFailure.UNREACHABLE, DialFailure.UNKNOWN_NUMBER})
REFUSALS: Mapping[DialFailure, Refusal] = {
    DialFailure.BUSY: Refusal.BUSY,
    DialFailure.DECLINED: Refusal.BUSY,
    DialFailure.UNKNOWN_NUMBER: Refusal.UNKNOWN_NUMBER,
    DialFailure.CONGESTION: Refusal.CONGESTION,
    DialFailure.UNREACHABLE: Refusal.CONGESTION,
}


def announcements(centre: CentreView) -> tuple[Speech, ...]:
    """Every sentence with which a number may be refused."""
    if centre.dialing is None:
        return ()
    language = _language(centre)
    return tuple(Speech(text, language) for text in SENTENCES[language].values())


def _language(centre: CentreView) -> str:
    return centre.system.language if centre.system.language in SENTENCES else "en"


@dataclass(frozen=True, slots=True)
class Sender:
    """On whose authority an outside number is dialled.

    `agent` None: a phone where nobody is logged in; FLOW: a flow, for its caller.
    """

    agent: str | None


class OutboundDesk:
    """`take_back(call, reason)` is asked where a customer goes whom an agent could not send outside."""

    def __init__(
        self,
        centre: CentreView,
        plan: DialPlan,
        shell: Shell,
        switch: Switch,
        take_back: Callable[[Call, str], None],
        guard: OutsideGuard | None = None,
    ) -> None:
        self._centre = centre
        self._plan = plan
        self._shell = shell
        self._switch = switch
        self._take_back = take_back
        self._guard = guard

    def begin(
        self, call_id: str, number: str, sender: Sender, ring_timeout_s: float | None = None
    ) -> Denial | None:
        """Dial the number; or why it is not dialled: that is the sender's to say (`refuse`) or to go on from.

        It rings for `ring_timeout_s`, None: as the plan says. `take_back` hears of it when nobody could
        be reached.
        """
        outside = self._plan.outside(number)
        if outside is None:
            return Denial.NO_NUMBER  # whatever a flow made of what callers keyed is not for the log
        agent = sender.agent or ""
        permit = self._permit(agent, outside)
        guard = self._guard
        bound = guard.denial(agent, outside) if guard is not None and isinstance(permit, Permit) else None
        if bound is not None:
            denial: Denial | None = bound
        elif isinstance(permit, Permit):
            denial = self._dial_next(call_id, permit, agent, ring_timeout_s)
        else:
            denial = permit
        if denial is not None:
            if guard is not None:
                guard.count_refusal(denial)
            log.warning(
                "outside number refused", call=call_id, number=outside, agent=agent, reason=denial.value
            )
        return denial

    def _permit(self, agent: str, number: str) -> Permit | Denial:
        if agent == FLOW:
            return self._plan.permit_for_flow(number)
        return self._plan.permit(agent or None, number)

    def dial_failed(self, call: Call, ask: Ask) -> None:
        """The dial of the caller's channel came to nothing."""
        self.failed(call, ask.outside_failure, ask.cause)

    def failed(self, call: Call, failure: DialFailure, cause: str) -> None:
        """The dial came to nothing: over to the next trunk, or that was it."""
        last = next((f for f in reversed(call.facts) if isinstance(f, facts.OutsideDialed)), None)
        self._shell.feed(OutsideFailed(call.id, failure, cause))
        if last is None or call.state is not CallState.IVR:
            return
        if failure in GOES_ON:
            permit = self._permit(last.agent, last.number)
            if isinstance(permit, Permit):
                rest = self._dial_next(call.id, permit, last.agent, call.ring_timeout_s)
                if rest is None:
                    return
        log.info("outside number not reached", call=call.id, number=last.number, reason=failure)
        if call.is_customers:
            self._take_back(call, f"{last.number}: {failure.value}")
            return
        if call.kind is CallKind.CALLBACK:
            has_agent = call.channel is Channel.AGENT
            self._shell.feed(CallbackNotReached(call.id, failure.value))
            if not has_agent:
                return
        self._switch.hang_up(call.id, REFUSALS.get(failure, Refusal.NO_ANSWER))

    def _dial_next(
        self, call_id: str, permit: Permit, agent: str, ring_timeout_s: float | None
    ) -> Denial | None:
        """Over the first trunk that has not been tried for this and is not full; None: it is dialled now."""
        call = self._shell.engine.floor.calls.get(call_id)
        if call is None or call.state is not CallState.IVR:
            return None  # hung up meanwhile
        for trunk in permit.trunks:
            if trunk in _tried(call) or (self._is_full(trunk) and not permit.emergency):
                continue
            shown = self._plan.caller_id(agent or None, call.group, trunk)
            event = OutsideDialed(
                call_id,
                permit.number,
                trunk,
                agent,
                shown,
                self._plan.written(permit.number, trunk),
                self._plan.written(shown, trunk),
                ring_timeout_s,
            )
            log.info("outside number dialled", call=call_id, number=permit.number, trunk=trunk, agent=agent)
            self._shell.feed(event)
            return None
        return Denial.TRUNKS_FULL

    def _is_full(self, trunk: str) -> bool:
        limit = self._centre.trunks[trunk].calls_max
        return limit is not None and self.calls_over(trunk) >= limit

    def calls_over(self, trunk: str) -> int:
        """How many of our own calls outside use the trunk now."""
        calls = self._shell.engine.floor.calls.values()
        busy = (CallState.DIALING_OUT, CallState.OUTSIDE)
        return sum(
            call.outside_trunk == trunk and (call.state in busy or call.kind is CallKind.CALLBACK)
            for call in calls
            if call.state is not CallState.ENDED
        )

    async def refuse(
        self, call_id: str, number: str, sender: Sender, denial: Denial, line: CallerLine
    ) -> None:
        """Say so to who has dialled; a customer whom an agent has sent there is taken back."""
        self._shell.feed(OutsideRefused(call_id, number, sender.agent or "", denial.value))
        call = self._shell.engine.floor.calls.get(call_id)
        if call is not None and call.is_customers:
            self._take_back(call, f"{number}: {denial.value}")
            return
        language = _language(self._centre)
        await line.answer()
        await line.play((Speech(SENTENCES[language][denial], language),))
        self._switch.hang_up(call_id, Refusal.NORMAL)


def _tried(call: Call) -> set[str]:
    """The trunks over which this number was dialled already, since the caller was last sent somewhere.

    A flow sends the caller somewhere else whenever it has left a step.
    """
    tried: set[str] = set()
    for fact in reversed(call.facts):
        if isinstance(fact, Transferred | StepTaken | CallbackTried):
            break
        if isinstance(fact, facts.OutsideDialed):
            tried.add(fact.trunk)
    return tried
