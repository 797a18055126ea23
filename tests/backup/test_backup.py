"""A back-up holds all that a centre is, and comes back whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import gzip
import io
import os
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from acd.backup import recordings, sealing
from acd.backup.about import WhereRecordings
from acd.backup.archive import about_archive
from acd.backup.pace import Pace
from acd.backup.rotation import keep_newest
from acd.backup.verify import verify
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.runtime.version_files import VersionFiles
from acd.settings.environment import IN_USE_LOCK
from acd.sole import sole
from acd.web.process import WebProcess
from tests.backup.world import CHECKOUT, NOW, SECRETS, Centre, back_up, environment, put_back, tree
from tests.postgres import PostgresProcess
from tests.recordings.calls import DAY
from tests.redis_server import RedisProcess
from tests.runtime.controllers import controllers
from tests.umask import private_umask
from tests.web.desktop import desktop


@pytest.fixture
async def centre(tmp_path: Path) -> Centre:
    centre = Centre(tmp_path / "here")
    await centre.take_up()
    return centre


def without_locks(home: Path) -> dict[str, bytes]:
    """What is in a home, but for the files that a restore holds meanwhile."""
    return {name: data for name, data in tree(home).items() if name not in ("versions/lock", IN_USE_LOCK)}


def check_same(centre: Centre, there: Path, url: str = "") -> None:
    """All that belongs to a centre is there as it is here."""
    env = environment(there, url)
    ours = {k: v for k, v in tree(centre.env.config_dir).items() if "/" not in k}
    assert tree(env.config_dir) == ours != {}
    assert tree(env.flows_dir) == tree(centre.env.flows_dir)
    assert VersionFiles(env.versions_dir).entries() == VersionFiles(centre.env.versions_dir).entries()
    assert (env.home / "retention.key").read_text() == "a key"
    assert tree(env.home / "drills") == tree(centre.drills) != {}
    assert env.secrets_file.read_text() == SECRETS
    assert env.secrets_file.stat().st_mode & 0o777 == 0o600
    sounds = {name for name in tree(centre.env.recordings_dir) if not name.startswith(".")}
    assert sounds == {name for name in tree(env.recordings_dir) if not name.startswith(".")}
    with RecordStore(env.database_url, create=False) as store:
        for call in ("c1", "c2"):
            assert store.call(call) == centre.world.store.call(call) is not None


@pytest.mark.parametrize("where", [WhereRecordings.BESIDE, WhereRecordings.INSIDE])
async def test_what_was_backed_up_comes_back(centre: Centre, tmp_path: Path, where: WhereRecordings) -> None:
    made = back_up(centre, tmp_path / "backups", recordings=where)
    assert made.archive.name == "acd-20261126T123000Z.tar.gz"
    assert made.about.variables == ["ACD_HOME"]
    beside = made.archive.parent / "recordings"
    assert verify(made.archive, beside, Pace()).recordings == (4 if where == "beside" else 0)
    with private_umask():
        put_back(environment(tmp_path / "there"), made.archive)
    check_same(centre, tmp_path / "there")
    versions = tmp_path / "there" / "home" / "versions"
    one, two = (versions / number / "config" / "groups.yml" for number in "12")
    assert one.samefile(two)
    assert one.stat().st_mode & 0o777 == 0o644  # Asterisk may be another user
    left = {name for name in os.listdir(tmp_path / "there" / "home") if name.startswith(".")}
    assert not left


async def test_the_same_on_postgresql(tmp_path: Path, postgresql_url: str, postgres: PostgresProcess) -> None:
    centre = Centre(tmp_path / "here", postgresql_url)
    await centre.take_up()
    made = back_up(centre, tmp_path / "backups")
    empty = postgres.new_database()
    put_back(environment(tmp_path / "there", postgres.url(empty)), made.archive)
    check_same(centre, tmp_path / "there", postgres.url(empty))
    with pytest.raises(OperatorError, match=r"is not empty \(.*name an empty database"):
        put_back(environment(tmp_path / "again", postgres.url(empty)), made.archive)
    with pytest.raises(OperatorError, match="were in PostgreSQL, here they go to a file"):
        put_back(environment(tmp_path / "file"), made.archive)
    postgres.drop(empty)
    centre.world.store.close()
    assert "correct horse" not in gzip.decompress(made.archive.read_bytes()).decode("latin-1")


async def test_from_a_file_to_postgresql_is_refused(
    centre: Centre, tmp_path: Path, postgres: PostgresProcess
) -> None:
    empty = postgres.new_database()
    made = back_up(centre, tmp_path / "backups")
    with pytest.raises(OperatorError, match="acd records copy --to"):
        put_back(environment(tmp_path / "there", postgres.url(empty)), made.archive)
    assert not tree(tmp_path / "there" / "home" / "recordings")
    assert not (tmp_path / "there" / "config").exists()
    postgres.drop(empty)


async def test_the_copy_is_one_moment_while_others_write(centre: Centre, tmp_path: Path) -> None:
    written = 0

    class Writing(Pace):
        def moved(self, what: str, count: int) -> None:
            nonlocal written
            written += 1
            centre.add_calls(f"later-{written}")

    from acd.backup.make import Wanted, make

    made = make(centre.env, Wanted(tmp_path / "backups", "Test"), NOW, Writing(), {})
    assert written > 10
    put_back(environment(tmp_path / "there"), made.archive)
    check_same_records = environment(tmp_path / "there")
    with closing(sqlite3.connect(check_same_records.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_recordings_are_copied_once_and_deleted_ones_go(centre: Centre, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    first = back_up(centre, folder)
    assert (first.recordings.files, first.recordings.new) == (4, 4)
    centre.add_calls("c3")
    await centre.take_up()
    second = back_up(centre, folder, NOW + timedelta(hours=1))
    assert (second.recordings.files, second.recordings.new) == (6, 2)
    centre.rows.deleted([f"{DAY}/c1-talk"], datetime.now(UTC), "retention")
    (centre.world.dir / DAY / "c1-talk.wav").unlink()
    (centre.world.dir / DAY / "c2-talk.wav").unlink()  # lost: no reason to lose it here, too
    third = back_up(centre, folder, NOW + timedelta(hours=2))
    assert third.recordings.deleted == 2
    there = {name for name in os.listdir(folder / "recordings" / DAY) if name.endswith(".wav")}
    assert there == {"c2-talk.wav", "c3-talk.wav"}
    restored = put_back(environment(tmp_path / "there"), third.archive)
    assert restored.missing == []
    assert (tmp_path / "there" / "home" / "recordings" / DAY / "c2-talk.wav").is_file()
    told = verify(first.archive, folder / "recordings", Pace())
    assert (told.missing, told.damaged) == (2, 0)


async def test_the_newest_archives_are_kept_with_their_recordings(centre: Centre, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    back_up(centre, folder)
    old = folder / "recordings" / "2020-01-01" / "c9-talk.wav"
    old.parent.mkdir()
    old.touch()
    for hour in (1, 2, 3):
        back_up(centre, folder, NOW + timedelta(hours=hour))
    assert [gone.name for gone in keep_newest(folder, 2)] == [
        "acd-20261126T123000Z.tar.gz",
        "acd-20261126T133000Z.tar.gz",
    ]
    assert not old.parent.exists()
    assert len(list((folder / "recordings" / DAY).iterdir())) == 4
    assert keep_newest(folder, 2) == []


async def test_old_archives_go_while_nobody_makes_another(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acd.backup import make

    folder, refused = tmp_path / "backups", list[str]()

    def rotated(where: Path, count: int) -> list[Path]:
        with pytest.raises(OperatorError, match="another back-up is being made") as told:
            back_up(centre, folder, NOW + timedelta(hours=2))
        refused.append(str(told.value))
        return keep_newest(where, count)

    back_up(centre, folder)
    monkeypatch.setattr(make, "keep_newest", rotated)
    second = back_up(centre, folder, NOW + timedelta(hours=1), keep=1)
    assert [archive.name for archive in second.removed] == ["acd-20261126T123000Z.tar.gz"]
    assert len(refused) == 1


async def test_what_is_there_is_put_aside_only_when_asked(centre: Centre, tmp_path: Path) -> None:
    made = back_up(centre, tmp_path / "backups")
    there = Centre(tmp_path / "there")
    before = without_locks(there.env.home)
    with pytest.raises(OperatorError, match=r"there is data already: .*--replace.*--without-config"):
        put_back(there.env, made.archive)
    assert without_locks(there.env.home) == before
    (there.env.config_dir / "own.yml").write_text("mine: true")
    restored = put_back(there.env, made.archive, replace=True, with_config=False)
    assert (there.env.config_dir / "own.yml").is_file()
    aside = there.env.home / "before-restore-20261126T123000Z"
    assert {path.name for path in restored.aside} >= {
        "records.sqlite3",
        "secrets.yml",
        "versions",
        "recordings",
    }
    assert (aside / "secrets.yml").read_text() == SECRETS
    put_back(there.env, made.archive, NOW + timedelta(hours=1), replace=True)
    assert not (there.env.config_dir / "own.yml").exists()
    assert (there.env.config_dir.with_name("config.before-restore-20261126T133000Z") / "own.yml").is_file()
    # What is no part of a back-up stays where it was.
    assert tree(there.env.config_dir / "balancer") == tree(CHECKOUT / "config" / "balancer") != {}


async def test_what_others_keep_beside_the_configuration_is_in_no_back_up(
    centre: Centre, tmp_path: Path
) -> None:
    """Nor is it where a version of earlier times still has it."""
    for folder in (centre.env.config_dir, centre.env.versions_dir / "1" / "config"):
        (folder / "balancer").mkdir(exist_ok=True)
        (folder / "balancer" / "desktop.key").write_text("a key")
        (folder / "desktop.key").write_text("a key")
    (centre.env.config_dir / "desktop.pem").mkdir()
    (centre.env.config_dir / "gone.key").symlink_to("nowhere")
    made = back_up(centre, tmp_path / "backups")
    with tarfile.open(made.archive) as archive:
        names = archive.getnames()
    assert {"config/agents.yml", "config/customers.csv", "versions/1/config/agents.yml"} <= set(names)
    assert "versions/1/version.json" in names
    assert [name for name in names if "balancer" in name or "desktop" in name or "gone" in name] == []


@pytest.mark.parametrize("replaces", [True, False])
async def test_an_older_archive_brings_back_nothing_that_is_no_configuration(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaces: bool
) -> None:
    """It has all of config/: an old key must not come in the place of today's."""
    from acd.backup import contents

    old = tmp_path / "old"
    names = (
        *("config/balancer/desktop.key", "config/balancer/more/x", "config/notes.txt"),
        "versions/1/config/balancer/desktop.key",
    )
    for name in names:
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_text("of old")
    real = contents.small_files
    monkeypatch.setattr(
        contents, "small_files", lambda env: [*real(env), *((name, old / name) for name in names)]
    )
    made = back_up(centre, tmp_path / "backups")
    there = Centre(tmp_path / "there").env if replaces else environment(tmp_path / "there")
    others: dict[str, bytes] = {}
    if replaces:
        (there.config_dir / "balancer" / "desktop.key").write_text("of today")
        (there.config_dir / "agents.yml").write_text("of today")
        others = {name: data for name, data in tree(there.config_dir).items() if "/" in name}
    restored = put_back(there, made.archive, replace=replaces)
    after = tree(there.config_dir)
    assert {name: data for name, data in after.items() if "/" in name} == others
    assert (there.config_dir / "agents.yml").read_bytes() == (
        centre.env.config_dir / "agents.yml"
    ).read_bytes()
    assert not (there.config_dir / "notes.txt").exists()
    assert restored.left_out == ["config/balancer", "config/notes.txt", "versions/1/config/balancer"]
    assert [name for name in tree(there.versions_dir) if "balancer" in name] == []
    assert "1/config/agents.yml" in tree(there.versions_dir)


async def test_secrets_are_sealed_by_a_passphrase(centre: Centre, tmp_path: Path) -> None:
    made = back_up(centre, tmp_path / "backups", passphrase="a lump of sugar")
    assert SECRETS.encode() not in gzip.decompress(made.archive.read_bytes())
    there = environment(tmp_path / "there")
    for passphrase, told in (("", "give the passphrase"), ("another lump", "another passphrase")):
        with pytest.raises(OperatorError, match=told):
            put_back(there, made.archive, passphrase=passphrase)
    assert not there.secrets_file.exists()
    put_back(there, made.archive, passphrase="a lump of sugar")
    check_same(centre, tmp_path / "there")
    with pytest.raises(OperatorError, match="at least 12 characters"):
        sealing.check_passphrase("short")


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def changed(data: bytes) -> bytes:
    """A byte of secrets.yml is another one; the archive is packed anew, so that only the digest tells."""
    plain = bytearray(gzip.decompress(data))
    at = plain.index(SECRETS.encode())
    plain[at] ^= 1
    return gzip.compress(bytes(plain))


def nonsense(data: bytes) -> bytes:
    return b"not an archive" + data


def newer(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b'"schema": "00', b'"schema": "99', 1))


def without_sums(data: bytes) -> bytes:
    plain = gzip.decompress(data)
    return gzip.compress(plain[: plain.index(b"SHA256SUMS")] + bytes(20_480))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (cut, "damaged, or was cut short"),
        (changed, r"the digest of 'secrets.yml' is not"),
        (nonsense, "damaged, or was cut short"),
        (newer, "newer than those here"),
        (without_sums, "SHA256SUMS is missing"),
    ],
)
async def test_a_damaged_archive_changes_nothing(
    centre: Centre, tmp_path: Path, damage: Callable[[bytes], bytes], told: str
) -> None:
    made = back_up(centre, tmp_path / "backups")
    made.archive.write_bytes(damage(made.archive.read_bytes()))
    there = environment(tmp_path / "there")
    with pytest.raises(OperatorError, match=told):
        put_back(there, made.archive)
    assert tree(tmp_path / "there").keys() <= {"home/versions/lock", "home/web.lock"}
    if damage is not newer:
        with pytest.raises(OperatorError, match=told):
            verify(made.archive, made.archive.parent / "recordings", Pace())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("config/../../evil", tarfile.REGTYPE),
        ("/etc/evil", tarfile.REGTYPE),
        ("elsewhere/evil", tarfile.REGTYPE),
        ("config/evil", tarfile.SYMTYPE),
        ("versions/1/evil", tarfile.LNKTYPE),
    ],
)
async def test_an_archive_of_somebody_else_leads_nowhere(
    centre: Centre, tmp_path: Path, name: str, kind: bytes
) -> None:
    about = back_up(centre, tmp_path / "backups").about.to_json()
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as tar:
        first = tarfile.TarInfo("about.json")
        first.size = len(about)
        tar.addfile(first, io.BytesIO(about))
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(OperatorError, match=r"no name for a file|neither a file|has not come before"):
        put_back(environment(tmp_path / "there"), evil)
    assert not (tmp_path / "evil").exists()
    assert about_archive(evil).schema == about_archive(evil).schema


async def test_tables_of_an_older_version_are_brought_up_to_date(centre: Centre, tmp_path: Path) -> None:
    from alembic import command
    from sqlalchemy import create_engine

    from acd.records import migrations

    old = tmp_path / "old"
    env = environment(old)
    env.home.mkdir(parents=True)
    engine = create_engine(env.database_url)
    settings = migrations.config()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0012")
    engine.dispose()
    centre.env = env
    env.config_dir.mkdir()
    env.flows_dir.mkdir()
    made = back_up(centre, tmp_path / "backups", recordings=WhereRecordings.NONE)
    assert (made.about.schema, made.about.secrets) == ("0012", "none")
    there = environment(tmp_path / "there")
    put_back(there, made.archive)
    with closing(sqlite3.connect(there.database)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == (migrations.NEWEST,)


def test_the_pace_is_kept() -> None:
    now, slept = 0.0, list[float]()

    def sleep(for_s: float) -> None:
        nonlocal now
        now += for_s
        slept.append(for_s)

    pace = Pace(1_000_000, clock=lambda: now, sleep=sleep)
    for _ in range(4):
        pace.moved("x", 500_000)
    assert sum(slept) == pytest.approx(2.0)


@pytest.mark.parametrize("fails_at", [9, 20])
async def test_a_move_that_fails_is_undone(
    centre: Centre, tmp_path: Path, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acd.backup import moves

    made = back_up(centre, tmp_path / "backups")
    there = Centre(tmp_path / "there")
    before, config_before = without_locks(there.env.home), tree(there.env.config_dir)
    real, count = moves._move, 0

    def failing(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        if count == fails_at:
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    monkeypatch.setattr(moves, "_move", failing)
    with pytest.raises(OperatorError, match=r"nothing was restored: .*No space left"):
        put_back(there.env, made.archive, replace=True)
    assert without_locks(there.env.home) == before
    assert tree(there.env.config_dir) == config_before


async def test_postgresql_is_empty_again_where_nothing_was_restored(
    tmp_path: Path, postgresql_url: str, postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails: the same back-up goes into the same database afterwards."""
    from acd.backup import moves
    from acd.backup import restore as restoring

    centre = Centre(tmp_path / "here", postgresql_url)
    await centre.take_up()
    made = back_up(centre, tmp_path / "backups")
    empty = postgres.new_database()
    there = environment(tmp_path / "there", postgres.url(empty))

    def no_room(source: Path, target: Path) -> None:
        raise OSError(30, "Read-only file system", str(target))

    def no_tables(url: str) -> None:
        raise OperatorError("its tables cannot be brought up to date")

    for module, name, fails in ((moves, "_move", no_room), (restoring, "migrate", no_tables)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, fails)
            with pytest.raises(OperatorError, match=r"Read-only file system|brought up to date"):
                put_back(there, made.archive)
        assert not there.config_dir.exists()
    put_back(there, made.archive)
    check_same(centre, tmp_path / "there", postgres.url(empty))
    postgres.drop(empty)
    centre.world.store.close()


async def test_what_several_controllers_have_left_is_put_aside(centre: Centre, tmp_path: Path) -> None:
    made = back_up(centre, tmp_path / "backups")
    there = environment(tmp_path / "there")
    for name in ("one", "two"):
        for folder, file in (("live", "live.jsonl"), ("spool", "1.jsonl")):
            place = there.home / "controllers" / name / folder
            place.mkdir(parents=True)
            (place / file).write_text(name)
    (there.home / "cdr-place-a.json").write_text("{}")  # of an Asterisk node
    with pytest.raises(OperatorError, match=r"there is data already: .*controllers/two/live"):
        put_back(there, made.archive)
    restored = put_back(there, made.archive, replace=True)
    aside = there.home / "before-restore-20261126T123000Z" / "controllers"
    assert {path for path in restored.aside if path.is_relative_to(aside)} == {
        aside / name / folder for name in ("one", "two") for folder in ("live", "spool")
    }
    assert (aside / "two" / "live" / "live.jsonl").read_text() == "two"
    assert not (there.home / "cdr-place-a.json").exists()
    assert not list(there.home.glob("controllers/*/*"))


@pytest.mark.parametrize("kind", ["socket", "port"])
async def test_a_controller_that_stands_by_anywhere_is_in_the_way(
    centre: Centre, tmp_path: Path, kind: str
) -> None:
    made = back_up(centre, tmp_path / "backups")
    with tempfile.TemporaryDirectory(prefix="acd-") as short:  # the path of a socket has a limit
        there = environment(Path(short))
        async with controllers(there.home, "one", "two", on_socket=kind == "socket") as (env, _):
            if kind == "port":
                there = replace(there, controllers=env.controllers)
            with pytest.raises(OperatorError, match=r"a controller runs in .*(two/run/acd.sock|one, two)"):
                put_back(there, made.archive, replace=True)


async def test_a_web_process_is_in_the_way(centre: Centre, tmp_path: Path) -> None:
    """It would go on with the file that was put aside; so none starts while a back-up is restored, either."""
    made = back_up(centre, tmp_path / "backups")
    async with desktop(tmp_path / "home") as running:
        env = running.process.environment
        with pytest.raises(OperatorError, match=r"controller or web process runs in .*home: stop it, then"):
            put_back(env, made.archive, replace=True)
        another = WebProcess(env)
        await another.start()  # several may run
        await another.stop()
        with pytest.raises(OperatorError, match="web process runs"):
            put_back(env, made.archive, replace=True)
    there = environment(tmp_path / "there")
    there.home.mkdir(parents=True)
    with sole(there.home / IN_USE_LOCK):
        late = WebProcess(there)
        with pytest.raises(OperatorError, match="a back-up is being restored in"):
            await late.start()
        await late.stop()
    put_back(there, made.archive)
    assert (there.home / "records.sqlite3").exists()


async def test_where_nothing_can_be_locked_no_web_process_is_blamed(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(centre, tmp_path / "backups")
    there = environment(tmp_path / "there")
    real = fcntl.flock

    def flock(lock: IO[str], how: int) -> None:
        if Path(lock.name).name == IN_USE_LOCK:
            raise OSError(errno.ENOLCK, "No locks available")
        real(lock, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(
        OperatorError, match=r"web.lock cannot be locked \(No locks available\).*cannot be known"
    ):
        put_back(there, made.archive)
    assert tree(tmp_path / "there").keys() == {"home/web.lock"}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    found = RedisProcess(tmp_path)
    found.start()
    yield found
    found.stop()


def test_live_state_in_redis_is_not_taken_up(tmp_path: Path, redis: RedisProcess) -> None:
    centre = Centre(tmp_path / "here")
    system = centre.env.config_dir / "system.yml"
    system.write_text(f"{system.read_text()}\nredis: {{port: {redis.port}, prefix: bank}}\n")
    made = back_up(centre, tmp_path / "backups", recordings=WhereRecordings.NONE)
    redis.cli("hset", "bank:live", "call:c9", "{}")
    there = environment(tmp_path / "there")
    with pytest.raises(OperatorError, match=r"bank:live in Redis .*--replace puts it aside"):
        put_back(there, made.archive)
    assert not there.config_dir.exists()
    restored = put_back(there, made.archive, replace=True)
    assert restored.redis_aside == "bank:live:before-restore-20261126T123000Z in Redis"
    assert redis.cli("exists", "bank:live").strip() == "0"
    assert redis.cli("hget", "bank:live:before-restore-20261126T123000Z", "call:c9").strip() == "{}"
    redis.stop()
    again = put_back(environment(tmp_path / "again"), made.archive)
    assert "cannot connect" in again.redis_away


async def test_where_nothing_has_run_nothing_is_made(tmp_path: Path, centre: Centre) -> None:
    centre.env = environment(tmp_path / "nowhere")
    with pytest.raises(OperatorError, match="nothing has run here yet"):
        back_up(centre, tmp_path / "backups")
    assert not list((tmp_path / "backups").glob("*.gz"))
    assert recordings.LISTING not in os.listdir(tmp_path / "backups")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB, which is what a mount in a name space of our own would be to root."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "acd", folder], check=False).returncode:
        pytest.fail("this test needs a small disk: run it as root")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_is_one_message_and_leaves_nothing(centre: Centre, small_disk: Path) -> None:
    with pytest.raises(OperatorError, match=r"MB are free|No space left|disk is full"):
        back_up(centre, small_disk / "backups", recordings=WhereRecordings.NONE)
    assert [name for name in os.listdir(small_disk / "backups") if name != ".acd-backup.lock"] == []
    assert centre.world.store.call("c1") is not None
