"""What differs in an Asterisk's configuration where it is one of several nodes behind Kamailio.

Kamailio proves who phones and trunks are, and tells: a phone by From, which nobody can forge there, a trunk
by a header that it puts on. So a node asks for no password, and takes SIP of nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.settings.environment import Environment

TRUNK_HEADER = "X-ACD-Trunk"
PROBE_USER = "acd-front"
"""As whom Kamailio asks whether a node is up."""

_ALONE: Mapping[str, str] = {
    "identified_by": "ip,auth_username,username",
    "trunk_identified_by": "ip",
    "rewrite_contact": "yes",
    "support_path": "no",
    "browser_transport": "transport-ws",
    "doctor_auth": "auth = acd-doctor",
    "front_proxy": "",
    "front": "",
}


def values_behind(environment: Environment) -> Mapping[str, str]:
    """For pjsip.conf."""
    if environment.front is None:
        return _ALONE
    return {
        "identified_by": "header,username",
        "trunk_identified_by": "header",
        # Its Path leads to a phone; the address that its requests come from is Kamailio's.
        "rewrite_contact": "no",
        "support_path": "yes",
        "browser_transport": "transport-udp",
        "doctor_auth": "",
        "front_proxy": proxy_line(environment),
        "front": _front(environment.front[0]),
    }


def proxy_line(environment: Environment) -> str:
    """By which a call to the outside goes through Kamailio, so that providers see one address.

    '' where there is no Kamailio.
    """
    if environment.front is None:
        return ""
    address, port = environment.front
    host = f"[{address}]" if ":" in address else address
    return f"outbound_proxy = sip:{host}:{port}\\;lr"


def _front(address: str) -> str:
    return f"""[acd-front]
type = acl
deny = 0.0.0.0/0
deny = ::/0
permit = {address}
[{PROBE_USER}]
type = endpoint
context = acd-nobody
disallow = all
allow = ulaw
allow_transfer = no
allow_subscribe = no
"""
