"""Asterisk's files while it runs: written anew when a reload needs it, read by Asterisk, calls untouched.

So are those of Kamailio, where it stands before several nodes.

Registrations and calls outlive the reading: contacts are in Asterisk's own database, and a channel keeps
the phone or trunk that it began with.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from acd.errors import OperatorError, TelephonyError
from acd.settings.environment import Environment
from acd.settings.model import Centre
from acd.settings.secrets import load_or_create_secrets
from acd.telephony.ami import Link
from acd.telephony.front_keeper import FrontKeeper
from acd.telephony.provision import write_file
from acd.telephony.provision_all import all_files
from acd.telephony.provision_kamailio import ADDRESSES, kamailio_dir, shut_out
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
    """The texts of Asterisk's and Kamailio's files for a configuration.

    `before`: of those written, what was there.
    """

    texts: Mapping[Path, str]
    before: dict[Path, str | None] = field(default_factory=dict)


class AsteriskFiles:
    """`variables` may hold passwords of trunks; without `templates` nothing is written.

    `links`: one for each Asterisk of `environment.of_nodes`, in that order. `front` has Kamailio read
    what is its.
    """

    def __init__(
        self,
        environment: Environment,
        templates: Path,
        variables: Mapping[str, str],
        links: Sequence[Link],
        front: FrontKeeper | None = None,
    ) -> None:
        self._environment = environment
        self._templates = templates
        self._variables = variables
        self._links = links
        self._front = front
        self._unread: dict[tuple[int, str], None] = {}  # which link's, module
        self._reading = asyncio.Lock()

    # --- in a thread --------------------------------------------------------------------------
    def prepare(self, centre: Centre) -> NewFiles:
        """Passwords for new phones, and the texts. Raises OperatorError; nothing of theirs is written."""
        environment = self._environment
        secrets = load_or_create_secrets(environment.secrets_file, centre.phones)
        try:
            return NewFiles(all_files(centre, environment, secrets, self._templates, self._variables))
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
            raise OperatorError(f"the files for Asterisk and Kamailio cannot be written: {error}") from error

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
        """Asterisk, and Kamailio, read what was written; what they could not, in a sentence each."""
        etc = kamailio_dir(self._environment) / "etc"
        of_front = {
            path: path.relative_to(etc).as_posix() for path in files.before if path.is_relative_to(etc)
        }
        names = sorted({path.name for path in files.before if path not in of_front})
        for number, of_node in enumerate(self._environment.of_nodes):
            own = [path.name for path in files.before if path.is_relative_to(of_node.asterisk_dir)]
            modules = (module for name in own for module in READ_BY.get(name, ()))
            self._unread |= dict.fromkeys((number, module) for module in modules)
        notes = await self.catch_up()
        if self._front is not None:
            notes += await self._front.have_read(of_front.values())
        notes += _shut_out(files, etc / ADDRESSES)
        later = (name for name in names if name not in READ_BY and not name.startswith(TLS_FILES))
        return notes + [f"Asterisk's {name}: takes effect when Asterisk is started again" for name in later]

    async def catch_up(self) -> list[str]:
        """What Asterisk has not read yet, also after it was away; likewise.

        One at a time: a reload may come while what an absence has left is being read.
        """
        failed = dict[str, None]()
        is_away = False
        async with self._reading:
            for number, module in list(self._unread):
                if not self._links[number].up:
                    is_away = True
                    continue
                # Before: what is written from here on is to be read again.
                del self._unread[number, module]
                try:
                    await self._links[number].action("Reload", Module=module)
                except TelephonyError as error:
                    log.error("asterisk has not read its files anew", module=module, reason=str(error))
                    failed[module] = None
        notes = ["Asterisk is away: it reads its files as soon as it is back"] if is_away else []
        return [_not_read(failed), *notes] if failed else notes


def _shut_out(files: NewFiles, addresses: Path) -> list[str]:
    """A note where web processes are taken from those who may talk to Kamailio."""
    gone = shut_out(files.before.get(addresses) or "", files.texts.get(addresses, ""))
    if not gone:
        return []
    return [
        f"Kamailio's HTTP port is closed to {', '.join(gone)} from now on: browsers' phones that come from a"
        " web process there get 403. If this is not meant: ACD_KAMAILIO_FROM is to be the same for"
        " controllers and commands. Set it for the controllers and start them again, and run"
        " 'acd phones provision' with it"
    ]


def _not_read(modules: Iterable[str]) -> str:
    console = "asterisk/run -rx 'core reload'"
    return f"Asterisk has not read its files anew ({', '.join(modules)}): have it do so by {console}"
