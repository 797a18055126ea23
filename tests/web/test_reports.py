"""Reports over HTTP: real figures of a few calls, files of them, and what is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from acd.records.fold import fold
from acd.reports.run import ReportTooLong
from acd.web.api import reports
from tests.records.scenario import facts_of
from tests.reports.test_run import CALLS, STATES
from tests.web.desktop import Desktop, desktop

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = "from=2025-11-22&to=2025-11-22"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desktop]:
    async with desktop(tmp_path_factory.mktemp("home")) as house:
        house.store.save_calls([fold(name, facts_of(story)) for name, story in CALLS.items()])
        house.store.save_intervals(STATES)
        await house.sign_in("susan")
        yield house


async def ask(house: Desktop, path: str, status: int = 200) -> Any:
    async with house.client.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_the_catalogue_explains_every_figure_in_both_languages(centre: Desktop) -> None:
    english = await ask(centre, "/api/reports")
    chinese = await ask(centre, "/api/reports?language=zh-CN")
    kpis = {kpi["id"]: kpi for kpi in english["kpis"]}
    assert kpis["abandoned"]["label"] == "Abandoned"
    assert {kpi for report in english["reports"] for kpi in report["kpis"]} <= kpis.keys()
    for kpi, translated in zip(english["kpis"], chinese["kpis"], strict=True):
        assert kpi["id"] == translated["id"]
        assert all(kpi[part] and translated[part] for part in ("label", "formula", "counted", "not_counted"))
    assert {"id": "sales", "name": "Sales"} in english["choices"]["group"]
    assert english["formula"] in {formula["id"] for formula in english["formulas"]}
    assert english["formulas"][0]["text"] != chinese["formulas"][0]["text"]


async def test_figures_of_real_calls(centre: Desktop) -> None:
    told = await ask(centre, f"/api/reports/groups?{DAY}&compare=day")
    lines = {line["key"]: line for line in told["lines"]}
    counted = [
        lines["sales"]["values"][kpi] for kpi in ("offered", "answered", "abandoned", "short_abandoned")
    ]
    assert counted == [3, 1, 1, 1]
    assert lines["sales"]["name"] == "Sales"
    assert lines["sales"]["before"]["offered"] == 0
    assert told["total"]["values"]["offered"] == 5
    assert all(check["ok"] for check in told["checks"])
    assert (told["grain"], told["by"], told["from"][:10]) == ("whole", "group", "2025-11-22")
    hours = await ask(centre, f"/api/reports/groups?{DAY}&grain=60min&by=all&group=sales&language=zh-CN")
    assert sum(line["values"]["offered"] for line in hours["lines"]) == 3
    assert hours["columns"][0]["label"] != told["columns"][0]["label"]


async def test_the_calls_behind_a_figure(centre: Desktop) -> None:
    async def behind(more: str, report: str = "groups") -> Any:
        return await ask(centre, f"/api/reports/{report}/calls?{DAY}&{more}")

    told = await behind("figure=offered&key=sales")
    assert ([call["id"] for call in told["calls"]], told["after"]) == (["a", "b", "c"], None)
    assert told["calls"][0]["agents"] == ["anna", "ben"]
    first = await behind("figure=offered&limit=2")
    rest = await behind(f"figure=offered&limit=5&after={first['after']}")
    assert [call["id"] for call in (*first["calls"], *rest["calls"])] == ["a", "b", "a", "c", "f"]
    hour = "grain=60min&by=all&at=2025-11-22T10:30:00%2B00:00"
    assert [c["id"] for c in (await behind(f"figure=abandoned&{hour}"))["calls"]] == ["c"]
    for wrong in (
        "figure=ready_s",
        "figure=x",
        "figure=offered&after=1",
        f"figure=offered&{hour.replace('10', '90')}",
    ):
        await ask(centre, f"/api/reports/agents/calls?{DAY}&{wrong}", 400 if "90" in wrong else 422)


async def test_files_are_named_typed_and_noted(centre: Desktop) -> None:
    path = f"/api/reports/groups/file?{DAY}&format="
    async with centre.client.get(f"{path}xlsx&group=sales") as answer:
        book = await answer.read()
        assert answer.headers["Content-Disposition"] == 'attachment; filename="acd-groups-2025-11-22.xlsx"'
    assert "xl/worksheets/sheet2.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()
    async with centre.client.get(f"{path}csv") as answer:
        assert (answer.status, answer.content_type) == (200, "text/csv")
        assert (await answer.text()).count("\r\n") > 3
    async with centre.client.get(f"{path}pdf&language=zh-CN") as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        assert (await answer.read()).startswith(b"%PDF-")
    await ask(centre, f"{path}docx", 400)
    (_, second, first) = await ask(centre, "/api/audit?what=report-file")
    assert (first["who"], first["about"], first["detail"]["format"]) == ("susan", "report groups", "xlsx")
    assert (first["detail"]["group"], second["detail"]["from"]) == (["sales"], "2025-11-22")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/reports/nothing", 404, "not-found"),
        (f"/api/reports/groups?{DAY}&by=reason", 400, "bad-request"),
        (f"/api/reports/groups?{DAY}&grain=second", 400, "bad-request"),
        (f"/api/reports/groups?{DAY}&kpi=ofered", 400, "bad-request"),
        ("/api/reports/groups?from=2025-01-01&grain=15min", 422, "period-too-long"),
        ("/api/reports/groups?from=tomorrow", 422, "bad-period"),
        (f"/api/reports/groups?{DAY}&team=nobody", 422, "refused"),
        (f"/api/reports/peaks?{DAY}&group=sales", 422, "refused"),
    ],
)
async def test_what_cannot_be_told_is_refused(centre: Desktop, path: str, status: int, code: str) -> None:
    assert (await ask(centre, path, status))["error"] == code


async def test_a_report_of_too_many_lines_is_refused_before_it_is_worked_out(
    centre: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.web.report_desk.LINES_MAX", 40)
    told = await ask(centre, f"/api/reports/groups?{DAY}&grain=60min", 422)
    assert (told["error"], "at most" in told["message"]) == ("too-many-lines", True)
    await ask(centre, f"/api/reports/groups?{DAY}&grain=60min&group=sales")


async def test_reports_are_for_supervisors(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        for path in ("", "/groups", "/groups/file?format=csv"):
            assert (await ask(house, f"/api/reports{path}", 403))["error"] == "role-missing"


async def test_a_report_that_the_database_has_ended(centre: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_told: Any) -> Any:
        raise ReportTooLong("after 18 s")

    monkeypatch.setattr(reports, "worked_out", ended)
    for path in (f"groups?{DAY}", f"groups/file?{DAY}&format=csv"):
        told = await ask(centre, f"/api/reports/{path}", 422)
        assert (told["error"], told["message"]) == ("report-too-long", "after 18 s")
