"""Steps that nobody reaches, and loops that nobody leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acd.ivr.flow import Collect, FlowSet, Menu, Survey
from acd.settings.flows.sources import FlowSource
from acd.settings.meaning.graph import Journey, Node, reach, reached

_MOST_SHOWN = 6


def check_reached(sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """A step of a piece counts as reached when one of the flows that include it reaches it."""
    in_pieces: dict[tuple[str, str], list[tuple[FlowSource, bool]]] = {}
    for name, flow in flow_set.flows.items():
        source, seen = sources[name], reached(flow)
        for step, entry in source.steps.items():
            if source.is_own(step):
                if step not in seen:
                    entry.report((), "no step leads here; let one lead here, or remove it")
            else:
                in_pieces.setdefault((entry.document.file, step), []).append((source, step in seen))
    for (_, step), flows in in_pieces.items():
        if not any(is_reached for _, is_reached in flows):
            message = "no step of any flow that includes this file leads here"
            flows[0][0].steps[step].report((), message, warning=True)


def check_loops(sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """Loops that nothing leads out of, and those that a caller who presses nothing cannot leave."""
    roots = [
        (name, step)
        for name, flow in flow_set.flows.items()
        for step in (flow.start, flow.error)
        if step is not None
    ]
    whole = Journey(flow_set, silent=False)
    trapped: set[Node] = set()
    nodes = reach(roots, whole.ways)
    for loop in whole.traps(nodes):
        trapped.update(loop)
        if any(isinstance(flow_set.flows[flow].steps[step], Menu | Collect | Survey) for flow, step in loop):
            message = (
                f"the caller can leave {_shown(loop)} only by hanging up: no key leads to an agent, a hangup"
                " or a return"
            )
        else:
            message = (
                f"the caller goes round {_shown(loop)} for ever, without a key, a wait or an exit; let one of"
                " these steps lead out"
            )
        _report(sources, loop, message, warning=False)
    silent = Journey(flow_set, silent=True)
    for loop in silent.traps(nodes):
        if trapped.isdisjoint(loop):
            message = (
                f"a caller who presses no key goes round {_shown(loop)} for ever; let `failure` lead to an"
                " agent or to a hangup"
            )
            _report(sources, loop, message, warning=True)


def _report(sources: Mapping[str, FlowSource], loop: Sequence[Node], message: str, *, warning: bool) -> None:
    flow, step = loop[0]
    sources[flow].steps[step].report((), message, warning=warning)


def _shown(loop: Sequence[Node]) -> str:
    """The steps; with their flows if there are several."""
    several = len({flow for flow, _ in loop}) > 1
    names = [f"{flow}/{step}" if several else step for flow, step in loop]
    if len(names) == 1:
        return f"'{names[0]}'"
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_MOST_SHOWN]) + more
