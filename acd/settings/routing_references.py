"""Names in the routing of groups: skills, groups, announcements; are they defined?"""

from __future__ import annotations

from collections.abc import Collection

from acd.core.requirement import Requirement
from acd.settings.document import Document
from acd.settings.files import Files
from acd.settings.outside import DialRole
from acd.settings.problems import Place
from acd.settings.schema.groups import GroupEntry, GroupsFile
from acd.settings.schema.routing import ToFlow, ToNumber


def check_routing(files: Files, group_id: str, group: GroupEntry, groups: GroupsFile) -> None:
    """Every name of one group's rules."""
    document, skills = files.groups.document, files.agents.document.names("skills")
    here: Place = ("groups", group_id)
    calendars = () if files.calendars is None else files.calendars.document.names("calendars")
    if group.hours is not None and calendars is not None and group.hours not in calendars:
        document.report_undefined((*here, "hours"), "calendar", group.hours, calendars)
    _skills(document, (*here, "requires"), group.requires, skills)
    for index, ring in enumerate(group.rings):
        place = (*here, "rings", index)
        _skills(document, (*place, "requires"), ring.requires, skills)
        for number, other in enumerate(ring.add_groups):
            _group(document, (*place, "add_groups", number), other, groups)
    for index, step in enumerate(group.policy):
        for number, operation in enumerate(step.do):
            place = (*here, "policy", index, "do", number)
            _skills(document, (*place, "requires"), operation.requires, skills)
            if operation.group is not None:
                _group(document, (*place, "group"), operation.group, groups)
            if operation.announce is not None and operation.announce not in group.announcements:
                known = group.announcements
                what = "announcement of this group"
                document.report_undefined((*place, "announce"), what, operation.announce, known)
            _check_leave(files, (*place, "leave"), operation.leave)
            if operation.ring is not None and operation.ring > len(group.rings):
                document.report((*place, "ring"), f"this group has {len(group.rings)} rings beside the first")


def _skills(
    document: Document, place: Place, requirement: Requirement | None, skills: Collection[str] | None
) -> None:
    if requirement is None or skills is None:
        return
    for skill in sorted(requirement.skills):
        if skill not in skills:
            exact = (*place, skill)
            document.report_undefined(exact if exact in document.lines else place, "skill", skill, skills)


def _group(document: Document, place: Place, name: str, groups: GroupsFile) -> None:
    if name not in groups.groups:
        document.report_undefined(place, "group", name, groups.groups)


def _check_leave(files: Files, place: Place, way: object) -> None:
    document = files.groups.document
    match way:
        case ToFlow(flow=flow) if flow not in files.flows:
            document.report_undefined((*place, "flow"), "flow", flow, files.flows)
        case ToNumber(number=number):
            fault = _undialled(files, number)
            if fault is not None:
                document.report((*place, "number"), fault)


def _undialled(files: Files, number: str) -> str | None:
    """Why flows cannot dial the number, if they cannot; faults of dialing.yml are told there."""
    if files.dialing is None:
        return "flows dial nobody outside: there is no config/dialing.yml"
    dialing = files.dialing.content
    if dialing is None:
        return None
    role = dialing.roles.get(dialing.flow_role or "")
    if dialing.flow_role is None:
        return "flows dial nobody outside: config/dialing.yml has no `flow_role`"
    if role is not None and not DialRole("", tuple(role.allow), tuple(role.deny), ()).allows(number):
        return f"the role '{dialing.flow_role}' of flows in config/dialing.yml does not allow {number}"
    return None
