"""config/reports.yml as it is used: what figures should be, what they count by, and how reports are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.settings.kpi_names import Direction

DEFAULT_FCR_DAYS = 7.0
DEFAULT_CSAT_TOP = 4


class MailSecurity(StrEnum):
    """How the way to the mail server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """`good`: from here on a figure is good; `warn`: from here on it is not yet bad.

    Both in the KPI's unit: shares 0 to 1, seconds, counts. Where neither way is better by itself, the order
    of the two says which way is meant.
    """

    good: float
    warn: float

    def rises(self, direction: Direction) -> bool:
        """Whether more is better."""
        return self.good >= self.warn if direction is Direction.EITHER else direction is Direction.HIGH


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where e-mails are handed in. Without `user` nobody signs in there; `sender` is an address, or
    `NAME <address>`. `password_file`: where the password is, unless the environment has ACD_SMTP_PASSWORD."""

    host: str
    sender: str
    port: int = 587
    security: MailSecurity = MailSecurity.STARTTLS
    user: str = ""
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """`targets` by KPI; `group_targets` by group and KPI go before them.

    A call is resolved where the customer does not call again within `fcr_days`; scores from `csat_top` on are
    those of satisfied callers. `mail` None: reports cannot be sent.
    """

    targets: Mapping[str, Target] = field(default_factory=dict)
    group_targets: Mapping[str, Mapping[str, Target]] = field(default_factory=dict)
    fcr_days: float = DEFAULT_FCR_DAYS
    csat_top: int = DEFAULT_CSAT_TOP
    mail: MailSettings | None = None
