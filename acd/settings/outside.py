"""The way to the outside, checked: trunks, and who may dial which numbers over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.ivr.hours import Calendar
from acd.settings.phone_number import NumberFormat, least_premium_prefix
from acd.settings.spending import OutsideLimits, Rates


@dataclass(frozen=True, slots=True)
class NumberRoute:
    """Where a dialled number leads: to a flow, or straight into a group's waiting line.

    `full`: the flow that takes who finds as many in that line as may wait; None: who comes then waits, too.
    """

    number: str
    flow: str | None = None
    group: str | None = None
    priority: int = 0
    full: str | None = None


class Encryption(StrEnum):
    """Whether sound is encrypted (SRTP, keys in SDP)."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class DialedIn(StrEnum):
    """Where a provider puts the number that its caller has dialled."""

    REQUEST_URI = "request_uri"
    TO_HEADER = "to_header"


class CallerIdIn(StrEnum):
    """Where a provider wants, and puts, the caller's number."""

    FROM = "from"
    P_ASSERTED_IDENTITY = "p_asserted_identity"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name; the password is in the environment under `password_env`, else in secrets.yml."""

    user: str
    password_env: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """We tell the provider where we are; `contact_user` is the user that it then calls."""

    expires_s: int = 300
    contact_user: str = ""


@dataclass(frozen=True, slots=True)
class TrunkSpec:
    """A way in and out. Calls from its `addresses`, or over its registration, are its calls.

    `login`: how we prove to the provider who we are; `their_login`: how the provider proves it to us.
    `number_format` is what it sends, `dial_format` what it wants. `caller_id` is shown by calls for which
    neither agent nor group has one. `default`: where a number leads that is not configured. `tls`: signalling
    is encrypted, and the provider's certificate is verified.
    """

    id: str
    addresses: tuple[str, ...] = ()
    codecs: tuple[str, ...] = ("ulaw", "alaw")
    server: str | None = None
    port: int = 5060
    login: Login | None = None
    registration: Registration | None = None
    their_login: Login | None = None
    number_format: NumberFormat = NumberFormat.E164_PLUS
    dial_format: NumberFormat = NumberFormat.E164_PLUS
    dialed_in: DialedIn = DialedIn.REQUEST_URI
    caller_id_in: CallerIdIn = CallerIdIn.FROM
    caller_id: str | None = None
    calls_max: int | None = None
    default: NumberRoute | None = None
    tls: bool = False
    encryption: Encryption = Encryption.OFF

    def password_owners(self) -> Mapping[str, Login]:
        """Every login with the name that its password has in secrets.yml."""
        owners = {self.id: self.login, f"{self.id}-incoming": self.their_login}
        return {name: login for name, login in owners.items() if login is not None}


@dataclass(frozen=True, slots=True)
class DialRole:
    """Who has it may dial numbers that begin with `allow` but not with `deny`: the longer one decides.

    `trunks` are tried in this order. Those who have it make at most `calls_max` calls at a time, together;
    each may spend `budget` a day (None: as all); `hours`: they dial only while that calendar is open.
    """

    id: str
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    trunks: tuple[str, ...]
    calls_max: int | None = None
    budget: float | None = None
    hours: Calendar | None = None

    def allows(self, number: str) -> bool:
        """The longest prefix decides; what neither list has is not allowed."""
        allowed = max((len(p) for p in self.allow if number.startswith(p)), default=0)
        denied = max((len(p) for p in self.deny if number.startswith(p)), default=0)
        return allowed > denied

    def names_premium(self, number: str) -> bool:
        """Whether a number that is dear everywhere is allowed by a prefix that means just such numbers."""
        least = least_premium_prefix(number)
        return any(len(p) >= least for p in self.allow if number.startswith(p))


@dataclass(frozen=True)
class Dialing:
    """Who may dial what outside.

    `emergency` numbers may be dialled from every phone, over `emergency_trunks`. `outside_prefix` is
    dialled before an outside number ('' for none). `roles_of` and `caller_ids` are keyed by agent,
    `group_caller_ids` by group; numbers are E.164. `flow_role` is the role of transfers that flows make
    (None: they reach nobody outside). `rates` None: nothing is known of what calls cost.
    """

    emergency: frozenset[str]
    emergency_trunks: tuple[str, ...]
    outside_prefix: str = ""
    ring_timeout_s: float = 60.0
    roles: Mapping[str, DialRole] = field(default_factory=dict)
    roles_of: Mapping[str, str] = field(default_factory=dict)
    caller_ids: Mapping[str, str] = field(default_factory=dict)
    group_caller_ids: Mapping[str, str] = field(default_factory=dict)
    flow_role: str | None = None
    limits: OutsideLimits = field(default_factory=OutsideLimits)
    rates: Rates | None = None
