"""Calls through the published ports of docker-compose.yml, and crashes of its services.

Not collected with the other tests: script/test-compose starts the containers and names this file.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compose.containers import CHECKOUT, CONTROLLERS, Containers, is_open, until, until_done
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone

AMI_PORT, AGI_PORT, REDIS_PORT, WS_PORT = 5038, 4573, 6379, 8088
CALLER_HZ, AGENT_HZ = 700.0, 440.0
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def containers() -> Containers:
    """They run already; one of the two controllers leads soon after they have found each other."""
    running = Containers()
    asyncio.run(until(running.leader, "a controller that leads", limit_s=60))
    return running


async def call_sales(containers: Containers, caller: Phone, agent: Phone) -> tuple[str, PhoneCall, PhoneCall]:
    """The main number, 1 for English, 1 for sales, both hear each other; the call's id, and both ends."""
    call = await caller.dial("8000")
    await call.wait_answered(10)
    await until(lambda: _call(containers, step="main/choose_language"), "the choice of a language")
    await call.rtp.press("1")
    in_menu = await until(lambda: _call(containers, step="main/menu"), "the menu")
    await call.rtp.press("1")
    at_agent = await agent.wait_incoming(10)
    await at_agent.answer()
    await at_agent.rtp.until_hears(CALLER_HZ)
    await call.rtp.until_hears(AGENT_HZ)
    return in_menu["id"], call, at_agent


def _call(containers: Containers, **fields: Any) -> dict[str, Any] | None:
    calls: list[dict[str, Any]] = containers.status()["calls"]
    return next((c for c in calls if all(c[name] == value for name, value in fields.items())), None)


async def ready(containers: Containers, agent: str) -> None:
    """As soon as the phone's registration is known."""
    await asyncio.to_thread(containers.acd, "agent", "login", agent)
    await until_done(lambda: asyncio.to_thread(_make_ready, containers, agent), f"{agent} ready")


def _make_ready(containers: Containers, agent: str) -> None:
    containers.acd("agent", "ready", agent)


async def test_one_call(containers: Containers) -> None:
    await until(lambda: containers.health() == 200, "the health page")
    assert containers.status()["live_state"]["in_redis"]
    async with containers.phone("1001", AGENT_HZ) as anna, containers.phone("1002", CALLER_HZ) as caller:
        await anna.register()
        await caller.register()
        await ready(containers, "anna")
        call_id, call, at_anna = await call_sales(containers, caller, anna)
        # Phones are told the published address and port, not those inside.
        assert f"@{containers.sip[0]}:{containers.sip[1]}" in (at_anna.invite.header("Contact") or "")
        assert f"c=IN IP4 {containers.sip[0]}\r\n" in at_anna.invite.body
        await call.hang_up()
        await at_anna.wait_ended()
        told = await until(lambda: _told(containers, call_id), "the record")
    assert "sales" in told
    assert "anna" in told


def _told(containers: Containers, call_id: str) -> str:
    listed = containers.acd("calls", "list")
    return containers.acd("calls", "show", call_id) if call_id in listed else ""


def test_only_the_desktop_is_published_besides_sip_and_sound(containers: Containers) -> None:
    assert is_open(*containers.http)
    for port in (AMI_PORT, AGI_PORT, REDIS_PORT, WS_PORT):
        assert not is_open("127.0.0.1", port)


def test_the_desktop_lets_in_who_has_a_password(containers: Containers) -> None:
    assert containers.sign_in("anna", containers.first_password("anna")) == 200
    assert containers.sign_in("anna", "wrong") == 401


def test_redis_answers_only_who_has_its_password(containers: Containers) -> None:
    ask = f"exec 3<>/dev/tcp/redis/{REDIS_PORT}; printf 'PING\\r\\n' >&3; read -r answer <&3; echo $answer"
    assert containers.run("web-one", "bash", "-c", ask).startswith("-NOAUTH ")


def test_each_side_listens_only_where_the_other_looks_for_it(containers: Containers) -> None:
    """Asterisk's network for phones and the controller's for the page lead to neither AMI nor FastAGI."""
    leader = containers.leader()
    for service, other, port in ((leader, "asterisk", AMI_PORT), ("asterisk", leader, AGI_PORT)):
        containers.run(service, "bash", "-c", f"exec 3<>/dev/tcp/{other}/{port}")
    assert listening(containers, "asterisk", AMI_PORT) == {own_address(containers, "asterisk")}
    assert listening(containers, leader, AGI_PORT) == {own_address(containers, leader)}


def own_address(containers: Containers, service: str) -> str:
    """The service's address in the private network, as /etc/hosts of both has it."""
    return containers.run(service, "getent", "ahostsv4", service).split()[0]


def listening(containers: Containers, service: str, port: int) -> set[str]:
    """The IPv4 addresses on which a service listens for TCP at a port."""
    rows = [line.split() for line in containers.run(service, "cat", "/proc/net/tcp").splitlines()[1:]]
    found = set()
    for local, state in ((row[1], row[3]) for row in rows):
        address, at_port = local.split(":")
        if state == "0A" and int(at_port, 16) == port:
            found.add(".".join(str(byte) for byte in reversed(bytes.fromhex(address))))
    return found


async def test_talkers_do_not_notice_a_crash_of_the_one_that_leads(containers: Containers) -> None:
    async with containers.phone("1001", AGENT_HZ) as anna, containers.phone("1002", CALLER_HZ) as caller:
        await anna.register()
        await caller.register()
        await ready(containers, "anna")
        call_id, call, at_anna = await call_sales(containers, caller, anna)
        leader = containers.leader()
        killed = containers.crash(leader)
        await until(lambda: containers.leader() not in ("", leader), "the other one to lead")
        await until(lambda: containers.pid(leader) not in (0, killed), "a new controller")
        await until(lambda: containers.health() == 200, "the health page")
        assert (await until(lambda: _call(containers, id=call_id), "the call"))["state"] == "talking"
        await at_anna.rtp.until_hears(CALLER_HZ)
        await call.rtp.until_hears(AGENT_HZ)
        await call.hang_up()
        assert "anna" in await until(lambda: _told(containers, call_id), "the record")


@pytest.mark.parametrize("service", ["asterisk", "redis", "web-one", "balancer"])
async def test_a_crash_is_answered_by_a_restart(containers: Containers, service: str) -> None:
    killed = containers.crash(service)
    await until(lambda: containers.pid(service) not in (0, killed), f"a new {service}")
    for name in ("asterisk", "controller-one", "controller-two", "redis", "web-one", "web-two", "balancer"):
        await until(lambda name=name: containers.is_healthy(name), f"{name} healthy")  # type: ignore[misc]
    await until(lambda: containers.health() == 200, "the health page")
    async with containers.phone("1001", AGENT_HZ) as anna, containers.phone("1002", CALLER_HZ) as caller:
        await anna.register()
        await caller.register()
        await ready(containers, "anna")
        _, call, at_anna = await call_sales(containers, caller, anna)
        await call.hang_up()
        await at_anna.wait_ended()


async def test_a_crash_of_the_one_that_stands_by_is_nobody_s_business(containers: Containers) -> None:
    leader = containers.leader()
    (other,) = set(CONTROLLERS) - {leader}
    killed = containers.crash(other)
    await until(lambda: containers.pid(other) not in (0, killed), f"a new {other}")
    await until(lambda: containers.is_healthy(other), f"{other} healthy")
    assert containers.leader() == leader


async def test_a_call_is_on_record_though_the_database_crashed_meanwhile(containers: Containers) -> None:
    async with containers.phone("1001", AGENT_HZ) as anna, containers.phone("1002", CALLER_HZ) as caller:
        await anna.register()
        await caller.register()
        await ready(containers, "anna")
        call_id, call, at_anna = await call_sales(containers, caller, anna)
        leader, killed = containers.leader(), containers.crash("postgres")
        await at_anna.rtp.until_hears(CALLER_HZ)
        await call.rtp.until_hears(AGENT_HZ)
        await call.hang_up()
        await at_anna.wait_ended()
        await until(lambda: containers.pid("postgres") not in (0, killed), "a new postgres")
        for name in ("postgres", "web-one", "web-two"):
            await until(lambda name=name: containers.is_healthy(name), f"{name} healthy")  # type: ignore[misc]
        assert "anna" in await until(lambda: _told(containers, call_id), "the record", limit_s=60)
    assert containers.leader() == leader
    assert containers.sign_in("anna", containers.first_password("anna")) == 200


async def test_the_pages_go_on_with_one_web_process(containers: Containers) -> None:
    password = containers.first_password("anna")
    killed = containers.crash("web-two")
    # What the killed one had begun to answer is lost; whatever comes after that is not.
    await until(lambda: containers.sign_in("anna", password) == 200, "an answer of the other", limit_s=3)
    assert [containers.sign_in("anna", password) for _ in range(5)] == [200] * 5
    await until(lambda: containers.pid("web-two") not in (0, killed), "a new web-two")


async def test_prometheus_sees_all_of_them_and_has_the_alerts(containers: Containers) -> None:
    await asyncio.to_thread(containers.start_monitoring)
    await until(lambda: _all_up(containers), "an answer of each target")
    rules = containers.prometheus("rules")["groups"][0]["rules"]
    wanted = yaml.safe_load((CHECKOUT / "config" / "monitoring" / "alerts.yml").read_text())["groups"][0][
        "rules"
    ]
    assert [rule["name"] for rule in rules] == [rule["alert"] for rule in wanted]
    leads = containers.prometheus("query?query=sum(acd_leads)")["result"]
    assert [value for _, value in (row["value"] for row in leads)] == ["1"]


async def test_prometheus_looks_again_after_a_crash_and_has_what_it_saw(containers: Containers) -> None:
    [seen] = containers.prometheus("query?query=sum(acd_leads)")["result"]
    killed = containers.crash("prometheus")
    await until(lambda: containers.pid("prometheus") not in (0, killed), "a new prometheus")
    await until(lambda: containers.is_healthy("prometheus"), "prometheus healthy")
    [again] = containers.prometheus(f"query?query=sum(acd_leads)&time={seen['value'][0]}")["result"]
    assert again == seen
    await until(lambda: _all_up(containers), "an answer of each target")


def _all_up(containers: Containers) -> bool:
    targets = containers.prometheus("targets")["activeTargets"]
    return len(targets) == 4 and all(target["health"] == "up" for target in targets)


def test_a_change_is_provisioned_in_one_container_and_read_in_the_other(containers: Containers) -> None:
    containers.run("controller-two", "rm", "/var/lib/acd/asterisk/etc/pjsip.conf")
    assert "core reload" in containers.acd("phones", "provision")
    containers.run("asterisk", "asterisk/run", "-rx", "core reload")
    assert "1001" in containers.run("asterisk", "asterisk/run", "-rx", "pjsip show endpoints")


async def test_an_upgrade_replaces_all_but_asterisk_while_two_talk(containers: Containers) -> None:
    """As docs/operations.md has it; what is new here are the containers alone."""
    leader = await until(containers.leader, "a controller that leads", limit_s=60)
    other = next(name for name in CONTROLLERS if name != leader)
    async with containers.phone("1001", AGENT_HZ) as anna, containers.phone("1002", CALLER_HZ) as caller:
        await anna.register()
        await caller.register()
        await ready(containers, "anna")
        call_id, call, at_anna = await call_sales(containers, caller, anna)
        await asyncio.to_thread(containers.compose, "run", "--rm", "--no-deps", "provision")
        await asyncio.to_thread(containers.replace, other)
        await until(lambda: containers.is_healthy(other), "the new one stands by", limit_s=60)
        await asyncio.to_thread(containers.run, other, "acd", "handover")
        assert await until(containers.leader, "the new one leads") == other
        for name in (leader, "web-one", "web-two", "balancer"):
            await asyncio.to_thread(containers.replace, name)
        await at_anna.rtp.until_hears(CALLER_HZ)
        await call.rtp.until_hears(AGENT_HZ)
        await call.hang_up()
        await at_anna.wait_ended()
        told = await until(lambda: _told(containers, call_id), "the record")
    assert "anna" in told


def test_a_back_up_as_it_is_described(containers: Containers, tmp_path: Path) -> None:
    """The database comes back beside the one that is in use, and what else there is in its place."""
    page = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    make, restore = page.partition("### Back-up in containers\n")[2].split("```sh\n")[1:3]
    assert "/srv/backups/" in make
    here = make.partition("```")[0].replace("/srv/backups/", f"{tmp_path}/")
    _sh(here.replace(" .env", ""))  # there is none here
    (made,) = tmp_path.iterdir()
    assert {path.name for path in made.iterdir()} == {"acd.dump", "home.tar", "config.tar"}
    assert containers.run("controller-one", "cat", "/var/lib/acd/last-backup") == ""
    secrets = containers.run("controller-one", "cat", "/var/lib/acd/secrets.yml")
    count = ("psql", "--username", "acd", "--tuples-only", "--command", "SELECT count(*) FROM calls")
    kept = containers.run("postgres", *count, "acd")
    containers.run("controller-one", "rm", "/var/lib/acd/secrets.yml")
    containers.run("postgres", "createdb", "--username", "acd", "again")
    _, database, home, *_ = restore.splitlines()
    assert "--dbname acd" in database
    _sh(f"to={made}\n{database.replace('--dbname acd', '--dbname again')}\n{home}")
    assert containers.run("controller-one", "cat", "/var/lib/acd/secrets.yml") == secrets
    assert containers.run("postgres", *count, "again") == kept
    assert int(kept) > 0


def _sh(commands: str) -> None:
    subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=CHECKOUT, check=True, timeout=120)
