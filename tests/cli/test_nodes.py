"""`acd node drain`: what the command makes of the controller's answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd.cli import nodes
from acd.errors import OperatorError
from acd.runtime.control import Request
from acd.runtime.control_server import ControlServer

PICTURE = [{"name": "a", "calls": 0}, {"name": "b", "calls": 2}]


class Controller:
    """Has two Asterisk nodes, and answers as it is told; `asked` are the requests."""

    def __init__(self, home: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"nodes": PICTURE, "untold": []}
        self.server = ControlServer(home / "run" / "acd.sock", {"drain-node": self._drain})

    def _drain(self, asked: Request) -> dict[str, Any]:
        self.asked.append(dict(asked))
        return self.answer

    async def drained(self) -> str:
        """What the command that drains b prints. Raises what it raises."""
        result = await asyncio.to_thread(CliRunner().invoke, nodes.app, ["drain", "b"])
        if result.exception is not None:
            raise result.exception
        return " ".join(result.output.split())


@pytest.fixture
async def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Controller]:
    """The one that commands find."""
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("ACD_ASTERISK_NODES", "a=192.0.2.21,b=192.0.2.22")
    controller = Controller(tmp_path)
    await controller.server.start()
    yield controller
    await controller.server.stop()


@pytest.mark.parametrize("kamailio", ["", "192.0.2.9"])
async def test_the_controller_is_told_whether_there_is_a_kamailio(
    monkeypatch: pytest.MonkeyPatch, controller: Controller, kamailio: str
) -> None:
    """One that knows of none refuses then, before anything is done."""
    monkeypatch.setenv("ACD_KAMAILIO", kamailio)
    assert (await controller.drained()).startswith("b is given no new calls; 2 calls go on there")
    asked = {"do": "drain-node", "node": "b", "drained": True, "by_kamailio": bool(kamailio)}
    assert controller.asked == [asked]


async def test_what_kamailio_does_not_know_is_said(controller: Controller) -> None:
    controller.answer = {"nodes": PICTURE, "untold": ["no Kamailio answers"]}
    with pytest.raises(OperatorError, match="b is drained, but Kamailio does not: no Kamailio answers"):
        await controller.drained()


async def test_a_controller_of_another_version_is_said(controller: Controller) -> None:
    controller.answer = {"nodes": PICTURE}
    with pytest.raises(OperatorError, match="the controller that leads is of another version"):
        await controller.drained()
