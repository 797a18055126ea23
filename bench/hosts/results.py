"""What a run has found, as the table of the documentation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from bench.hosts.kinds import FAULTS
from bench.hosts.run import Episode, Report

TOGETHER = "two of these at a time"
HEAD = (
    "| fault | times | take-overs | next ring at a phone, s: median (worst) | all whole, s: median (worst)"
    " | calls in progress | calls lost | records lost |"
)


def table(episodes: Sequence[Episode]) -> str:
    """Markdown: a line for each fault that came alone, and one for those that came together."""
    by_title: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        title = TOGETHER if len(episode.faults) > 1 else FAULTS[episode.faults[0]].title
        by_title[title].append(episode)
    order = [fault.title for fault in FAULTS.values()] + [TOGETHER]
    lines = [HEAD, "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    lines += [_line(title, by_title[title]) for title in order if title in by_title]
    return "\n".join(lines)


def _line(title: str, of: Sequence[Episode]) -> str:
    cells = (
        title,
        str(len(of)),
        str(sum(episode.takeovers for episode in of)),
        _times([episode.resumed_s for episode in of]),
        _times([episode.whole_s for episode in of]),
        f"{min(e.in_progress for e in of)}–{max(e.in_progress for e in of)}",
        str(sum(episode.lost for episode in of)),
        str(sum(episode.records_lost for episode in of)),
    )
    return f"| {' | '.join(cells)} |"


def _times(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} ({max(seconds):.1f})"


def summary(report: Report) -> str:
    """What was run, and what was found."""
    return (
        f"{len(report.episodes)} times one or two faults in {report.minutes:g} minutes (seed {report.seed}),"
        f" {report.dropped_packets:,} packets dropped; {report.calls:,} calls, {report.rate:g} a second with"
        f" {report.agents} agents, {report.answered:,} answered, {report.rings:,} rings."
        f" {report.terms} terms of leaders, their numbers rise to {max(report.fences, default=0)};"
        f" {len(report.problems)} problems. Calls lost with what was cut or killed: {report.lost}."
        f" Rings that found a phone busy: {report.busy_by_queue} with a node's own queue,"
        f" {report.busy_by_cut} that had not been told of an end, which lay in the cut by Asterisk's account,"
        f" or by a ring that is said again; {report.glares} answers to rings that had been taken back."
        f" Records: {report.records:,}, {report.records_missing} missing, {report.records_differing} differ,"
        f" {report.given_up} told as lost with a node that was out of reach for long."
    )
