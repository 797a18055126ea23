"""Which addresses Asterisk offers browsers for sound (ICE): rtp.conf.

Asterisk never offers 127.0.0.1 by itself, and takes every other address that the machine has, also those that
come and go with containers. So it is told which to look at, and what to offer in their place.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from acd.settings.environment import Environment

ADDRESSES_OF_KERNEL = Path("/proc/net/fib_trie")
_LOCAL = re.compile(r"\|-- (?P<address>[0-9.]+)\n\s+/32 host LOCAL")


def ice_settings(environment: Environment, kernel: Path = ADDRESSES_OF_KERNEL) -> str:
    """The lines of rtp.conf. A loopback SIP address means that browsers, too, are on this machine."""
    own = ipaddress.ip_address(environment.sip_address)
    offered = environment.public_address or environment.sip_address
    seen = [environment.sip_address] if not own.is_loopback else _addresses(kernel)
    lines = ["icesupport = yes"]
    if own.version == 4:
        # Both the address looked at and the one offered in its place must be permitted.
        lines += ["ice_deny = 0.0.0.0/0"]
        lines += [f"ice_permit = {address}/32" for address in dict.fromkeys([*seen, offered])]
        lines += ["[ice_host_candidates]", *(f"{address} => {offered}" for address in seen)]
    return "\n".join(lines)


def _addresses(kernel: Path) -> list[str]:
    """This machine's IPv4 addresses but for loopback, one of each; [] where the kernel does not tell."""
    try:
        text = kernel.read_text(encoding="ascii")
    except OSError:
        return []
    found = dict.fromkeys(match["address"] for match in _LOCAL.finditer(text))
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]
