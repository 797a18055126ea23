"""`acd draw`: flows as pictures."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from acd.cli import context
from acd.errors import OperatorError
from acd.ivr.picture import Traffic, picture_of
from acd.ivr.picture_dot import dot
from acd.ivr.picture_mermaid import mermaid
from acd.records.period import parse_period
from acd.records.traffic import traffic
from acd.settings.model import Centre
from acd.settings.problems import not_among
from acd.web.graphviz import laid_out


class Format(StrEnum):
    """What is written."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    PNG = "png"


def draw(
    flow: Annotated[str, typer.Argument(help="the flow; or --all")] = "",
    every: Annotated[bool, typer.Option("--all", help="all flows in one picture")] = False,
    form: Annotated[Format, typer.Option("--format", help="without it: by the ending of --out")] = None,  # type: ignore[assignment]
    out: Annotated[Path | None, typer.Option(help="the file to write; left out: to the terminal")] = None,
    of_traffic: Annotated[
        str, typer.Option("--traffic", metavar="FROM..TO", help="with counts: today, 2026-11-20..2026-11-22")
    ] = "",
) -> None:
    """Draw a flow, or all, from the flows themselves; with --traffic, how many callers went where."""
    if bool(flow) == every:
        raise OperatorError("name one flow, or say --all")
    centre = context.centre(context.environment())
    flows = centre.flow_set.flows
    if flow and flow not in flows:
        raise OperatorError(not_among("flow", flow, flows))
    counts = _traffic(centre, of_traffic) if of_traffic else None
    picture = picture_of(centre.flow_set, list(flows) if every else [flow], counts)
    wanted = form or _format_of(out)
    drawn = mermaid(picture).encode() if wanted is Format.MERMAID else dot(picture).encode()
    if wanted in (Format.SVG, Format.PNG):
        drawn = laid_out(drawn, wanted.value)
    if out is not None:
        _write(out, drawn)
    elif wanted is Format.PNG and sys.stdout.isatty():
        raise OperatorError("a PNG picture goes into a file: add --out FILE.png")
    else:
        sys.stdout.buffer.write(drawn)


def _write(out: Path, drawn: bytes) -> None:
    """A new file is as private as its folder: our own umask would hide it from a web server."""
    try:
        try:
            with out.open("xb") as new:
                new.write(drawn)
            out.chmod(0o644 & (out.parent.stat().st_mode | 0o600))
        except FileExistsError:
            out.write_bytes(drawn)
    except OSError as error:
        raise OperatorError(f"{out} cannot be written: {error.strerror or error}") from error


def _format_of(out: Path | None) -> Format:
    ending = out.suffix.lstrip(".") if out is not None else ""
    return Format(ending) if ending in set(Format) else Format.MERMAID


def _traffic(centre: Centre, period: str) -> Traffic:
    """The counts of the records; `..` stands between two moments, one alone is a day."""
    first, between, last = period.partition("..")
    tz = ZoneInfo(centre.system.timezone)
    span = parse_period(first, last if between else first, tz, datetime.now(UTC), ("--traffic", "--traffic"))
    with context.records(context.environment()) as store:
        counted = traffic(store.engine, span.since, span.until)
    return Traffic(counted.arrows, counted.hung_up)
