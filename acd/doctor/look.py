"""All looks, each limited in time: what does not answer is a finding, and stops no other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from acd import __version__, compiled
from acd.doctor import host, ports, stores
from acd.doctor.ami import Ami
from acd.doctor.asterisk import asterisk, away
from acd.doctor.finding import Finding, fail, ok, warn
from acd.doctor.trial_call import trial_call
from acd.errors import OperatorError, RequestRefused, SettingsError, TelephonyError
from acd.runtime.control import request
from acd.runtime.doors import STANDS_BY
from acd.runtime.leader import Leader
from acd.settings.environment import Environment, numeric_address
from acd.settings.load import load_centre
from acd.settings.model import Centre, RedisSettings
from acd.settings.redis_in_use import redis_settings
from acd.settings.secrets import read_ami_password
from acd.settings.single_sign_on import OidcSettings
from acd.web.sso.fetching import ProviderAway
from acd.web.sso.provider import Provider

LIMIT_S = 15.0
STEPPED_S = 0.1
_REDIS, _POSTGRESQL = "Redis", "PostgreSQL"
Look = Callable[[], Awaitable[Iterable[Finding]]]


@dataclass(frozen=True, slots=True)
class Around:
    """`checkout`: where asterisk/modules.list is. `variables`: those of the process."""

    env: Environment
    checkout: Path
    variables: Mapping[str, str]
    call: bool = True


async def look_at_all(around: Around) -> list[Finding]:
    """Everything, in the order of a table."""
    env = around.env
    wall, steady = time.time(), time.monotonic()
    centre, found = await asyncio.to_thread(_configuration, env)
    health = await _health(env)
    others = _others(env, centre)
    certificate = around.variables.get("ACD_TLS_CERT", "")
    looks: dict[str, Look] = {
        "controller": lambda: _routes(health),
        "controllers": lambda: controllers(env),
        "ports": lambda: ports.ports(env, others),
        "database": lambda: _in_thread(lambda: stores.database(env)),
        "disk": lambda: _in_thread(lambda: host.disk(env)),
        "open files": lambda: _in_thread(lambda: host.limits(health.get("pid"))),
        "host name": lambda: _in_thread(host.host_name),
        "secrets": lambda: _in_thread(lambda: host.modes(env)),
        "Asterisk": lambda: _asterisk(around),
    }
    if (settings := _redis(env, centre)) is not None:
        looks["Redis"] = lambda: stores.redis(env, settings)
    if centre is not None and (oidc := centre.sign_in.oidc) is not None:
        looks["single sign-on"] = lambda: provider(oidc)
    if certificate:
        looks["certificate"] = lambda: _in_thread(lambda: host.certificate(Path(certificate)))
    if env.sip_tls_cert is not None:
        looks[host.SIP_CERTIFICATE] = lambda: _in_thread(lambda: host.sip_certificate(env))
    for each in await asyncio.gather(*(_limited(part, look) for part, look in looks.items())):
        found += each
    if around.call and not any(f.part == "Asterisk" and f.todo for f in found):
        found += await _limited("test call", lambda: trial_call(env, _ami_password(env)))
    found += _steps((time.time() - wall) - (time.monotonic() - steady))
    return found


def _configuration(env: Environment) -> tuple[Centre | None, list[Finding]]:
    version = ok("acd", f"{__version__}, routing core {compiled.state()}")
    try:
        centre = load_centre(env.config_dir, env.flows_dir)
    except SettingsError as error:
        told = f"{len(error.problems)} problems, the first: {error.problems[0][:160]}"
        return None, [version, fail("configuration", told, "acd check names all of them")]
    return centre, [version, ok("configuration", f"{env.config_dir}, {env.flows_dir}: no problems")]


def _redis(env: Environment, centre: Centre | None) -> RedisSettings | None:
    """What ACD_REDIS_HOST says counts, whatever the configuration is worth."""
    if centre is not None:
        return redis_settings(centre, env)
    return RedisSettings(env.redis_host) if env.redis_host is not None else None


async def _health(env: Environment) -> Mapping[str, Any]:
    """What the controller that leads says, wherever it is; {} where none does."""
    try:
        told = dict(await Leader(env).request(limit_s=3.0, do="health"))
    except (OperatorError, RequestRefused):
        return {}
    with contextlib.suppress(OperatorError, RequestRefused):  # it may be on another machine
        told["pid"] = (await request(env.control_socket, limit_s=3.0, do="status"))["pid"]
    return told


async def controllers(env: Environment) -> list[Finding]:
    """Each of several: it leads or stands by, or nobody takes over when it is needed."""
    found = []
    for one in await Leader(env).standings():
        part = f"controller {one.name}"
        if one.leads or one.reason == STANDS_BY:
            found.append(ok(part, one.reason))
        else:
            found.append(warn(part, one.reason, "start it, or mend the way to it: it could not take over"))
    return found


async def _routes(health: Mapping[str, Any]) -> list[Finding]:
    if not health:
        todo = "start it (script/server, or acd run); callers are with Asterisk's own queue meanwhile"
        return [fail("controller", "none answers that routes calls", todo)]
    if not health["ok"]:
        parts = ("asterisk", "dispatching", "live_state_on_disk")
        bad = ", ".join(part for part in parts if not health[part])
        return [
            fail("controller", f"no calls are routed: not {bad}", "docs/runbook.md has an entry for each")
        ]
    found = [ok("controller", f"calls are routed, {health['calls']} go on")]
    if not health["records_database"]:
        told = f"{health['records_waiting']} records wait for the database"
        found.append(warn("records", told, "bring the database back: they are written by themselves"))
    if not health["flows_kept"]:
        found.append(warn("versions", "the active flows are not kept", "make room, then acd reload"))
    missing = [node["name"] for node in health.get("nodes", ()) if not node["known"]]
    if missing:
        told = f"away: {', '.join(missing)}; calls there wait, or are lost"
        found.append(warn("nodes", told, "docs/runbook.md has an entry, AcdNodeAway"))
    bad_trunks = [f"{t} {s}" for t, s in health["trunks"].items() if s in ("rejected", "unreachable")]
    if bad_trunks:
        found.append(warn("trunks", ", ".join(bad_trunks), "acd trunks, then ask the provider"))
    return found


async def _asterisk(around: Around) -> list[Finding]:
    """Of each node, where there are several."""
    found: list[Finding] = []
    for env in around.env.of_nodes:
        of_one = await _one_asterisk(around, env)
        found += [replace(one, part=f"{one.part} {env.node}") for one in of_one] if env.node else of_one
    return found


async def _one_asterisk(around: Around, env: Environment) -> list[Finding]:
    try:
        address = await asyncio.to_thread(numeric_address, env.asterisk_host)
        async with Ami(address, env.ami_port, _ami_password(env)) as ami:
            listed = around.checkout / "asterisk" / "modules.list"
            return await asterisk(ami, listed, env.asterisk_dir / "etc" / "modules.conf")
    except TelephonyError as error:
        return [away("Asterisk", error)]


def _ami_password(env: Environment) -> str:
    """Only looked at: what is wrong with the file is a finding."""
    if (password := read_ami_password(env.secrets_file)) is None:
        raise OperatorError(f"there are no passwords in {env.secrets_file}: acd phones provision makes them")
    return password


def _others(env: Environment, centre: Centre | None) -> dict[str, int]:
    """Services that may run on this machine, too, and are for us alone."""
    found = {}
    if (settings := _redis(env, centre)) is not None:
        found[_REDIS] = settings.port
    url = make_url(env.database_url)
    if url.get_backend_name() == "postgresql":
        found[_POSTGRESQL] = url.port or 5432
    return found


async def _in_thread(look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    return await asyncio.to_thread(lambda: list(look()))


async def _limited(part: str, look: Look) -> list[Finding]:
    try:
        async with asyncio.timeout(LIMIT_S):
            return list(await look())
    except TimeoutError:
        return [
            fail(
                part, f"no answer within {LIMIT_S:.0f} s", "something stalls: look at load, disk and network"
            )
        ]
    except (OSError, OperatorError, TelephonyError) as error:
        return [fail(part, str(error), "mend that, and look again")]


async def provider(settings: OidcSettings) -> list[Finding]:
    """Whether the provider of single sign-on answers, and describes itself as it should."""
    try:
        await Provider(settings, "").description()
    except ProviderAway as error:
        todo = "look at the provider, and at sign_in: oidc: in system.yml"
        return [fail("single sign-on", str(error), todo)]
    return [ok("single sign-on", f"{settings.issuer} answers")]


def _steps(moved_s: float) -> list[Finding]:
    if abs(moved_s) > STEPPED_S:
        told = f"it was set by {moved_s:+.1f} s while this looked"
        return [warn("clock", told, "let a time service slew it (chrony: makestep only at the start)")]
    return [ok("clock", "goes evenly")]
