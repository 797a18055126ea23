"""What `acd why` shows of a call that waits: one screen of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from acd.cli.status import clock
from acd.cli.words import state_in_words
from acd.core.facts import OfferFailure
from acd.records.story import FAILURES, KEPT, caller_in_words, printable

LABEL_WIDTH = 11
AGENT_INDENT = " " * 15  # under the words beside an agent's id
STEPS_SHOWN = 6
Report = Mapping[str, Any]

_EXITS = {
    "key": "by a key",
    "timeout": "when the longest wait is over",
    "no_agents": "when nobody is at work",
    "full": "if too many wait",
    "closed": "when the group closes",
}


def screen(report: Report, width: int) -> list[Text]:
    """The report of `acd.core.why.WhyWaiting` as lines of at most `width` characters."""
    lines: list[Text] = []
    for label, text, style in (*_head(report), *_line(report), *_who_may(report), *_rules(report)):
        body = textwrap.wrap(printable(text), max(30, width - LABEL_WIDTH)) or [""]
        lines.append(Text(f"{label:<{LABEL_WIDTH}}{body[0]}", style=style))
        lines += [Text(" " * LABEL_WIDTH + more, style=style) for more in body[1:]]
    for line, style in _agents(report["agents"], report):
        lines += [Text(part, style=style) for part in _wrapped(printable(line), width)]
    return lines


Row = tuple[str, str, str]


def _head(report: Report) -> Iterator[Row]:
    if report["suspended"]:
        yield (
            "SUSPENDED",
            "nobody is offered calls: Asterisk is away, or the floor is looked at anew",
            "bold red",
        )
    if not report["present"] and report["entry"] is None:
        yield "ABSENT", "the caller's channel has not come back to us since the restart", "bold red"
    caller = caller_in_words(report["caller_number"], report["caller_name"])
    waited = f"{clock(report['waited_s'])} in the line of {report['group_name']} ({report['group']})"
    if report["former_call"]:
        waited += f", going on with the wait of call {report['former_call']}"
    yield "Call", f"{report['call_id']} from {caller}, {waited}", "bold"
    if (entry := report["entry"]) is not None:
        yield "Callback", _entry(entry), "" if report["present"] else "yellow"


def _entry(entry: Report) -> str:
    """What the entry of a callback waits for before any agent."""
    tries = f"{entry['tries']} {'try' if entry['tries'] == 1 else 'tries'} so far"
    if entry["next_try_in_s"] is not None:
        when = ", if customers may be called then" if entry["closed"] else ""
        return f"{tries}; stands aside, next try in {clock(entry['next_try_in_s'])}{when}"
    if entry["closed"]:
        return f"{tries}; stands aside until its customers may be called"
    return f"{tries}; the customer is called when an agent is there"


def _line(report: Report) -> Iterator[Row]:
    place = f"no. {report['position']} of {report['waiting']}" if report["position"] else "not in line now"
    place += f", priority {report['priority']}"
    if report["ageing"]:
        place += f", {report['points']:.0f} points"
    yield "Position", place, ""
    for ahead in report["ahead"]:
        who = f"{ahead['call_id']}, waiting {clock(ahead['waited_s'])}: {ahead['by']}"
        yield "  ahead", who, ""
    more = report["position"] - 1 - len(report["ahead"])
    if report["ahead"] and more > 0:
        yield "", f"and {more} more", ""
    for group, count in report["elsewhere"].items():
        yield "  also", f"{_calls(count)} of {group} with the same agents, more urgent", ""
    yield "Expected", _expected(report), ""


def _expected(report: Report) -> str:
    if not report["position"]:
        return "not known: it does not stand in line now"
    if report["expected_p50_s"] is None or not report["expected_known"]:
        return "not known: nobody at work serves this line"
    low, high = report["expected_p50_s"], report["expected_p90_s"]
    return f"{clock(low)} from now for half of such callers, {clock(high)} for nine of ten"


def _who_may(report: Report) -> Iterator[Row]:
    ring = f"ring {report['ring']} of {report['rings']}: " if report["rings"] else ""
    yield "Requires", f"{ring}{report['ring_requires']}", ""
    if (after := report["next_ring"]) is not None:
        who = ", ".join(after["adds"]) or "nobody at work"
        more = after["adds_count"] - len(after["adds"])
        who += f" and {more} more" if more else ""
        when = f"in {clock(after['in_s'])}" if after["in_s"] > 0 else "now"
        yield "  next", f"ring {after['ring']} {when}: {after['requires']}; adds {who}", ""
    if (kept := report["kept_for"]) is not None:
        why = KEPT.get(kept["why"], kept["why"])
        text = (
            f"{kept['agent']} alone ({why}), {clock(kept['for_s'])} more; now {state_in_words(kept['state'])}"
        )
        yield "Waits for", text, "yellow"
    for group, count in report["agents"]["reserved"].items():
        yield "Reserve", f"{count} ready, kept for the calls of {group}", "yellow"


def _rules(report: Report) -> Iterator[Row]:
    steps = sorted(report["steps"], key=lambda step: step["taken_at_s"] is not None)
    for step in steps[:STEPS_SHOWN]:
        yield "Policy", f"step {step['number']}, {step['when']}: {step['does']}; {_step(step)}", ""
    if len(steps) > STEPS_SHOWN:
        yield "", f"and {len(steps) - STEPS_SHOWN} more steps", ""
    for tried in report["tried"]:
        said = FAILURES[OfferFailure(tried["failure"])]
        yield "Tried", f"{tried['agent']} {said}, {clock(tried['ago_s'])} ago", ""
    if report["tried_count"] > len(report["tried"]):
        yield "", f"and {report['tried_count'] - len(report['tried'])} times before", ""
    leaves = (
        []
        if report["leaves_in_s"] is None
        else [f"in {clock(max(0.0, report['leaves_in_s']))} at the latest"]
    )
    leaves += [_EXITS.get(way, f"by {way}") for way in report["exits"] if way != "timeout" or not leaves]
    if report["entry"] is not None:
        expires_in_s = report["entry"]["expires_in_s"]
        leaves += [f"in {clock(expires_in_s)}, when it expires"] if expires_in_s is not None else []
        leaves.append("by 'acd callbacks'")
    yield "Leaves", "; ".join(leaves) or "only to an agent, or by hanging up", ""


def _step(step: Mapping[str, Any]) -> str:
    """What became of it, and when it is next."""
    if step["idle"]:
        return f"does nothing: {step['hindered']}"
    parts = []
    if step["taken_at_s"] is not None:
        parts.append(f"taken after {clock(step['taken_at_s'])}")
    if step["hindered"]:
        parts.append(step["hindered"])
    if step["taken_at_s"] is not None and step["again_s"] is None:
        return ", ".join(parts)
    if step["due_in_s"] is not None:
        parts.append(f"due in {clock(step['due_in_s'])}")
    values = ", ".join(
        f"{name} {value:.0f}" if isinstance(value, float) else f"{name} {value!r}"
        for name, value in step["seen"].items()
        if name != "waited_s"
    )
    if values:
        parts.append(f"now {values}")
    return ", ".join(parts) or "not yet"


def _agents(agents: Mapping[str, Any], report: Report) -> Iterator[tuple[str, str]]:
    yield "Agents at work who could serve the call, and what they need first:", "bold"
    if not agents["able"]:
        yield "  nobody", "bold red"
    for agent in agents["able"]:
        state = state_in_words(agent["state"]) + (
            f" ({agent['reason_label'].lower()})" if agent["reason"] else ""
        )
        ring = f"ring {agent['ring']} " if report["rings"] else ""
        yield f"  {agent['id']:<12} {ring}{state}, {clock(agent['since_s'])}: {agent['needs']}", ""
    for counted in agents["more_able"]:
        yield f"  and {counted}", ""
    if agents["unable"]:
        yield "At work, but not for this call" + (" in this ring:" if report["rings"] else ":"), "bold"
    for agent in agents["unable"]:
        later = f"; from ring {agent['from_ring']} on" if agent["from_ring"] is not None else ""
        yield f"  {agent['id']:<12} lacks {', '.join(agent['lacks'])}{later}", ""
    for counted in agents["more_unable"]:
        yield f"  and {counted}", ""
    if agents["away_count"]:
        names = ", ".join(agents["away"])
        more = agents["away_count"] - len(agents["away"])
        yield f"Logged out who could serve: {names}" + (f" and {more} more" if more else ""), "dim"


def _wrapped(line: str, width: int) -> list[str]:
    """Nothing is cut off: what an agent needs first is what the reader came for."""
    further = AGENT_INDENT if line.startswith("  ") else "  "
    return textwrap.wrap(line, max(30, width), subsequent_indent=further)


def _calls(count: int) -> str:
    return f"{count} call{'' if count == 1 else 's'}"
