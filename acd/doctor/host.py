"""The machine: files, disk, limits, its name, its clock."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from acd.doctor.finding import Finding, fail, ok, warn
from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.telephony.sip_certificate import days_left, is_given

FREE_WARN, FREE_FAIL = 0.10, 0.02
FREE_ENOUGH = 20 << 30
WRITE_BYTES, WRITE_SLOW_MB_S = 8 << 20, 10.0
OPEN_FILES = 4_096
NAME_SLOW_S = 0.5
CERTIFICATE_DAYS = 21
SIP_CERTIFICATE = "certificate of SIP"
_DAY_S = 86_400


def disk(env: Environment) -> Iterator[Finding]:
    """Room, and how fast it writes: live state is written before each next event."""
    usage = shutil.disk_usage(env.home)
    share, free = usage.free / usage.total, f"{usage.free / 1e9:,.1f} GB of {usage.total / 1e9:,.1f} are free"
    todo = f"make room for {env.home}: shorter times in retention.yml, fewer days of the journal, rotate logs"
    if share < FREE_FAIL and usage.free < FREE_ENOUGH:
        yield fail("disk space", free, todo)
    elif share < FREE_WARN and usage.free < FREE_ENOUGH:
        yield warn("disk space", free, todo)
    else:
        yield ok("disk space", free)
    file = env.home / f".doctor-{os.getpid()}"
    try:
        began = time.perf_counter()
        with file.open("wb") as opened:
            opened.write(os.urandom(WRITE_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        speed = WRITE_BYTES / 1e6 / (time.perf_counter() - began)
    except OSError as error:
        yield fail("disk writes", f"{env.home} takes nothing: {error.strerror}", todo)
        return
    finally:
        file.unlink(missing_ok=True)
    told = f"{speed:,.0f} MB a second reach the disk"
    if speed < WRITE_SLOW_MB_S:
        yield warn("disk writes", told, "look for what else writes there (iostat -x 1), or move ACD_HOME")
    else:
        yield ok("disk writes", told)


def limits(pid: int | None) -> Iterator[Finding]:
    """Open files: of the controller where it runs, else of a program started here."""
    if pid is not None:
        try:
            lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
            soft = next(line for line in lines if line.startswith("Max open files")).split()[3]
            now = len(os.listdir(f"/proc/{pid}/fd"))
        except (OSError, StopIteration):
            return
        limit, told = int(soft) if soft.isdigit() else OPEN_FILES, f"the controller has {now} of {soft}"
    else:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limit = OPEN_FILES if limit == resource.RLIM_INFINITY else limit
        told = f"a program may have {limit}"
    if limit < OPEN_FILES:
        yield warn(
            "open files", told, f"allow {OPEN_FILES} or more: LimitNOFILE= of systemd, or ulimits of Compose"
        )
    else:
        yield ok("open files", told)


def host_name(hosts: Path = Path("/etc/hosts")) -> Iterator[Finding]:
    """Asterisk looks its own name up for every outgoing call: DNS must not be asked for it."""
    name = socket.gethostname()
    lines = hosts.read_text(errors="replace").splitlines() if hosts.is_file() else []
    known = any(name in line.partition("#")[0].split()[1:] for line in lines)
    if known:
        yield ok("host name", f"{name} is in {hosts}")
    elif os.geteuid() == 0:
        yield ok("host name", f"{name} is not in {hosts}; asterisk/run gives Asterisk another one, as root")
    else:
        todo = f"add the line '127.0.0.1 {name}' to {hosts}"
        yield fail(
            "host name", f"{name} is not in {hosts}: each outgoing call may wait seconds for DNS", todo
        )


def modes(env: Environment) -> Iterator[Finding]:
    """Who may read what is secret."""
    secret = [env.secrets_file, env.first_passwords_file, env.asterisk_dir / "etc" / "pjsip.conf"]
    secret += [env.asterisk_dir / "etc" / "manager.conf", env.database, env.home / "retention.key"]
    wide = [path for path in secret if path.is_file() and path.stat().st_mode & 0o077]
    if wide:
        names = " ".join(map(str, wide))
        yield fail("secrets", f"others may read {names}", f"chmod go= {names}; then think of new passwords")
    else:
        yield ok("secrets", "closed to others")
    if env.first_passwords_file.is_file():
        yield warn(
            "first passwords",
            f"{env.first_passwords_file} is still there",
            "hand the passwords out, then delete the file",
        )


def certificate(file: Path, part: str = "certificate") -> Iterator[Finding]:
    """When it ends."""
    try:
        left = days_left(file)
    except OperatorError as error:
        yield fail(part, str(error), "name a certificate in PEM form")
        return
    until = f"{file} holds until {datetime.fromtimestamp(time.time() + left * _DAY_S, UTC):%Y-%m-%d}"
    if left < CERTIFICATE_DAYS:
        yield (warn if left > 0 else fail)(part, until, "renew it")
    else:
        yield ok(part, until)


def sip_certificate(env: Environment) -> Iterator[Finding]:
    """When that of SIP ends, and whether Asterisk has it: a new one does not get there by itself."""
    if env.sip_tls_cert is None:
        return
    yield from certificate(env.sip_tls_cert, SIP_CERTIFICATE)
    if is_given(env) is False:
        told = f"Asterisk has not been given what is in {env.sip_tls_cert}, and uses an older one"
        yield warn(SIP_CERTIFICATE, told, "acd phones provision")
