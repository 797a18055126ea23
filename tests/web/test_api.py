"""The API of accounts, tokens, one's own state, records and the configuration, on the whole process."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from acd.accounts.store import AccountStore
from acd.core.fact_json import fact_to_dict
from acd.core.facts import Answered, Arrived, CallKind, Customer, Ended, EndedBy, Offered, Queued
from acd.errors import RequestRefused
from acd.records.fold import fold
from acd.settings.model import IceServer
from tests.web.desktop import PASSWORD, QUICK, Desktop, desktop

HOSTILE = "<script>alert(1)</script>\u202e"


async def ask(house: Desktop, method: str, path: str, status: int = 200, **sent: Any) -> Any:
    async with house.client.request(method, path, **sent) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.content_type == "application/json" else await answer.text()


def a_call(call_id: str, at: datetime) -> list[Any]:
    since = at.timestamp()
    return [
        Arrived(since, CallKind.INBOUND, "+491701234567", HOSTILE, "8001", Customer("k1", HOSTILE)),
        Queued(since + 1, "sales"),
        Offered(since + 2, "anna", "1001"),
        Answered(since + 5, "anna"),
        Ended(since + 65, EndedBy.CALLER),
    ]


async def test_accounts_are_made_changed_and_removed(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("root")
        new = {"username": "ben", "role": "agent", "agent": "ben"}
        made = await ask(house, "POST", "/api/accounts", 201, json=new)
        assert made["account"]["must_change_password"]
        await house.sign_in("ben", made["password"], browser=(other := house.browser()))
        assert (await ask(house, "POST", "/api/accounts", 409, json=new))["error"] == "account-exists"
        told = await ask(house, "POST", "/api/accounts", 400, json={**new, "agent": "bem"})
        assert "did you mean" in told["fields"]["body.agent"]
        await ask(house, "POST", "/api/accounts", 400, json={**new, "username": "a/b"})
        await ask(house, "POST", "/api/accounts", 422, json={**new, "username": "x", "password": "short"})
        await ask(house, "PATCH", "/api/accounts/ben", json={"disabled": True})
        async with other, other.get("/api/session") as answer:
            assert answer.status == 401
        changed = await ask(house, "PATCH", "/api/accounts/ben", json={"agent": None, "role": "supervisor"})
        assert (changed["agent"], changed["role"], changed["disabled"]) == (None, "supervisor", True)
        await ask(house, "PATCH", "/api/accounts/nobody", 404, json={})
        await ask(house, "POST", "/api/accounts/ben/password")
        await ask(house, "DELETE", "/api/accounts/ben", 204)
        assert [a["username"] for a in await ask(house, "GET", "/api/accounts")] == ["anna", "root", "susan"]
        for method, sent in (("DELETE", {}), ("PATCH", {"role": "agent"}), ("PATCH", {"disabled": True})):
            told = await ask(house, method, "/api/accounts/root", 409, json=sent)
            assert told["error"] == "last-admin"
        log = await ask(house, "GET", "/api/audit?about=ben")
        assert [entry["what"] for entry in log] == [
            *("account-removed", "account-password"),
            *("account-changed", "account-changed", "account-created"),
        ]
        assert {entry["who"] for entry in log} == {"root"}
        assert made["password"] not in str(log)


async def test_a_token_does_what_its_scopes_say_until_it_is_removed(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("root")
        wanted = {"name": "wall", "scopes": ["read:state"]}
        made = await ask(house, "POST", "/api/tokens", 201, json=wanted)
        past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        await ask(house, "POST", "/api/tokens", 400, json={**wanted, "expires_at": past})
        await ask(house, "POST", "/api/tokens", 400, json={**wanted, "scopes": ["all"]})
        assert made["key"] not in str(await ask(house, "GET", "/api/tokens"))
        program = house.browser()
        async with program:
            program.headers.popall("Origin")
            program.headers["Authorization"] = f"Bearer {made['key']}"
            for path, status in (("/api/targets", 200), ("/api/calls", 403), ("/api/me/phone", 403)):
                async with program.get(path) as answer:
                    assert answer.status == status, path
            async with await house.live("groups", "me", "calls", browser=program) as live:
                assert (await live.next(type="all"))["topic"] == "groups"
                await ask(house, "DELETE", f"/api/tokens/{made['token']['id']}", 204)
                await house.process.services.open_sockets.check(house.store)
                assert await live.closed() == (1008, "session-over")
            async with program.get("/api/targets") as answer:
                assert (answer.status, (await answer.json())["error"]) == (401, "unknown-token")
            for wrong in ("Bearer", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer \xff"):
                async with program.get("/api/targets", headers={"Authorization": wrong}) as answer:
                    assert answer.status == 401
        await ask(house, "DELETE", "/api/tokens/none", 404)


async def test_a_token_ends_with_the_admin_who_made_it(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house, house.browser() as boss, house.browser() as program:
        await house.sign_in("root")
        AccountStore(house.store.engine).add("boss", "admin", QUICK.hash(PASSWORD), None, must_change=False)
        await house.sign_in("boss", browser=boss)
        async with boss.post("/api/tokens", json={"name": "wall", "scopes": ["read:state"]}) as answer:
            made = await answer.json()
        assert made["token"]["state"] == "holds"
        program.headers["Authorization"] = f"Bearer {made['key']}"
        async with await house.live("groups", browser=program) as live:
            assert (await live.next(type="all"))["topic"] == "groups"
            await ask(house, "PATCH", "/api/accounts/boss", json={"disabled": True})
            await house.process.services.open_sockets.check(house.store)
            assert await live.closed() == (1008, "session-over")
        async with program.get("/api/targets") as answer:
            assert (answer.status, (await answer.json())["error"]) == (401, "token-maker-gone")
            assert "invalid_token" in answer.headers["WWW-Authenticate"]
        (shown,) = await ask(house, "GET", "/api/tokens")
        assert (shown["created_by"], shown["state"]) == ("boss", "maker-gone")


async def test_a_token_of_an_admin_has_an_end(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("root")
        wanted = {"name": "ops", "scopes": ["read:state", "admin"]}
        for days in (None, 367):
            end = None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()
            told = await ask(house, "POST", "/api/tokens", 400, json={**wanted, "expires_at": end})
            assert "at most a year" in told["fields"]["body.expires_at"]
        end = (datetime.now(UTC) + timedelta(days=365)).isoformat()
        await ask(house, "POST", "/api/tokens", 201, json={**wanted, "expires_at": end})


async def test_an_agents_own_state(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        assert (await ask(house, "POST", "/api/me/state", 503, json={"do": "ready"}))[
            "error"
        ] == "controller-away"
        controller = house.controller
        controller.answers = {"ready": lambda _: {"agent": {"id": "anna", "state": "ready"}}, "login": taken}
        await controller.start()
        told = await ask(house, "POST", "/api/me/state", json={"do": "ready"})
        assert told == {"agent": {"id": "anna", "state": "ready"}}
        assert controller.asked[-1] == {"do": "ready", "agent": "anna", "by": "anna"}
        told = await ask(house, "POST", "/api/me/state", 409, json={"do": "login", "phone": "1002"})
        assert told["error"] == "phone-taken"
        for wrong in ({"do": "fly"}, {"do": "ready", "phone": "1001"}, {"do": "ready", "agent": "ben"}, {}):
            await ask(house, "POST", "/api/me/state", 400, json=wrong)
        await house.sign_in("susan")
        assert (await ask(house, "POST", "/api/me/state", 403, json={"do": "ready"}))["error"] == "no-agent"
        log = await ask(house, "GET", "/api/audit?what=agent-state")
        assert [(entry["who"], entry["detail"]) for entry in log] == [("anna", {"do": "ready"})]
        await controller.stop()


def taken(_request: dict[str, Any]) -> dict[str, Any]:
    raise RequestRefused("phone-taken", "ben is logged in on phone 1002")


async def test_calls_that_go_on_are_listed_with_those_on_record(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    live = {
        "id": "c2", "kind": "inbound", "state": "talking", "since_at": now.timestamp() - 20,
        "arrived_at": now.timestamp() - 60, "queued_at": None, "caller_number": "+4930", "caller_name": "",
        "dialed_number": "8001", "customer": None, "group": "support", "agent": "ben", "own_call_of": None,
    }  # fmt: skip
    served = {"waited_s": 32.0, "waits_since_at": None, "talked_s": 5.0, "agents": ["ben"]}
    in_line: dict[str, Any] = {"waited_s": 0.0, "talked_s": 0.0, "talks_since_at": None, "agents": []}
    async with desktop(tmp_path) as house:
        house.store.save_calls([fold("c1", a_call("c1", now - timedelta(minutes=5)))])
        gone, waits = {**live, "id": "c1", "state": "ended"}, {**live, "id": "c3", "state": "waiting"}
        waits |= {"arrived_at": now.timestamp() - 40, "agent": None}
        waits |= {"tally": {**in_line, "waits_since_at": now.timestamp() - 30}}
        talks = {**live, "tally": {**served, "talks_since_at": now.timestamp() - 20}}
        house.controller.all = {f"call:{call['id']}": call for call in (talks, gone, waits)}
        await house.controller.start()
        await house.sign_in("susan")
        await house.controller.until(lambda: house.process.services.link.up)
        since = f"/api/calls?from={now - timedelta(days=1):%Y-%m-%d}"
        assert [call["id"] for call in await ask(house, "GET", since)] == ["c1"]
        third, second, first = await ask(house, "GET", f"{since}&ongoing=true")
        assert [call["id"] for call in (third, second, first)] == ["c3", "c2", "c1"]
        assert (second["ended_at"], second["agents"], second["groups"]) == (None, ["ben"], ["support"])
        assert (second["talk_s"] >= 25, second["wait_s"], third["wait_s"] >= 30) == (True, 32.0, True)
        for query, ids in (("agent=ben", ["c2"]), ("group=sales", ["c1"]), ("number=%2B4930", ["c3", "c2"])):
            assert [c["id"] for c in await ask(house, "GET", f"{since}&ongoing=true&{query}")] == ids
        assert [c["id"] for c in await ask(house, "GET", f"{since}&ongoing=true&limit=1")] == ["c3"]
        assert await ask(house, "GET", "/api/calls?from=2020-01-01&to=2020-01-02&ongoing=true") == []
        survey = {**live, "state": "ivr", "agent": None, "tally": {**served, "talks_since_at": None}}
        heard = asyncio.Event()
        house.process.services.picture.listen(lambda *_: heard.set())
        house.controller.change({"call:c2": survey, "call:c3": {**live, "id": "c3"}})
        async with asyncio.timeout(60):
            await heard.wait()
        first, second = await ask(house, "GET", f"{since}&ongoing=true&agent=ben")
        assert {call["id"]: (call["agents"], call["wait_s"], call["talk_s"]) for call in (first, second)} == {
            "c2": (["ben"], 32.0, 5.0),
            "c3": (["ben"], 0.0, 0.0),  # of a controller that tells no sums yet
        }
        await house.controller.stop()


async def test_records_and_figures(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        began = datetime.now(UTC).replace(hour=0, minute=0, second=1) - timedelta(days=2)
        house.store.save_calls([fold("c1", a_call("c1", began))])
        await house.sign_in("susan")
        assert await ask(house, "GET", "/api/calls") == []
        day = f"{began:%Y-%m-%d}"
        (call,) = await ask(house, "GET", f"/api/calls?from={day}&to=today&group=sales&number=0170+1234567")
        assert (call["id"], call["agents"], call["talk_s"]) == ("c1", ["anna"], 60.0)
        assert call["customer"] == {"id": "k1", "name": HOSTILE, "segment": ""}
        story = await ask(house, "GET", "/api/calls/c1")
        assert len(story["facts"]) == 5
        assert any("anna" in line for line in story["story"])
        told = await ask(house, "GET", "/api/calls?from=someday", 422)
        assert "someday" in told["message"]
        await ask(house, "GET", "/api/calls/none", 404)
        report = await ask(house, "GET", "/api/reports/today")
        assert {group["group"] for group in report["groups"]} >= {"sales", "support"}
        assert report["total"]["offered"] == 0
        house.store.save_calls([fold("c2", a_call("c2", datetime.now(UTC) - timedelta(seconds=2)))])
        for group, offered in (("", [1]), ("?group=sales", [1]), ("?group=support", [])):
            told = await ask(house, "GET", f"/api/reports/intervals{group}")
            assert [one["offered"] for one in told["intervals"]] == offered
        told = await ask(house, "GET", "/api/reports/intervals?group=sale", 400)
        assert "did you mean" in told["fields"]["query.group"]
        await house.sign_in("anna")
        mine = await ask(house, "GET", "/api/me/figures")
        assert (mine["answered"], mine["ready_s"], mine["aht_s"]) == (0, 0.0, None)


async def test_the_story_of_a_call_that_goes_on(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        facts = [fact_to_dict(fact) for fact in a_call("c1", datetime.now(UTC))[:-1]]
        house.controller.all = {"call:c1": {"id": "c1"}}
        house.controller.answers = {"trace": lambda _: {"facts": facts}}
        await house.controller.start()
        await house.controller.until(lambda: house.controller.watchers > 0)
        await house.sign_in("susan")
        async with await house.live("calls") as live:
            await live.next(type="all")
            story = await ask(house, "GET", "/api/calls/c1")
        assert (story["call"]["ended_at"], story["call"]["agents"]) == (None, ["anna"])
        await house.controller.stop()


async def test_announcements_are_switched_by_name(tmp_path: Path) -> None:
    shown = {
        "announcements": [{"name": "emergency", "on": True, "known": True, "who": "susan", "since": 1.0}]
    }
    async with desktop(tmp_path) as house:
        house.controller.answers = {"announce-on": lambda _: shown, "announcements": lambda _: shown}
        await house.controller.start()
        await house.sign_in("susan")
        assert (await ask(house, "GET", "/api/announcements"))[0]["until"] is None
        await ask(house, "POST", "/api/announcements", json={"name": "emergency", "on": True, "until": 5e9})
        asked = house.controller.asked[-1]
        assert (asked["name"], asked["who"], asked["until"]) == ("emergency", "susan", 5e9)
        await ask(house, "POST", "/api/announcements", 400, json={"name": "a", "on": False, "until": 5e9})
        await house.controller.stop()


CRM = """
directory:
  http:
    url: https://crm.example/find?number={number}
    headers: {X-Key: s3cret}
    map: {id: id}
"""


async def test_the_configuration_is_shown_and_checked(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("root")
        told = await ask(house, "GET", "/api/config")
        assert told["sound"]
        assert {"config/agents.yml", "ivr_flows/main.yml"} <= {file["name"] for file in told["files"]}
        told = await ask(house, "GET", "/api/flows")
        assert [flow["id"] for flow in told][:2] == ["main", "balance"]  # 8000 leads to main
        shown = {flow["id"]: flow for flow in told}
        assert shown["main"]["here"] == {}
        picture = await ask(house, "GET", "/api/flows/main/picture?traffic=today")
        assert "<svg" in picture
        await ask(house, "GET", "/api/flows/..%2Fmain/picture", 404)
        assert await ask(house, "GET", "/api/versions") == []
        services, config = house.process.services, tmp_path / "config"
        await asyncio.to_thread(shutil.copytree, services.environment.config_dir, config)
        with (config / "customers.yml").open("a") as file:
            file.write(CRM)
        services.environment = replace(services.environment, config_dir=config)
        told = await ask(house, "GET", "/api/config")
        assert told["sound"], told["problems"]
        shown = {file["name"]: file["text"] for file in told["files"]}["config/customers.yml"]
        assert shown.endswith(CRM.replace("s3cret", "•••"))


async def test_phones_and_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ice = IceServer(("turn:turn.example",), "acd", "s3cret")
    async with desktop(tmp_path) as house:
        found = await house.process.services.centre.get()
        shown = replace(found, desktop=replace(found.desktop, ice_servers=(ice, IceServer(("stun:a",)))))
        monkeypatch.setattr(house.process.services.centre, "get", AsyncMock(return_value=shown))
        await house.sign_in("anna")
        told = await ask(house, "GET", "/api/me/phone")
        assert told["browser_phone"]["ice_servers"] == [
            {"urls": ["turn:turn.example"], "username": "acd", "credential": "s3cret"},
            {"urls": ["stun:a"], "username": "", "credential": ""},
        ]
        assert told["own"] == "1001"
        assert {phone["phone"]: phone["registered"] for phone in told["phones"]}["1002"] is None  # not known
        house.controller.answers["phones"] = lambda _: {"registered": ["1002", "w1002"]}
        await house.controller.start()
        await house.controller.until(lambda: house.process.services.link.up)
        phones = {phone["phone"]: phone for phone in (await ask(house, "GET", "/api/me/phone"))["phones"]}
        assert [phones[id]["registered"] for id in ("1001", "1002")] == [False, True]
        monkeypatch.setattr("acd.web.api.me.REGISTERED_LIMIT_S", 0.0)  # the controller takes longer than that
        told = await ask(house, "GET", "/api/me/phone")
        assert {phone["registered"] for phone in told["phones"]} == {None}
        assert told["browser_phone"]["id"] == "w1001"
        targets = await ask(house, "GET", "/api/targets")
        assert {"anna", "ben"} <= {agent["id"] for agent in targets["agents"]}
        assert "sales" in [group["id"] for group in targets["groups"]]
        await house.controller.stop()


async def test_the_audit_log_is_read_page_by_page(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        for _ in range(3):
            await house.sign_in("susan")
        first = await ask(house, "GET", "/api/audit?limit=2&who=susan&what=sign-in")
        rest = await ask(house, "GET", f"/api/audit?before={first[-1]['id']}&who=susan")
        assert (len(first), len(rest)) == (2, 1)
        assert PASSWORD not in str(first)
        await ask(house, "GET", "/api/audit?from=yesterday", 400)
