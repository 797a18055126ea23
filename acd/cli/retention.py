"""`acd retention …`: for how long what is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from acd.cli import context
from acd.cli.auditing import audit
from acd.errors import OperatorError
from acd.privacy.retention import Retention
from acd.recordings.bucket import bucket_of
from acd.settings.retention import RetentionSettings

app = typer.Typer(help="Delete what has been kept for its time (config/retention.yml).", no_args_is_help=True)


@app.callback()
def _commands() -> None:
    """Delete what has been kept for its time (config/retention.yml)."""


@app.command("run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count, and change nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Do now what the web process does each night; what was done is in the audit log."""
    env = context.environment()
    centre = context.centre(env)
    active = context.centre_used_last(env)
    if not dry_run and active is not None and active.retention != centre.retention:
        raise OperatorError(
            f"{env.config_dir / 'retention.yml'} is not what is active: look at what its rules would delete"
            " with --dry-run, then 'acd reload', and ask again"
        )
    if centre.retention == RetentionSettings():
        raise OperatorError(f"all is kept for ever: {env.config_dir / 'retention.yml'} has no rules")
    with context.records(env) as store:
        work = Retention(
            store.engine,
            env.home,
            env.recordings_dir,
            centre.retention,
            lambda: bucket_of(centre.recording.s3, env),
            datetime.now(UTC),
        )
        if dry_run:
            found = work.due()
        else:
            try:
                found = work.run()
            finally:  # what was done is kept, also where something has ended it
                audit(store, "retention-run", "", **+work.done)
    if as_json:
        typer.echo(json.dumps(dict(found)))
        return
    for kind, count in sorted(found.items()):
        context.console.print(f"{kind}: {count}", markup=False)
    if not found:
        context.console.print("nothing has been kept too long")
    elif dry_run:
        context.console.print("nothing was changed", markup=False)
