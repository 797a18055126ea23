"""The step that asks for digits: `collect`."""

from __future__ import annotations

import re
from dataclasses import replace

from acd.ivr.flow import Collect, Confirm, Message
from acd.ivr.position import Progress
from acd.ivr.steps.keys import INVALID, NO_INPUT, failed_again
from acd.ivr.talk import Keys, Listen, Outcome
from acd.ivr.values import MASK
from acd.ivr.walk import Answer, Leave, Walk

CONFIRM = "confirm"


def begin_collect(walk: Walk, step: Collect) -> Answer:
    """Ask; or, where digits wait for it, ask whether they are right."""
    progress = walk.progress
    if progress.phase == CONFIRM and step.confirm is not None:
        return _ask_back(walk, step, step.confirm)
    remark = {INVALID: step.invalid, NO_INPUT: step.no_input}.get(progress.remark, Message())
    return Listen(
        walk.hear(remark, step.message),
        first_key_s=step.timeout_s,
        next_key_s=step.next_key_s,
        max_keys=step.max_length,
        terminator=step.terminator,
        masked=step.masked or walk.speaks_masked(remark, step.message),
    )


def handle_collect(walk: Walk, step: Collect, outcome: Outcome) -> Answer | None:
    """Digits, or the answer to whether they are right."""
    if not isinstance(outcome, Keys):
        return None
    if walk.progress.phase == CONFIRM and step.confirm is not None:
        return _confirmed(walk, step, step.confirm, outcome.keys)
    if outcome.keys and _is_valid(walk, step, outcome.keys):
        if step.confirm is None:
            return _take(walk, step, outcome.keys)
        failed = walk.progress.failed
        walk.progress = Progress(CONFIRM, failed, entered=outcome.keys, masked=step.masked)
        return _ask_back(walk, step, step.confirm)
    return _once_more(walk, step, outcome.keys)


def _is_valid(walk: Walk, step: Collect, keys: str) -> bool:
    if not step.min_length <= len(keys) <= step.max_length:
        return False
    if step.pattern and re.fullmatch(step.pattern, keys) is None:
        return False
    if step.luhn and not luhn_holds(keys):
        return False
    return step.valid is None or bool(walk.evaluate(step.valid, {step.variable: keys}))


def luhn_holds(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    if not (digits.isascii() and digits.isdecimal()):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _once_more(walk: Walk, step: Collect, keys: str) -> Answer:
    if failed_again(walk, keys, step.tries):
        return Leave("failure", step.failure, _detail(step, keys, "invalid: "))
    return begin_collect(walk, step)


def _take(walk: Walk, step: Collect, keys: str) -> Answer:
    walk.assign({step.variable: keys}, {step.variable: walk.here()} if step.masked else None)
    return Leave("next", step.next, _detail(step, keys))


def _detail(step: Collect, keys: str, before: str = "") -> str:
    if not keys:
        return "no input"
    return before + (MASK if step.masked else keys)


# --- read back and confirm --------------------------------------------------------------------
def _ask_back(walk: Walk, step: Collect, confirm: Confirm) -> Answer:
    return Listen(
        walk.hear(confirm.message, extra={step.variable: walk.progress.entered}),
        first_key_s=step.timeout_s,
        next_key_s=step.next_key_s,
        max_keys=max(len(confirm.yes), len(confirm.no)),
        words=frozenset({confirm.yes, confirm.no}),
        masked=step.masked or walk.speaks_masked(confirm.message),
    )


def _confirmed(walk: Walk, step: Collect, confirm: Confirm, keys: str) -> Answer:
    """`yes` takes the digits, `no` asks anew; anything else asks back again, `tries` times at most."""
    progress = walk.progress
    if keys == confirm.yes:
        return _take(walk, step, progress.entered)
    if keys == confirm.no:
        failed = progress.failed + 1
        if failed >= step.tries:
            return Leave("failure", step.failure, "not confirmed")
        walk.progress = Progress(failed=failed)
        return begin_collect(walk, step)
    asked_back = progress.item + 1
    if asked_back >= step.tries:
        return Leave("failure", step.failure, "not confirmed")
    walk.progress = replace(progress, item=asked_back)
    return _ask_back(walk, step, confirm)
