"""Trunks, dialled numbers and the dial plan: names that refer to nothing, and entries that are at odds."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from acd.settings.document import Document
from acd.settings.files import Files
from acd.settings.phone_number import normalised
from acd.settings.problems import Place, shown
from acd.settings.schema.dialing import DialingFile
from acd.settings.schema.numbers import NumberEntry


def check_outside(files: Files) -> None:
    """Notes every problem in the document where it has to be mended."""
    _check_numbers(files)
    _check_trunks(files)
    _check_dialing(files)
    _check_caller_ids(files)
    _check_caller_limits(files)


def country_of(files: Files) -> str | None:
    """Whose national numbers are meant."""
    return files.system.content.system.country if files.system.content is not None else None


def _check_caller_limits(files: Files) -> None:
    content, flows = files.system.content, files.flows if files.flows_dir.is_dir() else None
    flow = content.caller_limits.flow if content is not None else None
    if flow is not None and flows is not None and flow not in flows:
        files.system.document.report_undefined(("caller_limits", "flow"), "flow", flow, flows)


def _check_numbers(files: Files) -> None:
    content, document = files.numbers.content, files.numbers.document
    if content is None:
        return
    agents = files.agents.content.agents if files.agents.content else {}
    extensions = {agent.extension: agent_id for agent_id, agent in agents.items()}
    seen: dict[str, str] = {}
    for written, entry in content.numbers.items():
        place: Place = ("numbers", written)
        number = normalised(written, country_of(files)) or written
        if number in extensions:
            message = f"the number '{written}' is also the extension of '{extensions[number]}'"
            document.report(place, message)
        if (first := seen.setdefault(number, written)) != written:
            message = f"'{shown(written)}' is the same number as '{shown(first)}' ({number})"
            document.report(place, message)
        _check_leads(files, document, place, entry)


def _check_leads(files: Files, document: Document, place: Place, entry: NumberEntry) -> None:
    flows = files.flows if files.flows_dir.is_dir() else None
    groups = files.groups.document.names("groups")
    for option, flow in (("flow", entry.flow), ("full", entry.full)):
        if flow is not None and flows is not None and flow not in flows:
            document.report_undefined((*place, option), "flow", flow, flows)
    if entry.group is not None and groups is not None and entry.group not in groups:
        document.report_undefined((*place, "group"), "group", entry.group, groups)
    _check_limit(files, document, place, entry)


def _check_limit(files: Files, document: Document, place: Place, entry: NumberEntry) -> None:
    """A line with a limit, and a way for who finds it full: neither without the other."""
    group = files.groups.content.groups.get(entry.group or "") if files.groups.content else None
    if group is None:
        return
    if group.max_waiting is not None and entry.full is None:
        message = (
            f"the group '{entry.group}' lets {group.max_waiting} wait (max_waiting), and the next one waits"
            " all the same: add `full`, the flow that takes the caller then"
        )
        document.report((*place, "group"), message, warning=True)
    if group.max_waiting is None and entry.full is not None:
        message = f"the group '{entry.group}' has no `max_waiting`: nobody is ever led to the flow of `full`"
        document.report((*place, "full"), message, warning=True)


def _check_trunks(files: Files) -> None:
    content, document = files.trunks.content, files.trunks.document
    if content is None:
        return
    seen: list[tuple[str, ipaddress.IPv4Network | ipaddress.IPv6Network]] = []
    for trunk_id, trunk in content.trunks.items():
        place: Place = ("trunks", trunk_id)
        for index, address in enumerate(trunk.addresses or ()):
            network = ipaddress.ip_network(address)
            for other_id, other in seen:
                if other_id != trunk_id and network.version == other.version and network.overlaps(other):
                    message = f"the address '{address}' already belongs to trunk '{other_id}'"
                    document.report((*place, "addresses", index), message)
                    break
            seen.append((trunk_id, network))
        if trunk.default is not None:
            _check_leads(files, document, (*place, "default"), trunk.default)
        if "national" in (trunk.number_format, trunk.dial_format) and country_of(files) is None:
            message = "national numbers need the option 'country' in the section 'system' of system.yml"
            document.report((*place, "number_format"), message)


def _check_dialing(files: Files) -> None:
    if files.dialing is None:
        _check_no_roles(files)
        return
    content, document = files.dialing.content, files.dialing.document
    roles = document.names("roles")
    if content is None or roles is None:
        return
    for option, named in (("default_role", content.default_role), ("flow_role", content.flow_role)):
        if named is not None and named not in roles:
            document.report_undefined((option,), "role", named, roles)
    agents = files.agents.content.agents if files.agents.content else {}
    for agent_id, agent in agents.items():
        if agent.role is not None and agent.role not in roles:
            place: Place = ("agents", agent_id, "role")
            files.agents.document.report_undefined(place, "role", agent.role, roles)
    for role_id, role in content.roles.items():
        for prefix in set(role.allow) & set(role.deny):
            place = ("roles", role_id, "deny")
            document.report(place, f"'{prefix}' is allowed and denied; keep one of them")
    _check_hours(files, content, document)
    for place, trunk_id in _trunks_named(files):
        _check_way_out(files, document, place, trunk_id)
    numbers = files.numbers.content.numbers if files.numbers.content else {}
    phones = files.agents.content.phones if files.agents.content else {}
    taken = {agent.extension for agent in agents.values()} | set(numbers) | set(phones)
    for index, number in enumerate(content.emergency.numbers):
        if number in taken:
            message = f"the emergency number '{number}' is also a number or extension of ours"
            document.report(("emergency", "numbers", index), message)


def _check_hours(files: Files, content: DialingFile, document: Document) -> None:
    calendars = () if files.calendars is None else files.calendars.document.names("calendars")
    for role_id, role in content.roles.items():
        if role.hours is not None and calendars is not None and role.hours not in calendars:
            document.report_undefined(("roles", role_id, "hours"), "calendar", role.hours, calendars)


def _check_no_roles(files: Files) -> None:
    content, document = files.agents.content, files.agents.document
    for agent_id, agent in content.agents.items() if content is not None else ():
        if agent.role is not None:
            document.report(("agents", agent_id, "role"), "there are no roles without a file dialing.yml")


def _trunks_named(files: Files) -> Iterator[tuple[Place, str]]:
    assert files.dialing is not None
    assert files.dialing.content is not None
    for index, trunk_id in enumerate(files.dialing.content.emergency.trunks):
        yield ("emergency", "trunks", index), trunk_id
    for role_id, role in files.dialing.content.roles.items():
        for index, trunk_id in enumerate(role.trunks):
            yield ("roles", role_id, "trunks", index), trunk_id


def _check_way_out(files: Files, document: Document, place: Place, trunk_id: str) -> None:
    known = files.trunks.document.names("trunks")
    if known is not None and trunk_id not in known:
        document.report_undefined(place, "trunk", trunk_id, known)
        return
    trunk = files.trunks.content.trunks.get(trunk_id) if files.trunks.content is not None else None
    if trunk is None:
        return  # faulty itself
    for option, value in (("server", trunk.server), ("caller_id", trunk.caller_id)):
        if value is None:
            message = f"the trunk '{trunk_id}' cannot call out without the option '{option}' in trunks.yml"
            document.report(place, message)


def _check_caller_ids(files: Files) -> None:
    """Only a number of ours may be shown outside: who calls back must get somewhere."""
    content = files.numbers.content
    if content is None or files.numbers.document.problems:
        return
    ours = {normalised(written, country_of(files)) for written in content.numbers}
    for document, section, entry_id, number in _caller_ids(files):
        if number is not None and number not in ours:
            message = f"the number {number} is not one of ours: it has to stand in numbers.yml"
            document.report((section, entry_id, "caller_id"), message)


def _caller_ids(files: Files) -> Iterator[tuple[Document, str, str, str | None]]:
    if files.agents.content is not None:
        for agent_id, agent in files.agents.content.agents.items():
            yield files.agents.document, "agents", agent_id, agent.caller_id
    if files.groups.content is not None:
        for group_id, group in files.groups.content.groups.items():
            yield files.groups.document, "groups", group_id, group.caller_id
    if files.trunks.content is not None:
        for trunk_id, trunk in files.trunks.content.trunks.items():
            yield files.trunks.document, "trunks", trunk_id, trunk.caller_id
