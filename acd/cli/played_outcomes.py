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
    QueueKey,
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
    """What is asked of whoever plays the world, with the answers that there are."""
    match command:
        case Look(request=HttpRequest() as request):
            url = "(with a masked value)" if request.masked else request.url
            wanted = " ".join(f"{name}=…" for name in request.values) or "found"
            return f"look-up {request.method} {url}: {wanted}, not_found or failed"
        case Look(request=CustomerRequest(number=number)):
            return f"customer with the number {number}: id=… name=… segment=…, not_found or failed"
        case JoinQueue():
            return f"in the line of {command.group}, priority {command.priority}: {_exits(command)}"
        case Dial(target=target):
            return f"ringing {target}: Enter (taken), over, or a reason such as no_answer"
        case RecordSound():
            return "recording: seconds (Enter: 5), or hangup"
        case TakeCallback(group=group, number=number):
            return f"callback to {number} by {group}: Enter (noted), or the reason why not"
    return ""


def _exits(queue: JoinQueue) -> str:
    exits = ["Enter (stays)", "agent", *(f"key {key}" for key in sorted(queue.keys))]
    exits += ["timeout"] if queue.max_wait_s is not None else []
    exits += ["no_agents"] if queue.leave_without_agents else []
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
    if typed in ("not_found", "not found"):
        return NotFound()
    if typed in ("", "failed"):
        return LookupFailed("as you say")
    values: dict[str, Value] = {}
    for pair in typed.split():
        name, sign, text = pair.partition("=")
        if not sign and pair == "found":
            continue
        if not name or not sign:
            raise Unclear(question(look))
        values[name] = _value(text)
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
        case _ if key in queue.keys:
            return QueueKey(key)
    raise Unclear(f"this line has: {_exits(queue)}")


def _recorded(typed: str) -> Outcome | None:
    if typed == "hangup":
        return None
    try:
        seconds = float(typed or 5)
    except ValueError:
        raise Unclear("a number of seconds, or hangup") from None
    return Recorded("recording" if seconds > 0 else "", seconds)
