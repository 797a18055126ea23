"""A picture of flows as Graphviz' language, of which `dot` makes SVG and PNG."""

from __future__ import annotations

import html
from collections.abc import Mapping

from acd.ivr.picture import Edge, Look, Node, Picture, callers

_DOT_LOOKS: Mapping[Look, tuple[str, str]] = {
    Look.SPEAK: ("box", "#eef2f7"),
    Look.ASK: ("box", "#d6e8ff"),
    Look.DECIDE: ("box", "#fff3cf"),
    Look.HAND: ("box", "#d8f2dd"),
    Look.OTHER: ("box", "#eadffb"),
    Look.END: ("box", "#e3e3e3"),
}
_DOT_HEAD = """digraph flows {
  graph [rankdir=TB, nodesep=0.3, ranksep=0.4, fontname="sans-serif", fontsize=14, bgcolor=white, pad=0.2]
  node [fontname="sans-serif", fontsize=11, style="rounded,filled", color="#7a869a", margin="0.14,0.07"]
  edge [fontname="sans-serif", fontsize=10, color="#56617a", fontcolor="#33405c", arrowsize=0.7]
"""
_WIDEST_ARROW = 6.0


def dot(picture: Picture) -> str:
    """The picture in Graphviz' language."""
    lines = [_DOT_HEAD.rstrip()]
    for index, flow in enumerate((*picture.flows, "")):
        inside = [_dot_node(node) for node in picture.nodes if node.flow == flow]
        if flow and len(picture.flows) > 1:
            lines.append(f"  subgraph cluster_{index} {{")
            lines.append(f'    label=<<b>{html.escape(flow)}</b>>; style="rounded"; color="#b8c1d1"')
            lines += [f"  {line}" for line in inside]
            lines.append("  }")
        else:
            lines += inside
    most = max((edge.count or 0 for edge in picture.edges), default=0)
    for index, (_, node, count) in enumerate(picture.starts):
        lines.append(f'  start{index} [shape=circle, label="", width=0.18, fillcolor="#33405c"]')
        lines.append(f"  start{index} -> {node}" + ("" if count is None else f' [label="{callers(count)}"]'))
    for index, (_, node) in enumerate(picture.errors):
        lines.append(f'  error{index} [shape=plaintext, style="", label="error", fontcolor="#b4232a"]')
        lines.append(f'  error{index} -> {node} [style=dashed, color="#b4232a"]')
    lines += [_dot_edge(edge, most) for edge in picture.edges]
    return "\n".join(lines) + "\n}\n"


def _dot_node(node: Node) -> str:
    shape, colour = _DOT_LOOKS[node.look]
    rows = [f"<b>{html.escape(node.name)}</b>", f'<font point-size="9" color="#56617a">{node.kind}</font>']
    if node.detail:
        rows.append(f'<font point-size="10">{html.escape(node.detail)}</font>')
    if node.hung_up:
        rows.append(f'<font point-size="10" color="#b4232a">{callers(node.hung_up)} hung up here</font>')
    return f'  {node.id} [shape={shape}, fillcolor="{colour}", label=<{"<br/>".join(rows)}>]'


def _dot_edge(edge: Edge, most: int) -> str:
    options = []
    label = edge.label("\n")
    if label:
        escaped = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        options.append(f'label=" {escaped} "')
    if edge.is_failure:
        options += ["style=dashed", 'color="#b4232a"', 'fontcolor="#b4232a"']
    if edge.count is not None and most > 0:
        options.append(f"penwidth={1 + (_WIDEST_ARROW - 1) * edge.count / most:.1f}")
        if edge.count == 0 and not edge.is_failure:
            options += ['color="#c3cad6"', 'fontcolor="#8a94a6"']
    return f"  {edge.start} -> {edge.end}" + (f" [{', '.join(options)}]" if options else "")
