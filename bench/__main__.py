"""The command line of `script/bench`."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from acd.simulate.calibration import DAYS, Score
from acd.simulate.calibration import measure as calibrate
from acd.simulate.calibration_centre import CENTRE_DAYS, measure_centre
from bench import customers as directory
from bench import desktop as desktops_open
from bench import dispatch as measurement
from bench import engine as decisions
from bench import ivr as menus
from bench import load as under_load
from bench import pop as card
from bench import reports as history
from bench import scale as sizes
from bench import simulate as simulation
from bench import soak as endurance
from bench.figures import SIDES, table, write_json
from bench.report_history import BYTES_PER_CALL
from bench.scale_tables import tables as tables_of_sizes
from bench.scenarios import Counts, scenarios
from tests.integration.sip.waiting import WaitedTooLong

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)
PIPE_WIDTH = 120


@app.callback()
def main() -> None:
    """Side-by-side measurements on this machine."""
    # Ended like by Ctrl-C: what was started for it ends, too, and its folder goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@app.command()
def dispatch(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    only: Annotated[list[str] | None, typer.Option(help="this scenario only (again for more)")] = None,
    side: Annotated[list[str] | None, typer.Option(help="this side only: ours or app_queue")] = None,
    samples: Annotated[int, typer.Option(min=1, help="samples of S1 to S5")] = 1000,
    news: Annotated[int, typer.Option(min=1, help="samples of S6")] = 150,
    rings: Annotated[int, typer.Option(min=1, help="samples of S7")] = 30,
    blocks: Annotated[int, typer.Option(min=1, help="samples of S8")] = 10,
    bursts: Annotated[int, typer.Option(min=1, help="bursts of S9, of 50 calls each")] = 20,
    wrap_ups: Annotated[int, typer.Option(min=1, help="samples of S10")] = 100,
) -> None:
    """How soon a free agent's phone gets the next call: ours against app_queue, in one run."""
    counts = Counts(samples, rings, bursts, news, blocks, wrap_ups)
    chosen = [s for s in scenarios(counts) if not only or s.name in only]
    sides = [s for s in SIDES if not side or s in side]
    if not chosen or not sides:
        raise typer.BadParameter("no such scenario or side")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors) as progress:

        def bar(scenario: str, name: str) -> measurement.Progress:
            task = progress.add_task(f"{scenario} {name}", total=1.0)
            return lambda share: progress.update(task, completed=min(share, 1.0))

        results = asyncio.run(measurement.measure(chosen, sides, bar))
    _show(table(chosen, results))
    if json is not None:
        write_json(json, chosen, results)


@app.command()
def ivr(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    callers: Annotated[int, typer.Option(min=1, max=240, help="callers in menus at once")] = 200,
    minutes: Annotated[float, typer.Option(min=0.1, help="how long they press keys")] = 2.0,
) -> None:
    """How soon a caller hears the next prompt after a key, with many callers in menus at once.

    Fails if a target is missed: 95 of 100 within 100 ms, no key lost, a quarter of a core for the controller.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(f"{callers} callers", total=1.0)
        result = asyncio.run(
            menus.measure(callers, minutes, lambda done: progress.update(task, completed=min(done, 1.0)))
        )
    _show(menus.table(result))
    if json is not None:
        menus.write_json(json, result)
    if not result.is_good:
        raise typer.Exit(1)


@app.command()
def load(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    cps: Annotated[float, typer.Option(min=0.5, max=100, help="calls a second, on average")] = 30.0,
    minutes: Annotated[float, typer.Option(min=0.1, help="how long it is measured")] = 10.0,
    find_limit: Annotated[
        bool, typer.Option("--find-limit", help="then raise the rate until it no longer holds")
    ] = False,
    profile: Annotated[
        Path | None, typer.Option(help="write to this file where the controller spends its processor time")
    ] = None,
) -> None:
    """What a steady load costs: each call through a prompt, the line and an agent, with 8 s of talk.

    Fails if a target is missed: no call lost, 99 of 100 decisions within 20 ms, 4 ms of the controller for
    each call, 1.6 times what a bare dial costs Asterisk, memory that does not grow.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def bar(what: str) -> measurement.Progress:
            task = progress.add_task(what, total=1.0)
            return lambda share: progress.update(task, completed=min(share, 1.0))

        try:
            result = asyncio.run(
                under_load.measure(cps, minutes, bar, find_limit=find_limit, profile=profile)
            )
        except WaitedTooLong as error:
            progress.console.print(f"nothing was measured: {error}", markup=False)
            raise typer.Exit(1) from None
    _show(under_load.table(result))
    if json is not None:
        under_load.write_json(json, result)
    if not result.is_good:
        raise typer.Exit(1)


@app.command()
def wait(
    days: Annotated[int, typer.Option(min=1, help="how often each day is repeated, with other chance")] = 20,
    seed: Annotated[int, typer.Option(help="the same chance again")] = 1,
) -> None:
    """How honest the expected wait is: simulated days, the share of callers served within the range told."""
    table = Table("Day", "Callers who waited", "Within p50", "Within p90")
    for column in table.columns[1:]:
        column.justify = "right"
    runs: list[tuple[str, Callable[[int, int], Score]]] = [
        (day.name, partial(calibrate, day)) for day in DAYS
    ]
    runs += [(day.name, partial(measure_centre, day)) for day in CENTRE_DAYS]
    with Progress(console=Console(stderr=True)) as progress:
        for name, run in progress.track(runs, description="days"):
            score = run(days, seed)
            table.add_row(name, f"{score.callers:,}", f"{score.share_p50:.1%}", f"{score.share_p90:.1%}")
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False).print(table)


@app.command()
def engine(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    rounds: Annotated[int, typer.Option(min=100, help="talks that end in each centre")] = 20_000,
) -> None:
    """How fast the pure engine decides in a large centre. Fails if a target is missed. Needs no Asterisk."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("deciding", total=1.0)
        figures = decisions.measure(rounds, lambda done: progress.update(task, completed=done))
    _show(decisions.table(figures))
    if json is not None:
        decisions.write_json(json, figures)
    if not decisions.is_good(figures):
        raise typer.Exit(1)


@app.command()
def desktop(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    desktops: Annotated[int, typer.Option(min=1, max=2000, help="agents with an open desktop")] = 500,
    per_s: Annotated[float, typer.Option(min=0.1, help="changes of agents' states a second")] = 20.0,
    seconds: Annotated[float, typer.Option(min=1.0, help="how long to measure each part")] = 30.0,
    browser: Annotated[bool, typer.Option(help="measure the frames of the wallboard in Chromium")] = True,
) -> None:
    """How soon a change is on the screens of all desktops of one web process. Needs no Asterisk.

    Fails if a target is missed: 99 of 100 within 50 ms, 100 MB of memory, nobody cut off, 99 of 100 frames
    of the wallboard within 16 ms.
    """
    load = desktops_open.Load(
        agents=desktops, supervisors=min(20, desktops), changes_per_s=per_s, seconds=seconds
    )
    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        measured = asyncio.run(desktops_open.measure(load, lambda what: bar.update(task, description=what)))
        if browser:
            bar.update(task, description="a browser draws the wallboard")
            measured = asyncio.run(desktops_open.with_frames(measured, load))
    _show(desktops_open.table(measured, load))
    if json is not None:
        desktops_open.write_json(json, measured)
    if not desktops_open.is_good(measured):
        raise typer.Exit(1)


@app.command()
def scale(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    agents: Annotated[str, typer.Option(help="sizes of centres, commas between them")] = "1000,5000,20000",
    seconds: Annotated[float, typer.Option(min=1.0, help="how long each rate is measured")] = 20.0,
    browsers: Annotated[int, typer.Option(min=0, max=200, help="of agents and supervisors")] = 20,
    find_limit: Annotated[bool, typer.Option(help="raise the rate with the largest centre")] = True,
) -> None:
    """What a centre of thousands of agents costs one controller, and where one ends. Needs no Asterisk.

    It sets no target: docs/scale.md has what came out.
    """
    try:
        wanted = [int(each) for each in agents.split(",")]
    except ValueError:
        raise typer.BadParameter(f"expected numbers with commas between them, got {agents!r}") from None
    options = sizes.Options(wanted, seconds, browsers, find_limit)
    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        result = asyncio.run(sizes.measure(options, lambda what: bar.update(task, description=what)))
    for each in tables_of_sizes(result):
        _show(each)
    if json is not None:
        sizes.write_json(json, result)


@app.command()
def pop(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    calls: Annotated[int, typer.Option(min=1, help="calls that ring")] = 100,
) -> None:
    """How soon the customer's card is on the screen once the phone is told to ring. Fails above 150 ms."""
    columns = (TextColumn("{task.completed}/{task.total} calls"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("pop", total=calls)
        found = card.measure(calls, lambda done: progress.update(task, completed=done))
    _show(card.table(found))
    if json is not None:
        card.write_json(json, found)
    if not card.is_good(found):
        raise typer.Exit(1)


@app.command()
def simulate(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    calls: Annotated[int, typer.Option(min=100, help="calls in each run")] = 30_000,
    runs: Annotated[int, typer.Option(min=1, help="the best of so many runs counts")] = 3,
) -> None:
    """How many calls a second the simulation gets through. Fails if a target is missed. Needs no Asterisk."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("simulating", total=1.0)
        speeds = simulation.measure(calls, runs, lambda done: progress.update(task, completed=done))
    _show(simulation.table(speeds))
    if json is not None:
        simulation.write_json(json, speeds)
    if not simulation.is_good(speeds):
        raise typer.Exit(1)


@app.command()
def customers(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    count: Annotated[int, typer.Option(min=1000, help="customers")] = 1_000_000,
    searches: Annotated[int, typer.Option(min=1, help="searches of each kind")] = 200,
    url: Annotated[str | None, typer.Option(help="an empty database to use instead of a file")] = None,
) -> None:
    """How fast customers are imported and found. Fails if a kind of search takes longer than 100 ms."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("importing", total=1.0)
        result = directory.measure(
            count,
            searches,
            lambda what, share: progress.update(task, description=what, completed=min(share, 1.0)),
            url,
        )
    _show(directory.table(result))
    if json is not None:
        directory.write_json(json, result)
    if not result.is_good:
        raise typer.Exit(1)


@app.command()
def reports(
    json: Annotated[Path | None, typer.Option(help="write the figures to this file, too")] = None,
    part: Annotated[
        list[str] | None, typer.Option(help="write, read, import: only this (again for more)")
    ] = None,
    database: Annotated[list[str] | None, typer.Option(help="sqlite, postgresql: only this")] = None,
    calls: Annotated[
        list[int] | None, typer.Option(min=1000, help="of a year (again for growth); else 200,000")
    ] = None,
    lines: Annotated[int, typer.Option(min=1000, help="of a queue_log that is imported")] = 1_000_000,
) -> None:
    """How fast calls are written and imported, and reports told of a year. Fails where a limit is missed.

    Needs much of the disk for many calls; says how much before it begins.
    """
    numbers, databases = sorted(calls or [200_000]), database or list(BYTES_PER_CALL)
    timings = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=1.0)

        def told(what: str, share: float) -> None:
            progress.update(task, description=what, completed=share)

        for each in databases:
            if not part or "write" in part:
                timings += history.measure_writing(each, told)
            if not part or "import" in part:
                timings += history.measure_importing(each, lines, told)
            for number in numbers if not part or "read" in part else ():
                needed = history.disk_needed(each, number) / 1e9
                progress.console.print(f"{number:,} calls in {each}: about {needed:.1f} GB of disk")
                timings += history.measure_reading(each, number, told)
    _show(history.table(timings))
    if json is not None:
        history.write_json(json, timings)
    grown = history.growth(timings)
    for line in grown:
        typer.echo(line)
    if grown or not all(timing.is_good for timing in timings):
        raise typer.Exit(1)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(min=0.1, max=110, help="how long callers come")] = 1.0,
    cps: Annotated[float, typer.Option(min=0.1, max=50, help="callers a second, on average")] = 5.0,
    seed: Annotated[int | None, typer.Option(help="the same chance again")] = None,
) -> None:
    """Twelve agents, two groups, impatient callers, unanswered rings; then: does everything add up?"""
    chosen = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    calls = max(1, round(minutes * 60 * cps))
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"seed {chosen}, {calls} calls, {cps:g} a second")
    columns = (TextColumn("{task.completed}/{task.total} calls"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("soak", total=calls)
        verdict = asyncio.run(
            endurance.run(calls, cps, chosen, lambda done: progress.update(task, completed=done))
        )
    for group, outcomes in sorted(verdict.totals.items()):
        parts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        out.print(f"{group}: {sum(outcomes.values())} offered = {parts}")
    for part in verdict.parts:
        out.print(
            f"from {part.begins_s:5.0f} s: {part.rss_mb:.1f} MB, {part.files} open files, "
            f"{part.tasks} tasks, {part.offers} offers, p99 within {part.p99_ms:g} ms"
        )
    for problem in verdict.problems:
        out.print(problem, style="red", markup=False)
    if verdict.problems:
        raise typer.Exit(1)
    out.print("everything adds up")


def _show(found: Table) -> None:
    """Whole also where it goes into a file."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False).print(found)


if __name__ == "__main__":
    app()
