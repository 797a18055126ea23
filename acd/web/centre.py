"""The configuration that the controller uses: names, groups' thresholds, reasons, the time zone."""

from __future__ import annotations

import asyncio
import time
from zoneinfo import ZoneInfo

import structlog

from acd.errors import OperatorError
from acd.runtime.version_files import VersionFiles
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import Centre

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0


class CentreInUse:
    """The newest version that was made active; read again when there is a newer one."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._files = VersionFiles(environment.versions_dir)
        self._number = -1
        self._centre: Centre | None = None
        self._looked_at = 0.0
        self._reading = asyncio.Lock()

    async def get(self) -> Centre:
        """At most a few seconds old. Raises OperatorError where none can be read."""
        async with self._reading:
            if self._centre is None or time.monotonic() - self._looked_at > LOOK_EVERY_S:
                await asyncio.to_thread(self._look)
            assert self._centre is not None
            return self._centre

    async def zone(self) -> ZoneInfo:
        """The centre's time zone."""
        return ZoneInfo((await self.get()).system.timezone)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        last = self._files.last()
        number = last.number if last is not None else 0
        if self._centre is not None and number == self._number:
            return
        try:
            if last is None:
                self._centre = load_centre(self._environment.config_dir, self._environment.flows_dir)
            else:
                kept = self._files.kept(last)
                self._centre = load_centre(kept.config_dir, kept.flows_dir)
            self._number = number
        except OperatorError:
            if self._centre is None:
                raise
            log.exception("the configuration in use cannot be read; the one before is used on")
