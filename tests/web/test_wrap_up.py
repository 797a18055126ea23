"""What came of a call, and what is not sent yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from acd.errors import RequestRefused
from acd.records.fold import fold
from acd.web.drafts import DRAFTS_MAX, KEPT, Drafts, drafts
from tests.web.desktop import desktop
from tests.web.test_api import HOSTILE, a_call

DRAFT = {"code": "sold", "fields": {"contract": "7"}, "note": "a\nb", "callback_at": None, "saved_ms": 1.8e12}


async def test_a_draft_is_the_agents_own_and_goes_with_the_wrap_up(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        found.controller.answers = {"dispose": lambda _asked: {}, "wrap-up-done": lambda _asked: {}}
        await found.controller.start()
        await found.sign_in("anna")
        path = "/api/me/draft/c1"
        async with found.client.get(path) as answer:
            assert await answer.json() == {"draft": None}
        for note in ("first", "a\nb"):
            async with found.client.put(path, json={"draft": {**DRAFT, "note": note}}) as answer:
                assert answer.status == 204
        async with found.client.get(path) as answer:
            assert await answer.json() == {"draft": DRAFT}
        async with found.client.get("/api/me/draft/c2") as answer:
            assert await answer.json() == {"draft": None}
        told = {"call": "c1", "code": "sold", "fields": {"contract": "7"}, "note": "", "done": True}
        async with found.client.post("/api/me/wrap-up", json=told) as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True, "done": True})
        asked = {"do": "dispose", "by": "anna", "agent": "anna", **told}
        del asked["done"]
        assert found.controller.asked == [asked, {"do": "wrap-up-done", "by": "anna", "agent": "anna"}]
        async with found.client.get(path) as answer:
            assert await answer.json() == {"draft": None}
        await found.controller.stop()


async def test_a_refused_wrap_up_leaves_the_draft_and_one_that_was_over_is_no_fault(tmp_path: Path) -> None:
    def refuse(_asked: dict[str, Any]) -> dict[str, Any]:
        raise RequestRefused("no-wrap-up", "anna is in no wrap-up")

    async with desktop(tmp_path) as found:
        found.controller.answers = {"dispose": refuse, "wrap-up-done": refuse}
        await found.controller.start()
        await found.sign_in("anna")
        async with found.client.put("/api/me/draft/c1", json={"draft": DRAFT}) as answer:
            assert answer.status == 204
        told = {"call": "c1", "code": "sold", "done": True}
        async with found.client.post("/api/me/wrap-up", json=told) as answer:
            assert (answer.status, (await answer.json())["error"]) == (409, "no-wrap-up")
        async with found.client.get("/api/me/draft/c1") as answer:
            assert (await answer.json())["draft"] == DRAFT
        found.controller.answers["dispose"] = lambda _asked: {}
        async with found.client.post("/api/me/wrap-up", json=told) as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True, "done": False})
        await found.controller.stop()


async def test_drafts_are_bounded_in_size_number_and_age(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        await found.sign_in("anna")
        for draft in ({**DRAFT, "note": "x" * 4001}, {**DRAFT, "fields": {str(n): "" for n in range(51)}}):
            async with found.client.put("/api/me/draft/c1", json={"draft": draft}) as answer:
                assert answer.status == 400
        kept = Drafts(found.store.engine, "anna")
        for number in range(DRAFTS_MAX + 3):
            kept.put(f"c{number}", {"note": str(number)})
        with found.store.engine.begin() as connection:
            calls = set(connection.execute(select(drafts.c.call_id)).scalars())
            assert len(calls) == DRAFTS_MAX
            assert "c0" not in calls
            old = datetime.now(UTC) - KEPT - timedelta(seconds=1)
            connection.execute(update(drafts).where(drafts.c.call_id == "c9").values(at=old))
        assert kept.get("c9") is None
        kept.put("new", {})
        with found.store.engine.connect() as connection:
            assert "c9" not in set(connection.execute(select(drafts.c.call_id)).scalars())


async def test_what_was_never_sent_is_listed_with_its_call(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        await found.sign_in("anna")
        began = datetime(2026, 11, 26, 9, tzinfo=UTC)
        found.store.save_calls([fold("c1", a_call("c1", began))])
        live = {"group": "support", "caller_number": "+4930", "caller_name": "Li", "arrived_at": 5.0}
        found.process.services.picture.objects["call:c2"] = live
        Drafts(found.store.engine, "ben").put("c1", DRAFT)
        kept = Drafts(found.store.engine, "anna")
        for call in ("gone", "c1", "c2"):
            kept.put(call, {**DRAFT, "note": call})
        async with found.client.get("/api/me/drafts") as answer:
            told = (await answer.json())["drafts"]
        assert [one.pop("draft") for one in told] == [{**DRAFT, "note": one["call"]} for one in told]
        assert told == [
            {"call": "c2", "group": "support", "name": "Li", "number": "+4930", "started_at": 5.0},
            {
                "call": "c1",
                "group": "sales",
                "name": HOSTILE,
                "number": "+491701234567",
                "started_at": began.timestamp(),
            },
            {"call": "gone", "group": None, "name": "", "number": "", "started_at": None},
        ]


async def test_the_trees_of_the_groups_are_shown(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        await found.sign_in("anna")
        trees = (await found.process.services.centre.get()).dispositions
        async with found.client.get("/api/dispositions") as answer:
            told = await answer.json()
        assert told.keys() == trees.keys()
        assert [code["id"] for group in told.values() for code in group["codes"]] == [
            code["id"] for tree in trees.values() for code in tree["codes"]
        ]
