"""Asterisk: version, modules and codecs, rights of our account, clock."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

from acd.doctor.ami import Ami
from acd.doctor.finding import Finding, fail, ok, warn
from acd.errors import TelephonyError

OLDEST = 22
NEEDED = (
    "Originate", "Redirect", "Hangup", "Setvar", "Status", "CoreShowChannels", "Bridge", "Atxfer",
    "MixMonitor", "PJSIPNotify", "PJSIPShowRegistrationsOutbound", "DeviceStateList", "Reload",
)  # fmt: skip
CLOCK_S = 1.0
_MAY_LACK = frozenset({"codec_opus", "codec_opus_open_source", "res_cdrel_custom", "res_http_websocket"})


async def asterisk(ami: Ami, listed: Path, loaded: Path) -> list[Finding]:
    """`listed`: asterisk/modules.list; `loaded`: modules.conf of this Asterisk. Raises TelephonyError."""
    settings = await ami.ask("CoreSettings")
    found = list(version(settings.get("AsteriskVersion", "")))
    found += await modules(ami, wanted_modules(listed), loaded)
    found += await rights(ami)
    began = time.time()
    told = (await ami.ask("Ping")).get("Timestamp", "")
    found += clock("clock of Asterisk", float(told) - (began + time.time()) / 2 if told else None)
    return found


def version(told: str) -> Iterator[Finding]:
    """Of Asterisk."""
    match = re.search(r"\d+", told)
    if match is not None and int(match[0]) >= OLDEST:
        yield ok("Asterisk", told)
    else:
        yield fail("Asterisk", told or "says no version", f"install Asterisk {OLDEST} (asterisk/install)")


def wanted_modules(listed: Path) -> list[str]:
    """One name a line, without comments."""
    lines = (line.partition("#")[0].strip() for line in listed.read_text().splitlines())
    return [line for line in lines if line]


async def modules(ami: Ami, wanted: list[str], loaded: Path) -> list[Finding]:
    """Each must run; some need not be there on every machine."""
    lacking = []
    for name in wanted:
        if (await ami.ask("ModuleCheck", Module=name)).get("Response") != "Success":
            lacking.append(name)
    asked = await asyncio.to_thread(_asked_for, loaded)
    bad = [name for name in lacking if name not in _MAY_LACK or f"load = {name}.so" in asked]
    if bad:
        todo = "see asterisk/log/messages.log for why; asterisk/install installs what Debian has"
        return [fail("modules", f"{', '.join(bad)} do not run, of {len(wanted)}", todo)]
    codecs = ", ".join(
        n.removeprefix("codec_") for n in wanted if n.startswith("codec_") and n not in lacking
    )
    return [ok("modules", f"{len(wanted) - len(lacking)} of {len(wanted)} run; codecs {codecs}")]


def _asked_for(loaded: Path) -> str:
    """What this Asterisk was told to load; nothing where it runs elsewhere."""
    return loaded.read_text() if loaded.is_file() else ""


async def rights(ami: Ami) -> list[Finding]:
    """As much as is needed, and no shell."""
    listed = await ami.ask("ListCommands")
    lacking = [action for action in NEEDED if action not in listed]
    if lacking:
        return [
            fail(
                "rights at AMI", f"may not {', '.join(lacking)}", "acd phones provision, then reload Asterisk"
            )
        ]
    if "Command" in listed:
        return [warn("rights at AMI", "may run console commands", "take 'command' away in manager.conf")]
    return [ok("rights at AMI", f"{len(NEEDED)} actions that are needed, and no console")]


def clock(part: str, off_s: float | None) -> Iterator[Finding]:
    """How much another clock is ahead of ours."""
    if off_s is None:
        return
    told = f"{off_s:+.3f} s from this machine's"
    if abs(off_s) > CLOCK_S:
        yield warn(part, told, "run one time service (chrony) on both machines; never set a clock by hand")
    else:
        yield ok(part, told)


def away(part: str, error: TelephonyError) -> Finding:
    """It does not answer."""
    return fail(
        part, str(error), "start Asterisk (script/server, or asterisk/run); messages.log says why it ended"
    )
