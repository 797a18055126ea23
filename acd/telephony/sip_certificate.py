"""The certificate of SIP over TLS: until when it is good, and whether Asterisk has been given it."""

from __future__ import annotations

import os
import ssl
import time
from pathlib import Path

from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.telephony.provision_tls import copies_name

_DAY_S = 86_400.0


def days_left(file: Path) -> float:
    """Until the (first) certificate of the file ends; less than 0: since then.

    Raises OperatorError for a file that cannot be read, or is none of a certificate.
    """
    try:
        decoded = ssl._ssl._test_decode_cert(str(file))  # type: ignore[attr-defined]
        until = ssl.cert_time_to_seconds(decoded["notAfter"])
    except (OSError, ssl.SSLError, KeyError, ValueError) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from error
    return float(until - time.time()) / _DAY_S


def is_given(environment: Environment) -> bool | None:
    """Whether Asterisk has a copy of the pair in the files.

    None: that cannot be told here, as its folder is on another machine or closed to us, or Kamailio has SIP
    and reads the files itself. Raises OperatorError for files that cannot be read.
    """
    cert, key = environment.sip_tls_cert, environment.sip_tls_key
    etc = environment.asterisk_dir / "etc"
    if cert is None or key is None or environment.nodes or environment.front:
        return None
    if not os.access(etc, os.X_OK):
        return None
    try:
        name = copies_name(cert.read_text(encoding="ascii"), key.read_text(encoding="ascii"))
    except (OSError, UnicodeError) as error:
        raise OperatorError(f"the certificate or the key of SIP cannot be read: {error}") from error
    try:
        return (etc / f"{name}.crt").is_file()
    except OSError:
        return None
