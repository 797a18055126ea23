"""Every route, asked by a supervisor of one team: nothing of another comes out, and nothing is changed there.

A new route has to say how it keeps to teams (`Bound`), and has to be tried here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acd.core import facts
from acd.core.facts import EndedBy
from acd.recordings.store import Recordings
from acd.records.fold import fold
from acd.records.reach import Reach
from acd.reports.catalogue import REPORTS
from acd.reports.of_centre import known_of, reach_of_centre
from acd.settings.load import load_centre
from acd.web.api import ROUTES
from acd.web.app import make_app
from acd.web.asker import Role
from acd.web.centre import CentreShown
from acd.web.route import Bound, Route
from tests.web.client import CHECKOUT, client_of
from tests.web.team_world import CHIEF, DAY, NORTH, World, config_of, facts_of, marks_in, talk, world

OWN = {
    "POST /api/me/state", "GET /api/me/figures", "GET /api/me/phone", "POST /api/me/call",
    "POST /api/me/wrap-up", "GET /api/me/drafts", "GET /api/me/draft/{call}", "PUT /api/me/draft/{call}",
    "DELETE /api/me/draft/{call}", "POST /api/saved-reports",
}  # fmt: skip
"""What is about whoever asks; beside what is below /api/session."""
SHARED = {
    "GET /api/announcements", "GET /api/dispositions", "GET /api/customers", "POST /api/customers",
    "GET /api/customers/fields", "GET /api/customers/{id}", "PATCH /api/customers/{id}",
    "POST /api/customers/{id}/notes", "POST /api/customers/{id}/merge",
}  # fmt: skip
"""What belongs to no team: the directory of customers, and what the configuration says for all."""


@dataclass(frozen=True)
class Try:
    """A request. `own`: of what is seen from north, which is answered; else it is refused."""

    path: str
    own: bool = False
    body: Any = None


def own(path: str, body: Any = None) -> Try:
    return Try(path, True, body)


def other(path: str, body: Any = None) -> Try:
    return Try(path, False, body)


_DAYS = "from=yesterday&to=today"
TRIES: dict[str, Sequence[Try]] = {
    "GET /api/targets": [own("/api/targets")],
    "GET /api/teams": [own("/api/teams")],
    "GET /api/calls": [own(f"/api/calls?{_DAYS}&ongoing=true"), own(f"/api/calls?{_DAYS}&number=5559")],
    "GET /api/calls/{id}": [
        own("/api/calls/na-sold"),
        own("/api/calls/na-lost"),
        other("/api/calls/sb-sold"),
        other("/api/calls/sb-help"),
        other("/api/calls/sb-lost"),
        other("/api/calls/sb-talks"),
    ],
    "GET /api/reports/today": [own("/api/reports/today")],
    "GET /api/reports/intervals": [
        own("/api/reports/intervals"),
        own("/api/reports/intervals?group=sales"),
        other("/api/reports/intervals?group=support"),
    ],
    "GET /api/calls/{id}/recordings": [
        own("/api/calls/na-sold/recordings"),
        other("/api/calls/sb-sold/recordings"),
    ],
    "GET /api/recordings/{day}/{file}": [
        other(f"/api/recordings/{DAY}/sb-sold-talk"),
        other(f"/api/recordings/{DAY}/sb-help-talk"),
    ],
    "GET /api/recordings/{day}/{file}/peaks": [other(f"/api/recordings/{DAY}/sb-sold-talk/peaks")],
    "GET /api/reports": [own("/api/reports")],
    "GET /api/reports/{name}": [own(f"/api/reports/{name}?{_DAYS}") for name in REPORTS]
    + [own(f"/api/reports/agents?{_DAYS}&by=team"), other(f"/api/reports/agents?{_DAYS}&team=south")],
    "GET /api/reports/{name}/calls": [
        own(f"/api/reports/groups/calls?{_DAYS}&figure=offered"),
        own(f"/api/reports/groups/calls?{_DAYS}&figure=offered&key=support"),
    ],
    "GET /api/reports/{name}/file": [own(f"/api/reports/groups/file?{_DAYS}&format=csv")],
    "GET /api/saved-reports": [own("/api/saved-reports")],
    "PUT /api/saved-reports/{id}": [
        other(
            "/api/saved-reports/{chief}",
            {"name": "mine", "asked": {"report": "groups", "period": "yesterday"}},
        )
    ],
    "DELETE /api/saved-reports/{id}": [other("/api/saved-reports/{chief}")],
    "GET /api/saved-reports/{id}/runs": [
        own("/api/saved-reports/{susan}/runs"),
        other("/api/saved-reports/{chief}/runs"),
    ],
    "POST /api/saved-reports/{id}/send": [other("/api/saved-reports/{chief}/send")],
    "GET /api/audit": [own("/api/audit"), own("/api/audit?who=dora"), own("/api/audit?about=emil")],
    "POST /api/agents/{id}/call": [
        own("/api/agents/anna/call", {"do": "hangup"}),
        other("/api/agents/dora/call", {"do": "hangup"}),
    ],
    "POST /api/agents/{id}/state": [
        own("/api/agents/ben/state", {"state": "ready"}),
        other("/api/agents/dora/state", {"state": "ready"}),
    ],
    "POST /api/calls/{id}/move": [
        own("/api/calls/na-waits/move", {"group": "sales"}),
        other("/api/calls/na-waits/move", {"group": "support"}),
        other("/api/calls/sb-waits/move", {"group": "sales"}),
        other("/api/calls/sb-sales/move", {"group": "sales"}),
    ],
    "POST /api/calls/{id}/priority": [
        own("/api/calls/na-rings/priority", {"priority": 9}),
        other("/api/calls/sb-waits/priority", {"priority": 9}),
    ],
    "GET /api/calls/{id}/why": [
        own("/api/calls/na-waits/why"),
        other("/api/calls/sb-waits/why"),
        other("/api/calls/5559/why"),
    ],
    "GET /api/calls/{id}/why-agent": [
        own("/api/calls/na-talks/why-agent"),
        other("/api/calls/sb-talks/why-agent"),
    ],
    "POST /api/spy": [
        own("/api/spy", {"mode": "listen", "target": "anna", "phone": "1001"}),
        other("/api/spy", {"mode": "listen", "target": "dora", "phone": "1001"}),
        *(
            other("/api/spy", {"mode": "listen", "target": "anna", "phone": phone})
            for phone in ("1004", "dora", "w1004")
        ),
        other("/api/spy", {"mode": "stop", "phone": "1004"}),
    ],
    "GET /api/spy": [own("/api/spy?phone=1001"), other("/api/spy?phone=dora")],
    "POST /api/messages": [
        own("/api/messages", {"to": ["*"], "text": "hello"}),
        own("/api/messages", {"to": ["group:sales", "anna"], "text": "hello"}),
        other("/api/messages", {"to": ["dora"], "text": "hello"}),
        other("/api/messages", {"to": ["group:support"], "text": "hello"}),
    ],
    "GET /api/customers/{id}/contacts": [own("/api/customers/{customer}/contacts")],
    "GET /api/inbox": [own("/api/inbox?kind=callback"), own("/api/inbox?kind=voicemail&closed=true")],
    "GET /api/inbox/voicemail/{id}/sound": [other("/api/inbox/voicemail/sb-mail/sound")],
    "POST /api/inbox/{kind}/{id}": [
        own("/api/inbox/callback/1", {"do": "take", "agent": "ben"}),
        own("/api/inbox/voicemail/na-mail", {"do": "done"}),
        other("/api/inbox/callback/1", {"do": "take", "agent": "dora"}),
        other("/api/inbox/callback/2", {"do": "done"}),
        other("/api/inbox/voicemail/sb-mail", {"do": "done"}),
    ],
    "GET /api/me/pop/{call}": [
        own("/api/me/pop/na-talks"),
        other("/api/me/pop/sb-talks"),
        other("/api/me/pop/sb-waits"),
    ],
}


def by(bound: Bound) -> list[Route]:
    return [route for route in ROUTES if route.bounded_by is bound]


def test_every_route_says_how_it_keeps_to_teams() -> None:
    assert [route.name for route in ROUTES if route.bounded_by is None] == []
    names = {route.name for route in by(Bound.OWN) if not route.path.startswith("/api/session")}
    assert names == OWN
    assert {route.name for route in by(Bound.SHARED)} == SHARED
    assert {route.name for route in (*by(Bound.REACH), *by(Bound.AGENT))} == set(TRIES)


async def sent(house: World, route: Route, path: str, body: Any = None) -> tuple[int, str]:
    """Status and text."""
    wanted = {} if body is None else {"json": body}
    async with house.client.request(route.method, path, **wanted) as answer:
        return answer.status, (await answer.read()).decode(errors="replace")


async def names(house: World) -> dict[str, str]:
    """What stands in braces in paths: saved reports by owner, a customer of both teams."""
    house.asking.asker = CHIEF
    saved = await (await house.client.get("/api/saved-reports")).json()
    body = {"name": "Li", "numbers": ["5551", "5558"]}
    customer = await (await house.client.post("/api/customers", json=body)).json()
    house.asking.asker = NORTH
    return {**{one["owner"]: one["id"] for one in saved["reports"]}, "customer": customer["id"]}


async def test_nothing_of_another_team_comes_out_or_is_changed(tmp_path: Path) -> None:
    async with world(tmp_path) as house:
        known = await names(house)
        for route in ROUTES:
            for one in TRIES.get(route.name, ()):
                asked, audited = len(house.controller.asked), len(house.asking.audited)
                status, text = await sent(house, route, one.path.format(**known), one.body)
                seen = house.controller.asked[asked:]
                if one.own:
                    assert status < 300, (route.name, one, text)
                    assert marks_in(text) == [], (route.name, one, text)
                    assert not marks_in(str(seen)), (route.name, seen)
                else:
                    assert status in (400, 403, 404, 422), (route.name, one, status, text)
                    assert {told["do"] for told in seen} <= {"status", "call"}, (route.name, one, seen)
                    assert house.asking.audited[audited:] == [], (route.name, one)


async def test_the_same_comes_out_for_who_has_rights_for_all(tmp_path: Path) -> None:
    """So that what is not there for north is not missing for another reason."""
    async with world(tmp_path) as house:
        known = await names(house)
        house.asking.asker = CHIEF
        for name in (*TRIES,):
            route = next(route for route in ROUTES if route.name == name)
            if route.method != "GET" or "/sound" in name or "{day}" in name or name == "GET /api/spy":
                continue
            texts = [await sent(house, route, one.path.format(**known)) for one in TRIES[name] if one.own]
            assert all(status < 300 for status, _ in texts), (name, texts)
            quiet = ("runs", "recordings", "intervals", "{id}/why-agent")  # theirs say nothing of others
            if not name.endswith(quiet):
                assert any(marks_in(text) for _, text in texts), (name, texts)


async def test_what_acts_on_everybody_takes_rights_for_all_teams(tmp_path: Path) -> None:
    async with world(tmp_path) as house:
        for route in by(Bound.WHOLE):
            path = route.plain_path.replace("{", "").replace("}", "")
            status, text = await sent(house, route, path)
            expected = "role-missing" if route.role is Role.ADMIN else "team-missing"
            assert (status, expected in text) == (403, True), (route.name, text)
        assert house.controller.asked == []


async def test_a_token_for_a_team_is_kept_to_it_as_well(tmp_path: Path) -> None:
    async with world(tmp_path) as house:
        known = await names(house)
        for route in ROUTES:
            scopes = frozenset({route.scope}) if route.scope is not None else frozenset()
            house.asking.asker = replace(NORTH, name="token:x", session=None, token="x", scopes=scopes)
            for one in TRIES.get(route.name, ()):
                status, text = await sent(house, route, one.path.format(**known), one.body)
                if one.own and status < 300:
                    assert marks_in(text) == [], (route.name, one, text)
                elif not one.own or "susan" not in one.path:  # hers is not the token's
                    assert not one.own, (route.name, one, status, text)
                    assert status in (400, 403, 404, 422), (route.name, one, status, text)


async def test_figures_of_a_team_are_its_own_and_what_nobody_took(tmp_path: Path) -> None:
    """Of the line that both teams serve south's calls are left out; who hung up there counts for both."""
    async with world(tmp_path) as house:
        counts = {}
        for asker in (NORTH, CHIEF, replace(NORTH, teams=frozenset({"south"}))):
            house.asking.asker = asker
            today = await (await house.client.get("/api/reports/today")).json()
            query = "from=yesterday&to=today&by=all&kpi=offered&kpi=answered&kpi=abandoned"
            table = await (await house.client.get(f"/api/reports/groups?{query}")).json()
            calls = await (await house.client.get(f"/api/reports/groups/calls?{query}&figure=offered")).json()
            half = await (await house.client.get("/api/reports/intervals")).json()
            figures = table["total"]["values"]
            told = [figures[name] for name in ("offered", "answered")]
            assert [today["total"][name] for name in ("offered", "answered")] == told
            assert [half["intervals"][0][name] for name in ("offered", "answered")] == told
            assert len(calls["calls"]) == figures["offered"]
            counts[asker.teams] = told
        assert counts == {NORTH.teams: [2, 1], None: [5, 3], frozenset({"south"}): [4, 2]}


def test_the_process_that_sends_reports_finds_the_same_agents(tmp_path: Path) -> None:
    config, flows = config_of(tmp_path), CHECKOUT / "ivr_flows"
    north = Reach(frozenset({"anna", "ben"}), frozenset({"sales"}))
    centre, shown = load_centre(config, flows), CentreShown.read(config, flows)
    assert reach_of_centre(centre, {"north"}) == shown.reach({"north"}) == north
    assert shown.reach(None).is_all
    assert shown.reach({"west"}) == Reach(frozenset(), frozenset())  # gone from the configuration
    assert known_of(centre, "zh-CN").teams == {"north": "北区", "south": "南区"}


async def test_of_a_call_that_went_to_another_team_each_hears_its_own_talk(tmp_path: Path) -> None:
    async with world(tmp_path) as house:
        at = time.time() - 30
        told = [*facts_of(at, "5551", "sales", "anna")[:-1], facts.AgentLeft(at + 5, "anna")]
        told += [facts.Queued(at + 5, "support"), facts.Answered(at + 6, "dora")]
        house.services.store.save_calls([fold("na-both", [*told, facts.Ended(at + 9, EndedBy.CALLER)])])
        for name, since in (("first", 3.0), ("second", 6.5)):
            Recordings(house.services.store.engine).add(talk(f"{DAY}/{name}", "na-both", at + since, 1.0))
        heard = {}
        for team in ("north", "south"):
            house.asking.asker = replace(NORTH, teams=frozenset({team}))
            shown = await (await house.client.get("/api/calls/na-both/recordings")).json()
            heard[team] = [one["path"] for one in shown]
            errors = []
            for name in ("first", "second"):
                answer = await house.client.get(f"/api/recordings/{DAY}/{name}")
                errors.append((await answer.json())["error"])  # one's own would be heard, had it a file
            assert sorted(errors) == ["not-found", "recording-missing"]
        assert heard == {"north": [f"{DAY}/first"], "south": [f"{DAY}/second"]}


async def test_a_route_that_forgets_to_ask_answers_nothing(tmp_path: Path) -> None:
    async def careless(_ctx: Any) -> dict[str, Any]:
        return {"dora": "secret"}

    reports = next(route for route in ROUTES if route.name == "GET /api/reports/today")
    forgotten = replace(reports, path="/api/new", handler=careless)
    async with world(tmp_path) as house:
        routes = [forgotten, replace(forgotten, path="/api/newer", bound=None)]
        async with client_of(make_app(house.services, routes)) as client:
            async with client.get("/api/new") as answer:
                assert (answer.status, "dora" in await answer.text()) == (500, False)
            async with client.get("/api/newer") as answer:
                assert (answer.status, (await answer.json())["error"]) == (403, "team-missing")
            house.asking.asker = CHIEF
            async with client.get("/api/new") as answer:
                assert answer.status == 200
