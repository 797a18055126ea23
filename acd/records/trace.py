"""A call's way through flows, as people read it: step by step with times. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from acd.core.facts import (
    CallbackWanted,
    ConsentSaid,
    Fact,
    FlowEntered,
    LanguageChosen,
    LeftLine,
    NotKept,
    Scored,
    SoundKept,
    WaitTakenUp,
)
from acd.records.flow_steps import StepLeft, steps_left
from acd.records.fold import utc
from acd.records.record import CallRecord
from acd.records.report import duration
from acd.records.story import in_words, printable, since

_TOLD = (
    FlowEntered,
    LanguageChosen,
    ConsentSaid,
    Scored,
    SoundKept,
    CallbackWanted,
    LeftLine,
    NotKept,
    WaitTakenUp,
)


def call_trace(call_id: str, facts: Sequence[Fact], tz: ZoneInfo) -> list[str]:
    """A heading, then `time  +since the start  flow/step  arrow → to  (detail)`; empty without a flow."""
    told = [(fact.at, _other(fact)) for fact in facts if isinstance(fact, _TOLD)]
    steps = steps_left(facts)
    if not told and not steps:
        return []
    told += [(step.at, _step(step)) for step in steps]
    told.sort(key=lambda line: line[0])  # at the same time, the step comes after what it brought about
    start = facts[0].at
    lines = [f"Call {printable(call_id)}, {utc(start).astimezone(tz):%Y-%m-%d} ({tz.key})"]
    for at, text in told:
        clock = f"{utc(at).astimezone(tz):%H:%M:%S.%f}"[:-3]
        lines.append(f"{clock}  {since(at - start):>8}  {printable(text)}")
    return lines


def flow_runs(flow: str, records: Iterable[CallRecord], tz: ZoneInfo) -> list[str]:
    """A line for each run: when, which call, who called, for how long, by which steps, and how it ended."""
    return [line for record in records if (line := _run(flow, record, tz))]


def _run(flow: str, record: CallRecord, tz: ZoneInfo) -> str:
    steps = [step for step in steps_left(record.facts) if step.flow == flow]
    if not steps:
        return ""
    entered = [f.at for f in record.facts if isinstance(f, FlowEntered) and f.flow == flow]
    began = min([*entered, steps[0].at])
    way = " → ".join(step.step or "(start)" for step in steps)
    last = steps[-1]
    end = f"{last.arrow} → {last.to}" if last.to else last.arrow
    caller = printable(record.caller_number or "(no number)")
    when = f"{utc(began).astimezone(tz):%Y-%m-%d %H:%M:%S}"
    return printable(f"{when}  {record.call_id}  {caller}  {duration(last.at - began)}  {way}: {end}")


def _step(step: StepLeft) -> str:
    text = f"{step.flow}/{step.step or '(start)'}  {step.arrow}"
    if step.to:
        text += f" → {step.to}"
    return text + (f"  ({step.detail})" if step.detail else "")


def _other(fact: Fact) -> str:
    if isinstance(fact, FlowEntered) and fact.version:
        return f"{in_words(fact)}, version {fact.version}"
    return in_words(fact)
