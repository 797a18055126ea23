"""`acd reload`, `acd versions`, `acd rollback`, `acd announce …`: of a running centre."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from acd.cli import context
from acd.errors import OperatorError
from acd.runtime.leader import Leader
from acd.runtime.version_files import VersionEntry, VersionFiles, changed_files

MOST_NAMES, LONGEST_NAME = 3, 20
RELOAD_LIMIT_S = 300.0  # a thousand new prompts have to be spoken
announce = typer.Typer(
    help="Announcements that flows say while they are switched on (talks to the running controller).",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="as in ivr_flows/announcements.yml")]


def reload() -> None:
    """Check and test config/ and ivr_flows/; if all is well, all of it holds at once. Calls go on."""
    answer = _ask("reload", limit_s=RELOAD_LIMIT_S, who=context.user())
    if answer["changed"]:
        _say(
            f"version {answer['number']} is active ({answer['tests']});"
            " calls under way go on in the flows that they began with"
        )
    else:
        _say(f"nothing has changed: version {answer['number']} stays active")
    _say_notes(answer)


def rollback(number: Annotated[int, typer.Argument(help="as 'acd versions' lists it")]) -> None:
    """Make an old version active again. The files on disk stay as they are."""
    answer = _ask("rollback", limit_s=RELOAD_LIMIT_S, number=number, who=context.user())
    _say(f"version {answer['number']} is active, with configuration and flows of version {number}")
    _say_notes(answer)
    _say("the files on disk are as they were: 'acd reload' takes them again")


def _say_notes(answer: dict[str, Any]) -> None:
    if answer.get("files"):
        _say("changed: " + ", ".join(answer["files"]))
    for note in answer["notes"]:
        _say(note)


def versions(
    wide: context.Wide = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Which configuration and flows were active when, made so by whom, what changed, which calls use them."""
    env = context.environment()
    running: dict[str, Any] = {}
    with contextlib.suppress(OperatorError):
        running = asyncio.run(Leader(env).request(do="versions"))
    files = VersionFiles(env.versions_dir)
    entries = files.entries()
    befores: list[VersionEntry | None] = [None, *entries]
    active = running.get("active")
    rows = [
        {
            "number": entry.number,
            "version": entry.version,
            "at": entry.at.isoformat(),
            "who": entry.who,
            "source": entry.source,
            "tests": entry.tests,
            "changed": [] if before is None else changed_files(files.kept(before), files.kept(entry)),
            "active": entry.number == active,
            "calls": running.get("calls", {}).get(entry.version, 0),
        }
        for before, entry in zip(befores, entries, strict=False)
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    context.show(_versions_table(rows, context.timezone(env), wide=wide), wide=wide)
    if not running:
        _say("no controller is running")


def _changed(files: list[str], *, wide: bool) -> list[str]:
    """What the column says, in words that stay whole."""
    if wide:
        return [name + "," for name in files[:-1]] + files[-1:]
    names = [name.rpartition("/")[2] for name in files]
    more = ["…"] if len(names) > MOST_NAMES else []
    names = names[:MOST_NAMES]
    return [name + "," for name in names[:-1]] + names[-1:] + more


def _versions_table(rows: list[dict[str, Any]], tz: ZoneInfo, *, wide: bool) -> Table:
    table = Table(title=f"Times in {tz.key}")
    headings = ["Version", "Active", "Since", "By", "From", "Tests", "Changed", "Calls"] + (
        ["Hash"] if wide else []
    )
    shown = [_changed(row["changed"], wide=wide) for row in rows]
    longest = max((len(name) for names in shown for name in names), default=0)
    for heading in headings:
        number = heading in ("Version", "Calls")
        least = min(longest, LONGEST_NAME) or None if heading == "Changed" else None
        table.add_column(heading, justify="right" if number else "left", overflow="fold", min_width=least)
    for row, names in zip(reversed(rows), reversed(shown), strict=True):
        since = f"{datetime.fromisoformat(row['at']).astimezone(tz):%Y-%m-%d %H:%M:%S}"
        cells = [since, row["who"], row["source"], row["tests"], " ".join(names), str(row["calls"] or "")]
        cells += [row["version"]] if wide else []
        style = "bold green" if row["active"] else ""
        mark = "active" if row["active"] else ""
        table.add_row(str(row["number"]), mark, *(Text(cell) for cell in cells), style=style)
    return table


# --- announcements --------------------------------------------------------------------------------
@announce.command("list")
def list_announcements() -> None:
    """All announcements, and which of them callers hear now."""
    _announcements(_ask("announcements"))


@announce.command("on")
def announce_on(
    name: Name,
    until: Annotated[str, typer.Option(help="'18:00' or '2026-12-24 18:00'; without: until it is off")] = "",
) -> None:
    """Callers hear it from their next step on; again: until another time."""
    end = None
    if until:
        end = moment(until, context.timezone(context.environment()), datetime.now(UTC)).timestamp()
    _announcements(_ask("announce-on", name=name, until=end, who=context.user()))


@announce.command("off")
def announce_off(name: Name) -> None:
    """Callers no longer hear it."""
    answer = _ask("announce-off", name=name, who=context.user())
    if not answer["was_on"]:
        _say(f"{name} was not on")
    _announcements(answer)


def moment(text: str, tz: ZoneInfo, now: datetime) -> datetime:
    """'18:00', the next one, or '2026-12-24 18:00', as local time. Raises OperatorError."""
    with contextlib.suppress(ValueError):
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=tz)
    try:
        clock = datetime.strptime(text.strip(), "%H:%M").time()
    except ValueError:
        raise OperatorError(f"--until {text!r}: expected '18:00' or '2026-12-24 18:00'") from None
    today = now.astimezone(tz).date()
    found = datetime.combine(today, clock, tz)
    return found if found > now else datetime.combine(today + timedelta(days=1), clock, tz)


def _announcements(answer: dict[str, Any]) -> None:
    if not answer["announcements"]:
        _say("there are no announcements; they are written in ivr_flows/announcements.yml")
        return
    tz = context.timezone(context.environment())
    for one in answer["announcements"]:
        text = f"{one['name']}: {'on' if one['on'] else 'off'}"
        if one["on"]:
            text += f" since {_clock(one['since'], tz)} by {one['who']}"
            text += f", until {_clock(one['until'], tz)}" if one["until"] is not None else ""
        if not one["known"]:
            text += "; the active flows do not have it"
        _say(text)


def _clock(at: float, tz: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, tz):%Y-%m-%d %H:%M}"


def _ask(do: str, *, limit_s: float = 10.0, **fields: Any) -> dict[str, Any]:
    return asyncio.run(Leader(context.environment()).request(limit_s=limit_s, do=do, **fields))


def _say(text: str) -> None:
    context.console.print(text, markup=False, soft_wrap=True)
