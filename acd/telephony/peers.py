"""Who may speak FastAGI with us: the addresses of Asterisk, and others that are configured."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger(__name__)

TELL_EVERY_S = 60.0


class Peers:
    """`networks`: addresses and networks that are let in; None: everybody. `clock` in seconds.

    Who is not let in is counted in `refused`, and told in the log at most once in TELL_EVERY_S.
    """

    def __init__(self, networks: Iterable[str] | None, clock: Callable[[], float]) -> None:
        self._networks = None if networks is None else tuple(map(ipaddress.ip_network, networks))
        self._clock = clock
        self._told_at: float | None = None
        self._since = 0
        self.refused = 0

    def admits(self, address: str) -> bool:
        """Whether this one may connect."""
        if self._networks is None or self._is_known(address):
            return True
        self.refused += 1
        self._since += 1
        now = self._clock()
        if self._told_at is None or now - self._told_at >= TELL_EVERY_S:
            log.warning("FastAGI refused: not an address of Asterisk", address=address, times=self._since)
            self._told_at, self._since = now, 0
        return False

    def _is_known(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks or () if network.version == found.version)
