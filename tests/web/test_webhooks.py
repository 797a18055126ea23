"""Webhooks as an admin makes, tries, changes and removes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.web.desktop import Desktop, desktop
from tests.webhooks.receiver import receiver

NEW: dict[str, Any] = {"url": "https://example.com/hook", "events": ["call.ended", "agent.state"]}


async def allow_private(found: Desktop) -> None:
    """As config/system.yml could say."""
    centre = found.process.services.centre
    kept = await centre.get()
    object.__setattr__(kept, "webhooks_to_private", True)


async def test_the_secret_is_shown_once(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        await found.sign_in("root")
        async with found.client.post("/api/webhooks", json={**NEW, "note": "CRM"}) as answer:
            made = await answer.json()
            assert answer.status == 201
        assert made["secret"].startswith("whsec_")
        assert (made["events"], made["enabled"], made["created_by"]) == (NEW["events"], True, "root")
        for path in ("/api/webhooks", f"/api/webhooks/{made['id']}"):
            async with found.client.get(path) as answer:
                assert made["secret"] not in await answer.text()
        await found.process.services.flush_audit()
        (entry,) = found.process.services.audit_log.find(what="webhook-added")
        assert (entry.who, entry.about, entry.detail["url"]) == ("root", made["id"], NEW["url"])
        assert made["secret"] not in json.dumps(dict(entry.detail))


async def test_a_webhook_is_changed_and_removed(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found:
        await found.sign_in("root")
        async with found.client.post("/api/webhooks", json=NEW) as answer:
            path = f"/api/webhooks/{(await answer.json())['id']}"
        change = {"events": ["call.held", "call.held"], "enabled": False}
        async with found.client.patch(path, json=change) as answer:
            told = await answer.json()
            assert (told["events"], told["enabled"], told["url"]) == (["call.held"], False, NEW["url"])
        async with found.client.delete(path) as answer:
            assert answer.status == 204
        for method, body in (("GET", None), ("PATCH", change), ("DELETE", None)):
            async with found.client.request(method, path, json=body) as answer:
                assert answer.status == 404


FAULTY: list[tuple[dict[str, Any], int, str]] = [
    ({"url": "ftp://example.com/"}, 400, "body.url"),
    ({"url": "https://root:secret@example.com/"}, 400, "body.url"),
    ({"url": "https://example.com/#x"}, 400, "body.url"),
    ({"url": "https:///x"}, 400, "body.url"),
    ({"url": "http://127.0.0.1:8080/x"}, 422, "body.url"),
    ({"url": "http://[::1]/x"}, 422, "body.url"),
    ({"url": "http://169.254.169.254/latest"}, 422, "body.url"),
    ({"events": []}, 400, "body.events"),
    ({"events": ["call.exploded"]}, 400, "body.events.0"),
    ({"note": "a\nb"}, 400, "body.note"),
]


@pytest.mark.parametrize(("changed", "status", "field"), FAULTY)
async def test_what_cannot_be_a_webhook_is_refused(
    tmp_path: Path, changed: dict[str, Any], status: int, field: str
) -> None:
    async with desktop(tmp_path) as found:
        await found.sign_in("root")
        async with found.client.post("/api/webhooks", json={**NEW, **changed}) as answer:
            assert (answer.status, list((await answer.json())["fields"])) == (status, [field])
        async with found.client.get("/api/webhooks") as answer:
            assert await answer.json() == []


async def test_a_test_is_sent_at_once_and_kept_with_the_deliveries(tmp_path: Path) -> None:
    async with desktop(tmp_path) as found, receiver() as other:
        await allow_private(found)
        await found.sign_in("root")
        async with found.client.post("/api/webhooks", json={**NEW, "url": other.url}) as answer:
            path = f"/api/webhooks/{(await answer.json())['id']}"
        async with found.client.post(f"{path}/test") as answer:
            told = await answer.json()
            assert (told["ok"], told["status"], told["error"]) == (True, 204, None)
        (heard,) = other.heard
        assert heard.headers["X-ACD-Event"] == "test"
        assert json.loads(heard.body)["data"] == {"by": "root"}
        other.status = 500
        async with found.client.post(f"{path}/test") as answer:
            assert (await answer.json())["error"] == "answered 500"
        async with found.client.get(f"{path}/deliveries") as answer:
            kept = await answer.json()
        assert [(each["state"], each["status"], each["tries"]) for each in kept] == [
            ("failed", 500, 1), ("delivered", 204, 1)
        ]  # fmt: skip
        assert kept[1]["body"] == heard.body.decode()
        async with found.client.get(f"{path}/deliveries?state=failed&limit=1") as answer:
            assert [each["id"] for each in await answer.json()] == [kept[0]["id"]]
        async with found.client.get(f"{path}/deliveries?before={kept[0]['id']}") as answer:
            assert [each["id"] for each in await answer.json()] == [kept[1]["id"]]
