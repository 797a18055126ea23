"""The report of a drill: what an auditor reads (Markdown), and the same for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from acd.settings.environment import DRILLS


@dataclass(frozen=True, slots=True)
class Check:
    """`what` was looked at, what must be (`limit`), what was found, and whether that is well."""

    what: str
    limit: str
    found: str
    passed: bool


@dataclass(slots=True)
class Report:
    """Times are ISO 8601, in UTC. Calls are ids.

    `kept`: still there afterwards; `ended`: by the caller or an agent meanwhile; `unseen`: ended meanwhile,
    and nobody knows by whom; `lost`: with a dead Asterisk, or by the product. `node`: the Asterisk that it is
    about, where there are several. `resumed_s`: from its begin until calls were routed again; `whole_s`: from
    its end until all was as before. None: not within the limit.
    """

    drill: str
    who: str
    host: str
    centre: str
    version: str
    began: str
    did: str
    leader_before: str
    leader_after: str = ""
    over: str = ""
    node: str = ""
    in_progress: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    resumed_s: float | None = None
    whole_s: float | None = None
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every check was passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)


def write(report: Report, home: Path) -> tuple[Path, Path]:
    """Both files, below `drills/` in ACD_HOME, for their owner alone. Raises OSError."""
    folder = home / DRILLS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{report.began.replace(':', '').partition('.')[0]}Z-{report.drill}"
    page, data = folder / f"{stem}.md", folder / f"{stem}.json"
    for path, text in (
        (page, markdown(report)),
        (data, json.dumps({**asdict(report), "passed": report.passed}, ensure_ascii=False, indent=2) + "\n"),
    ):
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    return page, data


def markdown(report: Report) -> str:
    """For who reads."""
    facts = (
        ("centre", f"{_cell(report.centre)}, acd {report.version}"),
        ("by whom", f"{_cell(report.who)} at {_cell(report.host)}"),
        ("began", report.began),
        ("over", report.over),
        ("what was done", _cell(report.did)),
        *((("Asterisk node", report.node),) if report.node else ()),
        ("who led before, and after", f"{report.leader_before or '–'}, {report.leader_after or '–'}"),
        ("calls in progress", str(len(report.in_progress))),
        ("of these still there afterwards", str(len(report.kept))),
        ("ended by caller or agent meanwhile", str(len(report.ended))),
        ("ended meanwhile, nobody saw by whom", _ids(report.unseen)),
        ("lost", _ids(report.lost)),
        ("time until calls were routed again", _seconds(report.resumed_s)),
        ("time from its end until all was as before", _seconds(report.whole_s)),
    )
    lines = [
        f"# Drill {report.drill}: {'passed' if report.passed else 'FAILED'}",
        "",
        "| | |",
        "| --- | --- |",
    ]
    lines += [f"| {what} | {told} |" for what, told in facts]
    lines += ["", "| check | must be | was | |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {c.what} | {c.limit} | {_cell(c.found)} | {'pass' if c.passed else 'FAIL'} |"
        for c in report.checks
    ]
    return "\n".join(lines) + "\n"


def _ids(calls: Sequence[str]) -> str:
    return f"{len(calls)}: {', '.join(calls)}" if calls else "0"


def _seconds(took_s: float | None) -> str:
    return "not within the limit" if took_s is None else f"{took_s:.2f} s"


def _cell(text: str) -> str:
    """What somebody has written must not make cells or lines of its own."""
    return " ".join(text.replace("|", "/").split())
