"""Locks of files: who holds one, who has to wait, and what a file system without them says."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import IO

import pytest
from structlog.testing import capture_logs

from acd.cli.process import lock_home
from acd.cli.refold import refold
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.runtime.in_use import in_use
from acd.settings.environment import IN_USE_LOCK, Environment
from acd.sole import CannotLock, alone, present, sole

Take = Callable[[Path], IO[str] | None]


def test_one_is_alone_and_any_number_are_present(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with sole(file) as is_alone:
        assert is_alone
        assert present(file) is None
        assert alone(file) is None
        with sole(file) as is_another:
            assert not is_another
    one, another = present(file), present(file)
    assert one is not None
    assert another is not None
    assert alone(file) is None
    one.close()
    another.close()
    with sole(file) as is_alone:
        assert is_alone


@pytest.mark.parametrize("take", [alone, present])
def test_a_lock_holds_on_nfs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, take: Take) -> None:
    """There LOCK_SH needs a file that is open for reading, LOCK_EX one that is open for writing."""

    def flock_of_nfs(lock: IO[str], how: int) -> None:
        needed = os.O_RDONLY if how & fcntl.LOCK_SH else os.O_WRONLY
        if fcntl.fcntl(lock, fcntl.F_GETFL) & os.O_ACCMODE not in (needed, os.O_RDWR):
            raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("acd.sole.fcntl.flock", flock_of_nfs)
    (tmp_path / "lock").write_text("whose it is")
    lock = take(tmp_path / "lock")
    assert lock is not None
    assert lock.readable()
    assert lock.writable()
    lock.close()
    assert (tmp_path / "lock").read_text() == "whose it is"


def fail_with(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Every lock."""

    def flock(lock: IO[str], how: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("acd.sole.fcntl.flock", flock)


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.EACCES])
def test_who_has_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    fail_with(monkeypatch, code)
    assert alone(tmp_path / "lock") is None
    with sole(tmp_path / "lock") as is_alone:
        assert not is_alone


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF])
def test_a_file_system_without_locks_is_nobody_who_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fail_with(monkeypatch, code)
    file = tmp_path / "lock"
    for take in (alone, present):
        with pytest.raises(CannotLock) as told:
            take(file)
        assert (told.value.errno, told.value.filename) == (code, str(file))
    with pytest.raises(CannotLock), sole(file):
        pass


def test_no_controller_starts_while_a_back_up_is_restored(tmp_path: Path) -> None:
    env = Environment(tmp_path / "home", config_dir=tmp_path, flows_dir=tmp_path)
    with in_use(env.home), in_use(env.home):  # any number of them
        assert alone(env.home / IN_USE_LOCK) is None
    lock = alone(env.home / IN_USE_LOCK)
    assert lock is not None
    told = "a back-up is being restored in .*home: start again"
    with lock, pytest.raises(OperatorError, match=told), in_use(env.home):
        pass


def test_a_controller_starts_where_the_file_system_has_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = Environment(tmp_path, config_dir=tmp_path, flows_dir=tmp_path)
    fail_with(monkeypatch, errno.ENOLCK)
    with capture_logs() as told, in_use(env.home):
        pass
    assert [line["event"] for line in told] == ["a restore would not know of this process"]


def test_who_starts_a_program_is_told_which_file_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = Environment(tmp_path, config_dir=tmp_path, flows_dir=tmp_path)
    with RecordStore(env.database_url):
        pass
    monkeypatch.setattr("acd.cli.context.environment", lambda: env)
    monkeypatch.setattr("acd.cli.context.timezone", lambda _: UTC)
    fail_with(monkeypatch, errno.ENOLCK)
    with pytest.raises(OperatorError, match=r"run/server.lock cannot be locked \(No locks available\)"):
        lock_home(env)
    with pytest.raises(OperatorError, match=r"refold.lock cannot be locked \(No locks available\)"):
        refold()
