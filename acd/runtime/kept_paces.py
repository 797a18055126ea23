"""What is learnt of the pace of each group, kept over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from acd.core.floor import Floor
from acd.core.pace import Pace
from acd.core.paces import Paces
from acd.core.ports import Mirror

log = structlog.get_logger(__name__)

KEY = "pace:"


class KeptPaces(Paces):
    """Those of the running product."""

    def __init__(self, floor: Floor, mirror: Mirror) -> None:
        super().__init__(floor, lambda group, pace: mirror.put(KEY + group, pace.to_dict()))
        self._mirror = mirror

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Begin with what was known before a restart; what is unreadable, or has no group now, is dropped."""
        for key, value in kept.items():
            if not key.startswith(KEY):
                continue
            group = key.removeprefix(KEY)
            try:
                self.know(group, self._read(group, value))
            except (KeyError, TypeError, ValueError) as error:
                log.warning("what was learnt of a group is dropped", key=key, reason=repr(error))
                self._mirror.drop(key)

    def _read(self, group: str, value: Mapping[str, Any]) -> Pace:
        if group not in self._floor.plan.groups:
            raise KeyError("there is no such group")
        return Pace.from_dict(value)
