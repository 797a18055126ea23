"""Steps that ask somebody else: `lookup` and `callback`."""

from __future__ import annotations

from dataclasses import replace

from acd.ivr.expressions import Expression, ExpressionError
from acd.ivr.flow import Callback, CustomerLookup, HttpLookup, Lookup
from acd.ivr.position import ASKED, NOT_AGAIN, Progress
from acd.ivr.talk import (
    CustomerRequest,
    Done,
    Found,
    HttpRequest,
    Look,
    LookupFailed,
    NotFound,
    Outcome,
    Refused,
    TakeCallback,
)
from acd.ivr.values import Unfit, as_text, fit
from acd.ivr.walk import Answer, Leave, Walk


def begin_lookup(walk: Walk, step: Lookup) -> Answer:
    """The request, worked out."""
    match step.source:
        case CustomerLookup(number=number):
            return Look(CustomerRequest(walk.open_text(number)), walk.hear_openly(step.wait))
        case HttpLookup() as source:
            if walk.progress.phase == ASKED:
                return Leave("failure", step.failure, "cut off: it may have been done")
            request = HttpRequest(
                method=source.method,
                url=walk.text(source.url),
                headers={name: walk.text(value) for name, value in source.headers.items()},
                body={name: walk.evaluate(value) for name, value in source.body.items()},
                timeout_s=source.timeout_s,
                retries=source.retries,
                values=source.values,
                masked=_tells_secrets(walk, source),
                idempotent=source.idempotent,
            )
            look = Look(request, walk.hear_openly(step.wait))
            if not source.idempotent:
                walk.progress = Progress(ASKED)
            return look


def _tells_secrets(walk: Walk, source: HttpLookup) -> bool:
    told: list[Expression] = [source.url, *source.headers.values(), *source.body.values()]
    masked = walk.position.frame.masked.keys()
    return any(expression.names & masked for expression in told)


def handle_lookup(walk: Walk, step: Lookup, outcome: Outcome) -> Answer | None:
    """Only a full answer sets anything."""
    match outcome:
        case Found():
            return _found(walk, step, outcome)
        case NotFound():
            return Leave("not found", step.not_found)
        case LookupFailed(reason=reason):
            return Leave("failure", step.failure, reason)
    return None


def _found(walk: Walk, step: Lookup, found: Found) -> Answer:
    if isinstance(step.source, CustomerLookup):
        try:
            customer = {name: fit(value) for name, value in found.values.items()}
        except Unfit as error:
            return Leave("failure", step.failure, str(error))
        walk.position = replace(walk.position, customer=customer)
        return Leave("next", step.next, f"customer {customer.get('id', '')}")
    missing = [name for name in step.source.values if name not in found.values]
    if missing:
        return Leave("failure", step.failure, f"no {', '.join(missing)} in the answer")
    values = {name: found.values[name] for name in step.source.values}
    origin = walk.here() if step.source.idempotent else NOT_AGAIN
    try:
        walk.assign(values, dict.fromkeys(step.source.masked, origin))
    except ExpressionError as error:
        return Leave("failure", step.failure, str(error))
    shown = [f"{name} = {as_text(value)}" for name, value in walk.shown_variables(values).items()]
    return Leave("next", step.next, ", ".join(shown))


# --- callback ---------------------------------------------------------------------------------
def begin_callback(walk: Walk, step: Callback) -> Answer:
    """A number that is none at all need not be asked for."""
    number = walk.open_text(step.number).strip()
    if not number:
        return Leave("failure", step.failure, "no number")
    return TakeCallback(step.group, number, walk.language)


def handle_callback(_: Walk, step: Callback, outcome: Outcome) -> Answer | None:
    """Noted, or why not."""
    match outcome:
        case Done():
            return Leave("next", step.next, step.group)
        case Refused(reason=reason):
            return Leave("failure", step.failure, reason)
    return None
