"""`acd test`: the test cases inside the flows, run without a telephone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from acd.cli import context
from acd.errors import OperatorError
from acd.ivr.cases import Case
from acd.ivr.flow import FlowSet
from acd.ivr.suite import run_cases
from acd.ivr.verdict import Coverage
from acd.settings.load import load_tests
from acd.settings.problems import not_among


def run_tests(
    what: Annotated[str, typer.Argument(help="a flow's name or file, or a folder of flows")] = "",
    coverage: Annotated[bool, typer.Option("--coverage", help="show what no case takes")] = False,
    min_coverage: Annotated[float, typer.Option(min=0, max=100, help="fail below this percentage")] = 0.0,
) -> None:
    """Run the test cases that the flows have in their files."""
    env = context.environment()
    folder, name = _where(what, env.flows_dir)
    centre, by_flow = load_tests(env.config_dir, folder)
    chosen = _chosen(by_flow, name)
    start = time.perf_counter()
    cases = [case for cases in chosen.values() for case in cases]
    report = run_cases(centre.flow_set, cases, ZoneInfo(centre.system.timezone))
    took_ms = (time.perf_counter() - start) * 1000
    for text in report.failed:
        typer.echo(text)
    covered, everything = _show_coverage(centre.flow_set, chosen, report.coverage, show=coverage)
    share = 100 * covered / everything if everything else 100.0
    typer.echo(
        f"{report.passed} passed, {len(report.failed)} failed in {took_ms:.0f} ms;"
        f" {int(share)} % of steps and ways covered"
    )
    if share < min_coverage:
        typer.echo(
            f"the coverage of {share:.1f} % is below {min_coverage:g} %; --coverage shows what is missing"
        )
    if report.failed or share < min_coverage:
        raise typer.Exit(1)


def _where(what: str, flows_dir: Path) -> tuple[Path, str]:
    """The folder of the flows, and the one flow that is meant ('': all)."""
    path = Path(what)
    if what and path.is_dir():
        return path, ""
    if path.suffix == ".yml" and path.is_file():
        return path.parent, path.stem
    return flows_dir, what


def _chosen(by_flow: Mapping[str, list[Case]], name: str) -> Mapping[str, list[Case]]:
    if not name:
        return by_flow
    if name not in by_flow:
        raise OperatorError(not_among("flow", name, by_flow))
    return {name: by_flow[name]}


def _show_coverage(
    flows: FlowSet, chosen: Iterable[str], coverage: Coverage, *, show: bool
) -> tuple[int, int]:
    covered = everything = 0
    for flow in sorted(chosen):
        done, count, missing = coverage.missing(flows, flow)
        covered, everything = covered + done, everything + count
        if show:
            typer.echo(f"{flow}: {done} of {count} steps and ways" + ("; not taken:" if missing else ""))
            for each in missing:
                typer.echo(f"    {each}")
    return covered, everything
