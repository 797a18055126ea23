"""`acd simulate`: what would happen, with the production engine on a virtual clock."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from acd.cli import context
from acd.cli.console import new_console
from acd.cli.history import history, recorded
from acd.errors import OperatorError
from acd.records.period import parse_period
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import Centre
from acd.simulate import plot, show, show_replay
from acd.simulate.load import default_scenario, load_scenario
from acd.simulate.opening import Opening
from acd.simulate.quick import Wishes, patience_of, with_wishes
from acd.simulate.replay import Configured, replay
from acd.simulate.run import simulate as run_simulation

DIFFERENCES = 20


def simulate(
    scenario: Annotated[
        Path | None, typer.Option(help="a file that says who calls and who works (docs/simulate.md)")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="another configuration folder than the one in use")
    ] = None,
    flows: Annotated[
        Path | None,
        typer.Option(help="with --config: its flows; if not said, the folder flows in it, or ACD_FLOWS"),
    ] = None,
    calls_per_hour: Annotated[
        list[str] | None, typer.Option(help="200: of all groups together; sales=120: of one (again for more)")
    ] = None,
    aht: Annotated[float | None, typer.Option(min=0.1, help="mean handle time, wrap-up included, s")] = None,
    patience: Annotated[str, typer.Option(help="mean patience in seconds, or never")] = "",
    hours: Annotated[float | None, typer.Option(min=0.01, max=100_000, help="how long")] = None,
    warm_up_hours: Annotated[float | None, typer.Option(min=0, help="of them not counted")] = None,
    lines: Annotated[int | None, typer.Option(min=1, help="calls at once, at most")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="other chance")] = None,
    replayed: Annotated[
        str,
        typer.Option("--replay", metavar="FROM..TO", help="recorded days: yesterday, 2026-11-20..2026-11-22"),
    ] = "",
    first: Annotated[
        int | None,
        typer.Option(min=0, help=f"with --replay: so many of the differences; {DIFFERENCES} if not said"),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write the figures to this file, too")
    ] = None,
    wide: context.Wide = False,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="draw them: a file .svg or .png")] = None,
) -> None:
    """Simulate the call centre: the real routing on a virtual clock, with callers drawn by chance.

    With --replay, recorded calls go through the configuration in use and through that of --config.
    """
    env = context.environment()
    if flows is not None and config is None:
        raise OperatorError("--flows goes with --config alone: the flows in use are those of ACD_FLOWS")
    changed = None if config is None else load_centre(config, flows or _flows_of(config, env))
    if plot_file is not None:
        plot.check(plot_file)
    for option, file in (("--plot", plot_file), ("--json", json_file)):
        _check_writable(option, file)
    wishes = Wishes(calls_per_hour or (), aht, patience, hours, warm_up_hours, seed, lines)
    if replayed:
        _refuse_with_replay(scenario, plot_file, wishes)
        _replay(
            env,
            replayed,
            changed,
            DIFFERENCES if first is None else first,
            wishes,
            json_file,
            _console(wide=wide),
        )
        return
    if first is not None:
        raise OperatorError("--first goes with --replay alone: it says how many differences to show")
    centre = changed or context.centre(env)
    plan, tz = centre.plan, ZoneInfo(centre.system.timezone)
    opening = Opening.of(centre, tz)
    if scenario is None:
        read = default_scenario(plan, opening)
    else:
        read = load_scenario(scenario, plan, history(env, plan, tz), opening)
    chosen = with_wishes(read, plan, wishes, opening)
    out = _console(wide=wide)
    out.print(show.assumptions(plan, chosen))
    out.print(show.habits(chosen), markup=False)
    with _bar("simulating") as progress:
        result = run_simulation(plan, chosen, centre.system.service_level_formula, progress, opening)
    out.print(show.tables(result, out.width))
    if plot_file is not None:
        plot.plot(result, plot_file)
    _write(json_file, show.to_json(result, chosen))


def _flows_of(config: Path, env: Environment) -> Path:
    """An imported configuration has flows of its own: those in use name groups that it does not have."""
    own = config / "flows"
    return own if own.is_dir() else env.flows_dir


def _refuse_with_replay(scenario: Path | None, plot_file: Path | None, wishes: Wishes) -> None:
    given = {
        "--scenario": scenario,
        "--plot": plot_file,
        "--calls-per-hour": wishes.calls_per_hour,
        "--aht": wishes.aht_s,
        "--hours": wishes.hours,
        "--warm-up-hours": wishes.warm_up_hours,
        "--lines": wishes.lines,
    }
    wrong = [name for name, value in given.items() if value]
    if wrong:
        raise OperatorError(f"{wrong[0]} does not go with --replay: the callers are those on record")


def _replay(
    env: Environment,
    words: str,
    changed: Centre | None,
    first: int,
    wishes: Wishes,
    json_file: Path | None,
    out: Console,
) -> None:
    present = context.centre(env)
    tz = ZoneInfo(present.system.timezone)
    from_, _, to = words.partition("..")
    period = parse_period(from_, to or from_, tz, datetime.now(UTC), ("--replay", "--replay"))
    habits = default_scenario(present.plan).habits
    with _bar("replaying") as progress:
        found = replay(
            recorded(env, present.plan, period),
            Configured(present.plan, Opening.of(present, tz)),
            None if changed is None else Configured(changed.plan, Opening.of(changed, tz)),
            present.system.service_level_formula,
            habits,
            patience_of(wishes.patience) if wishes.patience else None,
            1 if wishes.seed is None else wishes.seed,
            progress,
        )
    out.print(show_replay.tables(found, period.since, first))
    _write(json_file, show_replay.to_json(found, period.since))


def _console(*, wide: bool) -> Console:
    return new_console(width=context.WIDE) if wide else context.console


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=new_console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=min(share, 1.0))


def _check_writable(option: str, path: Path | None) -> None:
    """Before anything is simulated, which may take long."""
    if path is None:
        return
    if path.is_dir():
        raise OperatorError(f"{option} {path}: this is a folder; name a file")
    if not path.parent.is_dir():
        raise OperatorError(f"{option} {path}: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OperatorError(f"{option} {path}: no permission to write there")


def _write(path: Path | None, data: dict[str, Any]) -> None:
    if path is None:
        return
    try:
        path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"--json {path}: {error.strerror}") from error
