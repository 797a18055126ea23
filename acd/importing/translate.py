"""Queues of app_queue as skill groups of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acd.core.pools import AgentChoice
from acd.importing.advice import advice, news_step
from acd.importing.conf import Entry, Section
from acd.importing.members import MOST_MEMBERS, Agents, Member, members_of
from acd.importing.names import new_id, safe_name
from acd.importing.notes import Kind, Notes
from acd.importing.penalties import BEST, Ladder, ladder
from acd.settings.problems import did_you_mean

DEFAULT_STRATEGY = "ringall"
_YES = frozenset({"yes", "true", "1", "on", "y", "t"})
_STRATEGIES: Mapping[str, tuple[AgentChoice, str]] = {
    "ringall": (AgentChoice.LONGEST_IDLE, "one phone is rung at a time, that of the agent idle longest"),
    "leastrecent": (AgentChoice.LONGEST_IDLE, ""),
    "fewestcalls": (AgentChoice.FEWEST_CALLS, "calls are counted since log-in, over all groups"),
    "random": (AgentChoice.WEIGHTED_RANDOM, ""),
    "wrandom": (AgentChoice.WEIGHTED_RANDOM, ""),
    "rrmemory": (
        AgentChoice.ROUND_ROBIN,
        "the turn goes by who was offered a call longest ago, over all groups",
    ),
    "rrordered": (
        AgentChoice.ROUND_ROBIN,
        "the turn goes by who was offered a call longest ago, over all groups",
    ),
    "linear": (AgentChoice.MOST_SKILLED, "the order is kept as proficiency, the first has the best"),
}
_NEWS = (
    "announce-frequency", "announce-position", "announce-holdtime", "periodic-announce",
    "periodic-announce-frequency",
)  # fmt: skip
_TAKEN_OVER = frozenset(
    {"strategy", "timeout", "wrapuptime", "servicelevel", "musicclass", "music", "weight", "maxlen",
     "member", "defaultrule", "autopause", "autopausebusy", "autopauseunavail", *_NEWS}
)  # fmt: skip


@dataclass(slots=True)
class Imported:
    """What groups.yml, agents.yml and system.yml are to hold; `comments` by group."""

    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    skills: dict[str, str] = field(default_factory=dict)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    missed_rings: dict[str, dict[str, int]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)


def translate(
    queues: Mapping[str, Section], rules: Mapping[str, Section], agents: Agents, notes: Notes
) -> Imported:
    """Every section but [general] and templates is a queue."""
    found = Imported(agents=agents.agents)
    wanted = [queue for queue in queues.values() if queue.name != "general" and not queue.is_template]
    general = queues.get("general")
    if general is not None:
        _say_what_is_left_out(general, notes)
    drawn: dict[str, set[int]] = {}
    for queue in wanted:
        _group(found, queue, rules, agents, drawn, notes)
    for agent_id, penalties in drawn.items():
        _weigh(found.agents[agent_id], penalties)
    found.missed_rings = _missed_rings(wanted, notes)
    return found


def _group(
    found: Imported,
    queue: Section,
    rules: Mapping[str, Section],
    agents: Agents,
    drawn: dict[str, set[int]],
    notes: Notes,
) -> None:
    group_id = new_id(queue.name, found.groups, "queue")
    strategy = _strategy(queue, notes)
    members = members_of(queue, notes)
    if not members:
        text = "has no members here; those who were added while it ran need the skill in agents.yml"
        notes.add(queue.source, Kind.CHANGED, f"[{queue.name}]", text)
    steps = _ladder(group_id, strategy, members, _rule(queue, rules, notes), notes)
    for place, member in enumerate(members):
        agent_id = agents.of(member)
        if len(found.agents) > MOST_MEMBERS:
            text = f"too many members in all: the limit is {MOST_MEMBERS}"
            notes.add(member.entry.source, Kind.ERROR, f"[{queue.name}]", text)
            return
        if strategy == "wrandom":
            drawn.setdefault(agent_id, set()).add(member.penalty)
        level = _level(strategy, steps, place, member, members)
        if level is not None:
            found.agents[agent_id]["skills"][group_id] = level
    entry: dict[str, Any] = {
        "name": safe_name(queue.name, group_id),
        "requires": {group_id: steps.least},
        "choose": _STRATEGIES[strategy][0].value,
        **_figures(queue, notes),
    }
    if steps.rings:
        entry["rings"] = steps.rings
    found.groups[group_id] = entry
    found.skills[group_id] = f"Member of the queue {safe_name(queue.name, group_id)}"[:80]
    found.comments[group_id] = f"{queue.source.file}:{queue.source.line}, strategy {strategy}"
    _say_what_callers_hear(queue, notes)
    _say_what_is_left_out(queue, notes)


# --- agents and their order ---------------------------------------------------------------------
def _strategy(queue: Section, notes: Notes) -> str:
    entry = queue.last("strategy")
    name = DEFAULT_STRATEGY if entry is None else entry.value.lower()
    source = queue.source if entry is None else entry.source
    if name not in _STRATEGIES:
        text = f"there is no such strategy{did_you_mean(name, _STRATEGIES, separator=';')} ringall is taken"
        notes.add(source, Kind.CHANGED, f"strategy = {name}", text)
        name = DEFAULT_STRATEGY
    choice, differs = _STRATEGIES[name]
    if differs:
        notes.add(source, Kind.CHANGED, f"strategy = {name}", f"`choose: {choice.value}`; {differs}")
    return name


def _ladder(
    skill: str, strategy: str, members: Sequence[Member], rule: Section | None, notes: Notes
) -> Ladder:
    if strategy not in ("linear", "wrandom"):
        found = ladder(skill, members, rule, notes)
        if found.rings and rule is None:
            text = "a ring opens a second after the one inside it, where app_queue goes on at once"
            notes.add(members[0].entry.source, Kind.CHANGED, "penalties", text)
        return found
    if rule is not None:
        text = f"with the strategy {strategy} the rule is left out: write `rings` in groups.yml"
        notes.add(rule.source, Kind.LEFT_OUT, f"[{rule.name}]", text)
    if strategy == "linear" and len(members) > BEST:
        text = f"there are {BEST} proficiencies: from the {BEST}th member on all are equal"
        notes.add(members[BEST].entry.source, Kind.CHANGED, "strategy = linear", text)
    return Ladder({}, 1, [])


def _level(strategy: str, steps: Ladder, place: int, member: Member, members: Sequence[Member]) -> int | None:
    if strategy == "wrandom":
        return BEST
    if strategy == "linear":
        before = sum((m.penalty, n) < (member.penalty, place) for n, m in enumerate(members))
        return max(1, BEST - before)
    return steps.levels.get(member.penalty)


def _weigh(agent: dict[str, Any], penalties: set[int]) -> None:
    """Of an agent in queues that draw by penalty: half the chance for a penalty of 1, a third for 2."""
    weight = round(1 / (1 + min(*penalties, 99)), 2)
    if weight != 1:
        agent["weight"] = weight


def _rule(queue: Section, rules: Mapping[str, Section], notes: Notes) -> Section | None:
    entry = queue.last("defaultrule")
    if entry is None or not entry.value:
        return None
    if entry.value not in rules:
        text = f"there is no rule [{entry.value[:60]}]; give the file of rules with --rules"
        notes.add(entry.source, Kind.LEFT_OUT, "defaultrule", text)
    return rules.get(entry.value)


# --- figures ------------------------------------------------------------------------------------
def _figures(queue: Section, notes: Notes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    timeout = _number(queue, "timeout", notes)
    if timeout is not None:
        found["ring_timeout_s"] = min(timeout or 600, 600)
        if timeout == 0 or timeout > 600:
            _changed(queue, "timeout", "a phone rings for 600 s at most", notes)
    found["wrap_up_s"] = min(_number(queue, "wrapuptime", notes) or 0, 3600)
    level = _number(queue, "servicelevel", notes)
    if level:
        found["service_level_s"] = min(level, 3600)
    longest = _number(queue, "maxlen", notes)
    if longest:
        found["max_waiting"] = min(longest, 100_000)
        _changed(
            queue,
            "maxlen",
            "`max_waiting`: `full: STEP` in the flow's step `queue` says where the next one goes",
            notes,
        )
    weight = _number(queue, "weight", notes)
    if weight:
        found["weight"] = float(min(1 + weight, 1000))
        text = (
            "`weight` says how fast urgency grows, so that nobody waits for ever; where these calls are"
            " always to go first, give them a priority (numbers.yml, or the step `queue`)"
        )
        _changed(queue, "weight", text, notes)
    music = queue.last("musicclass") or queue.last("music")
    if music is not None and music.value not in ("", "default"):
        text = "put its sounds into ivr_flows/music/NAME, then write `music: NAME` in groups.yml"
        notes.add(music.source, Kind.LEFT_OUT, f"{music.key} = {music.value}", text)
    return found


def _changed(queue: Section, key: str, text: str, notes: Notes) -> None:
    entry = queue.last(key)
    assert entry is not None, key
    notes.add(entry.source, Kind.CHANGED, f"{key} = {entry.value}", text)


def _number(queue: Section, key: str, notes: Notes) -> int | None:
    """None where it is not said, or is no number."""
    entry = queue.last(key)
    if entry is None:
        return None
    if not re.fullmatch(r"\d{1,9}", entry.value):
        notes.add(
            entry.source,
            Kind.LEFT_OUT,
            f"{key} = {entry.value}",
            "expected a whole number: the default is taken",
        )
        return None
    return int(entry.value)


_PAUSES: Mapping[str, Sequence[str]] = {
    "autopause": ("no_answer",),
    "autopausebusy": ("busy",),
    "autopauseunavail": ("unreachable", "unavailable"),
}


def _missed_rings(queues: Sequence[Section], notes: Notes) -> dict[str, dict[str, int]]:
    """One rule for the centre, as most queues have it; those that say otherwise are told."""
    found: dict[str, dict[str, int]] = {}
    for option, causes in _PAUSES.items():
        said = [entry for queue in queues if (entry := queue.last(option)) is not None]
        if not said and option != "autopause":
            continue
        on = [entry for entry in said if entry.value.lower() in _YES | {"all"}]
        pauses = len(on) * 2 > len(queues)
        for entry in said:
            if (entry in on) != pauses:
                state = "not ready" if pauses else "as ready as before"
                text = f"one rule for all groups: as in most queues, who misses a call is {state}"
                notes.add(entry.source, Kind.CHANGED, f"{option} = {entry.value}", text)
        found |= {cause: {"not_ready_after": int(pauses)} for cause in causes}
    return found if queues else {}


# --- what is said, and what is left out -----------------------------------------------------------
def _say_what_callers_hear(queue: Section, notes: Notes) -> None:
    said = [entry for key in _NEWS if (entry := queue.last(key)) is not None]
    if not said:
        return
    values = {entry.key: entry.value for entry in said}
    every_s = _seconds(values, "announce-frequency") or _seconds(values, "periodic-announce-frequency") or 60
    position = values.get("announce-position", "yes").lower() != "no"
    first_s = queue.last("periodic-announce-startdelay")
    step = news_step(
        every_s,
        None if first_s is None or not first_s.value.isdecimal() else min(max(int(first_s.value), 1), 600),
        position=position and _seconds(values, "announce-frequency") > 0,
        expected_wait=values.get("announce-holdtime", "no").lower() in _YES | {"once"},
        comfort="[{play: FILE}]" if values.get("periodic-announce") else "",
    )
    for entry in said:
        notes.add(entry.source, Kind.LEFT_OUT, f"{entry.key} = {entry.value}", step)


def _seconds(values: Mapping[str, str], key: str) -> int:
    text = values.get(key, "")
    return int(text) if re.fullmatch(r"\d{1,6}", text) else 0


def _say_what_is_left_out(section: Section, notes: Notes) -> None:
    for entry in section.entries:
        if entry.key not in _TAKEN_OVER or section.name == "general":
            notes.add(entry.source, Kind.LEFT_OUT, f"{entry.key} = {entry.value}", _left_out(entry))


def _left_out(entry: Entry) -> str:
    text = advice(entry.key)
    if text is not None:
        return text
    known = (
        *_TAKEN_OVER,
        "joinempty",
        "leavewhenempty",
        "retry",
        "ringinuse",
        "memberdelay",
        "reportholdtime",
    )
    return "app_queue has no such option" + did_you_mean(entry.key, known, separator=";")
