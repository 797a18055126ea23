"""`acd recordings …`: the files of what callers and agents said."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import typer
from rich.table import Table

from acd.cli import context
from acd.errors import OperatorError
from acd.recordings.bucket import AccessRefused, NoBucket, StoreAway, bucket_of
from acd.recordings.check import Finding, check
from acd.recordings.store import Recording, Recordings
from acd.records.report import duration

app = typer.Typer(help="Look at recordings, and check their files.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="machine-readable")]
FAULTS_FOUND = 1


@app.command("list")
def list_recordings(
    call: Annotated[str, typer.Argument(help="the call's id")],
    wide: context.Wide = False,
    as_json: AsJson = False,
) -> None:
    """The recordings of a call, deleted ones as well."""
    env = context.environment()
    with context.records(env) as store:
        found = Recordings(store.engine).of_calls([call])
        if not found and not store.known([call]):
            raise OperatorError(f"no call {call} is on record")
    if as_json:
        typer.echo(json.dumps([_object(each) for each in found], ensure_ascii=False, indent=2))
    elif found:
        context.show(_table(found), wide=wide)
    else:
        context.console.print("the call has no recordings")


@app.command("check")
def check_recordings(
    quick: Annotated[bool, typer.Option("--quick", help="files are measured, not read")] = False,
    as_json: AsJson = False,
) -> None:
    """Files, here or in S3, that are missing, differ from what is on record, or belong to no call.

    Code 1 if there are any.
    """
    env = context.environment()
    looked_at: Counter[str] = Counter()
    faults: list[Finding] = []
    away = ""
    with context.records(env) as store:
        found = check(
            env.recordings_dir,
            Recordings(store.engine),
            store.known,
            checksums=not quick,
            looked_at=lambda count: looked_at.update(rows=count),
            bucket=lambda: bucket_of(context.centre_in_use(env).recording.s3, env),
        )
        try:
            faults.extend(found)
        except (NoBucket, AccessRefused) as error:
            away = str(error)
        except StoreAway as error:
            away = f"{error}; try again later"
    if as_json:
        shown = [{"name": each.name, "fault": each.fault.value, "text": each.text} for each in faults]
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    elif faults or not away:
        _print(faults, looked_at["rows"])
    if away:
        raise OperatorError(f"ended half-way, nothing is known of the rest: {away}")
    if faults:
        raise typer.Exit(FAULTS_FOUND)


def _print(faults: list[Finding], rows: int) -> None:
    for each in faults:
        context.console.print(f"{each.name}: {each.fault}: {each.text}", markup=False, soft_wrap=True)
    counts = ", ".join(f"{count} {fault}" for fault, count in Counter(f.fault for f in faults).items())
    context.console.print(f"{rows} recordings on record; {counts or 'all is well'}", markup=False)


def _object(each: Recording) -> dict[str, object]:
    return {
        "name": each.name,
        "kind": each.kind.value,
        "group": each.group_id,
        "started_at": each.started_at.isoformat(),
        "duration_s": each.duration_s,
        "channels": each.channels,
        "format": each.format.value,
        "bytes": each.bytes,
        "sha256": each.sha256,
        "storage": each.storage.value,
        "consent": each.consent,
        "pauses": [list(pause) for pause in each.pauses],
        "deleted_at": each.deleted_at.isoformat() if each.deleted_at is not None else None,
        "deleted_why": each.deleted_why,
    }


def _table(found: list[Recording]) -> Table:
    table = Table("Name", "Kind", "Group", "Length", "Format", "Storage", "Consent", "Deleted")
    for each in found:
        deleted = f"{each.deleted_at:%Y-%m-%d}: {each.deleted_why}" if each.deleted_at is not None else ""
        what = (each.name, each.kind.value, each.group_id or "", duration(each.duration_s))
        table.add_row(*what, each.format.value, each.storage.value, each.consent or "", deleted)
    return table
