"""What a program of ours sees to as a process of this machine: its log, files, ports, lock and end."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TextIO

import structlog

from acd.errors import OperatorError
from acd.settings.environment import Environment, numeric_address
from acd.sole import alone

OPEN_FILES = 16_384
PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # from <malloc.h>
LARGE_BYTES = 128 * 1024
"""From this size on memory comes from the system and goes back to it: glibc's own first limit."""


def raise_open_files() -> None:
    """Each caller who asks has a socket; many machines allow a process only 1,024 unless it says more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def keep_one_heap() -> None:
    """Memory that is given back is used again, whichever thread had it. Before any thread begins.

    glibc has a heap for each of some threads, and raises its limits with each large block that is freed, so
    that a process that runs for weeks keeps ever more holes. See mallopt(3); elsewhere it does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(M_TRIM_THRESHOLD, LARGE_BYTES)


class LogLines:
    """What structlog writes to.

    A line that cannot be written (a full disk, a reader or terminal that is gone) is lost, and no more than
    that: most are written where something else has failed already.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """One line."""
        with suppress(OSError, ValueError):
            print(line, file=self._stream, flush=True)

    debug = info = warning = error = critical = exception = msg


def configure_logging() -> None:
    """Lines on stderr; ACD_LOG=debug shows every event and command (with callers' numbers).

    ACD_LOG_FORMAT is json or console; left out: console on a terminal, else json.
    """
    form = os.environ.get("ACD_LOG_FORMAT", "").lower()
    as_console = sys.stderr.isatty() if form not in ("json", "console") else form == "console"
    level = logging.getLevelNamesMapping().get(os.environ.get("ACD_LOG", "info").upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
            if as_console
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: LogLines(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("panoramisk").setLevel(logging.CRITICAL)
    logging.getLogger("aiohttp.server").addFilter(_is_no_bad_request)


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    """What is no HTTP is answered with 400, and is nobody's news: a port scan must not fill the log."""
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__module__ != "aiohttp.http_exceptions"


def check_ports(env: Environment) -> None:
    """Raises OperatorError that names every port that is taken and the variable that moves it."""
    taken = []
    for name, port, kind, address in (
        ("ACD_SIP_PORT", env.sip_port, socket.SOCK_DGRAM, env.sip_address),
        ("ACD_AMI_PORT", env.ami_port, socket.SOCK_STREAM, numeric_address(env.asterisk_host)),
        ("ACD_AGI_PORT", env.agi_port, socket.SOCK_STREAM, numeric_address(env.controller_host)),
        ("ACD_HTTP_PORT", env.http_port, socket.SOCK_STREAM, env.http_address),
        ("ACD_HEALTH_PORT", env.health_port, socket.SOCK_STREAM, env.http_address),
        ("ACD_WS_PORT", env.ws_port, socket.SOCK_STREAM, numeric_address(env.asterisk_host)),
    ):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                taken.append(f"{name}: port {port} on {address} cannot be used ({error.strerror})")
    if taken:
        hint = "stop what uses it, or set the variable to another port"
        raise OperatorError("\n".join(taken) + f"\n{hint}")


def end_with_parent() -> None:
    """In the child: end when we are gone, however that happens (a kill -9, a closed terminal)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def lock_home(env: Environment) -> IO[str]:
    """One server for each home, or each controller's part of it. Raises OperatorError."""
    hint = f"a server already runs in {env.own_dir}; for a second copy set ACD_HOME and the ports"
    return the_only_one(env.own_dir / "run" / "server.lock", hint)


def lock_controller(env: Environment) -> IO[str]:
    """One process for each name of a controller. Raises OperatorError."""
    hint = f"controller {env.controller!r} already runs (it uses {env.own_dir}); each needs a name of its own"
    return the_only_one(env.own_dir / "run" / "controller.lock", hint)


def the_only_one(path: Path, hint: str) -> IO[str]:
    """The lock lasts as long as the file is open. Raises OperatorError, `hint` where another one has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = alone(path)
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be locked ({error.strerror}): mend that, then start again"
        ) from error
    if file is None:
        raise OperatorError(hint)
    return file
