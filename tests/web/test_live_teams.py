"""`/api/live` for supervisors of teams: others' agents are not sent, and new rights count at once."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from acd.web.live.bounded import BoundedPicture
from acd.web.picture import Picture
from tests.web.desktop import Desktop, Live, desktop
from tests.web.team_world import agent, call, config_of, marks_in, picture

NORTH = frozenset({"north"})


@asynccontextmanager
async def house_of_teams(folder: Path) -> AsyncIterator[Desktop]:
    """Susan is a supervisor of north, and has signed in."""
    async with desktop(folder / "home", config=config_of(folder)) as house:
        house.controller.all = picture()
        await house.controller.start()
        await house.controller.until(lambda: house.controller.watchers > 0)
        house.process.services.accounts.change("susan", teams=["north"])
        await house.sign_in("susan")
        yield house
        await house.controller.stop()


async def shown(live: Live, topic: str) -> dict[str, Any]:
    data: dict[str, Any] = (await live.next(type="all", topic=topic))["data"]
    return data


async def test_agents_and_calls_of_other_teams_are_not_sent(tmp_path: Path) -> None:
    async with house_of_teams(tmp_path) as house:
        live = await house.live("wallboard", "calls", "messages", "groups")
        board = await shown(live, "wallboard")
        assert {key for key in board if not key.startswith("figures:")} == {
            *("centre", "agent:anna", "agent:ben", "group:sales"),
        }
        assert [team["id"] for team in board["centre"]["teams"]] == ["north"]
        sales = board["group:sales"]
        assert (sales["waiting"], sales["talking"], sales["ringing"], sales["staffed"]) == (2, 1, 0, 2)
        calls = await shown(live, "calls")
        assert set(calls) == {"call:na-talks", "call:na-waits", "call:na-rings"}
        assert calls["call:na-rings"]["agent"] is None
        assert calls["call:na-waits"]["tally"] == {"waited_s": 7.0, "agents": ["anna"]}
        assert (await shown(live, "messages"))["message:1"]["to"] == ["anna"]
        assert set(await shown(live, "groups")) == {"centre", "group:sales"}
        house.controller.change({"agent:dora": agent("dora", "Dora Novak", ["support"])}, ["call:sb-talks"])
        house.controller.change({"call:na-waits": call("na-waits", "sales", "talking", agent="chen")})
        dropped = await live.next(type="change", topic="calls")
        assert (dropped["set"], dropped["drop"]) == ({}, ["call:na-waits"])
        house.controller.change({"agent:ben": agent("ben", "Ben Okafor", ["sales"], state="not_ready")})
        change = await live.next(type="change", topic="wallboard")
        while "agent:ben" not in change["set"]:
            assert marks_in(json.dumps(change, ensure_ascii=False)) == []
            change = await live.next(type="change", topic="wallboard")
        assert set(change["set"]) == {"agent:ben", "group:sales"}
        assert change["set"]["group:sales"]["not_ready"] == 1
        await live.socket.close()


async def test_what_is_the_supervisors_own_names_no_other_teams(tmp_path: Path) -> None:
    async with house_of_teams(tmp_path) as house, await house.live("me") as live:
        mine = await shown(live, "me")
        assert marks_in(json.dumps(mine, ensure_ascii=False)) == []
        house.controller.change({"centre": {**picture()["centre"], "name": "Nordwind 2"}})
        change = await live.next(type="change")
        assert (change["set"]["centre"]["name"], change["set"]["centre"]["groups"]) == (
            "Nordwind 2",
            ["sales"],
        )


async def test_figures_on_the_wallboard_are_those_of_the_teams(tmp_path: Path) -> None:
    async with house_of_teams(tmp_path) as house, await house.live("wallboard") as live:
        seen: dict[str, Any] = {}
        while not any(key.startswith("figures:") for key in seen):
            told = await live.next(topic="wallboard")
            seen |= told.get("data") or told["set"]
        figures = {key for key in seen if key.startswith("figures:")}
        assert figures == {"figures:total", "figures:group:sales", "figures:agent:anna", "figures:agent:ben"}


async def test_new_teams_count_at_once_also_where_a_page_is_open(tmp_path: Path) -> None:
    async with house_of_teams(tmp_path) as house, house.browser() as admin:
        await house.sign_in("root", browser=admin)
        async with await house.live("wallboard") as live:
            assert "agent:dora" not in await shown(live, "wallboard")
            change = {"teams": ["north", "south"]}
            async with admin.patch("/api/accounts/susan", json=change) as answer:
                assert (await answer.json())["teams"] == ["north", "south"]
            assert await live.closed() == (1012, "rights-changed")
        async with await house.live("wallboard") as live, house.client.get("/api/teams") as answer:
            assert {"agent:anna", "agent:dora"} <= set(await shown(live, "wallboard"))
            assert [team["id"] for team in await answer.json()] == ["north", "south"]
            house.process.services.accounts.change("susan", teams=["south"])  # by another process
            async with asyncio.timeout(5):
                assert await live.closed() == (1012, "rights-changed")
        async with await house.live("wallboard") as live:
            assert "agent:anna" not in await shown(live, "wallboard")
            async with admin.patch("/api/accounts/susan", json={"teams": None}) as answer:
                assert (await answer.json())["teams"] is None
            assert await live.closed() == (1012, "rights-changed")
        async with await house.live("wallboard") as live:
            assert {"agent:anna", "agent:dora"} <= set(await shown(live, "wallboard"))


def test_an_agent_who_changes_the_team_goes_with_the_calls_and_lines() -> None:
    whole = Picture()
    whole.change(picture())
    seen = BoundedPicture(whole, NORTH)
    whole.listen(seen.follow)
    assert "agent:dora" not in seen.objects
    whole.change({"agent:dora": {**whole.objects["agent:dora"], "team": "north"}})
    assert {"agent:dora", "group:support", "call:sb-talks", "call:sb-waits", "message:2"} <= set(seen.objects)
    assert "call:sb-wrap" not in seen.objects  # it is with emil
    whole.change({"agent:dora": {**whole.objects["agent:dora"], "team": None}})
    assert not {"agent:dora", "group:support", "call:sb-talks", "message:2"} & set(seen.objects)
    whole.change({}, ["agent:anna", "agent:ben"])
    assert set(seen.objects) == {"centre", "inbox"}


def test_of_random_changes_what_is_seen_is_what_a_new_look_shows() -> None:
    dice = random.Random(7)
    whole = Picture()
    whole.change(picture())
    seen = BoundedPicture(whole, NORTH)
    whole.listen(seen.follow)
    for _ in range(300):
        key = dice.choice([key for key in picture() if key.startswith(("agent:", "call:", "group:"))])
        before = whole.objects.get(key)
        if before is None or dice.random() < 0.2:
            whole.change({key: picture()[key]}) if before is None else whole.change({}, [key])
            continue
        if key.startswith("agent:"):
            new = {
                "team": dice.choice(["north", "south", None]),
                "groups": dice.choice([[], ["sales"], ["support"]]),
            }
            new = {} if dice.random() < 0.6 else new
            whole.change({key: {**before, "state": dice.choice(["ready", "talking"]), **new}})
        elif key.startswith("call:"):
            who = dice.choice(["anna", "dora", None])
            whole.change({key: {**before, "agent": who, "state": dice.choice(["waiting", "talking"])}})
        else:
            whole.change({key: {**before, "waiting": dice.randrange(9)}})
        assert seen.objects == BoundedPicture(whole, NORTH).objects
