"""Rules for the packet filter of a machine whose SIP ports are open: strangers get no answer at all.

Asterisk challenges whoever it does not know, and cannot be told to say nothing. So silence is made beneath
it, by nftables, from what the configuration says of phones and providers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from acd.errors import OperatorError
from acd.settings.environment import Environment, numeric_addresses
from acd.settings.model import Centre

TABLE = "inet acd"


def firewall_rules(centre: Centre, environment: Environment) -> str:
    """A file for `nft -f`, which takes the place of the one before as a whole.

    It looks at packets before any address is rewritten, so that it holds for containers as well. Let through
    are what the machine says to itself and passes on to others, and answers to what it has asked: the name of
    a provider may lead elsewhere by now. Who began to ask before these rules were there is no exception.
    Media is left alone: providers send it from addresses that they name call by call, and Asterisk takes it
    from there only (`strictrtp`).

    Raises OperatorError where phones may be anywhere, and for a provider whose name has no address.
    """
    if not centre.phone_networks:
        raise OperatorError(
            "system.yml: phones: addresses names no network, so phones may be anywhere and no firewall can"
            " tell them from scanners. Name their networks there; phones on the road come through the"
            " browser, a VPN or a Kamailio in front"
        )
    ours = [ipaddress.ip_network(text) for text in _ours(environment)]
    known = [*ours, *(ipaddress.ip_network(text) for text in _others(centre, environment))]
    ports = ", ".join(str(port) for port in sorted(_ports(environment)))
    return f"""\
# Written by 'acd phones firewall': who may send SIP. Load it with: nft -f FILE
table {TABLE}
delete table {TABLE}
table {TABLE} {{
{_sets("ours", ours)}
{_sets("known", known)}
    chain strangers {{
        type filter hook prerouting priority mangle; policy accept;
        iifname "lo" accept
        fib daddr type != local ip daddr != @ours4 accept
        fib daddr type != local ip6 daddr != @ours6 accept
        ct state established,related ct direction reply accept
        meta l4proto {{ tcp, udp }} th dport {{ {ports} }} ip saddr != @known4 counter drop
        meta l4proto {{ tcp, udp }} th dport {{ {ports} }} ip6 saddr != @known6 counter drop
    }}
}}
"""


def _others(centre: Centre, environment: Environment) -> Iterable[str]:
    """Phones and providers, and who may tell Kamailio something."""
    yield from environment.kamailio_from
    yield from centre.phone_networks
    for trunk in centre.trunks.values():
        yield from trunk.addresses
        if trunk.server is not None:
            yield from numeric_addresses(trunk.server)


def _ours(environment: Environment) -> Iterable[str]:
    """Our own machines, containers included."""
    controllers = (place.host for place in environment.controllers)
    nodes = (place.host for place in environment.nodes)
    fronts = (place.host for place in environment.kamailio)
    ours = (environment.sip_address, environment.controller_host)
    for host in (*ours, *controllers, *nodes, *fronts):
        yield from numeric_addresses(host)


def _ports(environment: Environment) -> set[int]:
    """Where phones and providers reach SIP; with `ACD_PUBLIC_SIP_PORT` what they send has that one."""
    ports = {environment.sip_port, environment.public_sip_port or environment.sip_port}
    return ports | ({environment.sip_tls_port} if environment.sip_tls_cert is not None else set())


def _sets(name: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> str:
    kinds = ((4, "ipv4_addr"), (6, "ipv6_addr"))
    return "\n".join(
        _set(f"{name}{version}", kind, [each for each in networks if each.version == version])
        for version, kind in kinds
    )


def _set(name: str, kind: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> str:
    lines = [f"    set {name} {{", f"        type {kind}", "        flags interval", "        auto-merge"]
    if members := ", ".join(sorted(str(network) for network in networks)):
        lines.append(f"        elements = {{ {members} }}")
    return "\n".join([*lines, "    }"])
