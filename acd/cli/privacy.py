"""`acd customers forget` and `acd customers export-data`: one person's rights over what is kept of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from acd.cli import context
from acd.cli.auditing import audit
from acd.errors import OperatorError, RequestRefused
from acd.privacy.export import export_person
from acd.privacy.forget import Forgetting, as_text
from acd.privacy.person import Person, find_person
from acd.recordings.bucket import Bucket, bucket_of
from acd.records.store import RecordStore
from acd.runtime.doors import IS_GONE, STANDS_BY
from acd.runtime.leader import Leader
from acd.settings.config_files import CUSTOMERS_FILE
from acd.settings.environment import Environment
from acd.settings.model import Centre
from acd.state.disk import LIVE_FILE, DiskMirror
from acd.state.kept import Kept

Who = Annotated[str, typer.Argument(help="the customer's id, or a phone number", metavar="ID|NUMBER")]
NOT_REACHED = (
    "Not reached: back-ups, what webhooks and exports have brought elsewhere, and what agents have written in"
    " other customers' notes."
)
RELOAD = "If they were in customers.csv: 'acd reload', so that the controller forgets their number, too."
LEFT = 2


def forget(
    who: Who,
    calls_too: Annotated[
        bool, typer.Option("--delete-calls", help="delete the calls, too; reports will change")
    ] = False,
    as_it_is: Annotated[
        bool, typer.Option("--no-vacuum", help="do not write SQLite's file anew: old copies may stay in it")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Delete a customer with all that is kept; calls become nobody's. Code 2 if something is left."""
    env = context.environment()
    centre = context.centre_in_use(env)
    with context.records(env) as store:
        work = _forgetting(env, centre, store, _found(store, who, centre, env.home), calls_too=calls_too)
        work.anew = not as_it_is
        work.check()
        count, name = len(work.calls()), work.person.card or who
        what = "deleted" if calls_too else "made nobody's"
        context.console.print(f"{name}: {count} calls are {what}; all else is deleted.", markup=False)
        context.console.print(_known_by(work.person), markup=False, soft_wrap=True)
        if not yes:
            typer.confirm("There is no way back. Go on?", abort=True)
        about = f"customer {work.person.card}" if work.person.card else "a caller without a card"
        audit(store, "customer-forget", about, state="begun", calls=count)
        done = work.run()
        audit(store, "customer-forget", about, state="done", **done)
        left = work.left()
    context.console.print(f"Deleted or changed: {as_text(done)}.", markup=False, soft_wrap=True)
    for file in left:
        context.console.print(f"still in: {file}", markup=False, soft_wrap=True)
    if _may_run(env):
        context.console.print(RELOAD, markup=False, soft_wrap=True)
    context.console.print(NOT_REACHED, markup=False, soft_wrap=True)
    if left:
        raise typer.Exit(LEFT)


def export_data(
    who: Who,
    output: Annotated[Path, typer.Option("--output", help="the zip file to write")],
) -> None:
    """All that is kept of a customer in a zip file: data.json, summary.txt, and the recordings."""
    if output.exists():
        raise OperatorError(f"{output} is there already; choose another name")
    env = context.environment()
    centre = context.centre_in_use(env)
    with context.records(env) as store:
        person = _found(store, who, centre, env.home)
        calls = _forgetting(env, centre, store, person).calls()
        zone = ZoneInfo(centre.system.timezone)
        bucket = _bucket(env, centre)
        count = export_person(store, person, calls, env.recordings_dir, output, zone, bucket)
        about = f"customer {person.card}" if person.card else "a caller without a card"
        audit(store, "customer-export-data", about, **count)
    told = ", ".join(f"{number} {kind}" for kind, number in count.items())
    context.console.print(f"{output}: {told}", markup=False, soft_wrap=True)


def _known_by(person: Person) -> str:
    told = (
        ("cards", person.ids if person.card else ()),
        ("names", person.names),
        ("numbers", person.numbers),
    )
    shown = (f"{what}: {', '.join(words) or 'none'}" for what, words in told)
    return "Who that is: " + "; ".join(shown)


def _found(store: RecordStore, who: str, centre: Centre, home: Path) -> Person:
    with store.engine.connect() as connection:
        return find_person(connection, who, centre.system.country, home)


def _forgetting(
    env: Environment, centre: Centre, store: RecordStore, person: Person, *, calls_too: bool = False
) -> Forgetting:
    return Forgetting(
        home=env.home,
        recordings=env.recordings_dir,
        journal=env.journal_dir,
        store=store,
        person=person,
        bucket=_bucket(env, centre),
        others=[env.config_dir],
        in_use=_may_run(env),
        calls_too=calls_too,
        account=[of_node.cdr_file for of_node in env.of_nodes],
        queue_log=env.home / centre.queue_log.file,
        file=env.config_dir / CUSTOMERS_FILE,
        versions=env.versions_dir,
        country=centre.system.country,
        tidy_live=lambda: tidy_live(env),
        journals=journals(env),
    )


def _may_run(env: Environment) -> bool:
    """Whether a controller may be running, here or elsewhere."""
    return bool(Leader(env).doors()) or env.control_socket.exists()


def journals(env: Environment) -> dict[Path, bool]:
    """Of several controllers; whether it may be written now: not that of one that stands by, or is gone."""
    folders = [each for each in env.home.glob("controllers/*/journal") if each != env.journal_dir]
    standings = asyncio.run(Leader(env).standings()) if folders else []
    idle = {one.name for one in standings if one.reason in (STANDS_BY, IS_GONE)}
    return {folder: folder.parent.name not in idle for folder in folders}


def tidy_live(env: Environment) -> None:
    """Calls that are over leave the live state on disk: at once, not when its file has grown.

    That of a controller which has led earlier, and does not now, is emptied: whoever leads has taken it up,
    and nobody takes up what is older.
    """
    folders = {env.live_dir, *env.home.glob("controllers/*/live")}
    if not (found := [folder for folder in sorted(folders) if (folder / LIVE_FILE).exists()]):
        return
    fence = 0
    with contextlib.suppress(OSError, OperatorError, RequestRefused):  # no controller is there
        fence = asyncio.run(_tidied_by_leader(env))
    for folder in found:
        _tidy(DiskMirror(folder), fence)


async def _tidied_by_leader(env: Environment) -> int:
    """Its number; 0 where it is the only controller."""
    leader = Leader(env)
    await leader.request(do="tidy-live-state")
    async with leader.connection() as found:
        return found.fence


def _tidy(mirror: DiskMirror, fence: int) -> None:
    try:
        mirror.open()
    except OperatorError:  # it is in use, or one starts: it does so itself
        return
    if mirror.fence < fence:
        mirror.replace(Kept({}, mirror.changed_at, mirror.fence))
    mirror.close()


def _bucket(env: Environment, centre: Centre) -> Callable[[], Bucket | None]:
    return lambda: bucket_of(centre.recording.s3, env)
