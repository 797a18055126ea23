"""The e-mail that brings a report: a short summary as text and as HTML, and the file. Pure.

Whatever people have named stays text: line breaks cannot get into a header, nor tags into the HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from acd.records.report import NOTHING
from acd.reports.files.labels import Labels, beside, facts, figure_text, has_before, period_text
from acd.reports.files.make import ReportFile
from acd.reports.table import Column, Line, ReportTable
from acd.reports.targets import Colour, Targets

FIGURES_MAX = 10
_POLICY = SMTP.clone(cte_type="7bit")  # not every server takes eight bits
_COLOURS = {Colour.GOOD: "#1a7f37", Colour.WARN: "#9a6700", Colour.BAD: "#cf222e"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whose report it is, from whom and to whom it goes. `id`: the same for each try, so that a copy that
    comes twice is known as one."""

    name: str
    owner: str
    sender: str
    recipients: tuple[str, ...]
    id: str


@dataclass(frozen=True, slots=True)
class _Figure:
    label: str
    value: str
    before: str
    colour: Colour | None


def sender_address(sender: str) -> str:
    """Without the name before it."""
    return parseaddr(sender)[1]


def compose(
    envelope: Envelope,
    table: ReportTable,
    labels: Labels,
    targets: Targets,
    file: ReportFile,
    at: datetime,
) -> bytes:
    """The whole message, as it is handed to a mail server."""
    message = EmailMessage(policy=_POLICY)
    name, address = parseaddr(envelope.sender)
    message["From"] = Address(_header(name), addr_spec=address)
    message["To"] = tuple(Address(addr_spec=recipient) for recipient in envelope.recipients)
    subject = labels.text(
        "mail_subject", name=envelope.name, title=labels.title, period=period_text(table.asked)
    )
    message["Subject"] = _header(subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{envelope.id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    told, figures = _facts(table, labels, at), list(_figures(table, labels, targets))
    broken = [labels.check(check) for check in table.checks if not check.ok]
    ends = [
        labels.text("mail_attached", file=file.name),
        labels.text("mail_why", name=envelope.name, owner=envelope.owner),
    ]
    message.set_content(_text(labels, told, figures, broken, ends))
    message.add_alternative(_html(labels, told, figures, broken, ends), subtype="html")
    kind, _, rest = file.media_type.partition(";")[0].partition("/")
    message.add_attachment(file.content, maintype=kind, subtype=rest, filename=file.name)
    return message.as_bytes()


def _header(text: str) -> str:
    """The library would decode what looks encoded (RFC 2047), and a line break hidden in it."""
    return _line(text).replace("=?", "= ?")


def _line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _facts(table: ReportTable, labels: Labels, at: datetime) -> list[tuple[str, str]]:
    """Without the report's name, which is above, and the formula's id, which is in the file."""
    return [fact for fact in facts(table, labels, at)[1:] if fact[0] != labels.text("formula_id")]


def _figures(table: ReportTable, labels: Labels, targets: Targets) -> list[_Figure]:
    """The first of the total."""
    total, colours = table.total, targets.colours(table, table.total)
    found = []
    for column in table.columns[:FIGURES_MAX]:
        before = _before(column, total, labels) if has_before(table) else ""
        value, label = figure_text(total.values.get(column.id), column.unit), labels.kpi(column.id).label
        found.append(_Figure(label, value, before, colours.get(column.id)))
    return found


def _before(column: Column, total: Line, labels: Labels) -> str:
    """Without a change where one of the two has no figure."""
    before, change = beside(column, total, labels)
    was = labels.text("was", value=labels.text("no_figure") if before == NOTHING else before)
    return was if change == NOTHING else f"{was}, {change}"


def _text(
    labels: Labels,
    told: Sequence[tuple[str, str]],
    figures: Sequence[_Figure],
    broken: Sequence[str],
    ends: Sequence[str],
) -> str:
    lines = [labels.title, ""]
    if broken:
        lines += [labels.text("mail_broken"), *broken, ""]
    lines += [f"{name}: {value}" for name, value in told]
    lines.append("")
    for figure in figures:
        colour = "" if figure.colour is None else f" [{labels.text(f'colour_{figure.colour.value}')}]"
        before = f" ({figure.before})" if figure.before else ""
        lines.append(f"{figure.label}: {figure.value}{colour}{before}")
    return "\n".join(_line(line) for line in [*lines, "", *labels.notes, *ends]) + "\n"


def _html(
    labels: Labels,
    told: Sequence[tuple[str, str]],
    figures: Sequence[_Figure],
    broken: Sequence[str],
    ends: Sequence[str],
) -> str:
    cell = 'style="padding:2px 12px 2px 0"'
    rows = []
    for figure in figures:
        colour = "" if figure.colour is None else f"color:{_COLOURS[figure.colour]};font-weight:bold;"
        rows.append(
            f"<tr><td {cell}>{escape(figure.label)}</td>"
            f'<td style="{colour}padding:2px 12px 2px 0;text-align:right">{escape(figure.value)}</td>'
            f"<td {cell}>{escape(figure.before)}</td></tr>"
        )
    warning = "".join(f"<p><b>{escape(text)}</b></p>" for text in broken)
    if broken:
        warning = f"<p><b>{escape(labels.text('mail_broken'))}</b></p>{warning}"
    facts_ = "<br>".join(f"{escape(name)}: {escape(value)}" for name, value in told)
    notes = "".join(f"<p>{escape(note)}</p>" for note in (*labels.notes, *ends))
    return (
        f'<!doctype html><html lang="{labels.language}"><meta charset="utf-8"><body>'
        f"<h2>{escape(labels.title)}</h2>{warning}<p>{facts_}</p>"
        f"<table>{''.join(rows)}</table>{notes}</body></html>\n"
    )
