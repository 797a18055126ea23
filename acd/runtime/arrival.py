"""A new call: who calls, from where, and which customer that is."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from acd.core.events import CallArrived, CallEnded
from acd.core.facts import CallKind, Customer, EndedBy
from acd.core.ports import Ask, Switch
from acd.errors import TelephonyError
from acd.ivr.ports import CallerLine
from acd.runtime.numbers import NumberBook, ToOutside
from acd.runtime.shell import Shell

HALF_S = 0.5
"""Half of a second: the id of a call tells in which it came, and no more."""

ON_ITS_WAY_S = 10.0
"""A call that was taken is told of within that time, unless nobody could be told."""

FindCustomer = Callable[[str], Awaitable[Customer | None]]
"""Whose number it is; answers soon, whatever happens."""


class Clocks:
    """The machine's clock beside the engine's, which never jumps: somebody may set the first.

    `now` and `engine_now`: what they show when the controller begins.
    """

    def __init__(self, now: float, engine_now: float) -> None:
        self._ahead_s = now - engine_now  # the machine's of the engine's, when it was asked last
        self._ahead_before_s, self._set_at = self._ahead_s, engine_now

    def begun_at(self, middle: float | None, now: float, engine_now: float) -> float | None:
        """When a call began, in engine seconds; None: just now.

        `middle` is that of the second in which Asterisk took it, by the machine's clock, as `now` is.
        """
        ahead_s = now - engine_now
        if abs(ahead_s - self._ahead_s) > HALF_S:
            self._ahead_before_s, self._set_at = self._ahead_s, engine_now
        self._ahead_s = ahead_s
        if middle is None or now - middle <= HALF_S:
            return None  # the second is not over: it asks at once, as far as can be told
        if now - middle <= 2 * HALF_S:
            middle += HALF_S  # at the very end of its second, and asks at once; or up to a second ago
        at = engine_now - (now - middle)
        if engine_now - self._set_at < ON_ITS_WAY_S:  # it may have been taken before the clock was set
            at = max(t for t in (at, middle - self._ahead_before_s) if t <= engine_now + HALF_S)
        return min(at, engine_now)


async def arrive(
    shell: Shell,
    numbers: NumberBook,
    find_customer: FindCustomer,
    ask: Ask,
    line: CallerLine,
    switch: Switch,
    clocks: Clocks,
) -> None:
    """Tell the engine, and the phones that will ring what to display.

    Raises TelephonyError where the caller has hung up meanwhile; the engine knows it then.
    """
    agent = shell.engine.floor.agent_on(ask.phone) if ask.phone is not None else None
    kind = _kind(numbers, ask)
    inbound = kind is CallKind.INBOUND
    number = numbers.caller(ask)
    dialed = numbers.dialed_by_caller(ask) if inbound else ask.dialed_number
    customer = await find_customer(number) if inbound else None
    shell.feed(
        CallArrived(
            ask.call_id,
            kind,
            number,
            ask.caller_name,
            dialed,
            customer,
            agent.id if agent is not None else None,
            ask.trunk,
            clocks.begun_at(ask.began_at, time.time(), shell.clock()),
            ask.node,
        )
    )
    if not switch.is_there(ask.call_id):
        # Nobody could tell the engine of a call that it did not know yet.
        shell.feed(CallEnded(ask.call_id, EndedBy.CALLER))
        raise TelephonyError("the caller hung up while the directory was asked")
    if inbound and number not in ("", ask.caller_number):
        await line.show_number(number)
    if customer is not None:
        name = f"{customer.name} ({customer.segment})" if customer.segment else customer.name
        await line.show_caller(name)
    elif agent is not None:
        await line.show_caller(shell.engine.floor.profile(agent.id).name)


def _kind(numbers: NumberBook, ask: Ask) -> CallKind:
    if ask.phone is None:
        return CallKind.INBOUND
    goes_outside = isinstance(numbers.destination(ask.dialed_number), ToOutside)
    return CallKind.OUTBOUND if goes_outside else CallKind.INTERNAL
