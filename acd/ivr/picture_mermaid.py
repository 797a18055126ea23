"""A picture of flows as a Mermaid flowchart, which many sites show inside documents."""

from __future__ import annotations

from collections.abc import Mapping

from acd.ivr.picture import Look, Node, Picture, callers

_MERMAID_SHAPES: Mapping[Look, tuple[str, str]] = {
    Look.SPEAK: ("[", "]"),
    Look.ASK: ("[/", "/]"),
    Look.DECIDE: ("{{", "}}"),
    Look.HAND: ("[[", "]]"),
    Look.OTHER: ("([", "])"),
    Look.END: ("((", "))"),
}


_MERMAID_MARKS = str.maketrans({
    "#": "#35;", "&": "#amp;", "<": "#lt;", ">": "#gt;", '"': "#quot;", "`": "#96;", "\\": "#92;",
})  # fmt: skip


def mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart."""
    lines = ["flowchart TD"]
    for flow in (*picture.flows, ""):
        inside = [_mermaid_node(node) for node in picture.nodes if node.flow == flow]
        if flow and len(picture.flows) > 1:
            lines += [f'    subgraph {_mermaid_id(flow)}["{_mermaid_text(flow)}"]', *inside, "    end"]
        else:
            lines += inside
    for index, (_, node, count) in enumerate(picture.starts):
        label = "" if count is None else f'|"{callers(count)}"|'
        lines += [f"    start{index}(( )) -->{label} {node}"]
    for index, (_, node) in enumerate(picture.errors):
        lines += [f'    error{index}(("error")) -.-> {node}']
    for edge in picture.edges:
        label = _mermaid_text(edge.label(", "))
        line = "-.->" if edge.is_failure else "-->"
        lines.append(f"    {edge.start} {line}" + (f'|"{label}"|' if label else "") + f" {edge.end}")
    return "\n".join(lines) + "\n"


def _mermaid_node(node: Node) -> str:
    begin, end = _MERMAID_SHAPES[node.look]
    lines = [f"<b>{_mermaid_text(node.name)}</b>", f"<small>{node.kind}</small>"]
    lines += [_mermaid_text(node.detail)] if node.detail else []
    lines += [f"{callers(node.hung_up)} hung up here"] if node.hung_up else []
    return f'    {node.id}{begin}"{"<br/>".join(lines)}"{end}'


def _mermaid_id(flow: str) -> str:
    return "flow_" + flow.replace("-", "__")


def _mermaid_text(text: str) -> str:
    """Nothing in a text may end the label or be taken for markup."""
    return text.translate(_MERMAID_MARKS)
