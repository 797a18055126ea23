"""Where webhooks may go: to the open net, unless the centre allows its own.

Who may name an address could otherwise have us ask what only this machine, or this network, can reach. A
name is looked up once, and what was found and checked is connected to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(OSError):
    """The address is not one that webhooks may go to."""


def is_open(text: str) -> bool:
    """Whether the address is one of the open net: none of this machine, of a private network, or of many."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in _meant(address))


def _meant(address: _Address) -> list[_Address]:
    """The address, and the one of IPv4 that is hidden in it."""
    found: list[_Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return [address.ipv4_mapped]
        if address.sixtofour is not None:
            found.append(address.sixtofour)
        if address in _NAT64:
            found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def check_host(url: URL, *, allow_private: bool) -> None:
    """An address in the place of a name is looked up by nobody, so it is checked here. Raises NotAllowed.

    No name ends in a number: such a host is an address in one of the forms of old (`127.1`, `0x7f.1`,
    `2130706433`), which some who look it up understand. Those are refused, wherever they lead.
    """
    host = url.raw_host or ""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
            raise NotAllowed(
                f"{host} is no name: an address is written as four numbers of 0 to 255"
            ) from None
        return
    if not allow_private and not is_open(host):
        raise _refused(host)


class GuardedResolver(AbstractResolver):
    """Looks names up, and gives out only what may be connected to."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises NotAllowed where even one address is no open one, and OSError for an unknown name."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        results = []
        for kind, _, protocol, _, where in found:
            address = str(where[0])
            if not self._allow_private and not is_open(address):
                raise _refused(f"{host} ({address})")
            results.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Nothing is held."""


def _refused(what: str) -> NotAllowed:
    return NotAllowed(
        f"{what} is an address of this machine or of a private network;"
        " config/system.yml 'webhooks: {allow_private: true}' allows those"
    )
