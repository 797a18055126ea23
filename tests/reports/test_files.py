"""Files of reports are read back by the programs that people read them with."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pyarrow.parquet as pq
import pytest
from pypdf import PdfReader
from rich.console import Console

from acd.errors import OperatorError
from acd.reports.asked import By
from acd.reports.files.as_csv import as_csv
from acd.reports.files.as_json import as_json
from acd.reports.files.as_parquet import METADATA, as_parquet
from acd.reports.files.as_pdf import as_pdf
from acd.reports.files.as_xlsx import as_xlsx
from acd.reports.files.charts import Chart, Series, charts
from acd.reports.files.labels import LANGUAGES, change_text, file_words
from acd.reports.files.make import FileFormat, file_name, make_file
from acd.reports.files.on_screen import screen_table
from acd.reports.files.pdf_font import FontFile, find_font
from acd.reports.files.told import labels_of
from acd.reports.kpis import column
from acd.reports.table import Better, Column, Figure, ReportTable, Unit
from acd.reports.targets import Colour, Targets, colour_of
from acd.settings.report_settings import Target
from tests.reports.tables import HOSTILE, MADE_AT, by_group, clocks_go_back, labels

TARGETS = Targets(
    {"service_level": Target(0.8, 0.7), "asa_s": Target(10, 60)}, {"sales": {"asa_s": Target(5, 7)}}
)


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def sheets(table: ReportTable, language: str = "en") -> Any:
    return openpyxl.load_workbook(io.BytesIO(as_xlsx(table, labels(language), MADE_AT, TARGETS)))


# --- CSV --------------------------------------------------------------------------------------
def test_csv_holds_the_figures_and_a_total() -> None:
    content = as_csv(by_group(), labels())
    assert content.startswith(b"\xef\xbb\xbf")
    assert not as_csv(by_group(), labels(), bom=False).startswith(b"\xef\xbb\xbf")
    heading, sales, support, vip, total = read_csv(content)
    assert heading == [
        "Id", "Group", "Offered", "Service level (share, 0–1)", "ASA (seconds)", "Logged in (seconds)",
        "Score (score)",
    ]  # fmt: skip
    assert sales == ["sales", "Sales", "120", "0.83", "7.4", "93784.5", "4.25"]
    assert support == ["support", "'" + HOSTILE, "7", "0.666667", "75.25", "3600.0", ""]
    assert vip == ["vip", "贵宾 – 客户", "0", "", "", "", ""]
    assert total == ["Total", "", "127", "0.82", "11.1", "97384.5", "4.25"]


def test_csv_of_the_night_with_an_hour_twice_tells_them_apart() -> None:
    rows = read_csv(as_csv(clocks_go_back(), labels()))
    assert [row[0] for row in rows[1:-1]] == [
        "2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]  # fmt: skip
    assert rows[0][:3] == ["From", "To", "UTC offset"]


def test_csv_has_the_other_period_beside_each_figure() -> None:
    heading, sales, *_ = read_csv(as_csv(by_group(compare=True), labels()))
    assert heading[2:4] == ["Offered", "Offered, before"]
    assert sales[2:6] == ["120", "100", "0.83", "0.75"]


# --- Excel ------------------------------------------------------------------------------------
def test_excel_holds_numbers_with_formats_and_texts_that_are_no_formulas() -> None:
    sheet = sheets(by_group())["Report"]
    assert [cell.value for cell in sheet[1]][:4] == ["Id", "Group", "Offered", "Service level"]
    assert sheet.freeze_panes == "C2"
    sales = sheet[2]
    assert (sales[2].value, sales[2].number_format) == (120, "#,##0")
    assert (sales[3].value, sales[3].number_format) == (0.83, "0.0%")
    assert sales[4].number_format == "[m]:ss.0"
    assert sales[4].value.total_seconds() == pytest.approx(7.4, abs=0.001)
    assert sales[5].number_format == "[h]:mm:ss"
    assert sales[5].value.total_seconds() == pytest.approx(93_784.5, abs=0.01)
    assert sheet["B3"].data_type == "s"
    assert sheet["B3"].value.replace("\r", "").replace("_x000D_", "") == HOSTILE.replace("\r", "")
    assert sheet["D4"].value is None
    assert [cell.value for cell in sheet[5]][:3] == ["Total", None, 127]


def test_excel_shows_how_figures_do_by_their_colour() -> None:
    sheet = sheets(by_group())["Report"]
    fills = {cell: sheet[cell].fill.fgColor.rgb for cell in ("D2", "D3", "E2", "E3", "C2")}
    assert fills["D2"] == "FFC6EFCE"  # 83 %, good from 80 %
    assert fills["D3"] == "FFFFC7CE"  # 67 %, bad below 70 %
    assert fills["E2"] == "FFFFC7CE"  # the group's own target is sharper
    assert fills["E3"] == "FFFFC7CE"
    assert fills["C2"] == "00000000"


def test_excel_says_what_the_figures_are() -> None:
    book = sheets(by_group(broken=True))
    definitions = list(book["Definitions"].values)
    assert definitions[0][:5] == ("Figure", "Id", "Unit", "Formula", "What counts")
    assert definitions[1][:7] == (
        "Offered", "offered", "number", "every entry into the line", "customers", "own calls", "ours",
    )  # fmt: skip
    assert definitions[2][-2:] == (0.8, 0.7)
    about = list(book["About"].values)
    assert ("Time zone", "Europe/Berlin") in about
    assert ("Period", "2026-11-22 00:00 – 2026-11-23 00:00") in about
    assert ("Only", "Groups: sales, support, vip; Numbers: +4930123") in about
    assert ("Checks: holds", "Offered = the sum of its parts: 127 = 127") in about
    assert ("Checks: BROKEN", "97384.5 s = 97000.0 s") in about
    assert ("Made at", "2026-11-23 06:00") in about
    assert ("Remarks", "Not counted: 3 visits of agents' own calls") in about


def test_excel_in_chinese_and_with_times() -> None:
    book = sheets(clocks_go_back(), "zh-CN")
    assert book.sheetnames == ["报表", "指标定义", "说明"]
    sheet = book["报表"]
    assert [cell.value for cell in sheet[1]][:4] == ["开始", "结束", "UTC 偏移", "呼入"]
    assert sheet["A3"].value == sheet["A4"].value == datetime(2026, 10, 25, 2)
    assert (sheet["C3"].value, sheet["C4"].value) == ("+02:00", "+01:00")


# --- Parquet, JSON ----------------------------------------------------------------------------
def test_parquet_is_typed_and_says_units() -> None:
    read = pq.read_table(io.BytesIO(as_parquet(by_group(compare=True), labels())))
    assert read.column("offered").to_pylist() == [120, 7, 0]
    assert read.column("offered_before").to_pylist() == [100, 100, 100]
    assert read.column("service_level").to_pylist() == [0.83, 2 / 3, None]
    assert str(read.schema.field("offered").type) == "int64"
    assert str(read.schema.field("asa_s").type) == "double"
    assert read.schema.field("asa_s").metadata[b"unit"] == b"s"
    about = orjson.loads(read.schema.metadata[METADATA])
    assert (about["timezone"], about["total"]["values"]["offered"]) == ("Europe/Berlin", 127)


def test_parquet_keeps_moments_apart() -> None:
    read = pq.read_table(io.BytesIO(as_parquet(clocks_go_back(), labels())))
    moments = read.column("from").to_pylist()
    assert str(read.schema.field("from").type) == "timestamp[us, tz=Europe/Berlin]"
    assert moments[2] - moments[1].astimezone(UTC) == timedelta(hours=1)


def test_parquet_of_nothing() -> None:
    table = by_group()
    empty = ReportTable(table.asked, table.columns, (), table.total)
    assert pq.read_table(io.BytesIO(as_parquet(empty, labels()))).num_rows == 0


def test_json_has_the_agreed_shape() -> None:
    told = json.loads(as_json(by_group(compare=True), labels(), TARGETS))
    assert list(told) == [
        "report", "title", "from", "to", "timezone", "grain", "by", "filter", "service_level_formula",
        "compare", "columns", "lines", "total", "checks", "notes",
    ]  # fmt: skip
    assert told["filter"] == {"groups": ["sales", "support", "vip"], "numbers": ["+4930123"]}
    assert told["columns"][1] == {
        "id": "service_level",
        "unit": "share",
        "label": "Service level",
        "formula": "answered within T ÷ (offered − short abandons)",
        "better": "high",
        "behind": True,
    }
    assert told["lines"][1]["values"]["service_level"] == 0.666667
    assert told["lines"][2]["values"]["service_level"] is None
    assert told["lines"][0]["before"]["offered"] == 100
    assert told["lines"][0]["colours"] == {"service_level": "good", "asa_s": "bad"}
    assert told["total"]["colours"] == {"service_level": "good", "asa_s": "warn"}


# --- PDF --------------------------------------------------------------------------------------
def test_pdf_tells_all_of_it_in_chinese() -> None:
    reader = PdfReader(
        io.BytesIO(as_pdf(by_group(compare=True, broken=True), labels("zh-CN"), MADE_AT, TARGETS))
    )
    text = "\n".join(page.extract_text() for page in reader.pages)
    for wanted in ("技能组", "贵宾", "83.0 %", "26:03:04", "服务水平", "不成立", "+8.0", "Europe/Berlin"):
        assert wanted in text
    fonts = {
        str(font.get_object()["/Subtype"])
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert fonts == {"/Type0"}  # in the file, not left to the reader's computer


def test_pdf_of_many_lines_repeats_the_headings() -> None:
    table = by_group()
    many = ReportTable(table.asked, table.columns, table.lines * 30, table.total)
    reader = PdfReader(io.BytesIO(as_pdf(many, labels(), MADE_AT)))
    assert len(reader.pages) >= 3
    assert all("Service level" in page.extract_text() for page in reader.pages[:3])


def test_pdf_of_nothing_and_of_intervals() -> None:
    table = by_group()
    empty = ReportTable(table.asked, table.columns, (), table.total)
    for each in (empty, clocks_go_back()):
        assert len(PdfReader(io.BytesIO(as_pdf(each, labels(), MADE_AT))).pages) >= 1


def test_a_missing_font_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="fonts-wqy-microhei"):
        find_font([FontFile(tmp_path / "none.ttf")])


def test_charts_are_of_how_much_and_how_well() -> None:
    amount, quality = charts(by_group(), labels())
    assert (amount.title, amount.series[0].values) == ("Offered", (120, 7, 0))
    assert (quality.title, quality.highest) == ("Service level", 1.0)
    over_time, _ = charts(clocks_go_back(), labels())
    assert over_time.places == ("01:00", "02:00", "02:00", "03:00")
    assert over_time.series[0].values == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("unit", "highest", "top"),
    [
        (Unit.COUNT, 39, 40), (Unit.COUNT, 2, 4), (Unit.COUNT, 41, 80), (Unit.COUNT, 8001, 20_000),
        (Unit.SECONDS, 50, 60), (Unit.SECONDS, 0.4, 1), (Unit.SECONDS, 20_000, 28_800),
        (Unit.SHARE, 0.3, 1), (Unit.SHARE, 1.3, 2), (Unit.SCORE, 4.4, 8),
    ],
)  # fmt: skip
def test_an_axis_has_round_steps(unit: Unit, highest: float, top: float) -> None:
    assert Chart("", unit, ("a",), (Series("", (highest,)),), True).top == pytest.approx(top)


def test_a_group_has_the_same_colour_in_both_charts() -> None:
    table = clocks_go_back()
    lines = [
        replace(line, key=key, name=key, values={"offered": offered, "service_level": level})
        for key, offered, level in (("Few", 1, 1.0), ("Many", 9, 0.2))
        for line in table.lines
    ]
    by = replace(table, asked=replace(table.asked, by=By.GROUP), lines=tuple(lines))
    assert [[one.name for one in chart.series] for chart in charts(by, labels())] == [["Many", "Few"]] * 2


# --- screen -----------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_table_fits_the_screen(width: int) -> None:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(screen_table(by_group(compare=True), labels(), TARGETS, width))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "120" in shown
    assert ("With --wide also" in shown) is (width <= 80)
    for line in shown.splitlines():
        assert "…" not in line


def test_the_table_shows_targets_changes_and_broken_checks() -> None:
    console = Console(width=200, file=io.StringIO(), color_system=None)
    console.print(screen_table(by_group(compare=True, broken=True), labels(), TARGETS))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "was 75.0 %" in shown
    for wanted in (
        "83.0 %",
        "66.7 % !!",
        "+8.0 points",
        "was 100",
        "+20.0 %",
        "1:15",
        "BROKEN: 97384.5 s = 97000.0 s",
        "–",
    ):
        assert wanted in shown


def test_what_is_around_a_narrow_table_is_as_wide_as_the_screen() -> None:
    table = by_group()
    console = Console(width=100, file=io.StringIO(), color_system=None)
    narrow = replace(table, columns=table.columns[:1], lines=())
    console.print(screen_table(narrow, labels(), TARGETS, 100))
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert shown[:2] == ["Groups", "2026-11-22 00:00 – 2026-11-23 00:00 (Europe/Berlin)"]
    assert "Only: Groups: sales, support, vip; Numbers: +4930123" in shown
    assert "Nothing is on record for this." in shown


@pytest.mark.parametrize(
    ("unit", "value", "before", "change"),
    [
        (Unit.COUNT, 4, 0, "+4"),
        (Unit.SECONDS, 7.4, 0.0, "+7.4 s"),
        (Unit.SHARE, 0.25, 0.0, "+25.0 points"),
        (Unit.COUNT, 0, 0, "unchanged"),
        (Unit.COUNT, 0, 4, "-100.0 %"),
        (Unit.COUNT, 3, None, "–"),
    ],
)
def test_a_change_from_nothing_is_a_number(unit: Unit, value: Figure, before: Figure, change: str) -> None:
    column = Column("any", unit)
    assert change_text(column, value, before, labels()) == change


# --- all --------------------------------------------------------------------------------------
def test_names_of_files_are_safe() -> None:
    assert file_name(FileFormat.XLSX, by_group()) == "acd-groups-2026-11-22.xlsx"


@pytest.mark.parametrize("kind", list(FileFormat))
def test_every_kind_can_be_made(kind: FileFormat) -> None:
    file = make_file(kind, clocks_go_back(), labels("zh-CN"), MADE_AT, TARGETS)
    assert len(file.content) > 100
    assert file.name.endswith(kind.value)


def test_both_languages_say_the_same_things() -> None:
    english, chinese = (file_words(language) for language in LANGUAGES)
    assert list(english) == list(chinese)


def test_a_target_leads_where_the_figure_should_go() -> None:
    rising, falling = Target(0.8, 0.7), Target(10, 20)
    assert [colour_of(v, rising, Better.HIGH) for v in (0.8, 0.75, 0.6)] == list(Colour)
    assert [colour_of(v, falling, Better.LOW) for v in (10, 20, 21)] == list(Colour)
    assert [colour_of(v, falling, Better.NEITHER) for v in (10, 20, 21)] == list(Colour)


def test_the_registry_has_words_for_a_table() -> None:
    own = by_group()
    columns = tuple(column(kpi) for kpi in ("offered", "service_level", "asa_s"))
    notes = (("own-calls", {"count": 3}),)
    table = ReportTable(own.asked, columns, own.lines, own.total, own.checks, notes)
    english, chinese = labels_of(table, "en_GB"), labels_of(table, "zh_CN")
    assert english.kpi("service_level").label == "Service level"
    assert english.kpi("service_level").formula == "answered within T ÷ (offered − short abandoned)"
    assert english.notes == ("Not counted: 3 visits of agents' own calls and callbacks",)
    assert (chinese.language, chinese.title, chinese.by) == ("zh-CN", "技能组", "技能组")
    assert len(as_xlsx(table, chinese, MADE_AT)) > 1000
