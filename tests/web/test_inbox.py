"""/api/inbox and /api/me/pop: whose tasks and calls are seen, heard and called for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acd.core.facts import CallbackOrder
from acd.errors import RequestRefused
from acd.recordings.store import Recordings
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.web.api import inbox, pop
from tests.recordings.keeping import kept_voicemail
from tests.records.scenario import facts_of
from tests.web.client import ANNA, CHECKOUT, SUSAN, Asking, Client, serving
from tests.web.fake_controller import FakeController

VOICEMAIL = "0 arrived 5550100 8000\n9 voicemail 2025-11-22/c1-1 sales\n11 ended caller"
SOUND = b"RIFF0123456789"
AT = datetime(2026, 2, 20, tzinfo=UTC)
STATUS = {"agents": [{"id": "anna", "name": "Anna", "groups": ["sales"]}]}


@asynccontextmanager
async def centre(home: Path) -> AsyncIterator[tuple[Client, Asking, FakeController]]:
    """Callbacks 1 (sales) and 2 (support); voicemail c1-1 of sales; anna serves sales."""
    environment = Environment(home, CHECKOUT / "config", CHECKOUT / "ivr_flows")
    controller = FakeController(environment.control_socket)
    controller.answers = {"status": lambda _asked: STATUS, "callbacks": lambda _asked: {"callbacks": {}}}
    await controller.start()
    with RecordStore(environment.database_url) as store:
        store.add_callbacks(
            [
                CallbackOrder("c8", 1_795_348_800.0, "sales", "+4930", "en"),
                CallbackOrder("c9", 1_795_348_801.0, "support", "+4940", "en"),
            ]
        )
        store.save_calls([fold("c1", facts_of(VOICEMAIL))])
    async with serving(home, [*inbox.ROUTES, *pop.ROUTES], ANNA) as (client, asking):
        yield client, asking, controller
    await controller.stop()


async def ids(client: Client, kind: str) -> list[str]:
    """What the list shows."""
    answer = await client.get("/api/inbox", params={"kind": kind})
    assert answer.status == 200, await answer.text()
    return [task["id"] for task in (await answer.json())["tasks"]]


async def act(client: Client, task: str, **wish: Any) -> tuple[int, dict[str, Any]]:
    """Status and answer."""
    answer = await client.post(f"/api/inbox/{task}", json=wish)
    return answer.status, await answer.json()


async def test_agents_see_and_take_what_is_of_their_groups(tmp_path: Path) -> None:
    async with centre(tmp_path) as (client, asking, controller):
        controller.answers |= {"callback-withdraw": lambda _: {}, "callbacks-changed": lambda _: {}}
        assert await ids(client, "callback") == ["1"]
        assert (await act(client, "callback/2", do="take"))[1]["error"] == "other-group"
        assert (await act(client, "callback/9", do="take"))[0] == 404
        assert (await act(client, "letter/1", do="take"))[0] == 404
        assert (await act(client, "callback/1", do="take", agent="ben"))[1]["error"] == "role-missing"
        status, task = await act(client, "callback/1", do="take")
        assert (status, task["state"], task["agent"]) == (200, "assigned", "anna")
        asking.asker = SUSAN
        assert await ids(client, "callback") == ["1", "2"]
        assert (await act(client, "callback/2", do="take", agent="zoe"))[0] == 404
        asking.asker = replace(ANNA, name="ben", agent="ben")
        assert await ids(client, "callback") == []


async def test_a_call_is_the_controllers_to_do_whole_or_not_at_all(tmp_path: Path) -> None:
    def refuse(_asked: dict[str, Any]) -> dict[str, Any]:
        raise RequestRefused("phone-unreachable", "phone 1001 is not registered")

    async with centre(tmp_path) as (client, _, controller):
        controller.answers["callback-call"] = refuse
        status, told = await act(client, "callback/1", do="call", note="now")
        assert (status, told["error"]) == (409, "phone-unreachable")
        asked = {"do": "callback-call", "by": "anna", "agent": "anna", "task": "1", "kind": "callback"}
        assert controller.asked[-1] == {**asked, "note": "now", "force": False}
        controller.answers["callback-call"] = lambda _asked: {}
        status, told = await act(client, "callback/1", do="call")
        assert (status, told["state"]) == (
            200,
            "open",
        )  # as the database has it
        assert (await act(client, "voicemail/c1-1", do="call"))[0] == 200
        assert controller.asked[-2]["kind"] == "voicemail"


async def test_parts_of_a_voicemail_and_who_has_heard_it(tmp_path: Path) -> None:
    async with centre(tmp_path) as (client, asking, _):
        path = "/api/inbox/voicemail/c1-1/sound"
        assert (await client.get(path)).status == 404  # the file is gone
        assert asking.audited == []
        [task] = (await (await client.get("/api/inbox", params={"kind": "voicemail"})).json())["tasks"]
        folder = Environment(tmp_path, CHECKOUT / "config", CHECKOUT / "ivr_flows").recordings_dir
        file = folder / "2025-11-22" / "c1-1.wav"
        file.parent.mkdir(parents=True)
        file.write_bytes(SOUND)
        whole = await client.get(path)
        assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/wav", SOUND)
        part = await client.get(path, headers={"Range": "bytes=4-7"})
        assert (part.status, await part.read()) == (206, SOUND[4:8])
        assert part.headers["Content-Range"] == f"bytes 4-7/{len(SOUND)}"
        assert (await client.get(path, headers={"Range": "bytes=99-"})).status == 416
        assert {(who, what, about) for who, what, about, _ in asking.audited} == {
            ("anna", "voicemail-listen", f"voicemail {task['id']}")
        }
        asking.asker = replace(ANNA, name="ben", agent="ben")
        assert (await client.get(path)).status == 403
        assert (await client.get("/api/inbox/voicemail/..%2Fx/sound")).status == 404


async def test_a_voicemail_that_was_deleted_says_why(tmp_path: Path) -> None:
    async with centre(tmp_path) as (client, asking, _):
        with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
            Recordings(store.engine).add(replace(kept_voicemail(), deleted_at=AT, deleted_why="retention"))
        answer = await client.get("/api/inbox/voicemail/c1-1/sound")
        assert (answer.status, (await answer.json())["error"]) == (410, "recording-deleted")
        assert asking.audited == []


async def test_a_pop_is_for_whose_call_it_is(tmp_path: Path) -> None:
    call = {"id": "c1", "kind": "inbound", "caller_number": "+4930555", "agent": "ben", "group": "sales"}

    def detail(asked: dict[str, Any]) -> dict[str, Any]:
        if asked["call"] != "c1":
            raise RequestRefused("unknown-call", "there is no such call")
        return {"call": call}

    async with centre(tmp_path) as (client, asking, controller):
        controller.answers["call"] = detail
        missing = await client.get("/api/me/pop/c9")
        assert (missing.status, (await missing.json())["error"]) == (404, "unknown-call")
        others = await client.get("/api/me/pop/c1")
        assert (others.status, (await others.json())["error"]) == (403, "other-call")
        call["agent"] = "anna"
        mine = await client.get("/api/me/pop/c1")
        assert mine.status == 200, await mine.text()
        asking.asker = SUSAN
        assert (await client.get("/api/me/pop/c1")).status == 200


async def test_what_is_done_is_shown_page_by_page_newest_first(tmp_path: Path) -> None:
    async def pages(client: Client, **wanted: str) -> list[list[str]]:
        found: list[list[str]] = []
        query = {"kind": "callback", "closed": "true", **wanted}
        while True:
            told = await (await client.get("/api/inbox", params=query)).json()
            found.append([task["id"] for task in told["tasks"]])
            assert told["more"] == (told["after"] is not None)
            if told["after"] is None:
                return found
            query["after"] = told["after"]

    async with centre(tmp_path) as (client, asking, _):
        with RecordStore(Environment(tmp_path, CHECKOUT, CHECKOUT).database_url) as store:
            wishes = [
                CallbackOrder(f"d{n}", 1_795_348_900.0 + n // 2, "sales", "+4930", "en") for n in range(5)
            ]
            promised = CallbackOrder("p1", 1_795_348_950.0, "support", "+4940", "en", 1_795_400_000.0, "anna")
            store.add_callbacks([*wishes, promised])
        assert await pages(client, limit="3") == [["8", "7", "6"], ["5", "4", "3"], ["1"]]
        assert await pages(client, limit="7") == [["8", "7", "6", "5", "4", "3", "1"]]
        assert await pages(client, kind="voicemail") == [["c1-1"]]
        asking.asker = SUSAN
        assert await pages(client, limit="4", group="support") == [["8", "2"]]
        told = await (await client.get("/api/inbox", params={"kind": "callback"})).json()
        assert [(t["id"], t["due_at"]) for t in told["tasks"] if t["due_at"]] == [("8", 1_795_400_000.0)]
        for query in (
            {"after": "1 1"},
            {"after": "x", "closed": "true"},
            {"after": "1 99999999999999999999", "closed": "true"},
        ):
            answer = await client.get("/api/inbox", params={"kind": "callback", **query})
            assert (answer.status, [*(await answer.json())["fields"]]) == (400, ["query.after"])
