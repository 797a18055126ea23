"""Two copies on one machine: in the long run only, since every centre of the tests is a copy of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.runtime.control import request
from tests.integration.test_server import own_environment, server

pytestmark = pytest.mark.asterisk


async def test_two_copies_side_by_side(tmp_path: Path) -> None:
    one, two = own_environment(tmp_path / "one"), own_environment(tmp_path / "two")
    async with server(one), server(two):
        for environment in (one, two):
            status = await request(Path(environment["ACD_HOME"]) / "run" / "acd.sock", do="status")
            assert status["dispatching"]
