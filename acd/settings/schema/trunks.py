"""config/trunks.yml: the ways in and out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from acd.settings.outside import CallerIdIn, DialedIn, Encryption
from acd.settings.phone_number import NumberFormat
from acd.settings.schema.checking import Options, mistake, not_empty, one_of, whole
from acd.settings.schema.numbers import NumberEntry
from acd.settings.schema.values import EnvironmentName, Host, Id, Network, PublicNumber, SipUser

CODECS = ("ulaw", "alaw", "g722", "opus", "g729", "gsm")
_FORMATS = [written.value for written in NumberFormat]


class LoginEntry(Options):
    """A user name; without `password_env` the password is in secrets.yml."""

    user: SipUser
    password_env: EnvironmentName | None = None


class RegistrationEntry(Options):
    """The options are those of `acd.settings.outside.Registration`."""

    expires_s: Annotated[int, whole(20, 86_400)] = 300
    contact_user: SipUser | None = None


class DefaultEntry(NumberEntry):
    """Where numbers lead that are not configured, likewise."""


class TrunkEntry(Options):
    """One trunk. Its calls come from its `addresses`, or over its `registration`.

    With addresses, `authentication` must be written: that nobody has to prove who they are is a decision.
    """

    addresses: Annotated[list[Network], not_empty("address")] | None = None
    authentication: Annotated[Literal["none", "digest"], one_of("none", "digest")] | None = None
    their_login: LoginEntry | None = None
    server: Host | None = None
    port: Annotated[int, whole(1, 65_535)] | None = None
    """Left out: 5060, or 5061 over TLS."""
    transport: Annotated[Literal["udp", "tls"], one_of("udp", "tls")] = "udp"
    encryption: Annotated[str, one_of(*Encryption)] = Encryption.OFF
    login: LoginEntry | None = None
    registration: RegistrationEntry | None = None
    codecs: Annotated[list[Annotated[str, one_of(*CODECS)]], not_empty("codec")] = Field(
        default_factory=lambda: ["ulaw", "alaw"]
    )
    number_format: Annotated[str, one_of(*_FORMATS)] = NumberFormat.E164_PLUS
    dial_format: Annotated[str, one_of(*_FORMATS)] | None = None
    dialed_number_in: Annotated[str, one_of(*DialedIn)] = DialedIn.REQUEST_URI
    caller_id_in: Annotated[str, one_of(*CallerIdIn)] = CallerIdIn.FROM
    caller_id: PublicNumber | None = None
    calls_max: Annotated[int, whole(1, 10_000)] | None = None
    default: DefaultEntry | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> TrunkEntry:
        for fault in self._faults():
            raise mistake(fault)
        return self

    def _faults(self) -> list[str]:
        found = []
        if self.addresses is None and self.registration is None:
            found.append("no call could come in; give it addresses, a registration, or both")
        if self.addresses is not None and self.authentication is None:
            found.append("the required option 'authentication' is missing: none or digest")
        if (self.authentication == "digest") != (self.their_login is not None):
            found.append("'authentication: digest' and 'their_login' belong together")
        if self.registration is not None and (self.server is None or self.login is None):
            found.append("a registration needs a server and a login")
        if self.login is not None and self.server is None:
            found.append("a login needs a server")
        if self.encryption == Encryption.REQUIRED and self.transport != "tls":
            found.append("'encryption: required' needs 'transport: tls': the keys would travel in the clear")
        return found


class TrunksFile(Options):
    """The whole file; a centre without trunks takes calls from its own phones only."""

    trunks: dict[Id, TrunkEntry]
