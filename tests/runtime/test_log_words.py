"""Whom lines of the log are about."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog

from acd.core import commands, events
from acd.core.ports import Ask, AskKind
from acd.errors import OperatorError
from acd.runtime.control_server import ControlServer
from acd.runtime.log_words import LONGEST, about, requested
from tests.runtime.fakes import Desk, FakeLine


@pytest.fixture
def said() -> Iterator[StringIO]:
    """The log as it is written, from information on."""
    before, out = structlog.get_config(), StringIO()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    yield out
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)


@pytest.fixture
async def desk(said: StringIO) -> AsyncIterator[Desk]:
    desk = Desk()
    yield desk
    desk.shell.close()


def lines(said: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_an_event_and_a_command_say_whom_they_are_about() -> None:
    assert about(events.OfferAnswered("c1", "1001")) == {"call": "c1", "phone": "1001"}
    assert about(events.AgentLoggedIn("anna", "1001")) == {"agent": "anna", "phone": "1001"}
    assert about(commands.CallChanged("c1")) == {"call": "c1"}
    assert about(events.DispatchResumed()) == {}


def test_a_request_may_hold_anything() -> None:
    assert requested({"do": "dispose", "agent": "anna", "call": "c1", "by": 7}) == {
        "agent": "anna",
        "call": "c1",
    }
    assert requested({"do": "x", "agent": "a" * 500}) == {"agent": "a" * LONGEST}


async def test_a_request_that_fails_says_whom_it_was_about(said: StringIO, tmp_path: Path) -> None:
    def fails(_request: object) -> dict[str, object]:
        raise OperatorError("no disk")

    server = ControlServer(tmp_path / "acd.sock", {"dispose": fails})
    await server.answer(b'{"do": "dispose", "agent": "anna", "call": "c1"}')
    await server.answer(b'{"do": "dispose", "agent": "ben"}')
    first, second = lines(said)
    assert (first["agent"], first["call"], first["do"]) == ("anna", "c1", "dispose")
    assert (second["agent"], second.get("call")) == ("ben", None)


async def test_a_command_that_fails_says_whom_it_was_about(desk: Desk, said: StringIO) -> None:
    def broken(_call: object) -> None:
        raise ValueError("broken")

    desk.shell.on_ended = broken
    await desk.talking()
    with pytest.raises(ValueError, match="broken"):
        desk.shell.feed(events.CallEnded("c1"))
    failed = [line for line in lines(said) if line["event"] == "a command failed"]
    assert [line["call"] for line in failed] == ["c1"]


async def test_who_asks_from_a_phone_is_in_the_lines_of_that_session(desk: Desk) -> None:
    desk.ready("anna")
    phone = desk.centre.plan.agents["anna"].extension
    code = desk.centre.features.ready
    await desk.reception.serve(Ask(AskKind.NEW, "c1", phone, phone, "", code), FakeLine())
    assert structlog.contextvars.get_contextvars() == {"call": "c1", "agent": "anna"}


async def test_a_deadline_is_not_of_whom_the_event_before_it_was(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    assert desk.shell._timer is not None
    assert len(desk.shell._timer._context) == 0  # type: ignore[attr-defined]


async def test_an_ordinary_call_is_no_news(desk: Desk, said: StringIO) -> None:
    await desk.talking()
    desk.shell.feed(events.AgentDisconnected("c1", "1001"))
    desk.shell.feed(events.CallEnded("c1"))
    desk.shell.feed(events.WrapUpDone("anna"))
    assert lines(said) == []
