"""The members of queues, and the agents that they become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.importing.conf import Entry, Section
from acd.importing.names import new_id, safe_name
from acd.importing.notes import Kind, Notes, Source

FIRST_EXTENSION = 1001
MOST_MEMBERS = 5000
"""Of one queue, and of all together."""
_NO = frozenset({"no", "false", "0", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class Member:
    """One line `member => …`. `number`: the digits of its phone, '' for none."""

    interface: str
    penalty: int
    name: str
    number: str
    entry: Entry


@dataclass(slots=True)
class Agents:
    """Agents by id, as agents.yml has them; who already is there is found again by phone or name.

    `begin` are those of a file that was given.
    """

    notes: Notes
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    _by_interface: dict[str, str] = field(default_factory=dict)

    def of(self, member: Member) -> str:
        """The agent's id; a new agent where none is known."""
        if member.interface not in self._by_interface:
            self._by_interface[member.interface] = self._known(member) or self._new(member)
        return self._by_interface[member.interface]

    def _known(self, member: Member) -> str | None:
        resource = member.interface.partition("/")[2].partition("@")[0]
        for agent_id, agent in self.agents.items():
            if member.number and agent["extension"] == member.number:
                return agent_id
            if agent_id == resource.lower() or (member.name and agent["name"] == member.name):
                return agent_id
        return None

    def _new(self, member: Member) -> str:
        resource = member.interface.partition("/")[2].partition("@")[0]
        said = member.name or self.names.get(member.number or resource, "")
        agent_id = new_id(said or resource or member.interface, self.agents, "agent")
        extension = member.number
        if not extension:
            extension = self._free_extension()
            text = f"{member.interface} names no number of 2 to 15 digits:"
            text += f" agent {agent_id} got the extension {extension}"
            self.notes.add(member.entry.source, Kind.CHANGED, "member", text)
        if said and said != safe_name(said, agent_id):
            text = "its name has characters that telephony gives a meaning: they are left out"
            self.notes.add(member.entry.source, Kind.CHANGED, "member", text)
        name = safe_name(said, agent_id)
        self.agents[agent_id] = {"name": name, "extension": extension, "skills": {}}
        return agent_id

    def _free_extension(self) -> str:
        taken = {agent["extension"] for agent in self.agents.values()}
        number = FIRST_EXTENSION
        while str(number) in taken:
            number += 1
        return str(number)


def members_of(queue: Section, notes: Notes) -> list[Member]:
    """In the order of the file; a phone that is named twice counts once, with its last penalty."""
    found: dict[str, Member] = {}
    for entry in queue.all("member"):
        member = _member(entry, notes)
        if member is None:
            continue
        if member.interface in found:
            text = f"{member.interface} is named twice in [{queue.name}]; the last one counts"
            notes.add(entry.source, Kind.CHANGED, "member", text)
        found[member.interface] = member
        if len(found) >= MOST_MEMBERS:
            notes.add(entry.source, Kind.ERROR, "member", f"too many members: the limit is {MOST_MEMBERS}")
            break
    return list(found.values())


def _member(entry: Entry, notes: Notes) -> Member | None:
    fields = [text.strip().strip('"') for text in entry.value.split(",")]
    fields += [""] * (7 - len(fields))
    interface, penalty, name, state_interface, ring_in_use, wrap_up, paused = fields[:7]
    if not interface or "/" not in interface:
        notes.add(
            entry.source, Kind.LEFT_OUT, "member", f"expected a phone such as PJSIP/1001, found '{interface}'"
        )
        return None
    _unused(entry.source, notes, state_interface, ring_in_use, wrap_up, paused)
    number = _number(interface) or _number(state_interface)
    return Member(interface, _penalty(entry.source, penalty, notes), name, number, entry)


def _penalty(source: Source, text: str, notes: Notes) -> int:
    if not text:
        return 0
    if re.fullmatch(r"-?\d{1,9}", text):
        if int(text) >= 0:
            return int(text)
        notes.add(
            source,
            Kind.CHANGED,
            "member",
            "a negative penalty counts as 0; to leave the member out, delete the skill",
        )
    else:
        notes.add(
            source, Kind.CHANGED, "member", f"the penalty '{text[:40]}' is no whole number: it counts as 0"
        )
    return 0


def _unused(source: Source, notes: Notes, state: str, ring_in_use: str, wrap_up: str, paused: str) -> None:
    if state:
        text = "the state of the phone itself is used, whichever device that is"
        notes.add(source, Kind.LEFT_OUT, "member, state interface", text)
    if ring_in_use and ring_in_use.lower() not in _NO:
        text = "an agent who has a call is never rung for another"
        notes.add(source, Kind.LEFT_OUT, "member, ringinuse", text)
    if wrap_up:
        text = "wrap-up is a rule of the group, not of one agent in it: see `wrap_up` in groups.yml"
        notes.add(source, Kind.LEFT_OUT, "member, wrapuptime", text)
    if paused and paused.lower() not in _NO:
        text = "agents begin logged out; each says when ready"
        notes.add(source, Kind.LEFT_OUT, "member, paused", text)


def _number(interface: str) -> str:
    """`PJSIP/1001`, `Local/1001@agents`, `Agent:1001` → 1001; a number of 2 to 15 digits."""
    match = re.fullmatch(r"[A-Za-z0-9]+[/:](?:[A-Za-z_-]*/)?(\d{2,15})(?:@[^/]*)?(?:/n)?", interface)
    return match[1] if match is not None else ""
