"""`acd agent …`: agents' states, through the running controller."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any

import typer

from acd.cli.context import centre_in_use, console, environment
from acd.cli.words import state_in_words
from acd.errors import OperatorError
from acd.runtime.leader import Leader

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
    agent = _ask("not-ready", agent=name, reason=reason)
    if not reason and (agent["reason"] or agent["pending"]):
        _say("no --reason was given: the first one of config/system.yml counts")


@app.command("wrap-up-done")
def wrap_up_done(name: Name) -> None:
    """End the after-call work before its time; during a talk: want none after all."""
    _ask("wrap-up-done", agent=name)


@app.command("wrap-up-extend")
def wrap_up_extend(name: Name) -> None:
    """More time for the after-call work, as much as the group's `extend_s`."""
    _ask("wrap-up-extend", agent=name)


@app.command("wrap-up")
def wrap_up(name: Name) -> None:
    """Want after-call work after this talk, in a group where that is optional."""
    _ask("wrap-up", agent=name)


@app.command()
def revoke(name: Name) -> None:
    """Take back what was to follow the present work (not ready, log out)."""
    _ask("revoke", agent=name)


@app.command()
def pin(
    name: Name,
    remove: Annotated[bool, typer.Option("--remove", help="the agent needs no PIN any more")] = False,
) -> None:
    """Set the PIN with which an agent logs in at other phones; only its hash is kept.

    The PIN is asked for twice, or read from standard input when that is no terminal.
    """
    from acd.settings.pins import PinBook

    env = environment()
    if name not in (agents := centre_in_use(env).plan.agents):
        raise OperatorError(f"there is no agent {name!r}; ids: {', '.join(agents)}")
    text = None if remove else _read_pin()
    PinBook(env.secrets_file).set(name, text)
    done = "has no PIN any more" if remove else "has a new PIN; it counts from the next log-in on"
    _say(f"{name} {done}")


def _read_pin() -> str:
    from acd.settings.pins import PIN_DIGITS, is_pin

    if sys.stdin.isatty():
        text: str = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline().rstrip("\n")
    if not is_pin(text):
        least, most = PIN_DIGITS
        raise OperatorError(f"a PIN has {least} to {most} digits, which are not all the same")
    return text


def _ask(do: str, **fields: Any) -> dict[str, Any]:
    """Ask the controller, and print how the agent is then."""
    answer = asyncio.run(Leader(environment()).request(do=do, **fields))
    agent: dict[str, Any] = answer["agent"]
    text = f"{agent['name']}: {state_in_words(agent['state'])}"
    if agent["reason"]:
        text += f" ({agent['reason_label'].lower()})"
    if agent["occupied"]:
        text += f", but no offers ({agent['occupied'].replace('_', ' ')})"
    if agent["until_s"] is not None:
        text += f", {agent['until_s']:.0f} s left"
    if agent["wrap_up_wanted"]:
        text += ", then wrap-up"
    if agent["pending"]:
        text += f", then {agent['pending'].replace('_', ' ')}"
    if agent["phone"]:
        text += f", on phone {agent['phone']}"
        if not agent["phone_reachable"]:
            text += ", which is not registered: switch it on, or log in on another one with --phone"
    _say(text)
    return agent


def _say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
