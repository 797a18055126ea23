"""Trunks in Asterisk's configuration: sections of pjsip.conf, and emergency calls without a controller."""

from __future__ import annotations

from collections.abc import Mapping

from acd.settings.model import Centre
from acd.settings.outside import CallerIdIn, DialedIn, Registration, TrunkSpec
from acd.settings.phone_number import write_number
from acd.telephony.dial_string import TRUNK_PREFIX, emergency_dial
from acd.telephony.provision_behind import TRUNK_HEADER
from acd.telephony.provision_tls import media_lines

# A trunk is asked so often whether it is there, and has so long to answer.
QUALIFY_S = 15
QUALIFY_TIMEOUT_S = 3.0
RETRY_S = 10
# Asterisk would give up after ten attempts: a provider may be away for a night.
RETRIES_MAX = 1_000_000_000


def trunk_sections(trunk: TrunkSpec, passwords: Mapping[str, str], proxy: str = "") -> str:
    """Everything about one trunk for pjsip.conf. `passwords`: by `TrunkSpec.password_owners`.

    `proxy`: the line that leads through Kamailio, where that is in front and has proved who calls.
    """
    name = f"{TRUNK_PREFIX}{trunk.id}"
    blocks = [_endpoint(name, trunk, behind=bool(proxy))]
    if trunk.server is not None:
        contact = f"sip:{host(trunk.server)}:{trunk.port}{_by(trunk)}"
        blocks.append(
            f"[{name}]\ntype = aor\ncontact = {contact}\n{_line(proxy)}"
            f"qualify_frequency = {QUALIFY_S}\nqualify_timeout = {QUALIFY_TIMEOUT_S}"
        )
    if trunk.login is not None:
        blocks.append(_auth(name, trunk.login.user, passwords[trunk.id]))
    if trunk.their_login is not None and not proxy:
        incoming = f"{trunk.id}-incoming"
        block = _auth(f"{TRUNK_PREFIX}{incoming}", trunk.their_login.user, passwords[incoming])
        blocks.append(f"{block}\nrealm = acd")
    if trunk.registration is not None:
        blocks.append(_registration(name, trunk, trunk.registration, proxy))
    if proxy:
        blocks.append(
            f"[{name}]\ntype = identify\nendpoint = {name}\nmatch_header = {TRUNK_HEADER}: {trunk.id}"
        )
    elif trunk.addresses:
        matches = "\n".join(f"match = {address}" for address in trunk.addresses)
        blocks.append(f"[{name}]\ntype = identify\nendpoint = {name}\n{matches}")
    return "\n".join(blocks) + "\n"


def _line(text: str) -> str:
    return f"{text}\n" if text else ""


def _endpoint(name: str, trunk: TrunkSpec, *, behind: bool) -> str:
    to_header = trunk.dialed_in is DialedIn.TO_HEADER
    lines = [
        f"[{name}](acd-trunk)",
        f"context = {'acd-trunk-to' if to_header else 'acd-trunk'}",
        "disallow = all",
        f"allow = {','.join(trunk.codecs)}",
    ]
    if trunk.tls and not behind:
        lines.append("transport = transport-tls")
    lines += media_lines(trunk.encryption)
    if trunk.server is not None:
        lines += [f"aors = {name}", f"from_domain = {trunk.server}"]
    if trunk.login is not None:
        lines.append(f"outbound_auth = {name}")
    if trunk.their_login is not None and not behind:
        lines.append(f"auth = {name}-incoming")
    if trunk.caller_id_in is CallerIdIn.P_ASSERTED_IDENTITY:
        lines += ["send_pai = yes", "trust_id_outbound = yes", "trust_id_inbound = yes"]
        if trunk.login is not None:
            lines.append(f"from_user = {trunk.login.user}")
    return "\n".join(lines)


def _auth(name: str, user: str, password: str) -> str:
    # A semicolon begins a comment unless it is escaped, and a backslash escapes it only there.
    text = password.replace(";", "\\;")
    return f"[{name}]\ntype = auth\nauth_type = userpass\nusername = {user}\npassword = {text}"


def _registration(name: str, trunk: TrunkSpec, registration: Registration, proxy: str) -> str:
    assert trunk.server is not None, trunk.id
    assert trunk.login is not None, trunk.id
    server = f"{host(trunk.server)}:{trunk.port}"
    return f"""[{name}]
type = registration
transport = {"transport-tls" if trunk.tls and not proxy else "transport-udp"}
{_line(proxy)}\
outbound_auth = {name}
server_uri = sip:{server}{_by(trunk)}
client_uri = sip:{trunk.login.user}@{server}
contact_user = {registration.contact_user}
expiration = {registration.expires_s}
retry_interval = {RETRY_S}
forbidden_retry_interval = {RETRY_S}
fatal_retry_interval = {RETRY_S}
max_retries = {RETRIES_MAX}
auth_rejection_permanent = no
line = yes
endpoint = {name}"""


def _by(trunk: TrunkSpec) -> str:
    # In a configuration file a semicolon begins a comment unless it is escaped.
    return "\\;transport=tls" if trunk.tls else ""


def host(server: str) -> str:
    """As it stands in an address of SIP."""
    return f"[{server}]" if ":" in server else server


def emergency_extensions(centre: Centre) -> str:
    """What a phone's emergency call does when no controller is there: every trunk, one after the other."""
    if centre.dialing is None:
        return ""
    lines: list[str] = []
    prefixes = {"", centre.dialing.outside_prefix}
    for dialed in sorted(p + n for n in centre.dialing.emergency for p in prefixes):
        number = (
            dialed
            if dialed in centre.dialing.emergency
            else dialed.removeprefix(centre.dialing.outside_prefix)
        )
        dials = []
        for trunk_id in centre.dialing.emergency_trunks:
            trunk = centre.trunks[trunk_id]
            shown = write_number(trunk.caller_id or "", trunk.dial_format, centre.system.country)
            dials.append(f"Dial({emergency_dial(trunk_id, number, shown)})")
        lines.append(f"exten => {dialed},1,{dials[0]}")
        lines += [f" same => n,{dial}" for dial in dials[1:]]
        lines.append(" same => n,Hangup()")
    return "\n".join(lines)
