"""Reports that are kept: by whom, for whom, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
import pytest_asyncio
from sqlalchemy import update

from acd.records.store import RecordStore
from acd.reports.sending.schema import saved_reports
from acd.settings.report_settings import MailSettings
from tests.web.desktop import Desktop, desktop

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = {"report": "groups", "period": "last-week", "grain": "day", "by": "agent", "compare": "week"}
DRAFT = {
    "name": "Monday's",
    "asked": {**ASKED, "filter": {"groups": ["sales"]}},
    "format": "xlsx",
    "recipients": ["boss@example.com"],
    "schedule": "weekly mon 06:00",
}
PATH = "/api/saved-reports"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desktop]:
    async with desktop(tmp_path_factory.mktemp("home")) as house:
        await house.sign_in("susan")
        yield house


async def ask(house: Desktop, method: str, path: str, status: int = 200, **sent: Any) -> Any:
    async with house.client.request(method, path, **sent) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json() if status != 204 else None


async def test_one_that_is_kept_switched_off_stays_so(centre: Desktop) -> None:
    saved = await ask(centre, "POST", PATH, 201, json={**DRAFT, "name": "Off", "enabled": False})
    assert (saved["enabled"], saved["next_at"]) == (False, None)
    await ask(centre, "DELETE", f"{PATH}/{saved['id']}", 204)


async def test_one_that_cannot_be_read_is_named_and_can_be_removed(centre: Desktop) -> None:
    bad = await ask(centre, "POST", PATH, 201, json={**DRAFT, "name": "Bad"})
    with centre.process.services.store.engine.begin() as connection:
        mine = update(saved_reports).where(saved_reports.c.id == bad["id"])
        connection.execute(mine.values(format="wk1"))
    told = await ask(centre, "GET", PATH)
    assert bad["id"] not in {one["id"] for one in told["reports"]}
    assert [(one["name"], one["why"]) for one in told["broken"]] == [
        ("Bad", "'wk1' is not a valid FileFormat")
    ]
    await ask(centre, "DELETE", f"{PATH}/{bad['id']}", 204)
    assert (await ask(centre, "GET", PATH))["broken"] == []


async def test_a_report_is_kept_changed_and_removed(centre: Desktop) -> None:
    saved = await ask(centre, "POST", PATH, 201, json=DRAFT)
    assert (saved["owner"], saved["schedule"], saved["last"]) == ("susan", "weekly mon 06:00", None)
    assert saved["asked"] == {**ASKED, "filter": {"groups": ["sales"]}, "formula": None, "kpis": []}
    assert saved["next_at"] is not None
    told = await ask(centre, "GET", PATH)
    assert (told["mail"], [one["id"] for one in told["reports"]]) == (False, [saved["id"]])
    changed = await ask(centre, "PUT", f"{PATH}/{saved['id']}", json={**DRAFT, "enabled": False})
    assert (changed["enabled"], changed["next_at"]) == (False, None)
    assert "already" in (await ask(centre, "POST", PATH, 422, json=DRAFT))["message"]
    await ask(centre, "DELETE", f"{PATH}/{saved['id']}", 204)
    await ask(centre, "DELETE", f"{PATH}/{saved['id']}", 404)
    log = await ask(centre, "GET", "/api/audit?about=saved+report+Monday%27s")
    assert [entry["what"] for entry in log] == [
        "saved-report-delete", "saved-report-change", "saved-report-create",
    ]  # fmt: skip
    assert log[-1]["detail"] == {"schedule": "weekly mon 06:00", "recipients": ["boss@example.com"]}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"schedule": "sometimes"}, 422, "daily 06:00"),
        ({"recipients": ["boss"]}, 422, "e-mail address"),
        ({"recipients": []}, 422, "somebody whom it is sent to"),
        ({"name": ""}, 400, "body.name"),
        ({"asked": {**ASKED, "report": "group"}}, 422, "did you mean 'groups'"),
        ({"asked": {**ASKED, "period": "some week"}}, 400, "body.asked.period"),
        ({"asked": {**ASKED, "filter": {"colour": ["red"]}}}, 422, "colour"),
    ],
)
async def test_what_cannot_be_kept_is_refused(
    centre: Desktop, change: dict[str, Any], status: int, words: str
) -> None:
    assert words in (await ask(centre, "POST", PATH, status, json={**DRAFT, **change}))["message"]


async def test_it_is_sent_when_somebody_says_so(centre: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = await ask(centre, "POST", PATH, 201, json={**DRAFT, "schedule": None})
    send = f"{PATH}/{saved['id']}/send"
    assert (await ask(centre, "POST", send, 409))["error"] == "no-mail-server"
    in_use = centre.process.services.centre
    found = await in_use.get()
    mail = replace(found.reports, mail=MailSettings("127.0.0.1", "acd@example.com"))
    monkeypatch.setattr(in_use, "get", AsyncMock(return_value=replace(found, reports=mail)))
    run = await ask(centre, "POST", send)
    assert (run["state"], run["waiting"]) == ("waiting", ["boss@example.com"])
    assert [one["id"] for one in await ask(centre, "GET", f"{PATH}/{saved['id']}/runs")] == [run["id"]]
    assert (await ask(centre, "GET", PATH))["reports"][0]["last"]["id"] == run["id"]
    alone = await ask(
        centre, "PUT", f"{PATH}/{saved['id']}", json={**DRAFT, "schedule": None, "recipients": []}
    )
    assert (await ask(centre, "POST", f"{PATH}/{alone['id']}/send", 409))["error"] == "no-recipients"
    await ask(centre, "POST", f"{PATH}/none/send", 404)


async def test_what_is_due_is_taken_up_by_the_process(centre: Desktop) -> None:
    saved = await ask(centre, "POST", PATH, 201, json={**DRAFT, "name": "Due"})
    with RecordStore(centre.process.environment.database_url) as store, store.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(minutes=1)
        mine = update(saved_reports).where(saved_reports.c.id == saved["id"])
        connection.execute(mine.values(next_at=past))
    async with asyncio.timeout(30):
        while not (runs := await ask(centre, "GET", f"{PATH}/{saved['id']}/runs")):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert [run["waiting"] for run in runs] == [["boss@example.com"]]


async def test_another_supervisors_report_is_for_looking_at(centre: Desktop) -> None:
    await centre.sign_in("root")
    saved = await ask(centre, "POST", PATH, 201, json={**DRAFT, "name": "Root's"})
    await centre.sign_in("susan")
    for method, sent in (("PUT", {"json": DRAFT}), ("DELETE", {})):
        told = await ask(centre, method, f"{PATH}/{saved['id']}", 403, **sent)
        assert told["error"] == "not-your-report"
    await ask(centre, "GET", f"{PATH}/{saved['id']}/runs")
