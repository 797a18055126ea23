"""`acd why`: why a caller still waits, or why each routing decision of a call was as it was."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from acd.cli import context
from acd.cli.why_screen import screen
from acd.cli.words import state_in_words
from acd.core.fact_json import fact_from_dict
from acd.errors import OperatorError, RequestRefused
from acd.records.decisions import decision_lines, decisions
from acd.records.record import CallRecord
from acd.runtime.control import UNKNOWN_CALL
from acd.runtime.leader import Leader
from acd.runtime.why_desk import LISTED_AT_MOST


def why(
    call: Annotated[
        str, typer.Argument(help="an id, its beginning, or the caller's number; without: the one that waits")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Why a caller still waits; of any other call, why each routing decision was as it was."""
    env = context.environment()
    try:
        answer = asyncio.run(Leader(env).request(do="why", call=call))
    except RequestRefused as refused:
        if refused.code != UNKNOWN_CALL:
            raise
        answer = _on_record(call)
    except OperatorError:
        if not call:
            raise
        answer = _on_record(call)  # no controller runs; what is over can be told without one
    if as_json:
        typer.echo(json.dumps(_told(answer), ensure_ascii=False, indent=2))
        return
    lines = screen(answer["why"], context.console.width) if answer["why"] else _decided(answer)
    for line in lines:
        context.console.print(line, soft_wrap=True)


def _on_record(call: str) -> dict[str, Any]:
    with context.records(context.environment()) as store:
        record = store.call(call) or _only_one(call, store.named(call))
    return {"call": record.call_id, "state": "ended", "facts": record.facts, "why": None}


def _only_one(call: str, found: list[CallRecord]) -> CallRecord:
    """Of several calls from one number the latest is meant; the beginning of several ids says nothing."""
    if not found:
        raise OperatorError(
            f"no call {call!r} goes on or is on record: 'acd status' shows those that go on, 'acd calls list'"
            " today's; give an id, its beginning, or the caller's whole number"
        )
    if len(found) > 1 and any(record.call_id.startswith(call) for record in found):
        listed = ", ".join(record.call_id for record in found[:LISTED_AT_MOST])
        raise OperatorError(f"several calls begin with {call!r}, name one: {listed}")
    return found[0]


def _facts(answer: dict[str, Any]) -> list[Any]:
    return [fact_from_dict(fact) if isinstance(fact, dict) else fact for fact in answer["facts"]]


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    decided = [asdict(decision) for decision in decisions(_facts(answer))]
    return {"call": answer["call"], "state": answer["state"], "why": answer["why"], "decisions": decided}


def _decided(answer: dict[str, Any]) -> list[Text]:
    tz = context.timezone(context.environment())
    lines = decision_lines(answer["call"], _facts(answer), tz)
    if answer["state"] != "ended":
        lines.append(f"it does not wait in a line now: {state_in_words(answer['state'])}")
    return [Text(line) for line in lines]
