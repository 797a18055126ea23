"""Builds the Centre from files that were found to be without fault."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from acd.core.plan import BROWSER_PREFIX, AgentProfile, Heir, Plan
from acd.core.service_level import ServiceLevelFormula
from acd.ivr.flow import FlowSet
from acd.settings import assemble_dispositions, assemble_outside, assemble_work
from acd.settings.assemble_customers import assemble_customers
from acd.settings.assemble_reports import assemble_reports
from acd.settings.assemble_retention import assemble_retention
from acd.settings.assemble_routing import callback_windows, group_policy
from acd.settings.caller_limits import CallerLimits
from acd.settings.files import Files
from acd.settings.model import (
    Centre,
    DesktopSettings,
    FeatureCodes,
    IceServer,
    JournalSettings,
    PhoneSpec,
    QueueLogSettings,
    RecordChannels,
    RecordFormat,
    RecordingSettings,
    RecordRule,
    RedisSettings,
    S3Settings,
    SystemSettings,
)
from acd.settings.outside import Encryption
from acd.settings.schema.agents import AgentsFile
from acd.settings.schema.dialing import DialingFile
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.system import CallerLimitsSection, DesktopSection, RecordingsSection, SystemFile


def assemble(files: Files, flow_set: FlowSet) -> Centre:
    """The Centre. Only for files without problems; `flow_set` was built of the same files."""
    system, agents, groups = files.system.content, files.agents.content, files.groups.content
    numbers, trunks = files.numbers.content, files.trunks.content
    assert system is not None
    assert agents is not None
    assert groups is not None
    assert numbers is not None
    assert trunks is not None
    return Centre(
        system=_system(system),
        plan=plan_of(system, agents, groups, files.dialing.content if files.dialing is not None else None),
        flow_set=flow_set,
        numbers=assemble_outside.numbers(numbers, system.system.country),
        phones=_phones(agents, system.phones.encryption, browser=system.desktop.browser_phones),
        phone_networks=tuple(system.phones.addresses),
        trunks=assemble_outside.trunks(trunks),
        features=FeatureCodes(**system.features.model_dump()),
        reason_keys={r.key: code for code, r in system.not_ready_reasons.items() if r.key is not None},
        customers_file=files.customers_file,
        flows_dir=files.flows_dir,
        dialing=assemble_outside.dialing(files, flow_set.calendars),
        group_hours={g: group.hours for g, group in groups.groups.items() if group.hours is not None},
        line_announcements={g: group.announcements for g, group in groups.groups.items()},
        resume_within_s=system.routing.resume_within_s,
        teams={agent_id: agent.team for agent_id, agent in agents.agents.items() if agent.team},
        team_names=_team_names(agents),
        planned_hours={agent_id: agent.hours for agent_id, agent in agents.agents.items() if agent.hours},
        callback_windows=callback_windows(groups, flow_set.calendars, ZoneInfo(system.system.timezone)),
        do_not_call=files.do_not_call,
        redis=None if system.redis is None else RedisSettings(**system.redis.model_dump()),
        customers=assemble_customers(
            files.customer_settings.content if files.customer_settings is not None else None, system
        ),
        journal=JournalSettings(**system.journal.model_dump()),
        queue_log=QueueLogSettings(**system.queue_log.model_dump()),
        dispositions=assemble_dispositions.dispositions(groups),
        greetings=assemble_dispositions.greetings(groups),
        desktop=_desktop(system.desktop),
        sign_in=system.sign_in.settings(),
        recorded={g: RecordRule(group.record) for g, group in groups.groups.items()},
        recording=_recording(system.recordings),
        caller_limits=_caller_limits(system.caller_limits),
        webhooks_to_private=system.webhooks.allow_private,
        retention=assemble_retention(files.retention.content if files.retention is not None else None),
        reports=assemble_reports(files.reports.content if files.reports is not None else None),
    )


def _team_names(file: AgentsFile) -> dict[str, dict[str, str]]:
    """Those that are listed, in their order; where none are, each is called what agents have it called."""
    if file.teams:
        return {
            team: {"en": entry.name} if isinstance(entry.name, str) else entry.name
            for team, entry in file.teams.items()
        }
    return {team: {"en": team} for team in sorted({a.team for a in file.agents.values() if a.team})}


def _phones(file: AgentsFile, encryption: str, *, browser: bool) -> dict[str, PhoneSpec]:
    """Those of the agents, then the others, then the agents' in the `browser`, if they have such."""
    agents = file.agents.values()

    def desk_phone(phone: str, name: str, own: str | None) -> PhoneSpec:
        return PhoneSpec(phone, name, encryption=Encryption(own or encryption))

    own = {a.extension: desk_phone(a.extension, a.name, a.encryption) for a in agents}
    others = {phone: desk_phone(phone, entry.name, entry.encryption) for phone, entry in file.phones.items()}
    ids = {BROWSER_PREFIX + agent.extension: agent.name for agent in agents if browser}
    return own | others | {phone: PhoneSpec(phone, name, browser=True) for phone, name in ids.items()}


def _desktop(section: DesktopSection) -> DesktopSettings:
    servers = (IceServer(tuple(each.urls), each.username, each.credential) for each in section.ice_servers)
    return DesktopSettings(section.browser_phones, section.browser_silent_s, tuple(servers))


def _caller_limits(section: CallerLimitsSection) -> CallerLimits:
    return CallerLimits(**{**section.model_dump(), "exempt": tuple(section.exempt)})


def _recording(section: RecordingsSection) -> RecordingSettings:
    return RecordingSettings(
        RecordChannels(section.channels),
        RecordFormat(section.format),
        section.agents_hear_own,
        S3Settings(**section.s3.model_dump()) if section.s3 is not None else None,
    )


def _system(file: SystemFile) -> SystemSettings:
    section = file.system
    return SystemSettings(
        name=section.name,
        timezone=section.timezone,
        language=section.language,
        country=section.country,
        service_level_formula=ServiceLevelFormula(section.service_level_formula),
        lease_s=section.lease_s,
        fallback_after_s=section.fallback_after_s,
        fallback_others_after_s=section.fallback_others_after_s,
        call_id_header=section.call_id_header,
        text_to_speech=section.voices(),
        transfer_fallback_group=section.transfer_fallback_group,
        sip_addresses=section.sip_addresses,
    )


def plan_of(
    system: SystemFile, agents: AgentsFile, groups: GroupsFile, dialing: DialingFile | None = None
) -> Plan:
    """What the engine is told, of files without faults."""
    return Plan(
        agents={
            agent_id: AgentProfile(
                agent_id,
                agent.name,
                agent.extension,
                dict(agent.skills),
                agent.weight,
                assemble_work.limits(agent.limits, agents.limits),
            )
            for agent_id, agent in agents.agents.items()
        },
        groups={group_id: group_policy(group_id, group, groups) for group_id, group in groups.groups.items()},
        reasons=assemble_work.reasons(system),
        direct_ring_timeout_s=system.system.direct_ring_timeout_s,
        unreachable_after_s=system.system.unreachable_after_s,
        missed_rings=assemble_work.missed_rings(system),
        ageing=system.routing.ageing,
        seed=system.routing.seed,
        outside_ring_timeout_s=dialing.ring_timeout_s if dialing is not None else 60.0,
        desktop_grace_s=system.desktop.grace_s,
        removed={group: Heir(entry.to, entry.to_flow) for group, entry in groups.removed.items()},
    )
