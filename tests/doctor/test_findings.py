"""What the doctor makes of what it sees, without a centre."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from acd.doctor import host, look, ports, stores
from acd.doctor.asterisk import clock, version
from acd.doctor.finding import Finding, Level
from acd.doctor.trial_call import Heard, judged, level, linear, share, tone
from acd.errors import OperatorError
from acd.settings.controllers import ControllerPlace
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import RedisSettings
from acd.telephony.provision_tls import copies_name
from tests.redis_server import RedisProcess
from tests.runtime.controllers import controllers, free_port
from tests.web.certificates import write_pair

CHECKOUT = Path(__file__).resolve().parents[2]
ENV = Environment(Path("/h"), Path("/c"), Path("/f"))


def test_ports_that_others_can_reach() -> None:
    inside = {5038: "AMI", 6379: "Redis"}
    listens = [("127.0.0.1", 5038), ("::1", 6379), ("0.0.0.0", 8080)]
    assert ports.exposed(inside, listens) == []
    found = ports.exposed(inside, [("0.0.0.0", 5038), ("::", 6379), ("10.0.0.5", 6379)])
    assert [f.level for f in found] == [Level.FAIL, Level.FAIL, Level.WARN]
    assert "0.0.0.0 port 5038" in found[0].told


async def test_ports_are_read_as_the_kernel_tells_them() -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert ("127.0.0.1", port) in ports.listening()
    assert ports._address("00000000000000000000000001000000", True) == "::1"


def test_the_host_name_trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost # desk7\n")
    monkeypatch.setattr("socket.gethostname", lambda: "desk7")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    (found,) = host.host_name(hosts)
    assert (found.level, found.todo) == (Level.FAIL, f"add the line '127.0.0.1 desk7' to {hosts}")
    hosts.write_text("127.0.1.1 desk7\n")
    assert next(host.host_name(hosts)).level is Level.OK


def test_clocks_and_versions() -> None:
    assert [f.level for off in (0.2, -3.0) for f in clock("c", off)] == [Level.OK, Level.WARN]
    assert [f.level for v in ("22.5.1", "20.1", "") for f in version(v)] == [Level.OK, Level.FAIL, Level.FAIL]


async def test_of_several_controllers_each_is_looked_at(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two", on_socket=False) as (env, those):
        gone = ControllerPlace("three", "127.0.0.1", free_port())
        env = replace(env, controllers=(*env.controllers, gone))
        those["two"].lead()
        found = await look.controllers(env)
        assert [(f.part, f.level, f.told) for f in found] == [
            ("controller one", Level.OK, "stands by"),
            ("controller two", Level.OK, "leads"),
            ("controller three", Level.WARN, "does not run"),
        ]
    assert await look.controllers(ENV) == []


@pytest.mark.parametrize(("here", "leads"), [("one", False), ("two", True), ("", False)])
async def test_ports_of_one_among_several(tmp_path: Path, here: str, leads: bool) -> None:
    """One that stands by is asked by no caller; a machine with web processes alone has no controller."""
    async with controllers(tmp_path, "one", "two", on_socket=False) as (env, those):
        those["two"].lead()
        env = replace(env, controller=here, http_address="127.0.0.1", http_port=free_port())
        env = replace(env, agi_port=free_port(), health_port=free_port())
        found = {f.part: f.level for f in await ports.ports(env, {})}
        assert found.get("port of FastAGI") is (Level.FAIL if leads else None)
        assert found.get("port of health page") is (Level.FAIL if here else None)
        assert found.get("port of commands") is (Level.OK if here else None)
        assert found["port of desktop"] is Level.WARN


async def test_the_health_is_that_of_the_controller_that_leads(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two") as (env, those):
        here = replace(env, controller="one")
        assert await look._health(here) == {}
        answers = {"leadership": lambda _r: {"leads": True, "fence": 1}, "health": lambda _r: {"calls": 7}}
        those["two"].server.serve(answers, {})
        told = await look._health(here)
        assert told["calls"] == 7
        assert "pid" not in told  # it is another process's here, if it is one


def test_redis_is_looked_at_where_only_the_environment_names_it() -> None:
    env = replace(ENV, redis_host="192.0.2.9")
    named = look._redis(env, None)
    assert named is not None
    assert named.address == "192.0.2.9"
    centre = load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows")
    assert look._redis(env, centre) == named
    assert look._redis(ENV, centre) is None
    assert look._others(env, centre) == {"Redis": 6379}


def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    env = Environment(tmp_path, tmp_path, tmp_path)
    assert [f.part for f in host.disk(env)] == ["disk space", "disk writes"]
    assert list(tmp_path.iterdir()) == []
    gone = Environment(tmp_path / "gone", tmp_path, tmp_path)
    with pytest.raises(FileNotFoundError):
        list(host.disk(gone))


def samples(packets: tuple[bytes, ...]) -> list[int]:
    return [linear(code) for packet in packets for code in packet]


def test_the_certificate_of_sip_ends_and_has_to_be_given_to_asterisk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem"
    env = replace(ENV, home=tmp_path, sip_tls_cert=cert, sip_tls_key=key)

    def found() -> list[tuple[Level, str]]:
        return [(one.level, one.todo) for one in host.sip_certificate(env)]

    assert list(host.sip_certificate(ENV)) == []
    for days, wanted in ((90, Level.OK), (5, Level.WARN), (-1, Level.FAIL)):
        write_pair(tmp_path / "tls", "x", days=days)
        assert [one[0] for one in found()] == [wanted]
    (tmp_path / "asterisk/etc").mkdir(parents=True)
    assert found()[1] == (Level.WARN, "acd phones provision")
    name = copies_name(cert.read_text(), key.read_text())
    (tmp_path / f"asterisk/etc/{name}.crt").touch()
    assert len(found()) == 1
    (tmp_path / f"asterisk/etc/{name}.crt").unlink()
    with monkeypatch.context() as of_another_user:
        of_another_user.setattr(os, "access", lambda *_: False)
        assert len(found()) == 1, "nobody can tell"
    cert.unlink()
    with pytest.raises(OperatorError):
        found()


def test_a_tone_is_known_from_another_and_from_noise() -> None:
    heard = samples(tone(700.0))
    assert share(heard, 700.0) > 0.99
    assert share(heard, 1004.0) < 0.01
    assert level(heard) == pytest.approx(8000 / 2**0.5, rel=0.05)
    assert (share([], 700.0), level([]), share([0] * 160, 700.0)) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (Heard(75, 75, 5000, 1.0, ("127.0.0.1", 10_002)), Level.OK),
        (Heard(60, 75, 5000, 1.0, ("127.0.0.1", 10_002)), Level.WARN),
        (Heard(10, 10, 5000, 1.0, ("127.0.0.1", 10_002)), Level.WARN),
        (Heard(0, 0, 0, 0.0, ("127.0.0.1", 10_002)), Level.FAIL),
        (Heard(75, 75, 5000, 0.1, ("127.0.0.1", 10_002)), Level.FAIL),
        (Heard(75, 75, 20, 1.0, ("127.0.0.1", 10_002)), Level.FAIL),
        (Heard(75, 75, 5000, 1.0, ("127.0.0.1", 40_000)), Level.FAIL),
    ],
)
def test_what_a_test_call_means(heard: Heard, expected: Level) -> None:
    (found,) = judged(heard, 700.0, "tone", ENV)
    assert found.level is expected
    assert bool(found.todo) == (expected is not Level.OK)


async def test_redis_may_not_throw_away(tmp_path: Path) -> None:
    process = RedisProcess(tmp_path)
    process.start()
    try:
        settings = RedisSettings(port=process.port)
        found = await stores.redis(ENV, settings)
        assert {f.level for f in found} == {Level.OK}
        process.cli("config", "set", "maxmemory-policy", "allkeys-lru")
        assert (await stores.redis(ENV, settings))[0].level is Level.FAIL
    finally:
        process.stop()
    assert [f.level for f in await stores.redis(ENV, settings)] == [Level.WARN]


def test_a_finding_says_what_to_do() -> None:
    assert Finding("x", Level.OK, "y").todo == ""
