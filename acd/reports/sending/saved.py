"""A report that is kept: what it asks, of which period, as which file, for whom and when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.reports.asked import Asked, By, Grain, Where
from acd.reports.catalogue import REPORTS
from acd.reports.files.labels import LANGUAGES, language_of
from acd.reports.files.make import FileFormat
from acd.reports.kpis import KPIS, SERVICE_LEVEL
from acd.reports.one_of import one_of
from acd.reports.periods import Comparison, RelativePeriod, earlier, period_of
from acd.reports.sending.schedule import Schedule, parse_schedule
from acd.settings.mail_address import is_address
from acd.settings.problems import not_among, shown

RECIPIENTS_MAX = 50
LONGEST_NAME = 80
_FILTERS = tuple(Where.__slots__)


@dataclass(frozen=True, slots=True)
class Question:
    """An `Asked` whose period is told by a word. `by` and `formula` None: the usual ones."""

    report: str
    period: RelativePeriod = RelativePeriod.YESTERDAY
    grain: Grain = Grain.WHOLE
    by: By | None = None
    where: Where = field(default_factory=Where)
    formula: ServiceLevelFormula | None = None
    compare: Comparison = Comparison.NONE
    kpis: tuple[str, ...] = ()

    def asked(self, tz: ZoneInfo, at: datetime, usual: ServiceLevelFormula) -> Asked:
        """What it means at this moment."""
        period = period_of(self.period, tz, at)
        return Asked(
            self.report,
            period,
            tz,
            self.grain,
            self.by or REPORTS[self.report].by[0],
            self.where,
            self.formula or usual,
            earlier(period, self.compare),
            self.kpis,
        )

    def plain(self) -> dict[str, Any]:
        """JSON-ready, as it is kept and as the API has it."""
        where = {name: list(getattr(self.where, name)) for name in _FILTERS}
        return {
            "report": self.report,
            "period": self.period.value,
            "grain": self.grain.value,
            "by": None if self.by is None else self.by.value,
            "filter": {name: values for name, values in where.items() if values},
            "formula": None if self.formula is None else self.formula.value,
            "compare": self.compare.value,
            "kpis": list(self.kpis),
        }


def question_of(plain: Mapping[str, Any]) -> Question:
    """From JSON. Raises OperatorError for what there is not, with the nearest that there is."""
    report = str(plain.get("report", ""))
    if report not in REPORTS:
        raise OperatorError(not_among("report", report, REPORTS))
    by = one_of("breakdown", By, str(plain["by"])) if plain.get("by") else None
    if by is not None and by not in REPORTS[report].by:
        raise OperatorError(not_among("breakdown", by.value, [one.value for one in REPORTS[report].by]))
    kpis = _texts("figures", plain.get("kpis", ()))
    for kpi in kpis:
        if kpi not in KPIS and kpi != SERVICE_LEVEL:
            raise OperatorError(not_among("figure", kpi, (*KPIS, SERVICE_LEVEL)))
    filters = plain.get("filter", {})
    for name in filters:
        if name not in _FILTERS:
            raise OperatorError(not_among("filter", str(name), _FILTERS))
    formula = plain.get("formula")
    return Question(
        report,
        one_of("period", RelativePeriod, str(plain.get("period", RelativePeriod.YESTERDAY))),
        one_of("interval", Grain, str(plain.get("grain", Grain.WHOLE))),
        by,
        Where(**{name: _texts(name, values) for name, values in filters.items()}),
        one_of("formula", ServiceLevelFormula, str(formula)) if formula else None,
        one_of("comparison", Comparison, str(plain.get("compare") or Comparison.NONE)),
        kpis,
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to be kept, checked. `schedule` None: it is sent when somebody asks for it."""

    name: str
    owner: str
    question: Question
    format: FileFormat = FileFormat.PDF
    language: str = "en"
    recipients: tuple[str, ...] = ()
    schedule: Schedule | None = None


def draft_of(plain: Mapping[str, Any], owner: str) -> Draft:
    """From JSON: `name`, `asked`, `format`, `language`, `recipients`, `schedule`. Raises OperatorError."""
    schedule = plain.get("schedule")
    draft = Draft(
        _name(plain.get("name")),
        owner,
        question_of(plain.get("asked") or {}),
        one_of("format", FileFormat, str(plain.get("format") or FileFormat.PDF)),
        _language(str(plain.get("language") or LANGUAGES[0])),
        _recipients(_texts("recipients", plain.get("recipients", ()))),
        parse_schedule(str(schedule)) if schedule else None,
    )
    if draft.schedule is not None and not draft.recipients:
        raise OperatorError("a report that is sent by itself needs somebody whom it is sent to")
    return draft


def _name(value: object) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise OperatorError(f"expected a name of 1 to {LONGEST_NAME} characters in one line")
    return name


def _language(text: str) -> str:
    if text.replace("_", "-").partition("-")[0].lower() not in ("en", "zh"):
        raise OperatorError(not_among("language", text, LANGUAGES))
    return language_of(text)


def _recipients(addresses: Sequence[str]) -> tuple[str, ...]:
    for address in addresses:
        if not is_address(address):
            raise OperatorError(f"'{shown(address)}' is no e-mail address such as anna@example.com")
    if len(addresses) > RECIPIENTS_MAX:
        raise OperatorError(f"{len(addresses)} recipients are more than {RECIPIENTS_MAX}")
    return tuple(dict.fromkeys(addresses))


def _texts(what: str, values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise OperatorError(f"expected a list of {what}")
    found = tuple(values)
    if not all(isinstance(value, str) and 0 < len(value) <= 254 for value in found):
        raise OperatorError(f"expected {what} as texts")
    return found
