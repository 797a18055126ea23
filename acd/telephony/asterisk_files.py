"""Asterisk's files while it runs: written anew when a reload needs it, read by Asterisk, calls untouched.

Registrations and calls outlive the reading: contacts are in Asterisk's own database, and a channel keeps
the phone or trunk that it began with.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from acd.errors import OperatorError, TelephonyError
from acd.settings.environment import Environment
from acd.settings.model import Centre
from acd.settings.secrets import load_or_create_secrets
from acd.telephony.ami import AmiLink
from acd.telephony.provision import asterisk_files, write_file
from acd.telephony.provision_tls import TLS_FILES

log = structlog.get_logger(__name__)

# Which of Asterisk's modules read a file; no other file depends on config/.
READ_BY: Mapping[str, tuple[str, ...]] = {
    "pjsip.conf": (
        "res_pjsip.so",
        "res_pjsip_authenticator_digest.so",
        "res_pjsip_endpoint_identifier_ip.so",
        "res_pjsip_outbound_registration.so",
    ),
    "extensions.conf": ("pbx_config.so",),
    "queues.conf": ("app_queue.so",),
    "rtp.conf": ("res_rtp_asterisk.so",),
    "http.conf": ("http",),
    "musiconhold.conf": ("res_musiconhold.so",),
}


@dataclass(slots=True)
class NewFiles:
    """The texts of Asterisk's files for a configuration. `before`: of those written, what was there."""

    texts: Mapping[Path, str]
    before: dict[Path, str | None] = field(default_factory=dict)


class AsteriskFiles:
    """`variables` may hold passwords of trunks; without `templates` nothing is written."""

    def __init__(
        self, environment: Environment, templates: Path, variables: Mapping[str, str], link: AmiLink
    ) -> None:
        self._environment = environment
        self._templates = templates
        self._variables = variables
        self._link = link
        self._unread: dict[str, None] = {}
        self._reading = asyncio.Lock()

    # --- in a thread --------------------------------------------------------------------------
    def prepare(self, centre: Centre) -> NewFiles:
        """Passwords for new phones, and the texts. Raises OperatorError; nothing of Asterisk's is written."""
        secrets = load_or_create_secrets(self._environment.secrets_file, centre.phones)
        try:
            return NewFiles(
                asterisk_files(centre, self._environment, secrets, self._templates, self._variables)
            )
        except OSError as error:
            raise OperatorError(f"{error.filename}: cannot be read: {error.strerror}") from error

    def write(self, files: NewFiles) -> None:
        """Those that differ. Raises OperatorError; what had been written is as before then."""
        try:
            for path, text in files.texts.items():
                before = path.read_text(encoding="utf-8") if path.exists() else None
                if before != text:
                    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    write_file(path, text)
                    files.before[path] = before
        except OSError as error:
            self.undo(files)
            raise OperatorError(f"Asterisk's files cannot be written: {error}") from error

    def undo(self, files: NewFiles) -> None:
        """What was there before."""
        for path, text in files.before.items():
            with contextlib.suppress(OSError):
                if text is None:
                    path.unlink(missing_ok=True)
                else:
                    write_file(path, text)
        files.before.clear()

    # --- in the event loop ----------------------------------------------------------------------
    async def have_read(self, files: NewFiles) -> list[str]:
        """Asterisk reads what was written; what it could not, in a sentence each."""
        names = [path.name for path in files.before]
        self._unread |= dict.fromkeys(module for name in names for module in READ_BY.get(name, ()))
        notes = await self.catch_up()
        later = sorted(name for name in names if name not in READ_BY and not name.startswith(TLS_FILES))
        return notes + [f"Asterisk's {name}: takes effect when Asterisk is started again" for name in later]

    async def catch_up(self) -> list[str]:
        """What Asterisk has not read yet, also after it was away; likewise.

        One at a time: a reload may come while what an absence has left is being read.
        """
        failed = []
        async with self._reading:
            for module in list(self._unread):
                if not self._link.up:
                    return ["Asterisk is away: it reads its files as soon as it is back"]
                del self._unread[module]  # before: what is written from here on is to be read again
                try:
                    await self._link.action("Reload", Module=module)
                except TelephonyError as error:
                    log.error("asterisk has not read its files anew", module=module, reason=str(error))
                    failed.append(module)
        return [_not_read(failed)] if failed else []


def _not_read(modules: Iterable[str]) -> str:
    console = "asterisk/run -rx 'core reload'"
    return f"Asterisk has not read its files anew ({', '.join(modules)}): have it do so by {console}"
