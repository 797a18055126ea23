"""Hands an e-mail to the mail server (RFC 5321), and says what it made of it. In a thread: it blocks."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from acd.errors import OperatorError
from acd.settings.report_settings import MailSecurity, MailSettings
from acd.settings.secret_variables import secret_variable

PASSWORD_VARIABLE = "ACD_SMTP_PASSWORD"  # noqa: S105 - its name
LIMIT_S = 30.0
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Handed:
    """`refused` for good, and who may get it `later`: each address with the server's reason.

    All others have it.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, str] = field(default_factory=dict)


class NotHanded(Exception):
    """Nobody has it: the server is away, or does not want us. Another try may do."""


def password_of(mail: MailSettings, environ: Mapping[str, str]) -> str:
    """From the environment, or a file that it names, else from the file of the settings.

    Raises OperatorError where there is none, but a user.
    """
    if not mail.user:
        return ""
    if given := secret_variable(environ, PASSWORD_VARIABLE):
        return given
    if not mail.password_file:
        raise OperatorError(
            f"mail: {mail.user} needs a password: set {PASSWORD_VARIABLE}, or `password_file` in reports.yml"
        )
    path = Path(mail.password_file).expanduser()
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise OperatorError(f"{path}: others can read the password: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path}: the password cannot be read: {error}") from error


def hand_over(
    mail: MailSettings, password: str, sender: str, recipients: Sequence[str], message: bytes
) -> Handed:
    """To the server. Raises NotHanded where it cannot be reached, is not to be trusted, or takes nothing."""
    try:
        client = _connect(mail)
        try:
            client.ehlo_or_helo_if_needed()
            if mail.security is MailSecurity.STARTTLS:
                client.starttls(context=ssl.create_default_context())
            if mail.user:
                client.login(mail.user, password)
            return _sort(client.sendmail(sender, list(recipients), message))
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.quit()
    except smtplib.SMTPRecipientsRefused as error:
        return _nobody_has_it(recipients, error.recipients)
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= 500:
            return Handed(refused=dict.fromkeys(recipients, _said(error.smtp_code, error.smtp_error)))
        raise NotHanded(_said(error.smtp_code, error.smtp_error)) from error
    except smtplib.SMTPResponseException as error:
        raise NotHanded(_said(error.smtp_code, error.smtp_error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotHanded(f"{mail.host}:{mail.port}: {_reason(error)}") from error


def _connect(mail: MailSettings) -> smtplib.SMTP:
    name = socket.gethostname() or "localhost"  # not its full name, which a name server may have to tell
    if mail.security is MailSecurity.TLS:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mail.host, mail.port, name, timeout=LIMIT_S, context=context)
    return smtplib.SMTP(mail.host, mail.port, name, timeout=LIMIT_S)


def _sort(answers: Mapping[str, tuple[int, bytes]]) -> Handed:
    refused = {address: _said(*answer) for address, answer in answers.items() if answer[0] >= 500}
    later = {address: _said(*answer) for address, answer in answers.items() if answer[0] < 500}
    return Handed(refused, later)


def _nobody_has_it(recipients: Sequence[str], answers: Mapping[str, tuple[int, bytes]]) -> Handed:
    """No message was sent. A server that closes in the middle (421) has answered to some recipients only, and
    whom it took before has nothing, either."""
    told = _sort(answers)
    why = [*told.later.values()][-1] if told.later else ""
    later = {address: told.later.get(address, why) for address in recipients if address not in told.refused}
    return Handed(told.refused, later)


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(f"{code} {words}".split())[:_LONGEST]


def _reason(error: Exception) -> str:
    """In plain words where we have some: "[Errno 111]" tells nobody what to look at."""
    match error:
        case ConnectionRefusedError():
            return "nothing answers there: is the mail server running, and is this its port?"
        case TimeoutError():
            return f"no answer within {LIMIT_S:g} s: is the mail server running, is a firewall between us?"
        case socket.gaierror():
            return "this host is not known: is `host` below `mail` in reports.yml right?"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case OSError(errno=int(), strerror=str(reason)) if not isinstance(error, ssl.SSLError):
            return reason
        case _:
            return " ".join(str(error).split())[:_LONGEST] or type(error).__name__
