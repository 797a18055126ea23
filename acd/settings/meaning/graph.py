"""The steps of flows as a graph: what is reached from where, by which ways, and what can never be left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import TypeAlias, TypeVar

from acd.ivr.flow import Call, Collect, Flow, FlowSet, Goto, HangUp, Queue, Return, Transfer, targets

N = TypeVar("N")
Node: TypeAlias = tuple[str, str]
"""A step of a flow: (flow, step)."""


def reached(flow: Flow) -> set[str]:
    """The steps that a caller can come to, the flow's way of error included."""
    roots = [flow.start] if flow.error is None else [flow.start, flow.error]
    return set(reach(roots, lambda step: (to for _, to in targets(flow.steps[step]))))


def reach(roots: Iterable[N], ways: Callable[[N], Iterable[N]]) -> dict[N, N | None]:
    """All that is reached, nearest first, each with where it was reached from (None: a root)."""
    came_from: dict[N, N | None] = dict.fromkeys(roots)
    waiting = deque(came_from)
    while waiting:
        node = waiting.popleft()
        for following in ways(node):
            if following not in came_from:
                came_from[following] = node
                waiting.append(following)
    return came_from


def way_to(node: N, came_from: Mapping[N, N | None]) -> list[N]:
    """The steps from the root to the node, both included."""
    way: list[N] = []
    here: N | None = node
    while here is not None:
        way.append(here)
        here = came_from[here]
    return way[::-1]


def ending_flows(flow_set: FlowSet) -> set[str]:
    """The flows in which a call can end, or be taken by somebody, before they return."""
    ending = {
        name
        for name, flow in flow_set.flows.items()
        if any(isinstance(step, HangUp | Queue | Transfer) for step in flow.steps.values())
    }
    grew = True
    while grew:
        more = {
            name
            for name, flow in flow_set.flows.items()
            if name not in ending and any(leads_into(step) in ending for step in flow.steps.values())
        }
        ending |= more
        grew = bool(more)
    return ending


def leads_into(step: object) -> str | None:
    """The flow that a step enters."""
    match step:
        case Call(flow=flow) | Goto(flow=str(flow)):
            return flow
    return None


class Journey:
    """All flows as one graph, `goto` from one flow to another included.

    `silent`: only the ways of a caller who presses no key.
    """

    def __init__(self, flow_set: FlowSet, *, silent: bool) -> None:
        self._flows = flow_set.flows
        self._ending = ending_flows(flow_set)
        self._silent = silent

    def ways(self, node: Node) -> Iterator[Node]:
        """The steps that can follow."""
        flow, name = node
        step = self._flows[flow].steps[name]
        for arrow, to in targets(step):
            if not self._silent or _without_key(step, arrow):
                yield flow, to
        if isinstance(step, Goto) and step.flow is not None and step.flow in self._flows:
            yield step.flow, self._flows[step.flow].start

    def is_exit(self, node: Node) -> bool:
        """Whether the call may end here, or somebody take it, or a sub-flow return."""
        step = self._flows[node[0]].steps[node[1]]
        if isinstance(step, Call):
            return step.flow in self._ending or step.flow not in self._flows
        if isinstance(step, Goto) and step.flow is not None:
            return step.flow not in self._flows  # it has mistakes of its own
        return isinstance(step, HangUp | Queue | Transfer | Return)

    def traps(self, nodes: Iterable[Node]) -> list[list[Node]]:
        """The loops that nothing leads out of, each in the order of the nodes."""
        order = {node: index for index, node in enumerate(nodes)}
        found = []
        for members in components(order, self.ways):
            inside = set(members)
            first = members[0]
            if len(members) == 1 and first not in self.ways(first):
                continue
            if any(self.is_exit(node) for node in members) or self._leads_out(inside):
                continue
            found.append(sorted(members, key=lambda node: order.get(node, len(order))))
        return found

    def _leads_out(self, inside: Set[Node]) -> bool:
        return any(to not in inside for node in inside for to in self.ways(node))


def _without_key(step: object, arrow: str) -> bool:
    return not arrow.startswith(("choice ", "key ")) and not (isinstance(step, Collect) and arrow == "next")


def components(nodes: Iterable[N], ways: Callable[[N], Iterable[N]]) -> Iterator[list[N]]:
    """The strongly connected components (Tarjan's algorithm, without recursion)."""
    index: dict[N, int] = {}
    low: dict[N, int] = {}
    stack: list[N] = []
    on_stack: set[N] = set()
    for root in nodes:
        if root in index:
            continue
        work: list[tuple[N, Iterator[N]]] = [(root, iter(ways(root)))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            following = next((to for to in rest if to not in index or to in on_stack), None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    cut = _position(stack, node)
                    members = stack[cut:]
                    del stack[cut:]
                    on_stack.difference_update(members)
                    yield members
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                on_stack.add(following)
                work.append((following, iter(ways(following))))
            else:
                low[node] = min(low[node], index[following])


def _position(stack: list[N], node: N) -> int:
    """Looked for from the end, where it is near."""
    position = len(stack) - 1
    while stack[position] != node:
        position -= 1
    return position
