"""`acd agent …`: agents' states, through the running controller."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from acd.cli.context import console, environment
from acd.runtime.control import request

app = typer.Typer(help="Change an agent's state (talks to the running controller).", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="the agent's id, as in config/agents.yml")]


@app.command()
def login(
    name: Name,
    phone: Annotated[str, typer.Option(help="the phone to work on; the agent's own one by default")] = "",
) -> None:
    """Log in on a phone. The agent is not ready until `ready`."""
    _ask("login", agent=name, phone=phone)


@app.command()
def logout(name: Name) -> None:
    """Log out; during a call, when its work is over."""
    _ask("logout", agent=name)


@app.command()
def ready(name: Name) -> None:
    """Want calls; in wrap-up, end it."""
    _ask("ready", agent=name)


@app.command("not-ready")
def not_ready(
    name: Name,
    reason: Annotated[
        str, typer.Option(help="a reason code of config/system.yml; the first one by default")
    ] = "",
) -> None:
    """Want no calls; during a call, when its work is over."""
    _ask("not-ready", agent=name, reason=reason)


@app.command("wrap-up-done")
def wrap_up_done(name: Name) -> None:
    """End the after-call work before its time."""
    _ask("wrap-up-done", agent=name)


def _ask(do: str, **fields: Any) -> None:
    answer = asyncio.run(request(environment().control_socket, do=do, **fields))
    agent = answer["agent"]
    text = f"{agent['name']}: {agent['state'].replace('_', ' ')}"
    if agent["reason"]:
        text += f" ({agent['reason']})"
    if agent["pending"]:
        text += f", then {agent['pending'].replace('_', ' ')}"
    if agent["phone"]:
        text += f", on phone {agent['phone']}"
    console.print(text, markup=False, soft_wrap=True)
