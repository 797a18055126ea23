"""Steps that ask for a key or two: `menu` and `survey`."""

from __future__ import annotations

from dataclasses import replace

from acd.ivr.flow import Menu, Message, Survey
from acd.ivr.position import Progress
from acd.ivr.talk import Done, KeepScore, Keys, Listen, Outcome
from acd.ivr.walk import Answer, Leave, Walk

NO_INPUT = "no_input"
INVALID = "invalid"


def begin_menu(walk: Walk, step: Menu) -> Answer:
    """What was wrong with the last round, if one was; then the menu."""
    heard = (_remark(walk, step.invalid, step.no_input), step.message)
    return Listen(
        walk.hear(*heard),
        first_key_s=step.timeout_s,
        next_key_s=step.next_key_s,
        max_keys=max(map(len, step.choices), default=1),
        words=frozenset(step.choices),
        masked=walk.speaks_masked(*heard),
    )


def handle_menu(walk: Walk, step: Menu, outcome: Outcome) -> Answer | None:
    """To the choice, or once more, or out after the last try."""
    if not isinstance(outcome, Keys):
        return None
    if outcome.keys in step.choices:
        return Leave(f"choice {outcome.keys}", step.choices[outcome.keys])
    if failed_again(walk, outcome.keys, step.tries):
        return Leave("failure", step.failure, f"invalid: {outcome.keys}" if outcome.keys else "no input")
    return begin_menu(walk, step)


def failed_again(walk: Walk, keys: str, tries: int) -> bool:
    """Count a round that failed; whether it was the last one."""
    failed = walk.progress.failed + 1
    walk.progress = replace(walk.progress, failed=failed, remark=INVALID if keys else NO_INPUT)
    return failed >= tries


def _remark(walk: Walk, invalid: Message, no_input: Message) -> Message:
    return {INVALID: invalid, NO_INPUT: no_input}.get(walk.progress.remark, Message())


# --- survey -----------------------------------------------------------------------------------
def begin_survey(walk: Walk, step: Survey) -> Answer:
    """The question whose turn it is; after the last one, out."""
    item = walk.progress.item
    if item >= len(step.questions):
        return Leave("next", step.next)
    question = step.questions[item]
    heard = (_remark(walk, step.invalid, Message()), question.message)
    return Listen(
        walk.hear(*heard),
        first_key_s=step.timeout_s,
        words=frozenset(map(str, range(question.low, question.high + 1))),
        masked=walk.speaks_masked(*heard),
    )


def handle_survey(walk: Walk, step: Survey, outcome: Outcome) -> Answer | None:
    """Keep a score as it comes; leave a question out that gets no answer."""
    progress = walk.progress
    if progress.item >= len(step.questions):
        return Leave("next", step.next)
    if progress.phase == "score":
        return _next_question(walk, step) if isinstance(outcome, Done) else None
    if not isinstance(outcome, Keys):
        return None
    question = step.questions[progress.item]
    if outcome.keys.isdecimal() and question.low <= int(outcome.keys) <= question.high:
        walk.progress = replace(progress, phase="score")
        position = walk.position
        return KeepScore(f"{position.flow}/{position.step}", question.name, int(outcome.keys))
    if failed_again(walk, outcome.keys, step.tries):
        return _next_question(walk, step)
    return begin_survey(walk, step)


def _next_question(walk: Walk, step: Survey) -> Answer:
    walk.progress = Progress(item=walk.progress.item + 1)
    return begin_survey(walk, step)
