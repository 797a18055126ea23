"""Putting a back-up in place: unpacked and checked beside the place first, then moved there in one go.

What was there is never deleted: with `replace` it is put aside.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from acd.backup import contents, recordings
from acd.backup.about import About, DatabaseKind
from acd.backup.archive import read_archive
from acd.backup.database import NAMES, check_is_empty, empty, kind_of, migrate, put_back
from acd.backup.kept_in_redis import KeptInRedis, kept_in_redis
from acd.backup.moves import Moves
from acd.backup.pace import Pace
from acd.backup.sealing import unseal
from acd.backup.staging import Staging
from acd.backup.verify import listed
from acd.errors import OperatorError, StateError
from acd.recordings.files import NAME
from acd.runtime.version_files import VersionFiles
from acd.settings.config_files import is_configuration
from acd.settings.environment import IN_USE_LOCK, Environment
from acd.sole import CannotLock, alone

OLD = ("live", "spool", "cdr-place.json", "refold-place.json")
"""What belongs to the data that was there, and must not go on with others."""
OLD_OF_SEVERAL = ("controllers/*/live", "controllers/*/spool", "cdr-place-*.json")
"""Where there are several controllers, or Asterisk nodes."""
_RUNS_WITHIN_S = 2.0
_DATABASE_ENDS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Asked:
    """`replace`: what is there already is put aside. `with_config`: config/ and ivr_flows/, too.

    `beside`: where recordings are that are not in the archive.
    """

    archive: Path
    beside: Path
    replace: bool = False
    with_config: bool = True
    passphrase: str = ""


@dataclass(slots=True)
class Restored:
    """`aside`: where that is which was there before. `missing`: recordings that the back-up has no more.

    `left_out`: what the archive has in config/ that is not the centre's configuration.
    `redis_away`: why it cannot be told whether Redis has live state of before; empty: it has none now.
    """

    about: About
    files: int = 0
    recordings: int = 0
    missing: list[str] = field(default_factory=list)
    aside: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    redis_aside: str = ""
    redis_away: str = ""


def restore(env: Environment, asked: Asked, now: datetime, pace: Pace) -> Restored:
    """All of it, or nothing. Raises OperatorError."""
    try:
        env.home.mkdir(parents=True, exist_ok=True)
        with _nobody_runs(env):
            return _in_place(env, asked, now, pace)
    except OSError as error:
        raise OperatorError(
            f"nothing was restored: {error.filename or env.home}: {error.strerror}"
        ) from error


def _in_place(env: Environment, asked: Asked, now: datetime, pace: Pace) -> Restored:
    places = _places(env, with_config=asked.with_config)
    if not asked.replace:
        _check_is_empty(env, places)
    if kind_of(env.database_url) is DatabaseKind.POSTGRESQL:
        check_is_empty(env.database_url)
    with VersionFiles(env.versions_dir).locked(), _staging(env.home) as staging:
        return _restored(env, asked, staging, places, now, pace)


@contextlib.contextmanager
def _staging(home: Path) -> Iterator[Path]:
    for left in home.glob(".restore-*.d"):
        shutil.rmtree(left, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=".restore-", suffix=".d", dir=home))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def _nobody_runs(env: Environment) -> Iterator[None]:
    """No controller, here or elsewhere, and no web process, which would go on with a file put aside.

    None starts meanwhile. Raises OperatorError, also where none of that can be known.
    """
    _check_no_controller(env)
    try:
        lock = alone(env.home / IN_USE_LOCK)
    except CannotLock as error:
        raise OperatorError(
            f"nothing was restored: {error.filename} cannot be locked ({error.strerror}), so it cannot be"
            f" known whether a controller or web process runs: {env.home} needs a file system with locks"
            " (NFS 4 has them)"
        ) from error
    if lock is None:
        raise OperatorError(f"a controller or web process runs in {env.home}: stop it, then restore")
    with lock:
        yield


def _check_no_controller(env: Environment) -> None:
    """Of several one that stands by would take up what it finds."""
    running = [str(path) for path in _sockets(env) if _listens_here(path)]
    running += [p.name for p in env.controllers if _listens_at(p.host, p.port)]
    if running:
        where = env.home if running == [str(env.control_socket)] else f"{env.home} ({', '.join(running)})"
        raise OperatorError(f"a controller runs in {where}: stop it, and the web process, then restore")


def _sockets(env: Environment) -> list[Path]:
    return sorted(
        {env.control_socket, env.home / "run" / "acd.sock"} | {*env.home.glob("controllers/*/run/acd.sock")}
    )


def _listens_here(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        return True
    return False


def _listens_at(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), _RUNS_WITHIN_S):
        return True
    return False


def _old(env: Environment) -> list[Path]:
    of_several = {path for pattern in OLD_OF_SEVERAL for path in env.home.glob(pattern)}
    return [*(env.home / name for name in OLD), *sorted(of_several)]


def _places(env: Environment, *, with_config: bool) -> dict[str, Path]:
    """Where each part goes, by its name in the archive."""
    places = {
        "secrets.yml": env.secrets_file,
        contents.VERSIONS: env.versions_dir,
        contents.JOURNAL: env.journal_dir,
        recordings.FOLDER: env.recordings_dir,
        **{f"{contents.HOME}/{name}": env.home / name for name in contents.KEPT_OF_HOME},
    }
    if kind_of(env.database_url) is DatabaseKind.SQLITE:
        places[NAMES[DatabaseKind.SQLITE]] = Path(make_url(env.database_url).database or "")
    if with_config:
        places |= {contents.CONFIG: env.config_dir, contents.FLOWS: env.flows_dir}
    return places


def _check_is_empty(env: Environment, places: dict[str, Path]) -> None:
    """Raises OperatorError that names all that would be in the way."""
    there = [str(path) for path in [*places.values(), *_old(env)] if _has_data(path)]
    if there:
        hint = "name an empty ACD_HOME, or --replace: then what is there is put aside, and not deleted"
        config = {str(env.config_dir), str(env.flows_dir)} & set(there)
        more = "; --without-config leaves configuration and flows as they are here" if config else ""
        raise OperatorError(f"there is data already: {', '.join(there)}: {hint}{more}")


def _has_data(path: Path) -> bool:
    if path.is_dir():
        return any(name not in ("lock", ".keeper.lock") for _, _, names in os.walk(path) for name in names)
    return path.exists()


def _restored(
    env: Environment, asked: Asked, staging: Path, places: dict[str, Path], now: datetime, pace: Pace
) -> Restored:
    read = read_archive(asked.archive, Staging(staging, env.database_url, bool(asked.passphrase)), pace)
    told = Restored(read.about, files=read.files)
    sealed = staging / "secrets.yml.sealed"
    if sealed.is_file():
        _write_private(staging / "secrets.yml", unseal(sealed.read_bytes(), asked.passphrase))
    _take_recordings(asked.beside, staging, told, pace)
    database = staging / NAMES[DatabaseKind(read.about.database)]
    if read.about.database == DatabaseKind.SQLITE:
        migrate(f"sqlite:///{database}")
    told.left_out = contents.take_out_others(staging)
    redis = _redis(env, asked, staging, told)
    name = f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    with Moves(name, env.home) as moves:
        _move(env, staging, places, moves)
        with contextlib.ExitStack() as undoing:
            if read.about.database == DatabaseKind.POSTGRESQL:
                put_back(database, env.database_url)  # last, for it takes no name: by itself all or nothing
                undoing.callback(empty, env.database_url)
                migrate(env.database_url)
            if redis is not None and redis.has_any:
                told.redis_aside = _put_aside(redis, name)
            undoing.pop_all()
    told.aside = moves.aside
    return told


def _move(env: Environment, staging: Path, places: dict[str, Path], moves: Moves) -> None:
    old = [place for name, place in places.items() if (staging / name).exists()]
    for place in [*old, *_old(env)]:
        moves.put_aside(place)
    if NAMES[DatabaseKind.SQLITE] in places:
        for end in _DATABASE_ENDS[1:]:
            moves.put_aside(Path(f"{places[NAMES[DatabaseKind.SQLITE]]}{end}"))
    for name, place in places.items():
        if (staging / name).exists():
            moves.put(staging / name, place)
    if contents.CONFIG in places:
        # What a back-up does not take is not the one's that comes back: a balancer's files, dashboards.
        moves.bring_back(env.config_dir, lambda name: not is_configuration(name))


def _redis(env: Environment, asked: Asked, staging: Path, told: Restored) -> KeptInRedis | None:
    """Raises OperatorError where it has live state that nobody wants put aside."""
    config, flows = staging / contents.CONFIG, staging / contents.FLOWS
    if not asked.with_config:
        config, flows = env.config_dir, env.flows_dir
    redis = kept_in_redis(env, config, flows)
    if redis is None:
        return None
    redis.look()
    told.redis_away = f"{redis.name}: {redis.reason}" if redis.has_any is None else ""
    if redis.has_any and not asked.replace:
        raise OperatorError(
            f"there is data already: {redis.name}, the live state of a centre, which a start would take up:"
            " --replace puts it aside; if it is another centre's, name another Redis (ACD_REDIS_HOST)"
        )
    return redis


def _put_aside(redis: KeptInRedis, name: str) -> str:
    try:
        return redis.put_aside(name)
    except StateError as error:
        raise OperatorError(f"nothing was restored: {redis.name} cannot be put aside: {error}") from error


def _write_private(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _take_recordings(beside: Path, staging: Path, told: Restored, pace: Pace) -> None:
    """Those beside the archive, whose bytes are what the archive says; others are told as missing."""
    for digest, name in listed(staging / recordings.LISTING):
        target = staging / recordings.FOLDER / name
        if NAME.match(name) is None or not target.resolve().is_relative_to(staging.resolve()):
            raise OperatorError(f"{name[:200]!r} in {recordings.LISTING} is no name of a recording")
        target.parent.mkdir(parents=True, exist_ok=True)
        if _copied(beside / name, target, digest, pace):
            told.recordings += 1
        else:
            told.missing.append(name)


def _copied(source: Path, target: Path, digest: str, pace: Pace) -> bool:
    if not source.is_file():
        return False
    if recordings.copy(source, target, pace)[0] == digest:
        return True
    target.unlink()
    return False
