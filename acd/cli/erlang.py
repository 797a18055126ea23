"""`acd erlang`: how many agents or lines, and what callers then meet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

import typer
from rich.table import Table
from rich.text import Text

from acd.cli.context import console
from acd.errors import OperatorError
from acd.simulate import erlang, erlang_a

app = typer.Typer(help="Staffing by Erlang's formulas: agents, lines, waits.", no_args_is_help=True)

CallsPerHour = Annotated[float, typer.Option(min=0, help="calls that come in an hour, on average")]
HandleTime = Annotated[float, typer.Option(help="average handle time (talk, hold, wrap-up) in seconds")]
Agents = Annotated[int | None, typer.Option(help="agents at work")]
Wanted = Annotated[
    float | None, typer.Option(help="instead of --agents: the share to be answered in time, as in 0.8")
]
Target = Annotated[float, typer.Option(help="in time: seconds until answered")]
Patience = Annotated[float, typer.Option(help="how long callers are willing to wait, on average, in seconds")]
Json = Annotated[bool, typer.Option("--json", help="machine-readable")]

Figures: TypeAlias = Mapping[str, float | bool | None]
LABELS = {
    "load_erlangs": "load, in erlangs",
    "lines": "lines",
    "blocking": "callers turned away",
    "agents": "agents",
    "p_wait": "callers who wait",
    "p_abandon": "callers who give up",
    "asa_s": "wait until answered, mean",
    "mean_wait_s": "wait of all callers, mean",
    "service_level": "answered in time, of all callers",
    "service_level_answered": "answered in time, of those answered",
    "occupancy": "agents busy",
    "callers_waiting": "callers in line, mean",
}
SHARES = {"blocking", "p_wait", "p_abandon", "service_level", "service_level_answered", "occupancy"}
UNLIMITED = "without end: more calls come than the agents can serve"


@app.command("b")
def blocked(
    load: Annotated[
        float | None, typer.Option(help="calls per hour × handle time ÷ 3600, in erlangs")
    ] = None,
    calls_per_hour: Annotated[float | None, typer.Option(min=0, help="instead of --load, with --aht")] = None,
    aht: Annotated[
        float | None, typer.Option(help="average time that a call takes a line, in seconds")
    ] = None,
    lines: Annotated[int | None, typer.Option(help="lines (trunk channels)")] = None,
    blocking: Annotated[
        float | None, typer.Option(help="instead of --lines: the share that may be turned away, as in 0.01")
    ] = None,
    as_json: Json = False,
) -> None:
    """Erlang B: callers who find all lines busy are turned away. For trunks."""
    try:
        offered = _load(load, calls_per_hour, aht)
        _one_of("--lines", lines, "--blocking", blocking)
        if lines is None:
            assert blocking is not None
            lines = erlang.lines_needed(offered, blocking)
        share = erlang.erlang_b(offered, lines)
    except ValueError as error:
        raise OperatorError(str(error)) from None
    _show("Erlang B", {"load_erlangs": offered, "lines": lines, "blocking": share}, as_json)


@app.command("c")
def patient(
    calls_per_hour: CallsPerHour,
    aht: HandleTime,
    agents: Agents = None,
    service_level: Wanted = None,
    target: Target = 20.0,
    as_json: Json = False,
) -> None:
    """Erlang C: everybody waits until answered. Errs on the safe side where callers give up."""
    try:
        demand = erlang.Demand(calls_per_hour / 3600, aht)
        agents = _staff(agents, service_level, lambda level: erlang.agents_needed(demand, level, target))
        waits = erlang.erlang_c(demand, agents, target)
    except ValueError as error:
        raise OperatorError(str(error)) from None
    figures = {
        "load_erlangs": demand.load,
        "agents": waits.agents,
        "p_wait": waits.p_wait,
        "asa_s": waits.asa_s if waits.stable else None,
        "service_level": waits.service_level,
        "occupancy": waits.occupancy,
        "callers_waiting": waits.callers_waiting if waits.stable else None,
        "stable": waits.stable,
    }
    _show(f"Erlang C, in time: {target:g} s", figures, as_json)


@app.command("a")
def impatient(
    calls_per_hour: CallsPerHour,
    aht: HandleTime,
    patience: Patience,
    agents: Agents = None,
    service_level: Wanted = None,
    target: Target = 20.0,
    as_json: Json = False,
) -> None:
    """Erlang A: callers wait, and give up when their patience ends."""
    try:
        demand = erlang.Demand(calls_per_hour / 3600, aht)
        agents = _staff(
            agents, service_level, lambda level: erlang_a.agents_needed(demand, level, patience, target)
        )
        waits = erlang_a.erlang_a(demand, agents, patience, target)
    except ValueError as error:
        raise OperatorError(str(error)) from None
    figures = {
        "load_erlangs": demand.load,
        "agents": waits.agents,
        "p_wait": waits.p_wait,
        "p_abandon": waits.p_abandon,
        "asa_s": waits.asa_s,
        "mean_wait_s": waits.mean_wait_s,
        "service_level": waits.service_level,
        "service_level_answered": waits.service_level_answered,
        "occupancy": waits.occupancy,
        "callers_waiting": waits.callers_waiting,
    }
    _show(f"Erlang A, in time: {target:g} s", figures, as_json)


def _load(load: float | None, calls_per_hour: float | None, aht: float | None) -> float:
    if (load is None) == (calls_per_hour is None) or (calls_per_hour is None) != (aht is None):
        raise OperatorError("say either --load, or --calls-per-hour and --aht")
    if load is not None:
        return load
    assert calls_per_hour is not None
    assert aht is not None
    return erlang.Demand(calls_per_hour / 3600, aht).load


def _staff(agents: int | None, service_level: float | None, needed: Callable[[float], int]) -> int:
    """The agents that were given, or those that are needed for the service level that was."""
    _one_of("--agents", agents, "--service-level", service_level)
    if agents is not None:
        return agents
    assert service_level is not None
    return needed(service_level)


def _one_of(first: str, one: float | None, second: str, other: float | None) -> None:
    if (one is None) == (other is None):
        raise OperatorError(f"say either {first} or {second}")


def _show(title: str, figures: Figures, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(figures, indent=2))
    else:
        console.print(draw(title, figures))


def draw(title: str, figures: Figures) -> Table:
    """The figures as a table."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", overflow="fold")
    for name, label in LABELS.items():
        if name in figures:
            table.add_row(label, _text(name, figures))
    return table


def _text(name: str, figures: Figures) -> Text:
    value = figures[name]
    if value is None:
        return Text("–" if figures.get("stable", True) or name == "occupancy" else UNLIMITED, style="red")
    if name in SHARES:
        return Text(f"{value:.2%}")
    if name.endswith("_s"):
        return Text(f"{value:,.1f} s")
    return Text(f"{value:,}" if isinstance(value, int) else f"{value:,.2f}")
