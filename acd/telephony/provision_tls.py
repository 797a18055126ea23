"""SIP over TLS and encrypted sound in Asterisk's configuration.

Asterisk reads a certificate only when its settings have changed. So certificate and key are copied into its
folder under names that tell what is in them: new ones give pjsip.conf new names, and a reload takes them up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.settings.model import Centre
from acd.settings.outside import Encryption

TLS_FILES = "sip-tls-"
"""The names of all copies begin so."""


@dataclass(frozen=True)
class TlsFiles:
    """`texts`: copies for Asterisk's folder; without a certificate there is none, and no transport."""

    transport: str
    texts: Mapping[Path, str]


def tls_files(centre: Centre, environment: Environment, folder: Path, translation: str) -> TlsFiles:
    """Raises OperatorError for files that cannot be read, and for TLS that is asked for without any."""
    certificate, key = environment.sip_tls_cert, environment.sip_tls_key
    if environment.front is not None:
        return TlsFiles("", {})  # Kamailio has it
    if certificate is None or key is None:
        _check_not_needed(centre)
        return TlsFiles("", {})
    texts = _read(certificate, "ACD_SIP_TLS_CERT"), _read(key, "ACD_SIP_TLS_KEY")
    if "CERTIFICATE-----" not in texts[0] or "PRIVATE KEY-----" not in texts[1]:
        raise OperatorError(
            "ACD_SIP_TLS_CERT, ACD_SIP_TLS_KEY: expected a certificate and a private key (PEM)"
        )
    name = copies_name(*texts)
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    address = environment.sip_address
    bind = f"[{address}]" if ":" in address else address
    transport = f"""[transport-tls]
type = transport
protocol = tls
bind = {bind}:{environment.sip_tls_port}
cert_file = {paths[0]}
priv_key_file = {paths[1]}
ca_list_file = {environment.sip_tls_ca}
method = tlsv1_2
verify_server = yes
allow_reload = yes
{translation}
"""
    return TlsFiles(transport, dict(zip(paths, texts, strict=True)))


def copies_name(certificate: str, key: str) -> str:
    """Of the copies of this pair in Asterisk's folder, without what says which of the two it is."""
    return TLS_FILES + hashlib.sha256(f"{certificate}\0{key}".encode()).hexdigest()[:16]


def _check_not_needed(centre: Centre) -> None:
    needed = [f"trunk {t.id}" for t in centre.trunks.values() if t.tls]
    needed += [f"phone {p.id}" for p in centre.phones.values() if p.encryption is Encryption.REQUIRED]
    if needed:
        raise OperatorError(
            f"TLS is asked for ({', '.join(needed[:5])}), but there is no certificate:"
            " set ACD_SIP_TLS_CERT and ACD_SIP_TLS_KEY"
        )


def _read(path: Path, variable: str) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeError) as error:
        raise OperatorError(f"{variable}: {path} cannot be read: {error}") from error


def media_lines(encryption: Encryption) -> list[str]:
    """Of an endpoint."""
    match encryption:
        case Encryption.OFF:
            return []
        case Encryption.OPTIONAL:
            return ["media_encryption = sdes", "media_encryption_optimistic = yes"]
        case Encryption.REQUIRED:
            return ["media_encryption = sdes", "media_encryption_optimistic = no"]
