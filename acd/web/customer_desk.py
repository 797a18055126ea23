"""What routes about customers work with: the configuration of cards, and an external directory if any."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from acd.errors import OperatorError, SettingsError
from acd.lookups.crm import Crm
from acd.lookups.http import HttpLookups
from acd.runtime.version_files import VersionFiles
from acd.settings.customer_settings import CustomerSettings
from acd.settings.environment import Environment
from acd.web import reading
from acd.web.last_failure import LastFailure

log = structlog.get_logger(__name__)

_FILES = ("system.yml", "customers.yml")
Stamp = tuple[tuple[int, int] | None, ...]


class CustomerDesk:
    """One for the web process; all in it can be had again at any time."""

    def __init__(self) -> None:
        self._http = HttpLookups()
        self.crm = Crm(self._http)
        self._settings: CustomerSettings | None = None
        self._stamp: Stamp | None = None
        self._tried: Stamp | None = None  # these files, and failed to read them
        self._failure = LastFailure()
        self._reading = asyncio.Lock()

    async def settings(self, environment: Environment) -> CustomerSettings:
        """Of the files as they are; while somebody edits them and they are faulty, as they were last.

        Raises OperatorError where they never were without fault, or cannot be read.
        """
        async with self._reading:
            stamp = tuple(_stamp(environment.config_dir / name) for name in _FILES)
            if self._settings is not None and stamp == self._stamp:
                return self._settings
            if stamp == self._tried:  # files that have changed since are looked at at once
                self._failure.tell()
            try:
                self._settings = await asyncio.to_thread(self._read, environment)
            except OperatorError as error:
                self._failure.keep(error)
                self._tried = stamp
                raise
            self._stamp = stamp
            return self._settings

    def _read(self, environment: Environment) -> CustomerSettings:
        try:
            return _read(environment.config_dir)
        except SettingsError as error:
            log.warning("customers.yml or system.yml is faulty", problems=len(error.problems))
            if self._settings is not None:
                return self._settings
            files = VersionFiles(environment.versions_dir)
            last = files.last()
            kept = None if last is None else files.kept(last)
            if kept is None:
                raise
            return _read(kept.config_dir)

    async def close(self) -> None:
        """No more questions to others."""
        await self.crm.close()
        await self._http.close()


def _read(config_dir: Path) -> CustomerSettings:
    found: CustomerSettings = reading.read("customers", config_dir)
    return found


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
