"""The words of reports: `acd/reports/words`, one file for each language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

LANGUAGES = ("en", "zh-CN")


@dataclass(frozen=True, slots=True)
class KpiWords:
    """`formula` in words; `counted` and `not_counted`: what goes in and what does not."""

    label: str
    formula: str
    counted: str
    not_counted: str


@dataclass(frozen=True, slots=True)
class Words:
    """By id: KPIs, formulas' origins (`Origin`), reports, breakdowns (`By`), grains, checks, notes.

    Notes and refusals have placeholders in braces. `lines`: `total`, `none` (of nobody), `not_configured`
    of an `id`.
    """

    kpis: Mapping[str, KpiWords]
    origins: Mapping[str, str]
    reports: Mapping[str, str]
    by: Mapping[str, str]
    grains: Mapping[str, str]
    checks: Mapping[str, str]
    notes: Mapping[str, str]
    lines: Mapping[str, str]
    refusals: Mapping[str, str]


@cache
def words(language: str) -> Words:
    """Of a language such as `zh_CN`, `zh` or `en-GB`; English for one that we do not speak."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    name = "zh-CN" if primary == "zh" else "en"
    text = (resources.files("acd.reports") / "words" / f"{name}.json").read_text("utf-8")
    read = json.loads(text)
    kpis = {id: KpiWords(**each) for id, each in read.pop("kpis").items()}
    return Words(kpis=kpis, **read)
