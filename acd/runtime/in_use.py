"""Processes that use the data of an ACD_HOME are there; whoever restores a back-up has to be alone."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import structlog

from acd.errors import OperatorError
from acd.settings.environment import IN_USE_LOCK
from acd.sole import present

log = structlog.get_logger(__name__)


def in_use(home: Path) -> AbstractContextManager[object]:
    """Until the context is left nobody puts other data in the place of those that we use.

    Raises OperatorError where somebody does so just now.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = present(home / IN_USE_LOCK)
    except OSError as error:  # a file system without locks: calls and desktops are worth more
        log.warning("a restore would not know of this process", file=IN_USE_LOCK, reason=str(error))
        return nullcontext()
    if lock is None:
        raise OperatorError(f"a back-up is being restored in {home}: start again when that is done")
    return lock
