"""`acd nodes` and `acd node drain|resume NAME`: Asterisk nodes, where there are several."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.table import Table

from acd.cli import context
from acd.cli.words import node_in_words
from acd.errors import OperatorError
from acd.runtime.leader import Leader
from acd.telephony.provision_kamailio import has_front

app = typer.Typer(help="One of several Asterisk nodes: new calls, or none.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="its name in ACD_ASTERISK_NODES")]


def nodes(
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Show the Asterisk nodes: whether they are there, their calls, the phones that they can ring."""
    found = asyncio.run(Leader(context.environment()).request(do="nodes"))["nodes"]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if not found:
        raise OperatorError("there is one Asterisk only: ACD_ASTERISK_NODES names several")
    table = Table(title="Asterisk nodes")
    for heading in ("Node", "State", "Calls", "Phones"):
        table.add_column(heading, justify="right" if heading in ("Calls", "Phones") else "left")
    for node in found:
        table.add_row(node["name"], node_in_words(node), str(node["calls"]), str(node["phones"]))
    context.console.print(table)


@app.command()
def drain(node: Name) -> None:
    """No new calls for this node: its calls go on, and it can be stopped when they are over."""
    told = _set(node, drained=True)
    left = told["calls"]
    calls = "1 call goes on" if left == 1 else f"{left} calls go on"
    context.console.print(
        f"{node} is given no new calls; {calls} there ('acd nodes' shows how many are left)"
    )


@app.command()
def resume(node: Name) -> None:
    """New calls for this node again."""
    _set(node, drained=False)
    context.console.print(f"{node} takes calls again")


def _set(node: str, *, drained: bool) -> dict[str, Any]:
    """The controller that leads knows, and tells Kamailio, which gives nodes their calls."""
    env = context.environment()
    env.of_node(node)  # there is one of this name
    request = Leader(env).request(do="drain-node", node=node, drained=drained, by_kamailio=has_front(env))
    answer = asyncio.run(request)
    words = "drained" if drained else "to take calls"
    if "untold" not in answer:
        raise OperatorError(
            f"the controller that leads is of another version: it knows that {node} is {words}, but not how"
            " to tell Kamailio. Start the controllers with this version, then ask again"
        )
    if answer["untold"]:
        raise OperatorError(
            f"the controller knows that {node} is {words}, but Kamailio does"
            f" not: {'; '.join(answer['untold'])}. It is told again each second; until then it gives calls to"
            " nodes as before"
        )
    found: list[dict[str, Any]] = answer["nodes"]
    return next(each for each in found if each["name"] == node)
