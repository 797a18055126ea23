"""The command line of `script/hosts`."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from acd.errors import OperatorError
from bench.faults.load import Pace
from bench.hosts.kinds import FAULTS
from bench.hosts.network import enter
from bench.hosts.results import summary, table
from bench.hosts.run import LASTS_S, PACE, Report, judged, play, staged

CHECKOUT = Path(__file__).resolve().parents[2]
SHOWN = 60
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
out = Console(highlight=False, soft_wrap=True)


@app.command()
def hosts(
    minutes: Annotated[float, typer.Option(min=0.1, help="how long faults go on")] = 20.0,
    seed: Annotated[int | None, typer.Option(help="the same faults again, in the same order")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="only this, once (again for more; two at a time: a+b)")
    ] = None,
    lasts: Annotated[float | None, typer.Option(help="seconds that each lasts; else 3 to 15")] = None,
    rate: Annotated[float, typer.Option(min=0.2, max=10, help="calls a second, on average")] = PACE.rate,
    agents: Annotated[int, typer.Option(min=2, max=100)] = PACE.agents,
    out_file: Annotated[Path | None, typer.Option("--out", help="where the report is left (JSON)")] = None,
    files: Annotated[Path | None, typer.Option(help="leave the centre's files in this new folder")] = None,
) -> None:
    """Two hosts with a controller and an Asterisk each, partitions and deaths by chance: does all hold?"""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = [name.split("+") for name in fault] if fault else None
    if unknown := [n for each in chosen or () for n in each if n not in FAULTS]:
        raise typer.BadParameter(f"no such fault: {', '.join(unknown)}; there are: {', '.join(FAULTS)}")
    try:
        enter(sys.argv[1:])
    except OperatorError as error:
        out.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    number = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    report = Report(number, minutes, rate, agents)
    lasts_s = (lasts, lasts) if lasts is not None else LASTS_S
    pace = Pace(rate, agents, PACE.talk_s, PACE.patience_s)
    out.print(f"the same again: --seed {number}")
    with tempfile.TemporaryDirectory(prefix="acd-hosts-") as folder:
        if files is not None:
            files.mkdir(parents=True)
        asyncio.run(_run(files or Path(folder), report, pace, chosen, lasts_s))
    _show(report)
    if out_file is not None:
        out_file.write_text(json.dumps(report.to_dict(), indent=1, ensure_ascii=False), encoding="utf-8")
    if report.problems:
        raise typer.Exit(1)


async def _run(
    folder: Path,
    report: Report,
    pace: Pace,
    chosen: list[list[str]] | None,
    lasts_s: tuple[float, float],
) -> None:
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out, transient=True) as shown:
        task = shown.add_task("the centre starts", total=1.0)

        def progress(what: str, done: float) -> None:
            shown.update(task, description=what, completed=done)
            if not out.is_terminal:
                out.print(f"{done:4.0%} {what}", markup=False)

        async with staged(folder, report.seed, pace) as stage:
            await play(stage, report, chosen, lasts_s, progress)
            await judged(stage, report)


def _show(report: Report) -> None:
    out.print(summary(report), markup=False)
    out.print(f"\n{table(report.episodes)}\n", markup=False)
    for text in report.excused[:SHOWN]:
        out.print(f"  lost: {text}", markup=False)
    for text in report.problems[:SHOWN]:
        out.print(f"  PROBLEM: {text}", style="red", markup=False)


if __name__ == "__main__":
    app()
