"""What came of a test case, held against what was expected; and what the cases have covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from acd.core.requirement import Requirement
from acd.ivr.cases import Expected
from acd.ivr.flow import FlowSet, targets
from acd.ivr.talk import StepTaken
from acd.ivr.trial import Ending
from acd.ivr.values import Value, as_text


def differences(expected: Expected, ending: Ending) -> list[str]:
    """What is not as expected, each in a sentence with both sides."""
    found = [*_heard(expected, ending), *_steps(expected, ending)]
    if expected.ends is not None and not _ends(expected.ends, ending):
        reason = f": {ending.reason}" if ending.reason else ""
        where = "/".join(ending.last_step)
        found.append(f"ends: expected '{expected.ends}', got '{ending.end}' at {where}{reason}")
    if expected.language is not None and expected.language != ending.language:
        found.append(f"language: expected '{expected.language}', got '{ending.language}'")
    if expected.priority is not None and expected.priority != ending.priority:
        found.append(f"priority: expected {expected.priority}, got {ending.priority}")
    found += _wanted(expected, ending)
    for name, value in expected.variables.items():
        if name not in ending.variables:
            found.append(f"variable {name}: expected {_shown(value)}, but it was never set")
        elif not _same(value, ending.variables[name]):
            found.append(f"variable {name}: expected {_shown(value)}, got {_shown(ending.variables[name])}")
    for question, score in expected.scores.items():
        if ending.scores.get(question) != score:
            found.append(f"score {question}: expected {score}, got {ending.scores.get(question)}")
    return found


def _wanted(expected: Expected, ending: Ending) -> list[str]:
    """What was asked for in the last line: skills, and an agent."""
    found: list[str] = []
    if expected.requires is not None and not _asked(expected.requires, ending.requirement):
        got = "no line" if ending.requirement is None else f"'{ending.requirement}'"
        found.append(f"requires: expected '{expected.requires}', got {got}")
    if expected.prefer and ending.prefer not in expected.prefer:
        got = "no line" if ending.prefer is None else _agent(ending.prefer)
        found.append(f"prefer: expected {_agent(expected.prefer[0])}, got {got}")
    return found


def _asked(expected: Requirement, got: Requirement | None) -> bool:
    """Blanks do not matter."""
    return got is not None and expected.text.replace(" ", "") == got.text.replace(" ", "")


def _agent(name: str) -> str:
    return f"'{name}'" if name else "nobody"


def _shown(value: Value) -> str:
    """As it would be written in YAML: 5 is not '5'."""
    return f"'{value}'" if isinstance(value, str) else as_text(value) or "none"


def _same(expected: Value, got: Value) -> bool:
    """True is not 1 here, but 1 is 1.0."""
    return expected == got and isinstance(expected, bool) == isinstance(got, bool)


def _ends(expected: str, ending: Ending) -> bool:
    return expected == ending.end or (ending.end != "error" and expected in ending.reached)


def _heard(expected: Expected, ending: Ending) -> list[str]:
    """Each part is looked for after the one before."""
    found: list[str] = []
    position = (0, 0)
    for part in expected.heard:
        place = _find(part, ending.heard, position)
        if place is None:
            where = _find(part, ending.heard, (0, 0))
            why = "comes earlier" if where is not None else "was not heard"
            found.append(f"heard: {part!r} {why}; heard was:\n{_listed(ending.heard)}")
            break
        position = place
    found += [
        f"not_heard: {part!r} was heard in {text!r}"
        for part in expected.not_heard
        for text in ending.heard
        if part in text
    ]
    return found


def _find(part: str, heard: Sequence[str], start: tuple[int, int]) -> tuple[int, int] | None:
    for index in range(start[0], len(heard)):
        at = heard[index].find(part, start[1] if index == start[0] else 0)
        if at >= 0:
            return index, at + len(part)
    return None


def _listed(heard: Sequence[str]) -> str:
    return "\n".join(f"  {number}. {text}" for number, text in enumerate(heard, 1)) or "  nothing"


def _steps(expected: Expected, ending: Ending) -> list[str]:
    passed = iter([*(_name(taken) for taken in ending.trace), "/".join(ending.last_step)])
    for step in expected.steps:
        if not any(step in (name, name.partition("/")[2]) for name in passed):
            way = " → ".join([*(taken.step for taken in ending.trace), ending.last_step[1]])
            return [f"steps: '{step}' was not passed in this order; the way was: {way}"]
    return []


def _name(taken: StepTaken) -> str:
    return f"{taken.flow}/{taken.step}"


# --- coverage ---------------------------------------------------------------------------------
@dataclass(slots=True)
class Coverage:
    """Which steps and ways of a flow the tests have taken."""

    steps: set[tuple[str, str]] = field(default_factory=set)
    arrows: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, ending: Ending) -> None:
        """Count a run."""
        self.steps |= {(taken.flow, taken.step) for taken in ending.trace} | {ending.last_step}
        self.arrows |= {(taken.flow, taken.step, taken.arrow) for taken in ending.trace}

    def missing(self, flows: FlowSet, flow: str) -> tuple[int, int, list[str]]:
        """(covered, all, those missing as `step` or `step: arrow`) of a flow."""
        steps = flows.flows[flow].steps
        left: list[str] = []
        count = 0
        for name, step in steps.items():
            count += 1
            if (flow, name) not in self.steps:
                left.append(name)
            for arrow, _ in targets(step):
                count += 1
                if (flow, name, arrow) not in self.arrows:
                    left.append(f"{name}: {arrow}")
        return count - len(left), count, left
