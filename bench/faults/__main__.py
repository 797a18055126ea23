"""The command line of `script/faults`."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.faults.centre import may_mount
from bench.faults.kinds import FAULTS
from bench.faults.load import Pace
from bench.faults.results import keep, kept, summary, table, write_into
from bench.faults.run import PACE, Outcome, play, staged
from bench.faults.stage import Stage
from tests.integration.sip.waiting import WaitedTooLong

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "operations.md"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
out = Console(highlight=False, soft_wrap=True)


@app.command()
def faults(
    seeds: Annotated[int, typer.Option(min=1, help="how often each fault, with other chance")] = 3,
    fault: Annotated[list[str] | None, typer.Option(help="this one only (again for more)")] = None,
    rate: Annotated[float, typer.Option(min=0.2, max=30, help="calls a second, on average")] = PACE.rate,
    agents: Annotated[int, typer.Option(min=2, max=300)] = PACE.agents,
    out_file: Annotated[
        Path, typer.Option("--out", help="where findings are kept; what is in it is not done again")
    ] = CHECKOUT / "var" / "faults.jsonl",
    write_docs: Annotated[
        bool, typer.Option("--write-docs", help="put the table into docs/operations.md")
    ] = False,
    files: Annotated[Path | None, typer.Option(help="leave the centre's files below this folder")] = None,
) -> None:
    """Each fault, injected under load into a real centre; then: who was lost, what is not on record?"""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if unknown := [name for name in fault or () if name not in FAULTS]:
        raise typer.BadParameter(f"no such fault: {', '.join(unknown)}; there are: {', '.join(FAULTS)}")
    wanted = [(seed, name) for seed in range(1, seeds + 1) for name in FAULTS if not fault or name in fault]
    done = {(outcome.seed, outcome.fault) for outcome in kept(out_file)}
    todo = [each for each in wanted if each not in done]
    in_need = dict.fromkeys(name for _, name in todo if FAULTS[name].needs_disk)
    if in_need and not may_mount():
        told = "needs root, with the right to mount a disk: choose others with --fault"
        raise typer.BadParameter(f"{' and '.join(in_need)} {told}")
    out.print(f"{len(todo)} of {len(wanted)} to do, findings are kept in {out_file}")
    for seed in dict.fromkeys(seed for seed, _ in todo):
        names = [name for s, name in todo if s == seed]
        asyncio.run(_all(names, seed, Pace(rate, agents, PACE.talk_s, PACE.patience_s), out_file, files))
    found = [outcome for outcome in kept(out_file) if (outcome.seed, outcome.fault) in wanted]
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    text = f"{summary(found, when, f'{os.cpu_count()} processors')}\n\n{table(found)}"
    out.print(text, markup=False)
    if write_docs and found:
        write_into(PAGE, text)
    if len(found) < len(wanted) or not all(outcome.is_good for outcome in found):
        raise typer.Exit(1)


async def _all(names: list[str], seed: int, pace: Pace, file: Path, files: Path | None) -> None:
    """On one centre; one that does not come to be whole again is replaced by a new one."""
    while names:
        folder = files / f"seed{seed}-{names[0]}-{int(time.time())}" if files is not None else None
        if folder is not None:
            folder.mkdir(parents=True)
        async with staged(seed, pace, keep=folder) as stage:
            while names:
                name = names.pop(0)
                if not await _one(stage, name, seed, pace, file):
                    break


async def _one(stage: Stage, name: str, seed: int, pace: Pace, file: Path) -> bool:
    """Whether the centre can be used for the next one."""
    began = time.monotonic()
    # The moment and the callers of a fault are the seed's, whatever came before.
    stage.chance.seed(f"{seed} {name}")
    stage.load.reseed(f"{seed} {name}")
    outcome: Outcome | None = None
    try:
        with out.status(f"seed {seed}: {name}"):
            (outcome,) = await play(stage, [name], seed, pace, lambda _what: None)
    except WaitedTooLong as error:
        out.print(f"seed {seed} {name}: {error}", style="red", markup=False)
        return False
    with suppress(OSError):
        keep(file, outcome)
    style = "green" if outcome.is_good else "red"
    out.print(
        f"seed {seed} {name}: {outcome.calls} calls, {outcome.in_progress} in progress, lost {outcome.lost}"
        f" (+{outcome.expected} expected), records lost {outcome.records_lost}, next call after"
        f" {outcome.resumed_s:g} s, longest pause {outcome.pause_s:g} s, whole after {outcome.whole_s:g} s"
        f" ({time.monotonic() - began:.0f} s)",
        style=style,
        markup=False,
    )
    for problem in outcome.problems[:20]:
        out.print(f"  {problem}", style="red", markup=False)
    return True


if __name__ == "__main__":
    app()
