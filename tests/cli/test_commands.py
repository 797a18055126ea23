"""Commands as an operator gives them; whatever the operator can mend is a message, never a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acd.__main__ import app
from acd.cli.process import check_ports
from acd.core import facts
from acd.core.facts import CallKind, Customer, EndedBy
from acd.errors import OperatorError
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.settings.environment import Environment

CHECKOUT = Path(__file__).parents[2]
FAULTY = CHECKOUT / "tests" / "fixtures" / "faulty"
TEN = 1_795_341_600.0  # 2026-11-22 10:00:00 UTC


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for the example centre."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(CHECKOUT)
    return tmp_path


@pytest.fixture
def records(home: Path) -> Path:
    """One answered and one abandoned call."""
    customer = Customer("k7", "王芳", "gold")
    answered = [
        facts.Arrived(TEN, CallKind.INBOUND, "+4930777", "W. Fang", "8001", customer),
        facts.Queued(TEN, "sales"),
        facts.Offered(TEN + 2, "anna", "1001", ("anna has been ready longest: 60.0 s",)),
        facts.Alerted(TEN + 2.2, "anna"),
        facts.Answered(TEN + 5, "anna"),
        facts.Ended(TEN + 65, EndedBy.CALLER),
        facts.WrapUpStarted(TEN + 65, "anna"),
        facts.WrapUpEnded(TEN + 75, "anna"),
    ]
    abandoned = [
        facts.Arrived(TEN + 100, CallKind.INBOUND, "+4930888", "", "8001"),
        facts.Queued(TEN + 100, "sales"),
        facts.Ended(TEN + 140, EndedBy.CALLER),
    ]
    with RecordStore(f"sqlite:///{home / 'records.sqlite3'}") as store:
        store.save_calls([fold("a261122-100000-1", answered), fold("a261122-100140-2", abandoned)])
    return home


def acd(*arguments: str) -> str:
    """A command that must succeed; what it prints."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def acd_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own."""
    command = [sys.executable, "-m", "acd", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False, timeout=30)


def message_of(*arguments: str) -> str:
    """What a command that the operator must mend says: one message on stderr, exit code 1."""
    done = acd_process(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


# --- check ------------------------------------------------------------------------------------
def test_check_of_the_example(home: Path) -> None:
    assert acd("check") == "the configuration is sound\n"


@pytest.mark.parametrize("name", ["missing-references", "yaml-syntax", "hostile-names"])
def test_check_of_a_faulty_folder(home: Path, name: str) -> None:
    done = acd_process(
        "check", "--config", f"{FAULTY}/{name}/config", "--flows", f"{FAULTY}/{name}/ivr_flows"
    )
    lines = done.stdout.splitlines()
    assert lines
    assert done.returncode == 1
    counted, *more = done.stderr.splitlines()
    assert counted == f"{len(lines)} mistake{'s' if len(lines) > 1 else ''}, 0 warnings"
    assert len(more) == 1  # files are missing, or faulty in form
    assert more[0].startswith("then check again")
    assert all(re.match(r"\S+:\d+: ", line) for line in lines)


def test_names_in_a_faulty_part_come_to_light_later_and_check_says_so(home: Path, tmp_path: Path) -> None:
    shutil.copytree(FAULTY / "_base", tmp_path / "centre")
    agents = tmp_path / "centre" / "config" / "agents.yml"
    sound = agents.read_text()
    where = ["--config", str(agents.parent), "--flows", str(tmp_path / "centre" / "ivr_flows")]
    unknown = sound.replace("skills: {sales: 8, english: 5}", "skills: {salse: 8, english: 5}")
    agents.write_text(unknown.replace('extension: "1001"', "extension: []"))
    result = CliRunner().invoke(app, ["check", *where])
    assert "salse" not in result.stdout
    assert result.stderr.splitlines()[1].startswith("then check again: names in the parts that are faulty")
    agents.write_text(unknown)
    result = CliRunner().invoke(app, ["check", *where])
    assert "no skill 'salse' is defined" in result.stdout
    assert result.stderr == "1 mistake, 0 warnings\n"


def test_warnings_are_shown_and_count_only_if_asked(home: Path, tmp_path: Path) -> None:
    shutil.copytree(FAULTY / "_base", tmp_path / "centre")
    flow = tmp_path / "centre" / "ivr_flows" / "main.yml"
    flow.write_text(
        "name: main\nstart: welcome\nsteps:\n"
        "  welcome: {say: Welcome., next: waiting}\n  waiting: {queue: {group: sales}}\n"
    )
    where = ["--config", str(tmp_path / "centre" / "config"), "--flows", str(flow.parent)]
    result = CliRunner().invoke(app, ["check", *where])
    assert result.exit_code == 0
    assert ":5: warning: steps > waiting > queue: if nobody is logged in" in result.stdout
    assert result.stdout.endswith("the configuration is sound\n")
    assert result.stderr == "0 mistakes, 1 warning\n"
    assert CliRunner().invoke(app, ["check", "--strict", *where]).exit_code == 1


def test_schema(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "flow.schema.json"
    acd("schema", "--out", str(file))
    assert acd("schema") == file.read_text(encoding="utf-8")
    acd("schema", "--all", str(tmp_path / "all"))
    assert (tmp_path / "all" / "groups.schema.json").read_text(encoding="utf-8") == acd(
        "schema", "--of", "groups"
    )
    assert "groups.schema.json" in (tmp_path / "all" / "index.json").read_text(encoding="utf-8")
    with pytest.raises(OperatorError, match="no kind of file 'nonsense'; the kinds are flow, piece, "):
        CliRunner().invoke(app, ["schema", "--of", "nonsense"], catch_exceptions=False)


def test_draw(records: Path, tmp_path: Path) -> None:
    assert acd("draw", "main").startswith("flowchart TD\n")
    acd("draw", "main", "--out", str(tmp_path / "mine.dot"))
    assert (tmp_path / "mine.dot").stat().st_mode & 0o777 == 0o600, "in a folder that is somebody's own"
    tmp_path.chmod(0o755)
    for name, begins in (("main.svg", b"<?xml"), ("main.png", b"\x89PNG"), ("main.dot", b"digraph")):
        acd("draw", "main", "--out", str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(begins)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o644, "for a web server, too"
    (tmp_path / "main.dot").chmod(0o600)
    acd("draw", "main", "--out", str(tmp_path / "main.dot"))
    assert (tmp_path / "main.dot").stat().st_mode & 0o777 == 0o600, "as its owner has it"
    with pytest.raises(OperatorError, match=r"nowhere/main.svg cannot be written: No such file"):
        acd("draw", "main", "--out", str(tmp_path / "nowhere" / "main.svg"))
    assert "subgraph" in acd("draw", "--all", "--format", "mermaid")
    assert '|"0 callers"|' in acd("draw", "main", "--traffic", "today")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name one flow, or say --all"),
        (["main", "--all"], "name one flow, or say --all"),
        (["mian"], "no flow 'mian' is defined; did you mean 'main'?"),
        (["nosuch"], "no flow 'nosuch' is defined; there are: balance, complaint, identify, main"),
        (["main", "--traffic", "soon"], "--traffic 'soon' is not understood"),
    ],
)
def test_draw_says_what_is_wrong(home: Path, arguments: list[str], message: str) -> None:
    done = acd_process("draw", *arguments)
    assert done.returncode == 1
    assert message in done.stderr


def test_check_of_nothing(home: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["check", "--config", str(tmp_path / "x"), "--flows", str(tmp_path / "y")]
    )
    assert result.exit_code == 1
    assert "cannot read the folder" in result.output


# --- phones -----------------------------------------------------------------------------------
def test_phones_list_shows_whole_passwords(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    shown = acd("phones", "list")
    secrets = (home / "secrets.yml").read_text()
    passwords = re.findall(r"'?\b(w?\d{4})'?: (\w+)", secrets)
    assert len(passwords) == 12
    for phone, password in passwords:
        assert phone in shown
        assert password in shown
    assert "陈伟" in shown
    assert (home / "secrets.yml").stat().st_mode & 0o777 == 0o600
    assert acd("phones", "list") == shown


def test_phones_list_as_json_has_what_the_table_has(home: Path) -> None:
    phones = {phone["phone"]: phone for phone in json.loads(acd("phones", "list", "--json"))}
    kept = dict(re.findall(r"'?\b(w?\d{4})'?: (\w+)", (home / "secrets.yml").read_text()))
    assert {number: phone["password"] for number, phone in phones.items()} == kept
    assert phones["1003"] == {
        "phone": "1003", "display_name": "陈伟", "password": kept["1003"], "browser": False,
        "server": "127.0.0.1", "port": 5060, "transport": "udp",
    }  # fmt: skip
    browser = phones["w1003"]
    assert (browser["browser"], browser["port"], browser["transport"]) == (True, 8088, "ws")


# --- records ----------------------------------------------------------------------------------
def test_calls_list(records: Path) -> None:
    shown = acd("calls", "list", "--from", "2026-11-22", "--to", "2026-11-22")
    assert "a261122-100000-1" in shown
    assert "a261122-100140-2" in shown
    assert "a261122" not in acd("calls", "list", "--from", "2026-11-21", "--to", "2026-11-21")
    told = json.loads(acd("calls", "list", "--from", "2026-11-22", "--to", "2026-11-22", "--json"))
    [call] = [each for each in told if each["id"] == "a261122-100000-1"]
    assert (call["kind"], call["agents"]) == ("inbound", ["anna"])
    assert datetime.fromisoformat(call["started_at"]).tzinfo is not None
    assert json.loads(acd("calls", "list", "--from", "2026-11-21", "--to", "2026-11-21", "--json")) == []


def test_calls_show(records: Path) -> None:
    shown = acd("calls", "show", "a261122-100000-1")
    assert "王芳" in shown
    assert "anna has been ready longest: 60.0 s" in shown


def test_an_unknown_call(records: Path) -> None:
    assert message_of("calls", "show", "[bold]x") == (
        "no call '[bold]x' is on record; 'acd calls list' shows those of today, 'acd status' those going on"
    )


# --- the running controller -------------------------------------------------------------------
@pytest.mark.parametrize("command", [("status",), ("status", "--json"), ("agent", "ready", "anna")])
def test_no_controller_is_running(home: Path, command: tuple[str, ...]) -> None:
    with pytest.raises(OperatorError, match=r"no controller answers on .*acd\.sock: start one with"):
        acd(*command)


def test_a_faulty_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACD_SIP_PORT", "telephone")
    assert message_of("phones", "list") == "ACD_SIP_PORT: expected a port from 1 to 65535, got 'telephone'"


def test_a_faulty_configuration_is_one_message(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACD_CONFIG", f"{FAULTY}/missing-references/config")
    monkeypatch.setenv("ACD_FLOWS", f"{FAULTY}/missing-references/ivr_flows")
    assert all(re.match(r"\S+:\d+: ", line) for line in message_of("phones", "list").splitlines())


# --- ports ------------------------------------------------------------------------------------
PORTS = (
    *("ACD_SIP_PORT", "ACD_AMI_PORT", "ACD_AGI_PORT", "ACD_HTTP_PORT"),
    *("ACD_HEALTH_PORT", "ACD_WS_PORT"),
)


@pytest.fixture
def free_ports(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Ports that were free a moment ago."""
    probes = [socket.socket() for _ in PORTS]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = {name: int(probe.getsockname()[1]) for name, probe in zip(PORTS, probes, strict=True)}
    for probe in probes:
        probe.close()
    for name, port in ports.items():
        monkeypatch.setenv(name, str(port))
    monkeypatch.setenv("ACD_RTP_PORTS", "1024-1033")
    return ports


def test_free_ports_are_fine(free_ports: dict[str, int]) -> None:
    check_ports(Environment.from_env(os.environ, CHECKOUT))


def test_the_server_names_every_port_that_is_taken(free_ports: dict[str, int]) -> None:
    kinds = {"ACD_SIP_PORT": socket.SOCK_DGRAM, "ACD_HTTP_PORT": socket.SOCK_STREAM}
    with socket.socket(type=kinds["ACD_SIP_PORT"]) as sip, socket.socket() as http:
        sip.bind(("127.0.0.1", free_ports["ACD_SIP_PORT"]))
        http.bind(("127.0.0.1", free_ports["ACD_HTTP_PORT"]))
        http.listen()
        assert message_of("server").splitlines() == [
            *(
                f"{name}: port {free_ports[name]} on 127.0.0.1 cannot be used (Address already in use)"
                for name in kinds
            ),
            "stop what uses it, or set the variable to another port",
        ]


# --- help -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path", [(), ("agent",), ("phones",), ("calls",), ("report",), ("agent", "not-ready")]
)
def test_help(home: Path, path: tuple[str, ...]) -> None:
    assert "Usage" in acd(*path, "--help")


def test_every_command_has_a_help_text() -> None:
    group = typer.main.get_command(app)
    names = [info.help for info in group.commands.values()]  # type: ignore[attr-defined]
    assert all(names)


def test_records_are_read_while_another_file_than_system_yml_is_being_edited(
    records: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CHECKOUT / "config", config)
    monkeypatch.setenv("ACD_CONFIG", str(config))
    (config / "groups.yml").write_text("nonsense: true\n", encoding="utf-8")
    assert "sales" in acd("calls", "list", "--from", "2026-11-22", "--to", "2026-11-22")
