"""docker-compose.yml and the images: every service runs without root, locked, and within limits."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGES = ("Dockerfile", "asterisk/Dockerfile", "config/balancer/Dockerfile")
WRITABLE = {"redis": set[str](), "postgres": {"/var/lib/postgresql/data"}}
# Its entry point makes a new volume its user's own, and goes on as that user.
BEGINS_AS_ROOT = {"postgres": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]}


def dockerfile_of(service: dict[str, Any]) -> str | None:
    """Of an image that is built here, by its name from the top of the checkout."""
    build = service.get("build")
    if build is None:
        return None
    if isinstance(build, str):
        build = {"context": build}
    return Path(build["context"], build.get("dockerfile", "Dockerfile")).as_posix()


def user_of(service: dict[str, Any]) -> str:
    """Of the service, or of its image: the last one that the Dockerfile names."""
    file = dockerfile_of(service)
    if file is None:
        return str(service.get("user", "root"))
    users = re.findall(r"^USER (\S+)$", (CHECKOUT / file).read_text(encoding="utf-8"), re.MULTILINE)
    return str(service.get("user", users[-1] if users else "root"))


def test_every_image_that_is_built_is_looked_at() -> None:
    assert {dockerfile_of(service) for service in SERVICES.values()} - {None} == set(IMAGES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked(name: str) -> None:
    service = SERVICES[name]
    assert name in BEGINS_AS_ROOT or user_of(service) not in ("root", "0", "0:0", "")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == BEGINS_AS_ROOT.get(name, [])
    assert not service.get("privileged")
    assert not service.get("devices")
    assert service["security_opt"] == ["no-new-privileges:true"]  # so seccomp is Docker's own
    assert service.get("pid") != "host"
    assert service.get("network_mode") in (None, "none")
    assert "/tmp" in service["tmpfs"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_limits(name: str) -> None:
    assert 0 < SERVICES[name]["pids_limit"] <= 1024
    assert re.fullmatch(r"[0-9]+[mg]", SERVICES[name]["mem_limit"])


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_of_the_machine_is_written_to(name: str) -> None:
    for volume in SERVICES[name].get("volumes", ()):
        source, _, rest = volume.partition(":")
        assert "docker.sock" not in volume
        assert source in COMPOSE["volumes"] or rest.endswith(":ro"), volume


def test_keys_of_the_balancer_are_seen_by_it_alone() -> None:
    """Whatever is below config/ is seen by controllers and web processes."""
    sees = {n: [v.partition(":")[0] for v in each.get("volumes", ())] for n, each in SERVICES.items()}
    assert [name for name, folders in sees.items() if "./tls" in folders] == ["balancer"]
    assert not [f for folders in sees.values() for f in folders if f in (".", "./")]
    assert (CHECKOUT / "tls" / ".gitignore").read_text().splitlines()[-2:] == ["*", "!.gitignore"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_published_is_so_on_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


def test_no_password_stands_for_another_one_and_none_is_known_to_everybody() -> None:
    """Each from a variable of its own; Grafana's own default is admin."""
    grafana = SERVICES["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD"] == "${ACD_GRAFANA_PASSWORD:-}"
    for value, code in (("", 1), ("x", 127)):  # 127: /run.sh, which is not here
        command = [part.replace("$$", "$") for part in grafana["entrypoint"]]
        variables = {"PATH": os.environ["PATH"], "GF_SECURITY_ADMIN_PASSWORD": value}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert (done.returncode, "ACD_GRAFANA_PASSWORD" in done.stderr) == (code, not value)
    command = SERVICES["redis"]["command"]
    assert command[command.index("--requirepass") + 1] == "${ACD_REDIS_PASSWORD:-}"
    for name, service in SERVICES.items():
        has = service.get("environment", {}).get("ACD_REDIS_PASSWORD") is not None
        assert has is (name.startswith(("controller", "web")) or name == "provision"), name


def test_the_inner_network_has_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert not {"redis", "postgres"} & {name for name, each in SERVICES.items() if "ports" in each}
    for name in WRITABLE:
        assert set(SERVICES[name]["networks"]) == {"inside"}


@pytest.mark.parametrize("file", IMAGES)
def test_images_have_a_base_with_a_version_and_no_root(file: str) -> None:
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    for base in bases:
        assert re.fullmatch(r"[a-z]+:[a-z0-9.]+-[a-z0-9.-]+", base), f"{base} names no version"
    assert re.search(r"^USER acd$", text, re.MULTILINE)
    assert "ADD " not in text
    assert "curl" not in text


@pytest.mark.parametrize("name", WRITABLE)
def test_images_of_others_have_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z]+:[0-9]+(\.[0-9]+)*", SERVICES[name]["image"])
    volumes = SERVICES[name].get("volumes", [])
    assert {volume.partition(":")[2] for volume in volumes} == WRITABLE[name]
