"""Flows as pictures, drawn from the flows themselves, with how many callers took which way.

picture = picture_of(flow_set, ["main"])
mermaid(picture)   # acd/ivr/picture_mermaid.py: for documents
dot(picture)       # acd/ivr/picture_dot.py: for Graphviz, which makes SVG and PNG
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from acd.ivr.flow import (
    Announce,
    Call,
    Callback,
    Collect,
    CustomerLookup,
    Flow,
    FlowSet,
    Goto,
    HangUp,
    Hours,
    HttpLookup,
    If,
    Language,
    Lookup,
    Menu,
    Message,
    Queue,
    Record,
    Recording,
    Return,
    Say,
    Set,
    SoundFile,
    Speech,
    Spoken,
    Step,
    Survey,
    Switch,
    Transfer,
    Voicemail,
    messages,
    targets,
)  # fmt: skip

LONGEST_TEXT = 38
START = ""  # the step of the arrow into a flow, as in the counts of traffic

ArrowCounts: TypeAlias = Mapping[tuple[str, str, str, str], int]
"""(flow, step, arrow, to) → how many callers took it; step '' is the start of the flow."""


class Look(StrEnum):
    """What kind of thing a step is, to be seen at a glance."""

    SPEAK = "speak"  # say, play, announce
    ASK = "ask"  # the caller does something
    DECIDE = "decide"  # if, switch, hours, set, language, lookup
    HAND = "hand"  # into somebody's hands, or noted for later
    OTHER = "other"  # another flow
    END = "end"


@dataclass(frozen=True, slots=True)
class Traffic:
    """How callers went in a period; `hung_up` counts those who hung up at a step."""

    arrows: ArrowCounts = field(default_factory=dict)
    hung_up: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """A step, or another flow. `hung_up` is None where nobody counted."""

    id: str
    flow: str
    name: str
    kind: str
    detail: str
    look: Look
    hung_up: int | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """All ways from one node to another; `count` is None where nobody counted."""

    start: str
    end: str
    labels: tuple[str, ...]
    is_failure: bool
    count: int | None = None

    def label(self, between: str) -> str:
        """What stands at the arrow, the ways one after the other; each has its count with it."""
        return between.join(label for label in self.labels if label)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: `starts` and `errors` are (flow, node) where callers come in, or fall to."""

    flows: tuple[str, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    starts: tuple[tuple[str, str, int | None], ...]
    errors: tuple[tuple[str, str], ...]


def picture_of(flow_set: FlowSet, names: Sequence[str], traffic: Traffic | None = None) -> Picture:
    """The flows of these names in one picture; with the counts of `traffic` if it is given."""
    return _Draughtsman(flow_set, names, traffic).picture()


class _Draughtsman:
    def __init__(self, flow_set: FlowSet, names: Sequence[str], traffic: Traffic | None) -> None:
        self._flows = {name: flow_set.flows[name] for name in names}
        self._traffic = traffic
        steps = [(name, step) for name, flow in self._flows.items() for step in flow.steps]
        self._ids = {place: f"n{index}" for index, place in enumerate(steps)}
        self._others: dict[str, str] = {}

    def picture(self) -> Picture:
        nodes: list[Node] = []
        edges: list[Edge] = []
        for flow in self._flows.values():
            for step_id, step in flow.steps.items():
                nodes.append(self._node(flow, step_id, step))
                edges += self._edges(flow, step_id, step)
        # Flows that are not drawn themselves are boxes with their name.
        nodes += [Node(id_, "", other, "flow", "", Look.OTHER) for other, id_ in self._others.items()]
        return Picture(
            flows=tuple(self._flows),
            nodes=tuple(nodes),
            edges=tuple(edges),
            starts=tuple(
                (name, self._ids[name, flow.start], self._came_in(name)) for name, flow in self._flows.items()
            ),
            errors=tuple(
                (name, self._ids[name, flow.error])
                for name, flow in self._flows.items()
                if flow.error is not None
            ),
        )

    def _node(self, flow: Flow, step_id: str, step: Step) -> Node:
        hung_up = None
        if self._traffic is not None:
            hung_up = self._traffic.hung_up.get((flow.name, step_id), 0)
        detail = _shortened(_detail(step, flow.languages[0]))
        kind = type(step).__name__.lower()
        return Node(self._ids[flow.name, step_id], flow.name, step_id, kind, detail, _look(step), hung_up)

    def _edges(self, flow: Flow, step_id: str, step: Step) -> Iterator[Edge]:
        start = self._ids[flow.name, step_id]
        grouped: dict[tuple[str, bool], list[tuple[str, int | None]]] = {}
        for arrow, to in targets(step):
            count = self._count(flow.name, step_id, arrow, to)
            key = (self._ids[flow.name, to], arrow in ("failure", "not found"))
            grouped.setdefault(key, []).append((_arrow_label(arrow), count))
        for into in _entered(step):
            arrow = f"{'call' if isinstance(step, Call) else 'goto'} {into}"
            count = self._count(flow.name, step_id, arrow, "")
            grouped.setdefault((self._entrance(into), False), []).append((arrow.partition(" ")[0], count))
        for (end, is_failure), ways in grouped.items():
            counts = [count for _, count in ways if count is not None]
            labels = tuple(_counted(label, count) for label, count in ways)
            yield Edge(start, end, labels, is_failure, sum(counts) if counts else None)

    def _entrance(self, name: str) -> str:
        if name in self._flows:
            return self._ids[name, self._flows[name].start]
        return self._others.setdefault(name, f"f{len(self._others)}")

    def _count(self, flow: str, step: str, arrow: str, to: str) -> int | None:
        return None if self._traffic is None else self._traffic.arrows.get((flow, step, arrow, to), 0)

    def _came_in(self, flow: str) -> int | None:
        if self._traffic is None:
            return None
        entered = (n for (of, step, _, _), n in self._traffic.arrows.items() if (of, step) == (flow, START))
        return sum(entered)


def _entered(step: Step) -> Iterator[str]:
    match step:
        case Call(flow=flow) | Goto(flow=str(flow)):
            yield flow


def _arrow_label(arrow: str) -> str:
    """What stands at the arrow: nothing for the way that needs no word."""
    kind, _, what = arrow.partition(" ")
    match kind:
        case "next":
            return ""
        case "choice":
            return f"key {what}" if len(what) == 1 else f"keys {what}"
        case "case":
            return f"“{what}”"
        case "exit":
            return what
    return arrow


def callers(count: int) -> str:
    """How many: `1 caller`, `1,200 callers`."""
    return f"{count:,} caller" + ("" if count == 1 else "s")


def _counted(label: str, count: int | None) -> str:
    """A way and how many took it; never a bare number, which could be a key."""
    if count is None:
        return label
    return f"{label} · {callers(count)}" if label else callers(count)


def _look(step: Step) -> Look:
    match step:
        case Say() | Announce():
            return Look.SPEAK
        case Menu() | Collect() | Survey() | Record():
            return Look.ASK
        case Queue() | Transfer() | Voicemail() | Callback():
            return Look.HAND
        case Call() | Goto():
            return Look.OTHER
        case HangUp() | Return():
            return Look.END
    return Look.DECIDE


def _detail(step: Step, language: str) -> str:
    """The few words that tell one step from another of its kind."""
    match step:
        case Queue(alone=True):
            return f"for {step.requirement}"
        case Queue() if step.requirement.text:
            return f"group {step.group}, {step.requirement}"
        case Queue(group=group) | Voicemail(group=group) | Callback(group=group):
            return f"group {group}"
        case Hours(calendar=name) | Announce(name=name):
            return name
        case If(condition=expression) | Switch(value=expression) | Language(language=expression):
            return expression.source
        case Recording(agreed=agreed):
            return "agreed" if agreed else "declined"
        case Set(values=values):
            return ", ".join(f"{name} = {value.source}" for name, value in values.items())
        case Lookup(source=CustomerLookup(number=number)):
            return f"customer {number.source}"
        case Lookup(source=HttpLookup(url=url)):
            return url.source
        case Transfer(kind=kind, target=target):
            return f"{kind.value} {target.source}"
        case Call(flow=flow) | Goto(flow=str(flow)):
            return f"flow {flow}"
    return next((_words(message, language) for message in messages(step)), "")


def _words(message: Message, language: str) -> str:
    words = []
    for part in message.parts.get(language, ()):
        match part:
            case Speech(text=text):
                words.append(text)
            case SoundFile(name=name):
                words.append(f"({name})")
            case Spoken(value=value):
                words.append(f"⟨{value.source}⟩")
    return " ".join(words)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1].rstrip() + "…"
