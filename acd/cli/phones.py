"""`acd phones …`: the SIP phones' passwords, and Asterisk's configuration."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.table import Table

from acd.cli import context
from acd.errors import OperatorError
from acd.parts import asterisk_folder, front_of
from acd.settings.environment import Environment
from acd.settings.model import PhoneSpec
from acd.settings.secrets import Secrets
from acd.telephony.firewall import firewall_rules
from acd.telephony.provision_all import provision

app = typer.Typer(help="SIP phones: passwords and Asterisk's configuration.", no_args_is_help=True)


@app.command("list")
def list_phones(
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Show each phone's user name and password; those in browsers get theirs by themselves."""
    env = context.environment()
    centre = context.centre(env)
    secrets = context.passwords(env, centre)
    address, port = env.sip_server
    phones = centre.phones.values()
    if as_json:
        at_desk = {"server": address, "port": port, "transport": "udp"}
        in_browser = {"server": env.asterisk_host, "port": env.ws_port, "transport": "ws"}
        listed = [
            {
                "phone": phone.id,
                "display_name": phone.display_name,
                "password": secrets.phone_passwords[phone.id],
                "browser": phone.browser,
                **(in_browser if phone.browser else at_desk),
            }
            for phone in phones
        ]
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    _print(f"SIP server {address}, port {port} (UDP)", [p for p in phones if not p.browser], secrets)
    if in_browsers := [phone for phone in phones if phone.browser]:
        _print(f"In browsers, WebSocket port {env.ws_port}", in_browsers, secrets)


def _print(title: str, phones: Iterable[PhoneSpec], secrets: Secrets) -> None:
    table = Table(title=title)
    for heading in ("Phone (user name)", "Display name", "Password"):
        table.add_column(heading, no_wrap=heading != "Display name")  # a password must be seen whole
    for phone in phones:
        table.add_row(phone.id, phone.display_name, secrets.phone_passwords[phone.id])
    context.console.print(table)


@app.command("provision")
def provision_phones(
    reload: Annotated[bool, typer.Option(help="have a running Asterisk read the changes")] = True,
) -> None:
    """Write Asterisk's configuration from config/, and have Asterisk read it."""
    env = context.environment()
    centre = context.centre(env)
    secrets = context.passwords(env, centre)
    changed = provision(centre, env, secrets, asterisk_folder(context.CHECKOUT), os.environ)
    for path in changed:
        context.console.print(f"wrote {path}", markup=False, soft_wrap=True)
    if not changed:
        context.console.print("nothing to change")
    if reload and changed:
        for of_node in env.of_nodes:
            _reload(of_node)
        _reload_front(env, secrets.ami_password)


@app.command("firewall")
def show_firewall() -> None:
    """Print rules for nftables by which strangers get no answer from SIP: load them with 'nft -f'."""
    env = context.environment()
    typer.echo(firewall_rules(context.centre(env), env), nl=False)


def _reload(env: Environment) -> None:
    which = f"Asterisk {env.node}" if env.node else "Asterisk"
    try:
        context.asterisk_console(env, "core reload")
        context.console.print(f"{which} has read the changes")
    except OperatorError:
        prefix = f"ACD_ASTERISK_NODE={env.node} " if env.node else ""
        console = f"{prefix}asterisk/run -rx 'core reload'"
        context.console.print(
            f"no {which} runs here; it reads the changes when it starts, or by {console}", soft_wrap=True
        )


def _reload_front(env: Environment, ami_password: str) -> None:
    front = front_of(env, ami_password)
    for each in () if front is None else front.each():
        try:
            asyncio.run(each.reload())
            context.console.print(f"Kamailio at {each.where} has read the changes", soft_wrap=True)
        except OperatorError as error:
            context.console.print(
                f"Kamailio at {each.where} has not read the changes: {error}. It reads them when it starts;"
                " where a controller runs, also within seconds after it can be reached again",
                soft_wrap=True,
            )
