"""Writes what Kamailio in front of several Asterisk nodes reads.

It lies beside a copy of `asterisk/kamailio/kamailio.cfg`, which is the same everywhere.

Of passwords it gets HA1 only, the MD5 of user, realm and password: whoever reads the files cannot learn a
password that is used elsewhere, though he can register as that phone. All files have mode 0600.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from acd.errors import OperatorError
from acd.settings.environment import Environment, numeric_address, numeric_addresses
from acd.settings.model import Centre
from acd.settings.outside import Encryption
from acd.settings.secrets import Secrets, derived_password
from acd.settings.trunk_passwords import trunk_passwords
from acd.telephony.provision import doctor_password

REALM = "acd"
DOCTOR = "acd-doctor"
CONFIGURATION = "kamailio.cfg"
ADDRESSES = "addresses.list"
TRUNKS, PHONES, OUR_OWN = 1, 2, 3
"""The groups of addresses."""
NEW_CALLS, PROBED = 1, 2
"""The sets of nodes: one that is drained is disabled in the first, whether it is up is told by the second."""
MACHINES_CA = "/etc/ssl/certs"
_TABLE = "key_name(string) key_type(int) value_type(int) key_value(string) expires(int)\n"


class Node(Protocol):
    """An Asterisk node: phones' calls reach it at `host`, at the port that Kamailio has, too."""

    @property
    def name(self) -> str:
        """In ACD_ASTERISK_NODES."""

    @property
    def host(self) -> str:
        """Its address, or a name that has one."""


@dataclass(frozen=True, slots=True)
class Front:
    """What Kamailio is made for; `variables` may hold passwords of trunks."""

    centre: Centre
    environment: Environment
    secrets: Secrets
    nodes: Sequence[Node]
    variables: Mapping[str, str]


def has_front(environment: Environment) -> bool:
    """Whether a Kamailio stands before several nodes."""
    return bool(environment.nodes and environment.kamailio)


def kamailio_dir(environment: Environment) -> Path:
    """All that Kamailio reads and writes."""
    return environment.home / "kamailio"


def front_key(ami_password: str) -> str:
    """By which commands and controllers prove who they are at Kamailio's control port."""
    return derived_password(ami_password, "front")


def kamailio_files(front: Front, templates: Path) -> dict[Path, str]:
    """What each file is to hold.

    Raises OperatorError for a host without an address, a trunk without its password, and a node at Kamailio's
    own address.
    """
    etc = kamailio_dir(front.environment) / "etc"
    passwords = trunk_passwords(front.centre.trunks.values(), front.variables, front.secrets.trunk_passwords)
    uris = _node_uris(front)
    files = {
        CONFIGURATION: (templates / "kamailio" / CONFIGURATION).read_text(encoding="utf-8"),
        "settings.cfg": _settings(front, etc),
        "nodes.list": "".join(
            f"{group} {uri} 0 0\n" for group in (NEW_CALLS, PROBED) for uri in uris.values()
        ),
        ADDRESSES: _addresses(front),
        "db/phone": _table(_phones(front)),
        "db/trunk": _table(_trunks(front.centre, passwords)),
        "db/node": _table(uris),
    }
    if front.environment.sip_tls_cert is not None:
        files["tls.cfg"] = _tls(front.environment)
    return {etc / name: text for name, text in files.items()}


def shut_out(before: str, now: str) -> list[str]:
    """Who might use Kamailio's HTTP port by the addresses.list of before, and may not by that of now."""
    ours = [
        {
            line.split()[1] + "/" + line.split()[2]
            for line in text.splitlines()
            if line.startswith(f"{OUR_OWN} ")
        }
        for text in (before, now)
    ]
    return sorted(ours[0] - ours[1])


def ha1(user: str, password: str) -> str:
    """What digest authentication makes of a password, for our realm (RFC 2617)."""
    return hashlib.md5(f"{user}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()


def _node_uris(front: Front) -> dict[str, str]:
    environment = front.environment
    uris = {}
    for node in front.nodes:
        address = numeric_address(node.host)
        if address == environment.sip_address:
            raise OperatorError(
                f"node {node.name}: {address} is ACD_SIP_ADDRESS, where Kamailio is; a node needs an address"
                " of its own"
            )
        uris[node.name] = f"sip:{_bracketed(address)}:{environment.sip_port}"
    return uris


def _settings(front: Front, etc: Path) -> str:
    environment = front.environment
    address = _bracketed(environment.sip_address)
    if any(sign in str(etc) for sign in '!"'):
        raise OperatorError(f"ACD_HOME: Kamailio cannot use a folder with '!' or '\"' in its name: {etc}")
    places = environment.fronts
    if len({place.port for place in places}) > 1:
        raise OperatorError("ACD_KAMAILIO: each Kamailio needs the same port")
    replaced = {
        "ACD_ADDRESS": address,
        "ACD_PORT": str(environment.sip_port),
        "ACD_HTTP_PORT": str(places[0].port),
        "ACD_REALM": REALM,
        "ACD_KEY": front_key(front.secrets.ami_password),
        "ACD_ETC": str(etc),
    }
    lines = ["# Written by 'acd phones provision'."]
    lines += [f'#!substdef "!{name}!{value}!g"' for name, value in replaced.items()]
    lines += [f"listen={protocol}:{address}:{environment.sip_port}" for protocol in ("udp", "tcp")]
    lines += [f"listen=tcp:{_bracketed(numeric_address(p.host))}:{p.port}" for p in places]
    if environment.sip_tls_cert is not None:
        lines += ["#!define WITH_TLS", "enable_tls=yes", f"listen=tls:{address}:{environment.sip_tls_port}"]
    if front.centre.phone_networks:
        lines.append("#!define WITH_PHONE_NETWORKS")
    return "\n".join(lines) + "\n"


def _addresses(front: Front) -> str:
    lines = []
    for trunk in front.centre.trunks.values():
        # Without addresses its calls come from where we have registered.
        found = trunk.addresses or (numeric_addresses(trunk.server) if trunk.server is not None else ())
        lines += [_address_line(TRUNKS, address, trunk.id) for address in found]
    lines += [_address_line(PHONES, network) for network in front.centre.phone_networks]
    environment = front.environment
    hosts = [environment.controller_host, *(place.host for place in environment.controllers)]
    ours = {numeric_address(host) for host in hosts} | set(environment.kamailio_from)
    lines += [_address_line(OUR_OWN, address) for address in sorted(ours)]
    return "".join(lines)


def _address_line(group: int, text: str, tag: str = "") -> str:
    network = ipaddress.ip_network(text)
    return f"{group} {_bracketed(str(network.network_address))} {network.prefixlen} 0 {tag}".rstrip() + "\n"


def _phones(front: Front) -> dict[str, str]:
    found = {DOCTOR: ha1(DOCTOR, doctor_password(front.secrets.ami_password))}
    for phone in front.centre.phones.values():
        digest = ha1(phone.id, front.secrets.phone_passwords[phone.id])
        encrypted = ";encrypted" if phone.encryption is Encryption.REQUIRED else ""
        found[phone.id] = digest + encrypted
    return found


def _trunks(centre: Centre, passwords: Mapping[str, str]) -> dict[str, str]:
    return {
        trunk.id: ha1(trunk.their_login.user, passwords[f"{trunk.id}-incoming"])
        for trunk in centre.trunks.values()
        if trunk.their_login is not None
    }


def _table(rows: Mapping[str, str]) -> str:
    """A table of Kamailio's db_text: types 0 are strings, a colon ends a field."""
    return _TABLE + "".join(f"{_field(key)}:0:0:{_field(value)}:0\n" for key, value in rows.items())


def _field(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _tls(environment: Environment) -> str:
    """Towards phones with our certificate; a provider has to have one that holds.

    Each of Kamailio's processes reads a list of authorities, which takes half a second for those of a whole
    machine; of Debian's folder of them it reads the one that it needs.
    """
    all_of_them = environment.sip_tls_ca == Environment.sip_tls_ca
    authorities = f"ca_path = {MACHINES_CA}" if all_of_them else f"ca_list = {environment.sip_tls_ca}"
    return f"""[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
private_key = {environment.sip_tls_key}
certificate = {environment.sip_tls_cert}

[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
verify_depth = 5
{authorities}
"""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def names(nodes: Iterable[Node]) -> dict[str, str]:
    """The name of each node by its numeric address."""
    return {numeric_address(node.host): node.name for node in nodes}
