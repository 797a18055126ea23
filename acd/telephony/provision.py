"""Writes Asterisk's configuration: the templates of `asterisk/etc/` filled in from the centre.

`@{name}` in a template is filled in here; `${NAME}` is Asterisk's own. asterisk.conf and modules.conf
are not written here but by `asterisk/run`, which knows where modules and data are: Asterisk may run on
another machine, with only its folder in common.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from acd.core.plan import BROWSER_PREFIX
from acd.settings.environment import Environment, numeric_address
from acd.settings.model import Centre, PhoneSpec
from acd.settings.music import own_music
from acd.settings.outside import Encryption
from acd.settings.secrets import Secrets, derived_password
from acd.settings.trunk_passwords import trunk_passwords
from acd.telephony.agi import word_of
from acd.telephony.fence import USER as FENCE_USER
from acd.telephony.fence import fence_password
from acd.telephony.ice import ice_settings
from acd.telephony.provision_behind import proxy_line, values_behind
from acd.telephony.provision_queues import queue_sections
from acd.telephony.provision_tls import TlsFiles, media_lines, tls_files
from acd.telephony.provision_trunks import emergency_extensions, trunk_sections

# Modules that look for a file of their own and complain without one.
EMPTY_FILES = (
    "acl.conf",
    "ccss.conf",
    "features.conf",
    "pjsip_notify.conf",
    "queuerules.conf",
    "udptl.conf",
)


class _ConfTemplate(Template):
    delimiter = "@"


def asterisk_files(
    centre: Centre,
    environment: Environment,
    secrets: Secrets,
    templates: Path,
    variables: Mapping[str, str],
) -> dict[Path, str]:
    """What each file of one Asterisk is to hold. `variables` may hold passwords of trunks.

    Raises OperatorError for a host without an address and for a trunk without its password.
    """
    passwords = trunk_passwords(centre.trunks.values(), variables, secrets.trunk_passwords)
    folder = environment.asterisk_dir / "etc"
    tls = tls_files(centre, environment, folder, _translation(environment, tls=True))
    values = _values(centre, environment, secrets, passwords, tls)
    texts = {
        folder / template.name: _ConfTemplate(template.read_text(encoding="utf-8")).substitute(values)
        for template in sorted((templates / "etc").glob("*.conf"))
    }
    empty = "; nothing to set, but Asterisk looks for it\n"
    return {**tls.texts, **texts, **{folder / name: empty for name in EMPTY_FILES}}


def _values(
    centre: Centre,
    environment: Environment,
    secrets: Secrets,
    passwords: Mapping[str, str],
    tls: TlsFiles,
) -> dict[str, str]:
    low, high = environment.rtp_ports
    word = word_of(secrets.ami_password)
    return {
        **values_behind(environment),
        "node": environment.call_prefix,
        "node_name": environment.node,
        "lease_s": f"{centre.system.lease_s:.0f}",
        "others_after_s": f"{centre.system.fallback_others_after_s:.0f}",
        "misses": f"{max(1, round(centre.system.fallback_after_s))}",
        "agi_word": word,
        "old_script": f'${{IF($["${{CUT(ACD_CONTROLLER,/,2)}}" = ""]?/{word})}}',
        "agi_address": environment.agi_address,
        "ami_address": numeric_address(environment.asterisk_host),
        "ami_permit": "\n".join(f"permit = {address}" for address in _controllers(environment)),
        "ami_fence": _fence_account(environment, secrets),
        "ami_port": str(environment.ami_port),
        "ami_password": secrets.ami_password,
        "doctor_password": doctor_password(secrets.ami_password),
        "sip_address": _bracketed(environment.sip_address),
        "sip_port": str(environment.sip_port),
        "rtp_low": str(low),
        "rtp_high": str(high),
        "ws_address": numeric_address(environment.asterisk_host),
        "ws_port": str(environment.ws_port),
        "ws_enabled": "yes" if centre.desktop.browser_phones and environment.front is None else "no",
        "browser_silent_s": str(centre.desktop.browser_silent_s),
        "ice": ice_settings(environment) if centre.desktop.browser_phones else "icesupport = no",
        "hints": _hints(centre),
        "member_browser": f"&PJSIP/{BROWSER_PREFIX}${{ACD_PHONE}}" if centre.desktop.browser_phones else "",
        "sip_translation": _translation(environment),
        "tls_transport": tls.transport,
        # Where there are two, a phone is called over the one by which it has registered.
        "phone_transport": "" if tls.transport else "transport = transport-udp",
        "music": "\n".join(_music(name, folder) for name, folder in own_music(centre.flows_dir).items()),
        "phones": "\n".join(
            _phone_behind(p)
            if environment.front is not None
            else _phone(p, secrets.phone_passwords[p.id], centre.phone_networks)
            for p in centre.phones.values()
        ),
        "trunks": "\n".join(
            trunk_sections(t, passwords, proxy_line(environment)) for t in centre.trunks.values()
        ),
        "emergency": emergency_extensions(centre),
        "queues": queue_sections(centre),
    }


def _controllers(environment: Environment) -> list[str]:
    """From where the manager interface may be used."""
    hosts = [environment.controller_host, *(place.host for place in environment.controllers)]
    return sorted({numeric_address(host) for host in hosts})


def _fence_account(environment: Environment, secrets: Secrets) -> str:
    """By which a new leader closes an old one's sessions; there is none where one controller is all there is.

    It needs the console's commands for that, which no action of the manager interface does.
    """
    if not environment.controllers:
        return ""
    permits = [f"permit = {address}" for address in _controllers(environment)]
    lines = [f"[{FENCE_USER}]", f"secret = {fence_password(secrets.ami_password)}", "deny = 0.0.0.0/0,::/0"]
    return "\n".join([*lines, *permits, "read = command", "write = command"])


def doctor_password(ami_password: str) -> str:
    """That of the account for test calls."""
    return derived_password(ami_password, "doctor")


def _bracketed(address: str) -> str:
    """As it stands before a port."""
    return f"[{address}]" if ":" in address else address


def _translation(environment: Environment, *, tls: bool = False) -> str:
    """What the transport tells phones and trunks instead of its own address and port."""
    lines = []
    if environment.public_address is not None:
        lines.append(f"external_media_address = {environment.public_address}")
        lines.append(f"external_signaling_address = {environment.public_address}")
    if environment.public_sip_port is not None and not tls:
        lines.append(f"external_signaling_port = {environment.public_sip_port}")
    return "\n".join(lines)


def _phone(phone: PhoneSpec, password: str, networks: Sequence[str]) -> str:
    kind = "acd-browser" if phone.browser else "acd-phone"
    lines = media_lines(phone.encryption)
    if phone.encryption is Encryption.REQUIRED:
        lines.append("set_var = ACD_SECURE=1")
    if networks and not phone.browser:
        lines += ["deny = 0.0.0.0/0", "deny = ::/0", *(f"permit = {network}" for network in networks)]
    more = "".join(f"{line}\n" for line in lines)
    return f"""[{phone.id}]({kind})
auth = {phone.id}
aors = {phone.id}
{more}\
callerid = {_plain(phone.display_name)} <{phone.extension}>
[{phone.id}](acd-phone-auth)
username = {phone.id}
password = {password}
[{phone.id}]({kind}-aor)
"""


def _phone_behind(phone: PhoneSpec) -> str:
    """Kamailio has asked for its password, and has held it against the networks and the encryption."""
    kind = "acd-browser" if phone.browser else "acd-phone"
    more = "".join(f"{line}\n" for line in media_lines(phone.encryption))
    return f"""[{phone.id}]({kind})
aors = {phone.id}
{more}\
callerid = {_plain(phone.display_name)} <{phone.extension}>
[{phone.id}]({kind}-aor)
"""


def _music(name: str, folder: Path) -> str:
    return f"[{name}]\nmode = files\ndirectory = {folder}\nsort = random\n"


def _hints(centre: Centre) -> str:
    """Whether one of an agent's phones is free, for the fallback queue."""
    if not centre.desktop.browser_phones:
        return ""
    extensions = (agent.extension for agent in centre.plan.agents.values())
    return "\n".join(f"exten => {e},hint,PJSIP/{e}&PJSIP/{BROWSER_PREFIX}{e}" for e in extensions)


def _plain(name: str) -> str:
    """A display name that means nothing to a configuration file."""
    return "".join(c for c in name if c.isprintable() and c not in '<>";[]()=\\').strip()


def write_files(texts: Mapping[Path, str]) -> list[Path]:
    """Write every file that differs; those files.

    Files hold passwords: mode 0600. Each is replaced whole, so nobody ever reads half of one.
    """
    changed = []
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        changed += write_file(path, text)
    return changed


def write_file(path: Path, text: str) -> list[Path]:
    """Replace a file whole if it differs; it, if it did."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
    return [path]
