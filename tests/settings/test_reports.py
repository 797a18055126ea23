"""config/reports.yml: what is used of it, and addresses that e-mails may go to."""

from __future__ import annotations

import pytest

from acd.reports.kpis import KPIS, SERVICE_LEVEL, column
from acd.reports.table import Unit
from acd.settings.kpi_names import DIRECTIONS, SHARES
from acd.settings.load import load_centre
from acd.settings.mail_address import is_address
from acd.settings.report_settings import MailSecurity, MailSettings, ReportSettings, Target
from tests.settings.sandbox import Sandbox

FILE = """
targets:
  service_level: {good: 0.8, warn: 0.7}
groups:
  sales: {asa_s: {good: 10, warn: 20}}
fcr_days: 14
csat_top: 9
mail: {host: mail.example.com, port: 25, security: none, sender: "客服中心 <reports@example.com>"}
"""


def test_what_the_file_says_is_used(sandbox: Sandbox) -> None:
    (sandbox.config / "reports.yml").write_text(FILE, encoding="utf-8")
    assert load_centre(sandbox.config, sandbox.flows).reports == ReportSettings(
        {"service_level": Target(0.8, 0.7)},
        {"sales": {"asa_s": Target(10, 20)}},
        14,
        9,
        MailSettings("mail.example.com", "客服中心 <reports@example.com>", 25, MailSecurity.NONE),
    )


def test_the_file_may_be_missing(sandbox: Sandbox) -> None:
    assert load_centre(sandbox.config, sandbox.flows).reports == ReportSettings()


def test_targets_know_every_figure_that_there_is() -> None:
    columns = {kpi: column(kpi) for kpi in (*KPIS, SERVICE_LEVEL)}
    assert {kpi: each.better.value for kpi, each in columns.items()} == {
        kpi: direction.value for kpi, direction in DIRECTIONS.items()
    }
    assert {kpi for kpi, each in columns.items() if each.unit is Unit.SHARE} == SHARES


@pytest.mark.parametrize(
    "text", ["a@b", "reports+day@mail.example.com", "o'brien@example.com", f"{'a' * 64}@example.com"]
)
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a@", "@b", "a@b@c", "a b@example.com", "a@b\nBcc: all@example.com", "a@b,c@d", "a@b;c@d",
        "<a@b>", "A <a@b>", '"a b"@example.com', "a..b@example.com", ".a@example.com", "a@-b.com", "a@b..c",
        "a@[127.0.0.1]", "a@b\r", "a@exämple.com", f"{'a' * 65}@example.com", f"a@{'b.' * 150}com",
    ],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)
