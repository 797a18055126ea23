"""Ports: open where they should be, closed to other machines where not."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from acd.doctor.finding import Finding, fail, ok, warn
from acd.runtime.leader import Leader
from acd.settings.environment import Environment, numeric_address

LIMIT_S = 1.0
_LISTENS = "0A"
_KINDS = ((Path("/proc/net/tcp"), False), (Path("/proc/net/tcp6"), True))


@dataclass(frozen=True, slots=True)
class Port:
    """`inside`: only our own parts may reach it. `todo` is for when nobody listens.

    `needed`: on this machine; else it may run on another one.
    """

    part: str
    host: str
    number: int
    inside: bool
    todo: str
    needed: bool = True


def tcp_ports(env: Environment, *, leads: bool = True) -> list[Port]:
    """Of all parts that listen here. `leads`: whether the controller here does; callers ask that one."""
    controller = "start the controller (script/server, or acd run)"
    # Of several machines one may have web processes alone.
    runs_one = bool(env.controller) or not env.controllers
    web, asterisk = "start the web process (acd web)", "start Asterisk (asterisk/run)"
    return [
        *(Port(_of("AMI", e), e.asterisk_host, e.ami_port, True, asterisk) for e in env.of_nodes),
        *([Port("FastAGI", env.controller_host, env.agi_port, True, controller)] if leads else ()),
        *(
            Port("commands", place.host, place.port, True, controller)
            for place in env.controllers
            if place.name == env.controller
        ),
        *(
            Port(_of("WebSocket of phones", e), e.asterisk_host, e.ws_port, True, asterisk)
            for e in env.of_nodes
            if e.front is None
        ),
        *([Port("health page", env.http_address, env.health_port, True, controller)] if runs_one else ()),
        Port("desktop", env.http_address, env.http_port, False, web, needed=not env.controllers),
    ]


def _of(name: str, env: Environment) -> str:
    return f"{name} of {env.node}" if env.node else name


async def ports(env: Environment, others: dict[str, int]) -> list[Finding]:
    """`others`: further services of this machine that only ours may reach, by name."""
    standings = await Leader(env).standings()
    leads = not env.controllers or any(one.leads and one.name == env.controller for one in standings)
    found = await asyncio.gather(*(_open(port) for port in tcp_ports(env, leads=leads)))
    inside = {port.number: port.part for port in tcp_ports(env) if port.inside}
    return [*found, *exposed(inside | {number: name for name, number in others.items()}, listening())]


async def _open(port: Port) -> Finding:
    part = f"port of {port.part}"
    try:
        address = await asyncio.to_thread(numeric_address, port.host)
        async with asyncio.timeout(LIMIT_S):
            _, writer = await asyncio.open_connection(address, port.number)
            writer.close()
    except (OSError, TimeoutError) as error:
        told = f"nobody listens at {port.host} port {port.number} ({error or 'no answer'})"
        if not port.needed:
            return warn(part, told, f"{port.todo}, unless it runs on another machine")
        return fail(part, told, port.todo)
    return ok(part, f"open at {port.host} port {port.number}")


def listening() -> list[tuple[str, int]]:
    """Addresses and ports at which this machine takes connections (TCP), as Linux lists them."""
    found = []
    for file, is_six in _KINDS:
        for line in file.read_text().splitlines()[1:] if file.is_file() else ():
            fields = line.split()
            if fields[3] == _LISTENS:
                address, _, port = fields[1].partition(":")
                found.append((_address(address, is_six), int(port, 16)))
    return found


def _address(text: str, is_six: bool) -> str:
    """The kernel writes each 32 bits in its own order of bytes."""
    raw = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    return socket.inet_ntop(socket.AF_INET6 if is_six else socket.AF_INET, raw)


def exposed(inside: dict[int, str], listens: list[tuple[str, int]]) -> list[Finding]:
    """Those among the ports `inside` at which others could knock."""
    found = []
    for address, number in listens:
        if number not in inside:
            continue
        parsed = ipaddress.ip_address(address)
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        if not mapped.is_loopback:
            part, told = f"port of {inside[number]}", f"other machines can reach {address} port {number}"
            todo = "let it listen on loopback, or in a network of its own behind a firewall"
            private = mapped.is_private and not mapped.is_unspecified
            found.append((warn if private else fail)(part, told, todo))
    return found
