"""The trunks as plain data, and drawn."""

from __future__ import annotations

import io

from rich.console import Console

from acd.cli.trunks import draw
from acd.core.ports import TrunkSeen, TrunkState
from acd.runtime.trunk_list import trunk_list
from tests.runtime.fakes import Desk
from tests.runtime.test_dial_plan import centre


async def test_states_and_calls() -> None:
    desk = Desk(centre())
    desk.ready("anna")
    await desk.ask("c1", trunk="lab", dialed_number="8002")
    await desk.ask("c2", phone="1001", dialed_number="03012345678")
    seen = {t: TrunkSeen(TrunkState.REACHABLE, 5.0) for t in desk.centre.trunks}
    floor = desk.shell.engine.floor
    rows = {row["id"]: row for row in trunk_list(desk.centre, floor, seen, asterisk=True)}
    calls = {t: (row["calls_in"], row["calls_out"]) for t, row in rows.items()}
    assert calls == {"lab": (1, 0), "main": (0, 1), "backup": (0, 0)}
    assert (rows["main"]["state"], rows["main"]["server"]) == ("reachable", "192.0.2.1:5060")
    away = trunk_list(desk.centre, floor, seen, asterisk=False)
    assert {row["state"] for row in away} == {"unknown"}
    desk.shell.close()


def test_the_drawing() -> None:
    row = {
        "id": "main", "state": "incoming_only", "since": 5.0, "server": None, "user": None,
        "addresses": ["192.0.2.1"], "calls_in": 2, "calls_out": 3, "calls_out_max": 10,
    }  # fmt: skip
    out = io.StringIO()
    Console(file=out, width=100).print(draw([row]))
    (line,) = [text for text in out.getvalue().splitlines() if "main" in text]
    cells = [cell.strip() for cell in line.strip("│ ").split("│")]
    assert cells == ["main", "incoming only", "–", "–", "192.0.2.1", "2", "3 of 10"]
