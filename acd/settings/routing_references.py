"""Names in the routing of groups: skills, groups, announcements; are they defined?"""

from __future__ import annotations

from collections.abc import Collection

from acd.core.requirement import Requirement
from acd.settings.document import Document
from acd.settings.problems import Place
from acd.settings.schema.groups import GroupEntry, GroupsFile


def check_routing(
    group_id: str, group: GroupEntry, groups: GroupsFile, document: Document, skills: Collection[str] | None
) -> None:
    """Every name of one group's rules; `skills` None: the agents' file cannot be read."""
    here: Place = ("groups", group_id)
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
