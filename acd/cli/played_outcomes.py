"""What somebody types in `acd try`, as the outcome of a command."""

from __future__ import annotations

from acd.ivr.talk import (
    AgentLeft,
    CustomerRequest,
    Dial,
    Done,
    FlowCommand,
    Found,
    HttpRequest,
    JoinQueue,
    Look,
    LookupFailed,
    NoAgents,
    NotFound,
    NotTaken,
    Outcome,
    QueueClosed,
    QueueFull,
    QueueKey,
    QueueLeft,
    QueueTimeout,
    Recorded,
    RecordSound,
    Refused,
    TakeCallback,
)
from acd.ivr.values import Unfit, Value, fit


class Unclear(Exception):
    """Nothing that this command can come to; the text says what it can."""


def question(command: FlowCommand) -> str:
    """What is asked of whoever plays the world, and what to type for each answer that there is."""
    match command:
        case Look(request=HttpRequest() as request):
            url = "(with a masked value)" if request.masked else request.url
            wanted = " ".join(f"{name}=…" for name in request.values) or "found"
            return (
                f"look-up {request.method} {url}; type its answer: {wanted}, not_found, or Enter (it failed)"
            )
        case Look(request=CustomerRequest(number=number)):
            known = "id=… name=… segment=… language=…"
            return f"nobody is known by the number '{number}'; type Enter (so it is), {known}, or failed"
        case JoinQueue():
            place = f"in the line of {command.group}, priority {command.priority}{_wishes(command)}"
            return f"{place}; type what happens: {_exits(command)}"
        case Dial(target=target):
            return f"ringing {target}; type Enter (taken), over (taken, then over), or why not (no_answer)"
        case RecordSound():
            return "recording; type how many seconds were said (Enter: 5), or hangup"
        case TakeCallback(group=group, number=number):
            return f"callback to {number} by {group}; type Enter (noted), or the reason why not"
    return ""


def _wishes(queue: JoinQueue) -> str:
    """What the caller asks for beside the group."""
    wishes = f", for {queue.requirement}" if queue.requirement.text else ""
    return wishes + (f", waiting for {queue.prefer} first" if queue.prefer else "")


def _exits(queue: JoinQueue) -> str:
    exits = ["Enter (waits on)", "agent (one talked, and hangs up)"]
    exits += [f"key {key}" for key in sorted(queue.keys)]
    exits += [f"timeout (after {queue.max_wait_s:g} s)"] if queue.max_wait_s is not None else []
    exits += ["no_agents (nobody is logged in)"] if queue.leave_without_agents else []
    exits += ["full (as many wait as may)"] if queue.leave_when_full else []
    exits += ["closed (the group's day ends)"] if queue.leave_when_closed else []
    exits += [f"left {name} (the group's policy)" for name in sorted(queue.exits)]
    return ", ".join(exits)


def outcome_of(command: FlowCommand, typed: str) -> Outcome | None:
    """The outcome; None: the caller stays where they are, or hangs up. Raises Unclear."""
    match command:
        case Look():
            return _look(command, typed)
        case JoinQueue():
            return _queue(command, typed)
        case Dial():
            return None if typed in ("", "taken") else AgentLeft() if typed == "over" else NotTaken(typed)
        case RecordSound():
            return _recorded(typed)
        case TakeCallback():
            return Done() if typed in ("", "done") else Refused(typed)
    return Done()


def _look(look: Look, typed: str) -> Outcome:
    wanted = look.request.values if isinstance(look.request, HttpRequest) else ()
    nothing = NotFound() if isinstance(look.request, CustomerRequest) else LookupFailed("as you say")
    if typed == "":
        return nothing
    if typed in ("not_found", "not found"):
        return NotFound()
    if typed == "failed":
        return LookupFailed("as you say")
    values: dict[str, Value] = {}
    for pair in typed.split():
        name, sign, text = pair.partition("=")
        if not sign and pair == "found":
            continue
        if not name or not sign:
            raise Unclear(question(look))
        values[name] = _value(text)
    missing = [name for name in wanted if name not in values]
    if missing:
        raise Unclear(f"the step takes {', '.join(wanted)}; not typed: {', '.join(missing)}")
    return Found(values)


def _value(text: str) -> Value:
    """A number where it looks like one, true, false or none; else the text, with + for a blank."""
    words: dict[str, Value] = {"true": True, "false": False, "none": None}
    if text in words:
        return words[text]
    for read in (int, float):
        try:
            return fit(read(text))
        except (ValueError, Unfit):
            continue
    return text.replace("+", " ")


def _queue(queue: JoinQueue, typed: str) -> Outcome | None:
    key = typed.removeprefix("key ").strip()
    match typed:
        case "" | "waits":
            return None
        case "agent":
            return AgentLeft()
        case "timeout" if queue.max_wait_s is not None:
            return QueueTimeout()
        case "no_agents" | "no agents" if queue.leave_without_agents:
            return NoAgents()
        case "full" if queue.leave_when_full:
            return QueueFull()
        case "closed" if queue.leave_when_closed:
            return QueueClosed()
        case _ if typed.removeprefix("left ").strip() in queue.exits:
            return QueueLeft(typed.removeprefix("left ").strip())
        case _ if key in queue.keys:
            return QueueKey(key)
    raise Unclear(f"that cannot happen in this line; type {_exits(queue)}")


def _recorded(typed: str) -> Outcome | None:
    if typed == "hangup":
        return None
    try:
        seconds = float(typed or 5)
    except ValueError:
        raise Unclear("type a number of seconds, such as 5, or hangup") from None
    return Recorded("recording" if seconds > 0 else "", seconds)
