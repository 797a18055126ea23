"""config/reports.yml: what figures should be, what they count by, and how reports are sent."""

from __future__ import annotations

from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated

from pydantic import Field, model_validator

from acd.settings.kpi_names import DIRECTIONS
from acd.settings.mail_address import is_address
from acd.settings.problems import did_you_mean, shown
from acd.settings.report_settings import DEFAULT_CSAT_TOP, DEFAULT_FCR_DAYS, MailSecurity
from acd.settings.schema.checking import Options, checked, expected, mistake, number, one_of, text_of, whole
from acd.settings.schema.values import Host, Id

LONGEST_NAME = 200


def _kpi(value: object) -> str:
    name = text_of("the id of a figure such as service_level", value)
    if name not in DIRECTIONS:
        hint = did_you_mean(name, DIRECTIONS, separator=";") or "; 'acd report --list' shows all"
        raise mistake(f"there is no figure '{shown(name)}'{hint}")
    return name


def _line(value: object) -> str:
    what = f"a text of 1 to {LONGEST_NAME} characters in one line"
    text = text_of(what, value)
    if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
        raise expected(what, value)
    return text


def _sender(value: object) -> str:
    """An address with or without a name before it."""
    what = "an e-mail address such as reports@example.com, or 'Call centre <reports@example.com>'"
    text = _line(value)
    name, address = parseaddr(text)
    if not is_address(address):
        raise expected(what, value)
    try:
        Address(name, addr_spec=address)
    except ValueError:
        raise expected(what, value) from None
    return text


KpiName = Annotated[str, checked(_kpi, type="string", enum=list(DIRECTIONS))]
Threshold = Annotated[float, number("a figure", 0, 1_000_000_000, whole=False)]


class TargetEntry(Options):
    """What a figure should be: shares from 0 to 1 (0.8 is 80 %), durations in seconds."""

    good: Threshold
    """From here on it is good."""
    warn: Threshold
    """From here on it is not yet bad; beyond it, it is."""


class MailEntry(Options):
    """The mail server that takes our e-mails."""

    host: Host
    """Its name or address."""
    port: Annotated[int, whole(1, 65535)] = 587
    """Usually 587 with starttls, 465 with tls, 25 with none."""
    security: Annotated[str, one_of(*MailSecurity)] = MailSecurity.STARTTLS.value
    """How the way to it is encrypted. With starttls and tls its certificate must be good."""
    user: Annotated[str, checked(_line, type="string")] = ""
    """Who signs in there; left out: nobody. The password is in ACD_SMTP_PASSWORD or in `password_file`."""
    password_file: Annotated[str, checked(_line, type="string")] = ""
    """A file with the password and nothing else, which only the server's user can read."""
    sender: Annotated[str, checked(_sender, type="string")]
    """From whom reports come."""

    @model_validator(mode="after")
    def _no_password_in_the_open(self) -> MailEntry:
        if self.user and self.security == MailSecurity.NONE:
            raise mistake("with `security: none` a password would be sent in the open: leave `user` out")
        return self


class ReportsFile(Options):
    """The whole file."""

    targets: dict[KpiName, TargetEntry] = Field(default_factory=dict)
    """What figures should be, by their id; reports show in colours how they are."""
    groups: dict[Id, dict[KpiName, TargetEntry]] = Field(default_factory=dict)
    """The same for single groups; they go before those of all."""
    fcr_days: Annotated[float, number("a number of days", 0.04, 365, whole=False)] = DEFAULT_FCR_DAYS
    """A call is resolved where the same customer does not call again within so many days."""
    csat_top: Annotated[int, whole(1, 10)] = DEFAULT_CSAT_TOP
    """Scores from here on are those of satisfied callers."""
    mail: MailEntry | None = None
    """How reports are sent; left out: they are not."""
