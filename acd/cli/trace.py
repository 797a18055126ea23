"""`acd trace`: how callers went through the flows."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from acd.cli import context
from acd.core.fact_json import fact_from_dict
from acd.errors import OperatorError, RequestRefused
from acd.records.trace import call_trace, flow_runs
from acd.records.traffic import last_runs
from acd.runtime.control import UNKNOWN_CALL
from acd.runtime.leader import Leader


def trace(
    call: Annotated[str, typer.Argument(help="a call's id, as in `acd calls list` or `acd status`")] = "",
    flow: Annotated[str, typer.Option(help="instead of a call: the last runs of this flow")] = "",
    last: Annotated[int, typer.Option(min=1, max=10_000, help="with --flow: how many runs")] = 20,
) -> None:
    """How a call went through its flows, step by step; also of a call that goes on."""
    if bool(call) == bool(flow):
        raise OperatorError("give either a call's id or --flow NAME")
    env = context.environment()
    tz = context.timezone(env)
    with context.records(env) as store:
        if flow:
            records = [store.call(call_id) for call_id in last_runs(store.engine, flow, last)]
            lines = flow_runs(flow, (record for record in records if record is not None), tz)
            missing = f"no run of a flow {flow!r} is on record"
        else:
            record = store.call(call)
            facts = list(record.facts) if record is not None else _facts_of_live(call)
            lines = call_trace(call, facts, tz)
            missing = f"call {call!r} has not been in a flow"
    if not lines:
        raise OperatorError(missing)
    for line in lines:
        context.console.print(line, markup=False, soft_wrap=True)


def _facts_of_live(call: str) -> list[Any]:
    unknown = OperatorError(
        f"no call {call!r} is on record, and none goes on; 'acd calls list' shows today's"
    )
    try:
        answer = asyncio.run(Leader(context.environment()).request(do="trace", call=call))
    except RequestRefused as refused:
        if refused.code != UNKNOWN_CALL:
            raise
        raise unknown from refused
    except OperatorError:
        raise unknown from None
    return [fact_from_dict(fact) for fact in answer["facts"]]
