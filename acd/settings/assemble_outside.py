"""Builds numbers, trunks and the dial plan from files that were found to be without fault."""

from __future__ import annotations

from collections.abc import Mapping

from acd.ivr.hours import Calendar
from acd.settings.files import Files
from acd.settings.outside import (
    CallerIdIn,
    DialedIn,
    Dialing,
    DialRole,
    Encryption,
    Login,
    NumberRoute,
    Registration,
    TrunkSpec,
)
from acd.settings.phone_number import NumberFormat, normalised
from acd.settings.schema.agents import AgentsFile
from acd.settings.schema.dialing import DialingFile, RateEntry, RatesEntry
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.numbers import NumbersFile
from acd.settings.schema.trunks import DefaultEntry, LoginEntry, TrunkEntry, TrunksFile
from acd.settings.spending import OutsideLimits, Rate, Rates


def numbers(file: NumbersFile, country: str | None) -> dict[str, NumberRoute]:
    """Keyed by number in normal form."""
    routes = {}
    for written, entry in file.numbers.items():
        number = normalised(written, country)
        assert number is not None, written
        routes[number] = NumberRoute(number, entry.flow, entry.group, entry.priority, entry.full)
    return routes


def trunks(file: TrunksFile) -> dict[str, TrunkSpec]:
    """Keyed by name."""
    return {trunk_id: _trunk(trunk_id, trunk) for trunk_id, trunk in file.trunks.items()}


def _trunk(trunk_id: str, entry: TrunkEntry) -> TrunkSpec:
    default = entry.default
    return TrunkSpec(
        id=trunk_id,
        addresses=tuple(entry.addresses or ()),
        codecs=tuple(entry.codecs),
        server=entry.server,
        port=entry.port or (5061 if entry.transport == "tls" else 5060),
        tls=entry.transport == "tls",
        encryption=Encryption(entry.encryption),
        login=_login(entry.login),
        registration=_registration(entry),
        their_login=_login(entry.their_login),
        number_format=NumberFormat(entry.number_format),
        dial_format=NumberFormat(entry.dial_format or entry.number_format),
        dialed_in=DialedIn(entry.dialed_number_in),
        caller_id_in=CallerIdIn(entry.caller_id_in),
        caller_id=entry.caller_id,
        calls_max=entry.calls_max,
        default=_default(default) if default is not None else None,
    )


def _default(entry: DefaultEntry) -> NumberRoute:
    return NumberRoute("", entry.flow, entry.group, entry.priority, entry.full)


def _login(entry: LoginEntry | None) -> Login | None:
    return None if entry is None else Login(entry.user, entry.password_env)


def _registration(entry: TrunkEntry) -> Registration | None:
    if entry.registration is None or entry.login is None:
        return None
    return Registration(entry.registration.expires_s, entry.registration.contact_user or entry.login.user)


def dialing(files: Files, calendars: Mapping[str, Calendar]) -> Dialing | None:
    """None without the file: then nobody may dial outside."""
    if files.dialing is None:
        return None
    file, agents, groups = files.dialing.content, files.agents.content, files.groups.content
    assert file is not None
    assert agents is not None
    assert groups is not None
    return _dialing(file, agents, groups, calendars)


def _dialing(
    file: DialingFile, agents: AgentsFile, groups: GroupsFile, calendars: Mapping[str, Calendar]
) -> Dialing:
    roles_of = {agent_id: agent.role or file.default_role for agent_id, agent in agents.agents.items()}
    return Dialing(
        emergency=frozenset(file.emergency.numbers),
        emergency_trunks=tuple(file.emergency.trunks),
        outside_prefix=file.outside_prefix,
        ring_timeout_s=file.ring_timeout_s,
        roles={
            role_id: DialRole(
                role_id,
                tuple(role.allow),
                tuple(role.deny),
                tuple(role.trunks),
                role.calls_max,
                role.budget,
                calendars[role.hours] if role.hours is not None else None,
            )
            for role_id, role in file.roles.items()
        },
        roles_of={agent_id: role for agent_id, role in roles_of.items() if role is not None},
        caller_ids={a: agent.caller_id for a, agent in agents.agents.items() if agent.caller_id is not None},
        flow_role=file.flow_role,
        group_caller_ids={g: group.caller_id for g, group in groups.groups.items() if group.caller_id},
        limits=_limits(file),
        rates=_rates(file.rates) if file.rates is not None else None,
    )


def _limits(file: DialingFile) -> OutsideLimits:
    limits = file.limits
    return OutsideLimits(
        calls_max=limits.calls_max,
        agent_calls_max=limits.agent_calls_max,
        destinations=dict(limits.destinations),
        budget=file.budget.total,
        agent_budget=file.budget.agent,
        longest_s=limits.longest_s,
        dearest=limits.dearest,
        ends=limits.at_the_limit == "end",
    )


def _rates(entry: RatesEntry) -> Rates:
    return Rates(
        currency=entry.currency,
        prefixes={prefix: _rate(rate) for prefix, rate in entry.prefixes.items()},
        other=_rate(entry.other) if entry.other is not None else None,
        step_s=entry.step_s,
    )


def _rate(entry: RateEntry) -> Rate:
    return Rate(entry.minute, entry.connection)
