"""`acd handover` and `acd lead`: which of several controllers leads."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from acd.cli.context import console, environment
from acd.errors import OperatorError
from acd.runtime.control import request
from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from acd.settings.problems import not_among

HANDOVER_LIMIT_S = 30.0


def handover(
    to: Annotated[str, typer.Argument(help="name of the controller; without it, any that stands by")] = "",
) -> None:
    """Have another controller lead, before maintenance: calls, places and desktops go on."""
    env = environment()
    _check(env, to)
    answer = asyncio.run(Leader(env).request(limit_s=HANDOVER_LIMIT_S, do="handover", to=to))
    console.print(f"{answer['leader']} leads now")


def lead(
    name: Annotated[str, typer.Argument(help="name of the controller that is to lead")],
    others_are_down: Annotated[
        bool,
        typer.Option("--others-are-down", help="you have made sure that no other controller runs"),
    ] = False,
) -> None:
    """Have a controller lead although neither Redis nor the other controllers can be asked."""
    env = environment()
    _check(env, name)
    if not others_are_down:
        raise OperatorError(
            "two controllers that lead at the same time would give agents two calls. Make sure that no other"
            " one runs (stop it, or its machine), then say so: --others-are-down"
        )
    socket = env.home / "controllers" / name / "run" / "acd.sock"
    asyncio.run(request(socket, do="lead"))
    console.print(f"{name} leads as soon as nobody is known to lead; it asks nobody from now on")


def _check(env: Environment, name: str) -> None:
    names = [place.name for place in env.controllers]
    if not names:
        raise OperatorError("there is one controller only: ACD_CONTROLLERS names several")
    if name and name not in names:
        raise OperatorError(not_among("controller", name, names))
