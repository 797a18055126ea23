"""A command is typed often: it imports what it works with and no more, and the list of all stays true."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acd.cli.commands import COMMANDS, imported
from acd.records.store import RecordStore
from acd.runtime.control_server import ControlServer
from acd.settings.environment import Environment

CHECKOUT = Path(__file__).parents[2]
HEAVY = {"aiohttp", "alembic", "holidays", "jinja2", "panoramisk", "phonenumbers", "pypinyin", "sqlalchemy"}
RUN = "import sys; from acd.__main__ import main; sys.argv = ['acd', *sys.argv[1:]]\n"
TELL = "import atexit, json; atexit.register(lambda: print(json.dumps([*sys.modules]), file=sys.stderr))\n"

STATUS: dict[str, Any] = {"centre": "Nordwind", "asterisk": True, "dispatching": True, "announcements": []}
STATUS |= {"groups": [], "calls": [], "agents": [], "version": {"kept": True}}
STATUS |= {"live_state": {"on_disk": True, "in_redis": None}, "records": {"away_s": 0}}
STATUS |= {"outside": {"alarms": []}}
ANNA: dict[str, Any] = {"name": "Anna", "state": "ready", "reason": "", "occupied": "", "until_s": None}
ANNA |= {"wrap_up_wanted": False, "pending": "", "phone": "1001", "phone_reachable": True}


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Environment]:
    """Answers on the control socket of its home as a running controller does."""
    environment = Environment(home=tmp_path, config_dir=CHECKOUT / "config", flows_dir=CHECKOUT / "ivr_flows")
    server = ControlServer(
        environment.control_socket,
        {
            "status": lambda _: STATUS,
            "ready": lambda _: {"agent": ANNA},
            "trunks": lambda _: {"trunks": []},
            "announcements": lambda _: {"announcements": []},
        },
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    yield environment
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def imports_of(home: Path, *arguments: str) -> set[str]:
    """The packages, and modules of ours, that a command has imported at its end; it must have succeeded."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN + TELL + "main()", *arguments),
        env={**{k: v for k, v in os.environ.items() if not k.startswith("ACD_")}, "ACD_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, told = await child.communicate()
    assert child.returncode == 0, told.decode()
    assert said
    modules: list[str] = json.loads(told)
    return {name if name.startswith("acd.") else name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "command", ["--help", "status", "status --json", "agent ready anna", "trunks", "announce list"]
)
async def test_a_command_that_only_asks_the_controller_imports_nothing_heavy(
    controller: Environment, command: str
) -> None:
    found = await imports_of(controller.home, *command.split())
    assert found & HEAVY == set()
    assert not {name for name in found if name.startswith(("acd.core", "acd.records", "acd.settings.schema"))}


async def test_reading_records_needs_neither_migrations_nor_flows(controller: Environment) -> None:
    with RecordStore(controller.database_url):
        pass  # makes the database
    found = await imports_of(controller.home, "calls", "list")
    assert "sqlalchemy" in found
    assert found & {"aiohttp", "alembic", "holidays", "panoramisk", "pypinyin"} == set()


async def test_the_server_of_calls_starts_without_what_it_may_never_need(controller: Environment) -> None:
    found = await imports_of(controller.home, "run", "--help")
    assert found & {"alembic", "holidays", "matplotlib", "pypinyin"} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_all_commands_says_what_each_says_of_itself(name: str) -> None:
    said = inspect.cleandoc(imported(name).help).partition("\n\n")[0]
    assert said.replace("\n", " ").strip() == COMMANDS[name].summary
