"""A certificate and its key, read from two files and checked, before anything is served with them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from acd.errors import OperatorError

CERT, KEY = "ACD_TLS_CERT", "ACD_TLS_KEY"
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pair:
    """`context` serves with it. `names` are the hosts and addresses that it is for."""

    context: ssl.SSLContext
    valid_from: datetime
    valid_until: datetime
    names: tuple[str, ...]
    fingerprint: str


def read_pair(cert: Path, key: Path, now: datetime | None = None) -> Pair:
    """The pair in these files, if browsers can be served with it at this moment.

    Raises OperatorError, which names the file and says what is wrong: it cannot be read, is no PEM, the two
    do not belong together, the key is encrypted, the certificate has expired or is for later.
    """
    now = now or datetime.now(UTC)
    leaf = _leaf(cert)
    _look_at(KEY, key)
    context = new_context()
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except _Encrypted:
        raise OperatorError(f"{KEY}: {key}: the key is encrypted; give one that has no password") from None
    except ssl.SSLError as error:
        if error.reason and "MISMATCH" in error.reason:
            text = f"{KEY}: {key} is not the key of the certificate in {cert} ({CERT})"
            raise OperatorError(text) from error
        text = f"{KEY}: {key}: expected a private key in PEM, for the certificate in {cert} ({CERT})"
        raise OperatorError(text) from error
    except OSError as error:
        raise OperatorError(f"{KEY}: {key} cannot be read: {error.strerror}") from error
    valid_from, valid_until = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now >= valid_until:
        raise OperatorError(
            f"{CERT}: the certificate in {cert} expired at {valid_until:%Y-%m-%d %H:%M} UTC;"
            " put a new one there"
        )
    if now < valid_from:
        raise OperatorError(
            f"{CERT}: the certificate in {cert} is valid from {valid_from:%Y-%m-%d %H:%M} UTC only;"
            " is this machine's clock right?"
        )
    return Pair(context, valid_from, valid_until, _names(leaf), leaf.fingerprint(hashes.SHA256()).hex())


def new_context() -> ssl.SSLContext:
    """Of a server of ours: TLS 1.2 and later, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Encrypted(Exception):
    """A password is asked for: without this OpenSSL would ask for it on the terminal."""


def _no_password() -> str:
    raise _Encrypted


def _leaf(cert: Path) -> x509.Certificate:
    """The first certificate of the file: the server's own."""
    raw = _look_at(CERT, cert)
    try:
        return x509.load_pem_x509_certificate(raw)
    except ValueError as error:
        raise OperatorError(
            f"{CERT}: {cert}: expected a certificate in PEM, first of all the server's own"
        ) from error


def _look_at(variable: str, file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LARGEST)
    except OSError as error:
        raise OperatorError(f"{variable}: {file} cannot be read: {error.strerror}") from error
    return raw


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        told = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    addresses = (str(address) for address in told.get_values_for_type(x509.IPAddress))
    return (*told.get_values_for_type(x509.DNSName), *addresses)
