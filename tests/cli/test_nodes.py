"""`acd node drain`: what the command makes of the controller's answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd.cli import nodes
from acd.errors import OperatorError
from acd.runtime.leader import Leader

PICTURE = [{"name": "a", "calls": 0}, {"name": "b", "calls": 2}]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the controller is asked; it answers with the last one's `answer`."""
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("ACD_ASTERISK_NODES", "a=192.0.2.21,b=192.0.2.22")
    return []


def drain(monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]], answer: dict[str, Any]) -> str:
    """Drains b. Raises what the command raises."""

    async def request(_leader: Leader, **fields: Any) -> dict[str, Any]:
        asked.append(fields)
        return answer

    monkeypatch.setattr(Leader, "request", request)
    result = CliRunner().invoke(nodes.app, ["drain", "b"])
    if result.exception is not None:
        raise result.exception
    return " ".join(result.output.split())


@pytest.mark.parametrize("kamailio", ["", "192.0.2.9"])
def test_the_controller_is_told_whether_there_is_a_kamailio(
    monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]], kamailio: str
) -> None:
    """One that knows of none refuses then, before anything is done."""
    monkeypatch.setenv("ACD_KAMAILIO", kamailio)
    told = drain(monkeypatch, asked, {"nodes": PICTURE, "untold": []})
    assert told.startswith("b is given no new calls; 2 calls go on there")
    assert asked == [{"do": "drain-node", "node": "b", "drained": True, "by_kamailio": bool(kamailio)}]


def test_what_kamailio_does_not_know_is_said(
    monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]]
) -> None:
    with pytest.raises(OperatorError, match="b is drained, but Kamailio does not: no Kamailio answers"):
        drain(monkeypatch, asked, {"nodes": PICTURE, "untold": ["no Kamailio answers"]})


def test_a_controller_of_another_version_is_said(
    monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]]
) -> None:
    with pytest.raises(OperatorError, match="the controller that leads is of another version"):
        drain(monkeypatch, asked, {"nodes": PICTURE})
