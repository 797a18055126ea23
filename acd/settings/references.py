"""What no single entry can tell: names that refer to nothing, and entries that are at odds."""

from __future__ import annotations

from acd.core.requirement import Requirement
from acd.settings.callback_references import check_callbacks
from acd.settings.customer_settings import ANY_GROUP
from acd.settings.document import Document
from acd.settings.files import Files
from acd.settings.music import music_classes
from acd.settings.outside_references import check_outside
from acd.settings.problems import Place, undefined
from acd.settings.routing_references import check_routing
from acd.settings.schema.groups import GroupsFile
from acd.settings.work_references import check_work


def check_references(files: Files) -> None:
    """Notes every problem in the document where it has to be mended.

    A reference into a file that could not be read is left alone: that file is the problem.
    """
    _check_agents(files)
    _check_groups(files)
    check_work(files)
    check_callbacks(files)
    check_outside(files)
    _check_system(files)
    _check_customers(files)
    _check_greetings(files)


def _check_agents(files: Files) -> None:
    content, document = files.agents.content, files.agents.document
    if content is None:
        return
    skills = document.names("skills")
    teams = document.names("teams") or ()
    calendars = () if files.calendars is None else files.calendars.document.names("calendars")
    for agent_id, agent in content.agents.items():
        place: Place = ("agents", agent_id)
        if agent.hours is not None and calendars is not None and agent.hours not in calendars:
            document.report_undefined((*place, "hours"), "calendar", agent.hours, calendars)
        if content.teams and agent.team is not None and agent.team not in teams:
            document.report_undefined((*place, "team"), "team", agent.team, teams)
        for skill in agent.skills:
            if skills is not None and skill not in skills:
                document.report_undefined((*place, "skills", skill), "skill", skill, skills)


def _check_groups(files: Files) -> None:
    content, document = files.groups.content, files.groups.document
    if content is None:
        return
    classes = music_classes(files.flows_dir)
    for group_id, group in content.groups.items():
        if group.music not in classes:
            document.report_undefined(("groups", group_id, "music"), "music class", group.music, classes)
        check_routing(files, group_id, group, content)
    _check_removed(files, content, document)
    # After another mistake in these files, "nobody" would only be its echo.
    if files.agents.content is None or document.problems or files.agents.document.problems:
        return
    for group_id, group in content.groups.items():
        if not any(group.requires.admits(agent.skills) for agent in files.agents.content.agents.values()):
            message = f"no agent can serve this group: nobody has {group.requires}"
            document.report(("groups", group_id), message)


def _check_removed(files: Files, content: GroupsFile, document: Document) -> None:
    for group_id, entry in content.removed.items():
        place: Place = ("removed", group_id)
        if group_id in content.groups:
            document.report(place, f"there is a group '{group_id}' above: it cannot be removed, too")
        if entry.to is not None and entry.to not in content.groups:
            document.report_undefined((*place, "to"), "group", entry.to, content.groups)
        if entry.to_flow is not None and files.flows_dir.is_dir() and entry.to_flow not in files.flows:
            document.report_undefined((*place, "to_flow"), "flow", entry.to_flow, files.flows)


def _check_system(files: Files) -> None:
    content, document = files.system.content, files.system.document
    if content is None:
        return
    group = content.system.transfer_fallback_group
    groups = files.groups.document.names("groups")
    if group is not None and groups is not None and group not in groups:
        document.report_undefined(("system", "transfer_fallback_group"), "group", group, groups)
    default = content.routing.default_group
    if default is not None and groups is not None and default not in groups:
        document.report_undefined(("routing", "default_group"), "group", default, groups)
    _check_teams_of_groups(files)
    _check_features(files)


def _check_teams_of_groups(files: Files) -> None:
    """Teams that groups of the identity provider have."""
    content, document = files.system.content, files.system.document
    assert content is not None
    agents, teams = files.agents.content, files.agents.document.names("teams") or ()
    if content.sign_in.oidc is None or agents is None:
        return
    known = teams if agents.teams else {agent.team for agent in agents.agents.values() if agent.team}
    for index, entry in enumerate(content.sign_in.oidc.groups):
        for team in entry.teams or ():
            if team not in known:
                place = ("sign_in", "oidc", "groups", index, "teams")
                document.report_undefined(place, "team", team, known)


def _check_features(files: Files) -> None:
    """No code may be the beginning of another: the shorter one could not be told apart."""
    content, document = files.system.content, files.system.document
    assert content is not None
    codes = list(content.features.model_dump().items())
    for index, pair in enumerate(codes):
        for other in codes[:index]:
            if not pair[1].startswith(other[1]) and not other[1].startswith(pair[1]):
                continue
            # One of the two may be a default; the mistake is in the one that is written.
            is_written = ("features", pair[0]) in document.lines
            (name, code), (other_name, other_code) = (pair, other) if is_written else (other, pair)
            message = f"'{code}' cannot be told apart from '{other_code}' of {other_name}"
            document.report(("features", name), message)
            break


def _check_customers(files: Files) -> None:
    """Skills that customers need: defined, and had by somebody."""
    skills = files.agents.document.names("skills")
    if files.customers is None or skills is None:
        return
    for text, line in files.customer_requirements.items():
        wanted = Requirement.kept(text)
        for skill in sorted(wanted.skills - skills):
            message = undefined("skill", skill, skills, " in config/agents.yml")
            files.customers.report_line(line, message, ("requires",))
        if files.agents.content is None or files.agents.document.problems or wanted.skills - skills:
            continue
        if not any(wanted.admits(agent.skills) for agent in files.agents.content.agents.values()):
            files.customers.report_line(line, f"no agent has {text}", ("requires",))


def _check_greetings(files: Files) -> None:
    read, groups = files.customer_settings, files.groups.document.names("groups")
    if read is None or read.content is None or groups is None:
        return
    for group in read.content.greetings:
        if group != ANY_GROUP and group not in groups:
            read.document.report_undefined(("greetings", group), "group", group, groups)
