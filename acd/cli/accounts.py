"""`acd account …`: who may use the desktop."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from acd.accounts.attempts import Attempts
from acd.accounts.links import Links
from acd.accounts.passwords import Passwords, check_password, new_password
from acd.accounts.rights import SUPERVISOR
from acd.accounts.sealing import sealer_of_second_factors
from acd.accounts.second_factors import SecondFactors
from acd.accounts.sessions import Sessions
from acd.accounts.store import Account, AccountStore
from acd.cli import context
from acd.cli.auditing import audit
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.settings.model import Centre
from acd.settings.problems import not_among

app = typer.Typer(help="Who may use the desktop: accounts and their roles.", no_args_is_help=True)

User = Annotated[str, typer.Argument(help="the user name, as `acd account list` shows it")]
Teams = Annotated[
    list[str], typer.Option("--team", help="its rights are for this team; may be given again; none: for all")
]
Generate = Annotated[bool, typer.Option("--generate", help="make a password, and show it once")]


@contextmanager
def _store() -> Iterator[RecordStore]:
    with RecordStore(context.environment().database_url) as store:
        yield store


@app.command("list")
def list_accounts(wide: context.Wide = False) -> None:
    """All accounts."""
    with _store() as store:
        found, locked = AccountStore(store.engine).every(), Attempts(store.engine).locked()
        secured, links = _second_factors(store).every(), Links(store.engine).every()
    table = Table()
    for heading in ("User", "Role", "Agent", "Teams", "Second factor", "Single sign-on", "State"):
        table.add_column(heading, overflow="fold")
    for account in found:
        state, second = _state(account, locked), "on" if account.username in secured else "–"
        known_as = links[account.username].name if account.username in links else "–"
        cells = account.username, account.role, account.agent or "–", _teams(account), second, known_as, state
        table.add_row(*(Text(cell) for cell in cells))
    context.show(table, wide=wide)


def _teams(account: Account) -> str:
    if account.role != SUPERVISOR:
        return "–"
    return "all" if account.teams is None else ", ".join(account.teams) or "none"


def _state(account: Account, locked: dict[str, datetime]) -> str:
    if account.disabled:
        return "disabled"
    if account.username in locked:
        return f"locked until {locked[account.username]:%H:%M:%S} UTC"
    return "new password to be chosen" if account.must_change else "in use"


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="the user name: letters a-z, digits, '.', '_' and '-'")],
    role: Annotated[str, typer.Option(help="agent, supervisor or admin")] = "agent",
    agent: Annotated[
        str, typer.Option(help="the agent; left out: of the same name, for the role agent")
    ] = "",
    team: Teams = [],  # noqa: B006
    generate: Generate = False,
) -> None:
    """A new account. The password is asked for twice, read from standard input, or generated."""
    centre = context.centre_in_use(context.environment())
    agents, teams = centre.plan.agents, _known_teams(centre, team) if team else None
    of_agent = agent or (name if role == "agent" else None)
    if of_agent is not None and of_agent not in agents:
        raise OperatorError(not_among("agent", of_agent, agents))
    password = _password(name, generate=generate)
    with _store() as store:
        hashed = Passwords().hash(password)
        AccountStore(store.engine).add(name, role, hashed, of_agent, teams, must_change=generate)
        audit(store, "account-created", name, role=role, agent=of_agent, teams=teams)
    _say(f"{name} is a new account: {role}")


@app.command()
def password(name: User, generate: Generate = False) -> None:
    """A new password, asked for twice, read from standard input, or generated; the account's sessions end."""
    with _store() as store:
        _known(store, name)
        chosen = _password(name, generate=generate)
        hashed = Passwords().hash(chosen)
        AccountStore(store.engine).set_password(name, hashed, must_change=generate)
        Attempts(store.engine).clear(name)
        audit(store, "account-password", name)
    _say(f"{name} has a new password, and has to sign in again")


@app.command()
def role(name: User, role: Annotated[str, typer.Argument(help="agent, supervisor or admin")]) -> None:
    """Give an account another role; it counts at once, and the account's sessions end."""
    _change(name, "account-changed", f"{name} is {role} now", role=role)


@app.command()
def teams(
    name: User,
    team: Annotated[
        list[str], typer.Argument(help="the teams that its rights are for", show_default="all")
    ] = [],  # noqa: B006
    all_: Annotated[bool, typer.Option("--all", help="for all teams")] = False,
) -> None:
    """Say for which teams a supervisor's rights are; it counts at once. docs/teams.md says what follows."""
    if all_ is bool(team):
        raise OperatorError("name the teams, or give --all")
    chosen = None if all_ else _known_teams(context.centre_in_use(context.environment()), team)
    said = "all teams" if chosen is None else ", ".join(chosen)
    _change(name, "account-changed", f"{name} has rights for {said} while it is a supervisor", teams=chosen)


@app.command()
def disable(name: User) -> None:
    """Nobody can sign in with the account any more; its sessions end."""
    _change(name, "account-changed", f"{name} is disabled", disabled=True)


@app.command()
def enable(name: User) -> None:
    """Undo `disable`, and a pause after failed attempts."""
    with _store() as store:
        Attempts(store.engine).clear(name)
    _change(name, "account-changed", f"{name} can sign in", disabled=False)


@app.command("admit-address")
def admit_address(
    address: Annotated[str, typer.Argument(help="as the audit log has it, such as 192.0.2.7")],
) -> None:
    """Undo the pause of an address after many failed attempts with whatever names, as of a whole office."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise OperatorError(f"expected an IP address such as 192.0.2.7, got {address!r}") from None
    with _store() as store:
        failed = Attempts(store.engine).clear_address(address)
        audit(store, "address-admitted", address, failed=failed)
    _say(f"{failed} failed attempts at {address} are forgotten; pauses of single names there go on")


@app.command("second-factor")
def second_factor(name: User) -> None:
    """Reset it for somebody who has lost app and recovery codes; the account's sessions end."""
    with _store() as store:
        _known(store, name)
        if not _second_factors(store).remove(name):
            raise OperatorError(f"{name} has no second factor")
        Sessions(store.engine).end_others(name, keep=None)
        Attempts(store.engine).clear(name)
        audit(store, "account-second-factor", name)
    _say(f"{name} signs in without a second factor, or sets one up where the role must have it")


def _second_factors(store: RecordStore) -> SecondFactors:
    file = context.environment().secrets_file
    return SecondFactors(store.engine, lambda: sealer_of_second_factors(file))


@app.command()
def link(
    name: User,
    known_as: Annotated[str, typer.Argument(help="the name at the provider: the claim that is configured")],
) -> None:
    """Single sign-on: who comes with this name from the provider first is the owner of the account."""
    if not 1 <= len(known_as) <= 200 or not known_as.isprintable():
        raise OperatorError(
            "a name at the provider has 1 to 200 characters, none of them a control character"
        )
    with _store() as store:
        _known(store, name)
        Links(store.engine).link(name, known_as)
        Sessions(store.engine).end_others(name, keep=None)
        audit(store, "account-link", name, name=known_as)
    _say(f"{name} is the account of whoever comes from the provider as {known_as} first")


@app.command()
def unlink(name: User) -> None:
    """Nobody at the provider is the owner of the account any more; its sessions end."""
    with _store() as store:
        _known(store, name)
        if not Links(store.engine).unlink(name):
            raise OperatorError(f"{name} is linked with nobody")
        Sessions(store.engine).end_others(name, keep=None)
        audit(store, "account-link", name, name=None)
    _say(f"{name} is linked with nobody at the provider")


@app.command()
def remove(name: User) -> None:
    """Remove an account, and end its sessions. What it did stays in the audit log."""
    with _store() as store:
        AccountStore(store.engine).remove(name)
        audit(store, "account-removed", name)
    _say(f"{name} is removed")


def _change(name: str, what: str, said: str, **values: Any) -> None:
    with _store() as store:
        AccountStore(store.engine).change(name, **values)
        audit(store, what, name, **values)
    _say(said)


def _known_teams(centre: Centre, teams: list[str]) -> list[str]:
    """Raises OperatorError for one that is not configured."""
    for team in teams:
        if team not in centre.team_names:
            raise OperatorError(not_among("team", team, centre.team_names))
    return list(dict.fromkeys(teams))


def _known(store: RecordStore, name: str) -> None:
    found = AccountStore(store.engine)
    if found.account(name) is None:
        raise OperatorError(not_among("account", name, [account.username for account in found.every()]))


def _password(name: str, *, generate: bool) -> str:
    if generate:
        made = new_password()
        _say(f"password of {name}, shown this once: {made}")
        return made
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        typed = sys.stdin.readline().rstrip("\n")
    check_password(typed, name)
    return typed


def _say(text: str) -> None:
    context.console.print(text, markup=False, soft_wrap=True)
