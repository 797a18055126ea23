"""Builds the Centre from files that were found to be without fault."""

from __future__ import annotations

from acd.core.plan import AgentProfile, GroupPolicy, Plan, Requirement
from acd.core.service_level import ServiceLevelFormula
from acd.ivr.flow import FlowSet
from acd.settings.files import Files
from acd.settings.model import (
    Centre,
    FeatureCodes,
    NumberRoute,
    PhoneSpec,
    RedisSettings,
    SystemSettings,
    TrunkSpec,
)
from acd.settings.schema.agents import AgentsFile
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.numbers import NumbersFile
from acd.settings.schema.system import SystemFile
from acd.settings.schema.trunks import TrunksFile


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
        plan=_plan(system, agents, groups),
        flow_set=flow_set,
        numbers=_numbers(numbers),
        phones={agent.extension: PhoneSpec(agent.extension, agent.name) for agent in agents.agents.values()},
        trunks=_trunks(trunks),
        features=FeatureCodes(**system.features.model_dump()),
        reason_keys={r.key: code for code, r in system.not_ready_reasons.items() if r.key is not None},
        customers_file=files.customers_file,
        flows_dir=files.flows_dir,
        redis=None if system.redis is None else RedisSettings(**system.redis.model_dump()),
    )


def _system(file: SystemFile) -> SystemSettings:
    section = file.system
    return SystemSettings(
        name=section.name,
        timezone=section.timezone,
        language=section.language,
        service_level_formula=ServiceLevelFormula(section.service_level_formula),
        lease_s=section.lease_s,
        fallback_after_s=section.fallback_after_s,
        call_id_header=section.call_id_header,
        text_to_speech=section.voices(),
        transfer_fallback_group=section.transfer_fallback_group,
        sip_addresses=section.sip_addresses,
    )


def _plan(system: SystemFile, agents: AgentsFile, groups: GroupsFile) -> Plan:
    return Plan(
        agents={
            agent_id: AgentProfile(agent_id, agent.name, agent.extension, dict(agent.skills))
            for agent_id, agent in agents.agents.items()
        },
        groups={
            group_id: GroupPolicy(
                id=group_id,
                requirement=Requirement(dict(group.requires)),
                **group.model_dump(exclude={"requires"}),
            )
            for group_id, group in groups.groups.items()
        },
        reasons={code: reason.label for code, reason in system.not_ready_reasons.items()},
        direct_ring_timeout_s=system.system.direct_ring_timeout_s,
        unreachable_after_s=system.system.unreachable_after_s,
        busy_retry_s=system.system.busy_retry_s,
    )


def _numbers(file: NumbersFile) -> dict[str, NumberRoute]:
    return {
        number: NumberRoute(number, entry.flow, entry.group, entry.priority)
        for number, entry in file.numbers.items()
    }


def _trunks(file: TrunksFile) -> dict[str, TrunkSpec]:
    return {
        trunk_id: TrunkSpec(
            id=trunk_id,
            addresses=tuple(trunk.addresses),
            codecs=tuple(trunk.codecs),
            auth=trunk.authentication != "none",
        )
        for trunk_id, trunk in file.trunks.items()
    }
