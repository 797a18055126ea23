"""Addresses of hosts that are given by name, of use also while no name server answers.

A look-up may hang for half a minute, in a thread that nobody can end. So there is one at a time for each
name, in a thread of its own that holds nothing else up, and the addresses that a name had last are used when
it takes long or fails: what is connected again meanwhile is where it was.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

import structlog

from acd.errors import AcdError

log = structlog.get_logger(__name__)

LOOK_UP_LIMIT_S = 0.5
KNOWN_LIMIT_S = 0.1
"""For a name whose last addresses are known: who asks has half a second for all of it, as `peers` have."""
Addresses = tuple[str, ...]
LookUp = Callable[[str], Addresses]
T = TypeVar("T")


def look_up(host: str) -> Addresses:
    """As the machine has it: /etc/hosts, DNS. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_on_this_machine(host: str) -> bool:
    """By its name or address alone; one that has no loopback address may be here all the same."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


class Hosts:
    """Remembers what it has found. `ask` may take long."""

    def __init__(self, ask: LookUp = look_up) -> None:
        self._ask = ask
        self._known: dict[str, Addresses] = {}
        self._asking: dict[str, Future[Addresses | OSError]] = {}
        self._guessed: set[str] = set()

    async def addresses_of(self, host: str) -> Addresses:
        """In the order in which they are to be tried. Raises OSError for a name that was never found."""
        if _is_address(host):
            return (host,)
        asked = self._asking.get(host)
        if host in self._guessed and asked is not None and not asked.done():
            return self._known[host]  # it hangs still
        if asked is None or asked.done():
            asked = self._asking[host] = Future()
            threading.Thread(target=self._find, args=(host, asked), name="names", daemon=True).start()
        limit_s = KNOWN_LIMIT_S if host in self._known else LOOK_UP_LIMIT_S
        # Not cancelled with us: others may wait for the same.
        await asyncio.wait({asyncio.wrap_future(asked)}, timeout=limit_s)
        found = asked.result() if asked.done() else TimeoutError(f"no answer within {limit_s:g} s")
        if isinstance(found, OSError):
            return self._last(host, found)
        if host in self._guessed:
            log.info("a name is found again", host=host)
            self._guessed.discard(host)
        self._known[host] = found
        return found

    def _last(self, host: str, error: OSError) -> Addresses:
        known = self._known.get(host)
        if known is None:
            raise OSError(f"the name {host} is not found: {error}")
        if host not in self._guessed:
            log.error("a name is not found, so its last addresses are used", host=host, reason=str(error))
            self._guessed.add(host)
        return known

    def _find(self, host: str, asked: Future[Addresses | OSError]) -> None:
        try:
            asked.set_result(self._ask(host))
        except OSError as error:
            asked.set_result(error)
        except UnicodeError as error:  # such as one with an empty part
            asked.set_result(OSError(f"it is no name: {error}"))


HOSTS = Hosts()
"""Of this process."""


async def connected(host: str, connect: Callable[[str], Awaitable[T]]) -> T:
    """What `connect` makes of the first address of this host with which it does not fail.

    Raises what it raised for the last one: an OSError, or an error of ours; OSError for a name without any.
    """
    *others, last = await HOSTS.addresses_of(host)
    for address in others:
        try:
            return await connect(address)
        except (OSError, AcdError):
            continue
    return await connect(last)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
