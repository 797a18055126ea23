"""The command line, `acd`."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console

from acd.cli import (
    agents,
    checks,
    drawing,
    erlang,
    flow_tests,
    flows,
    phones,
    records,
    server,
    tasks,
    try_flow,
)
from acd.cli.import_queues import import_queues
from acd.cli.replay_journal import replay_journal
from acd.cli.simulate import simulate
from acd.cli.status import status
from acd.cli.trunks import trunks
from acd.cli.why import why
from acd.errors import OperatorError, RequestRefused

app = typer.Typer(
    name="acd",
    help="A call centre on Asterisk: automatic call distribution and IVR.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("server")(server.server)
app.command("run")(server.run)
app.command("check")(checks.check_configuration)
app.command("import")(import_queues)
app.command("schema")(checks.write_schema)
app.command("draw")(drawing.draw)
app.command("status")(status)
app.command("why")(why)
app.command("trunks")(trunks)
app.command("report")(records.report)
app.command("simulate")(simulate)
app.command("try")(try_flow.try_flow)
app.command("test")(flow_tests.run_tests)
app.command("reload")(flows.reload)
app.command("versions")(flows.versions)
app.command("rollback")(flows.rollback)
app.command("trace")(flows.trace)
app.command("replay-journal")(replay_journal)
app.add_typer(agents.app, name="agent")
app.add_typer(flows.announce, name="announce")
app.add_typer(tasks.voicemail, name="voicemail")
app.add_typer(tasks.callbacks, name="callbacks")
app.add_typer(erlang.app, name="erlang")
app.add_typer(phones.app, name="phones")
app.add_typer(records.app, name="calls")


def main() -> None:
    """Entry point: what the operator can mend is one message, anything else a traceback."""
    os.umask(0o077)  # passwords, and records and logs that tell who called
    try:
        app()
    except (OperatorError, RequestRefused) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
