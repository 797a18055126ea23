"""Passwords, first accounts, attempts, sessions, and `acd account`."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.accounts.audit import AuditLog
from acd.accounts.first import make_first_accounts
from acd.accounts.passwords import Passwords, check_password, new_password
from acd.accounts.rights import teams_of_accounts, teams_of_owner
from acd.accounts.sessions import SESSIONS_MAX, Sessions
from acd.accounts.store import AccountStore
from acd.accounts.tokens import Tokens
from acd.errors import OperatorError, RequestRefused
from acd.records.store import RecordStore


@pytest.fixture
def store(database_url: str) -> Iterator[RecordStore]:
    with RecordStore(database_url) as found:
        yield found


def test_a_password_is_known_by_its_hash_alone() -> None:
    passwords = Passwords()
    kept = passwords.hash("correct horse 7")
    assert "correct" not in kept
    assert passwords.verify(kept, "correct horse 7")
    assert not passwords.verify(kept, "correct horse 8")
    assert not passwords.verify("no hash", "correct horse 7")
    assert not passwords.verify(None, "correct horse 7")


def test_generated_passwords_are_good_ones() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        check_password(password, "anna")


@pytest.mark.parametrize(
    "password",
    [
        *(
            "short",
            "aaaaaaaaaaaa",
            "my name is Anna",
            "x" * 201,
            "with\nline, more",
            "password12",
            "P@ssw0rd2026",
        ),
        *(
            "qwertzuiop",
            "1234567890",
            "9876543210",
            "abcdabcdabcd",
            "iloveyou99",
            "sommer2026!",
            "1q2w3e4r5t",
        ),
        *("welcomehome1", "passwordpassword", "woaini1314"),
    ],
)
def test_bad_passwords_are_refused(password: str) -> None:
    with pytest.raises(OperatorError):
        check_password(password, "anna")


@pytest.mark.parametrize(
    "password", ["correct horse 7", "regen tasse blau", "我的小狗喜欢吃苹果和梨", "Vx9-qLp2-wRt"]
)
def test_words_that_have_nothing_to_do_with_each_other_are_good(password: str) -> None:
    check_password(password, "anna")


def test_the_first_accounts_are_made_once_and_their_passwords_told_in_a_private_file(
    store: RecordStore, tmp_path: Path
) -> None:
    file = tmp_path / "first-passwords.txt"
    assert make_first_accounts(store.engine, ["anna", "ben"], file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = dict(line.split() for line in file.read_text().splitlines() if not line.startswith("#"))
    accounts = {account.username: account for account in AccountStore(store.engine).every()}
    assert set(told) == set(accounts) == {"anna", "ben", "admin"}
    assert (accounts["anna"].role, accounts["anna"].agent) == ("agent", "anna")
    assert (accounts["admin"].role, accounts["admin"].agent) == ("admin", None)
    assert all(account.must_change for account in accounts.values())
    assert Passwords().verify(AccountStore(store.engine).password_hash("anna"), told["anna"])
    before = file.read_text()
    assert not make_first_accounts(store.engine, ["anna", "ben", "new"], file)
    assert file.read_text() == before


def test_of_two_processes_that_make_the_first_accounts_one_does_and_tells_its_passwords(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    assert make_first_accounts(store.engine, ["anna"], one)
    monkeypatch.setattr(AccountStore, "any", lambda _self: False)  # looked before the first had written
    assert not make_first_accounts(store.engine, ["anna", "ben"], other)
    assert not other.exists()
    assert {account.username for account in AccountStore(store.engine).every()} == {"anna", "admin"}


def test_without_the_file_there_are_no_accounts(store: RecordStore, tmp_path: Path) -> None:
    (tmp_path / "dir").write_text("")
    with pytest.raises(OperatorError, match="cannot be written"):
        make_first_accounts(store.engine, ["anna"], tmp_path / "dir" / "first-passwords.txt")
    assert AccountStore(store.engine).every() == []


def test_an_account_has_so_many_sessions_at_most(store: RecordStore) -> None:
    AccountStore(store.engine).add("anna", "agent", "hash", "anna", must_change=False)
    sessions = Sessions(store.engine)
    keys = [sessions.begin("anna", "192.0.2.1", "browser")[0] for _ in range(SESSIONS_MAX + 2)]
    assert [sessions.of(key) is not None for key in keys] == [False, False] + [True] * SESSIONS_MAX


def test_the_last_admin_cannot_go(store: RecordStore) -> None:
    accounts = AccountStore(store.engine)
    accounts.add("root", "admin", "hash", must_change=False)
    accounts.add("other", "admin", "hash", must_change=False)
    accounts.change("other", disabled=True)
    for refused in (
        lambda: accounts.remove("root"),
        lambda: accounts.change("root", role="agent"),
        lambda: accounts.change("root", disabled=True),
    ):
        with pytest.raises(RequestRefused, match="no admin would be left"):
            refused()
    assert accounts.account("root") is not None


@pytest.mark.parametrize("name", ["", "Anna", "a b", "a/b", "-a", "x" * 65, "é"])
def test_names_that_cannot_be(store: RecordStore, name: str) -> None:
    with pytest.raises(OperatorError, match="no user name"):
        AccountStore(store.engine).add(name, "agent", "hash", must_change=False)


# --- acd account ------------------------------------------------------------------------------
@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    return tmp_path


def acd(*arguments: str, typed: str = "") -> str:
    """What the command prints; it must succeed."""
    done = CliRunner().invoke(app, ["account", *arguments], input=typed, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_accounts_on_the_command_line(home: Path) -> None:
    shown = acd("add", "root", "--role", "admin", "--generate")
    password = shown.partition("once: ")[2].split()[0]
    acd("add", "anna", typed="correct horse 7\n")
    with RecordStore(f"sqlite:///{home}/records.sqlite3") as store:
        accounts = AccountStore(store.engine)
        assert Passwords().verify(accounts.password_hash("root"), password)
        assert Passwords().verify(accounts.password_hash("anna"), "correct horse 7")
        assert accounts.account("anna").agent == "anna"  # type: ignore[union-attr]
        key, _ = Sessions(store.engine).begin("anna", "", "")
        acd("password", "anna", typed="another horse 8\n")
        assert Sessions(store.engine).of(key) is None
        again, _ = Sessions(store.engine).begin("anna", "", "")
        acd("role", "anna", "supervisor")
        assert Sessions(store.engine).of(again) is None
        acd("disable", "anna")
        listed = acd("list")
        assert "supervisor" in listed
        assert "disabled" in listed
        acd("enable", "anna")
        acd("remove", "anna")
        assert [account.username for account in accounts.every()] == ["root"]
        told = [entry.what for entry in AuditLog(store.engine).find(about="anna")]
    assert told[0] == "account-removed"
    assert told[-1] == "account-created"


@pytest.fixture
def teams(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anna is in north, ben in south."""
    config = home / "config"
    shutil.copytree(Path(__file__).parents[2] / "config", config)
    agents = (config / "agents.yml").read_text(encoding="utf-8")
    for agent, team in (("anna", "north"), ("ben", "south")):
        agents = agents.replace(f"  {agent}:\n", f"  {agent}:\n    team: {team}\n")
    (config / "agents.yml").write_text(agents, encoding="utf-8")
    monkeypatch.setenv("ACD_CONFIG", str(config))


@pytest.mark.usefixtures("teams")
def test_teams_of_an_account_on_the_command_line(home: Path) -> None:
    acd("add", "root", "--role", "admin", "--generate")
    acd(
        "add",
        "susan",
        "--role",
        "supervisor",
        "--team",
        "south",
        "--team",
        "north",
        typed="correct horse 7\n",
    )
    with RecordStore(f"sqlite:///{home}/records.sqlite3") as store:
        accounts = AccountStore(store.engine)
        assert accounts.account("susan").teams == ("south", "north")  # type: ignore[union-attr]
        assert "for north while it is a supervisor" in acd("teams", "susan", "north")
        assert teams_of_accounts(store.engine, ["susan", "root"]) == {"susan": {"north"}, "root": None}
        assert "north" in acd("list")
        acd("role", "susan", "agent")
        acd("role", "susan", "supervisor")  # whoever was bounded is so still
        assert teams_of_owner(store.engine, "susan") == frozenset({"north"})
        acd("teams", "susan", "--all")
        assert teams_of_owner(store.engine, "susan") is None
        for arguments, said in (((), "or give --all"), (("west",), "no team 'west' is defined")):
            with pytest.raises(OperatorError, match=said):
                acd("teams", "susan", *arguments)
        told = AuditLog(store.engine).find(about="susan")[0]
        assert (told.what, told.detail) == ("account-changed", {"teams": None})


def test_whose_rights_a_report_is_sent_with(store: RecordStore) -> None:
    accounts, tokens, engine = AccountStore(store.engine), Tokens(store.engine), store.engine
    accounts.add("root", "admin", "-", must_change=False)
    accounts.add("susan", "supervisor", "-", teams=["north"], must_change=False)
    accounts.add("anna", "agent", "-", "anna", must_change=False)
    tokens.add("x", ["read:records"], "root", None, ["north", "south"])
    tokens.add("x", ["read:records"], "root", None, ["north"])
    tokens.add("old", ["read:records"], "root", datetime.now(UTC) - timedelta(days=1))
    assert teams_of_owner(engine, "cli:root") is None
    assert teams_of_owner(engine, "root") is None
    assert teams_of_owner(engine, "susan") == teams_of_owner(engine, "token:x") == frozenset({"north"})
    for owner in ("anna", "nobody", "token:old", "token:y"):
        with pytest.raises(OperatorError, match="nothing is sent of what"):
            teams_of_owner(engine, owner)
    accounts.change("susan", disabled=True)
    with pytest.raises(OperatorError, match="keep the report anew"):
        teams_of_owner(engine, "susan")


def test_a_token_holds_while_its_maker_might_make_it(store: RecordStore) -> None:
    accounts, tokens = AccountStore(store.engine), Tokens(store.engine)
    for name in ("root", "boss"):
        accounts.add(name, "admin", "-", must_change=False)
    made, key = tokens.add("wall", ["read:state"], "boss", None)
    by_boss, key_of_program = tokens.add("ops", ["admin"], "boss", datetime.now(UTC) + timedelta(days=1))
    by_program, key_by_program = tokens.add("made", ["read:state"], "token:ops", None)
    by_hand, _ = tokens.add("hand", ["read:state"], "cli:pat", None)
    tokens.add("idle", ["read:state"], "token:hand", None)  # which may make none
    tokens.add("loop", ["admin"], "token:loop", None)
    all_of_them = {made.id, by_boss.id, by_program.id, by_hand.id}

    def states() -> dict[str, str]:
        return {token.name: token.state.value for token in tokens.every()}

    assert tokens.holding() == all_of_them
    changes: list[dict[str, object]] = [{"disabled": True}, {"role": "supervisor"}]
    for change in changes:
        accounts.change("boss", **change)
        assert tokens.holding() == {by_hand.id}
        for one in (key, key_of_program, key_by_program):
            with pytest.raises(RequestRefused, match="no admin any more") as refused:
                tokens.of(one)
            assert refused.value.code == "token-maker-gone"
        gone = dict.fromkeys(("wall", "ops", "made", "idle", "loop"), "maker-gone")
        assert states() == {**gone, "hand": "holds"}
        with pytest.raises(OperatorError, match="nothing is sent of what"):
            teams_of_owner(store.engine, "token:wall")
        accounts.change("boss", disabled=False, role="admin")
        assert tokens.holding() == all_of_them
    assert tokens.remove(by_boss.id)
    assert tokens.holding() == all_of_them - {by_boss.id, by_program.id}
    accounts.remove("boss")
    accounts.add("boss", "admin", "-", must_change=False)  # another one of this name
    assert tokens.holding() == {by_hand.id}
    _, late = tokens.add("late", ["read:state"], "boss", datetime.now(UTC) - timedelta(seconds=1))
    assert tokens.of(late) is None
    assert states()["late"] == "expired"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "nobody"), "no agent 'nobody' is defined"),
        (("add", "anna", "--role", "boss"), "there is no role 'boss'"),
        (("password", "anna"), "no account 'anna' is defined"),
        (("remove", "anna"), "there is no account 'anna'"),
    ],
)
def test_what_cannot_be_is_said(home: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises((OperatorError, RequestRefused), match=said):
        CliRunner().invoke(app, ["account", *arguments], input="correct horse 7\n", catch_exceptions=False)
