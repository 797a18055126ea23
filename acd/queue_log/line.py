"""One line of queue_log: `seconds|call|queue|agent|event|data1|…`, as app_queue writes it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

NONE = "NONE"
"""In the place of a call, a queue or an agent that there is none of."""
NO_KEY = "-"
"""In the place of a key that is not known: of calls from before keys were kept."""
LONGEST_FIELD = 200
MOST_FIELDS = 64


class Event(StrEnum):
    """What can have happened. Those below CALLS_END are not about a call."""

    DID = "DID"  # number dialled; written by dial plans before the queue
    ENTERQUEUE = "ENTERQUEUE"  # url|caller's number|position[|caller's name]
    CONNECT = "CONNECT"  # wait|id of the agent's channel|seconds rung
    CALLERONHOLD = "CALLERONHOLD"  # both are of QueueMetrics, not of app_queue
    CALLEROFFHOLD = "CALLEROFFHOLD"
    COMPLETEAGENT = "COMPLETEAGENT"  # wait|talk|original position
    COMPLETECALLER = "COMPLETECALLER"
    ABANDON = "ABANDON"  # position|original position|wait
    EXITWITHKEY = "EXITWITHKEY"  # key|position|original position|wait
    EXITWITHTIMEOUT = "EXITWITHTIMEOUT"  # position|original position|wait
    EXITEMPTY = "EXITEMPTY"
    WITHDRAW = "WITHDRAW"  # position|original position|wait|why
    RINGNOANSWER = "RINGNOANSWER"  # milliseconds rung
    RINGCANCELED = "RINGCANCELED"
    BLINDTRANSFER = "BLINDTRANSFER"  # extension|context|wait|talk|original position
    TRANSFER = "TRANSFER"  # the same, before Asterisk 12
    ATTENDEDTRANSFER = "ATTENDEDTRANSFER"  # method|what of it …|wait|talk|original position
    AGENTDUMP = "AGENTDUMP"  # the agent hung up on the announcement, before the two were connected
    SYSCOMPAT = "SYSCOMPAT"  # the two channels had no codec in common
    ADDMEMBER = "ADDMEMBER"
    REMOVEMEMBER = "REMOVEMEMBER"
    PAUSE = "PAUSE"  # reason
    UNPAUSE = "UNPAUSE"
    PAUSEALL = "PAUSEALL"
    UNPAUSEALL = "UNPAUSEALL"
    AGENTLOGIN = "AGENTLOGIN"  # channel
    AGENTLOGOFF = "AGENTLOGOFF"  # channel|seconds logged in
    AGENTCALLBACKLOGIN = "AGENTCALLBACKLOGIN"
    AGENTCALLBACKLOGOFF = "AGENTCALLBACKLOGOFF"
    PENALTY = "PENALTY"  # the member's new penalty
    RINGINUSE = "RINGINUSE"  # whether the member is rung while on the phone
    OUTCALL = "OUTCALL"  # a call that a dial plan has counted for the member
    INFO = "INFO"  # whatever a dial plan had to say
    QUEUESTART = "QUEUESTART"
    CONFIGRELOAD = "CONFIGRELOAD"


class Line(NamedTuple):
    """`at`: Unix time in whole seconds. A tuple, for files have millions of them."""

    at: int
    call: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...] = ()


class BadLine(ValueError):
    """The line is none of queue_log's; says why."""


def written(line: Line) -> str:
    """The line, without its end. Whatever would make two fields or two lines of one is replaced."""
    head = "|".join(map(_field, (str(line.at), line.call, line.queue, line.agent, line.event)))
    return f"{head}|{'|'.join(map(_field, line.data))}"


def _field(text: str) -> str:
    if text.isprintable() and "|" not in text and len(text) <= LONGEST_FIELD:
        return text
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_FIELD].replace("|", "/"))


def read(text: str) -> Line:
    """The inverse, of a line without its end. Raises BadLine."""
    fields = text.split("|", MOST_FIELDS)
    if len(fields) < 5:
        raise BadLine(f"has {len(fields)} field{'s' if len(fields) > 1 else ''} instead of 5 or more")
    at, call, queue, agent, event, *data = fields
    if not (at.isascii() and at.isdigit() and len(at) <= 11):
        raise BadLine("does not begin with a time in Unix seconds")
    if not event:
        raise BadLine("names no event")
    if len(fields) > MOST_FIELDS:
        raise BadLine(f"has more than {MOST_FIELDS} fields")
    while data and not data[-1]:
        data.pop()
    return Line(int(at), call or NONE, queue or NONE, agent or NONE, event, tuple(data))
