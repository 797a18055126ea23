"""/api/customers, as pages and programs use it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientError
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, OperationalError

from acd.customers.card import Card, Details, FieldValue, Source
from acd.customers.csv_import import Importer, Report
from acd.records.store import RecordStore
from acd.settings.customer_settings import CustomerSettings, CustomField, HttpDirectory
from acd.web import serving as web_serving
from acd.web.api import customers
from acd.web.context import Context
from acd.web.customer_cards import shown_card
from acd.web.pop import greeting, link_url
from acd.web.values import MASK
from tests.web.client import ANNA, SUSAN, serving


async def test_a_card_from_its_making_to_its_end(tmp_path: Path) -> None:
    async with serving(tmp_path, customers.ROUTES, ANNA) as (client, asking):
        made = await client.post(
            "/api/customers",
            json={"name": "<b>Anna</b>", "numbers": ["+49 30 123456"], "fields": {"id_card": "42"}},
        )
        assert made.status == 201
        card = await made.json()
        assert (card["name"], card["numbers"], card["fields"]) == (
            "<b>Anna</b>", ["+4930123456"], {"id_card": MASK})  # fmt: skip
        path = f"/api/customers/{card['id']}"
        changed = await client.patch(
            path, json={"version": 1, "company": "Acme", "fields": {"id_card": MASK}}
        )
        assert (await changed.json())["version"] == 2
        late = await client.patch(path, json={"version": 1, "company": "X"})
        assert (late.status, (await late.json())["error"]) == (409, "changed-meanwhile")
        assert (await client.post(f"{path}/notes", json={"text": "hi", "call": "c1"})).status == 201
        found = await (await client.get("/api/customers", params={"q": "acm"})).json()
        assert [each["id"] for each in found["customers"]] == [card["id"]]
        shown = await (await client.get(path, params={"reveal": "true"})).json()
        assert (shown["fields"], shown["notes"][0]["by"]) == ({"id_card": "42"}, "anna")
        assert await (await client.get(f"{path}/contacts")).json() == []
        assert (await client.delete(path)).status == 403
        asking.asker = SUSAN
        assert (await client.delete(path)).status == 204
        assert (await client.get(path)).status == 404
    told = [what for _, what, _, _ in asking.audited]
    assert told == [
        *("customer-create", "customer-change", "customer-note", "customer-reveal", "customer-delete"),
    ]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"name": ""}, "body.name"),
        ({"name": "A", "numbers": ["x"]}, "body.numbers"),
        ({"name": "A", "fields": {"since": "tomorrow"}}, "body.fields.since"),
    ],
)
async def test_what_is_wrong_is_told_by_field(tmp_path: Path, body: dict[str, object], place: str) -> None:
    async with serving(tmp_path, customers.ROUTES, ANNA) as (client, _):
        answer = await client.post("/api/customers", json=body)
        assert (answer.status, list((await answer.json())["fields"])) == (400, [place])


async def test_files_go_in_and_out(tmp_path: Path) -> None:
    async with serving(tmp_path, customers.ROUTES, SUSAN) as (client, _):
        answer = await client.post(
            "/api/customers/import",
            data=b"name,number\nAnna,+4930123456\nBen,x\n",
            headers={"Content-Type": "text/csv"},
        )
        report = await answer.json()
        assert (report["added"], report["faulty"], report["faults"][0]["line"]) == (1, 1, 3)
        text = await (await client.get("/api/customers/export")).text(encoding="utf-8-sig")
        assert "Anna" in text.splitlines()[1]


async def test_a_disk_that_is_full_is_told_of_also_for_a_small_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_serving, "_new_file", lambda _folder: open("/dev/full", "r+b"))  # noqa: SIM115
    async with serving(tmp_path, customers.ROUTES, SUSAN) as (client, _):
        csv = {"Content-Type": "text/csv"}
        answer = await client.post("/api/customers/import", data=b"name\nAnna\n", headers=csv)
        assert (answer.status, (await answer.json())["error"]) == (503, "disk")


async def test_one_file_at_a_time_and_none_of_it_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def run(_importer: Importer, text: TextIOWrapper, *, all_or_nothing: bool) -> Report:
        assert text.buffer.fileno() > 0
        assert list(text) == ["name\r\n", "王芳\r\n"]
        begun.set()
        assert go_on.wait(10)
        return Report(added=int(all_or_nothing))

    monkeypatch.setattr(Importer, "run", run)
    csv = {"Content-Type": "text/csv"}

    async with serving(tmp_path, customers.ROUTES, SUSAN) as (client, _):

        async def send() -> tuple[int, dict[str, Any]]:
            path = "/api/customers/import?all_or_nothing=true"
            body = "\ufeffname\r\n王芳\r\n".encode()
            async with client.post(path, data=body, headers=csv) as answer:
                return answer.status, await answer.json()

        first = asyncio.create_task(send())
        try:
            assert await asyncio.to_thread(begun.wait, 10)
            status, told = await send()
            assert (status, told["error"]) == (409, "one-at-a-time")
            assert "another file is being imported" in told["message"]
        finally:
            go_on.set()
        assert (await first)[0] == 200
        assert (await send())[1]["added"] == 1
    assert not [name for name in os.listdir(tmp_path) if name.startswith("tmp")]


async def test_a_slow_sender_keeps_nobody_from_importing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_serving, "PATIENCE_S", 1.0)
    csv = {"Content-Type": "text/csv"}
    stalled = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"name\n"
        stalled.set()
        await asyncio.Event().wait()

    async with serving(tmp_path, customers.ROUTES, SUSAN) as (client, _), asyncio.timeout(20):
        first = asyncio.create_task(client.post("/api/customers/import", data=slow(), headers=csv))
        await stalled.wait()
        answer = await client.post("/api/customers/import", data=b"name\nAnna\n", headers=csv)
        assert (answer.status, (await answer.json())["added"]) == (200, 1)
        late = await first
        assert (late.status, (await late.json())["error"]) == (408, "too-slow")


async def test_an_import_that_runs_at_the_stop_keeps_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()
    read: list[str] = []

    def run(_importer: Importer, text: TextIOWrapper, *, all_or_nothing: bool) -> Report:
        begun.set()
        assert go_on.wait(10)
        read.extend(text)
        done.set()
        return Report(added=int(all_or_nothing))

    monkeypatch.setattr(Importer, "run", run)
    handlers: list[asyncio.Task[Any]] = []

    async def wait_in_it(ctx: Context[Any, Any]) -> Any:
        handlers.append(cast(asyncio.Task[Any], asyncio.current_task()))
        return await customers.import_file(ctx)

    [route] = [one for one in customers.ROUTES if one.handler is customers.import_file]
    async with serving(tmp_path, [replace(route, handler=wait_in_it)], SUSAN) as (client, _):
        csv = {"Content-Type": "text/csv"}
        sent = asyncio.create_task(client.post(route.path, data=b"name\nAnna\n", headers=csv))
        assert await asyncio.to_thread(begun.wait, 10)
        handlers[0].cancel()
        with pytest.raises(ClientError):
            await sent
        go_on.set()
        assert await asyncio.to_thread(done.wait, 10)
    assert read == ["name\n", "Anna\n"]


def test_what_the_file_of_fields_does_not_name_any_more_stays_hidden() -> None:
    now = datetime.now(UTC)
    fields: dict[str, FieldValue] = {"gone": "s3cret", "open": "a", "shut": "b", "theirs": "c"}
    card = Card("K1", Details(name="A", fields=fields), 1, Source.HAND, now, now)
    crm = HttpDirectory("https://crm.example/{number}", map={"id": "id", "fields.theirs": "x"})
    known = {
        "open": CustomField("open", {"en": "Open"}),
        "shut": CustomField("shut", {"en": "Shut"}, masked=True),
    }
    settings = CustomerSettings(fields=known, http=crm)
    shown = shown_card(card, settings).fields
    assert shown == {"gone": MASK, "open": "a", "shut": MASK, "theirs": "c"}
    assert shown_card(card, settings, pop=True).fields == {"open": "a", "shut": MASK, "theirs": "c"}
    assert shown_card(card, settings, revealed=True).fields == fields


async def test_the_loop_never_waits_for_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_store: RecordStore) -> Engine:
        assert threading.current_thread() is not threading.main_thread()
        raise OperationalError("connect", {}, Exception("away"))

    async with serving(tmp_path, customers.ROUTES, SUSAN) as (client, _):
        monkeypatch.setattr(RecordStore, "engine", property(away))
        csv = {"Content-Type": "text/csv"}
        for answer in (
            await client.get("/api/customers/export"),
            await client.post("/api/customers/import", data=b"name\nAnna\n", headers=csv),
        ):
            assert (answer.status, (await answer.json())["error"]) == (503, "database-away")


async def test_what_the_database_does_not_take_does_not_mean_that_it_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: RecordStore) -> Engine:
        raise DataError("insert", {}, Exception("a zero byte in a text"))

    async with serving(tmp_path, customers.ROUTES, SUSAN) as (client, _):
        monkeypatch.setattr(RecordStore, "engine", property(refuse))
        answer = await client.get("/api/customers/export")
        assert (answer.status, (await answer.json())["error"]) == (422, "refused")


def test_links_and_greetings_are_nothing_but_text() -> None:
    url = link_url(
        "https://crm.example/c/{customer_id}?n={number}", {"customer_id": "../x?{number}", "number": "+49"}
    )
    assert url == "https://crm.example/c/..%2Fx%3F%7Bnumber%7D?n=%2B49"
    settings = CustomerSettings(greetings={"*": {"en": "Hello {customer}", "zh": "您好{customer}"}})
    assert greeting(settings, "sales", "zh", {"customer": "{centre}"}) == "您好{centre}"
    assert greeting(settings, None, "fr", {"customer": "A"}) == "Hello A"
    settings = CustomerSettings(greetings={"*": {"en": "{customer}, good day. How are you, {customer}?"}})
    assert greeting(settings, None, "en", {"customer": ""}) == "good day. How are you?"
