"""What an agent must know to take a call: `english >= 5 and (billing or vip)`.

Proficiency goes from 1 to 10; a skill that an agent does not have counts 0, and a skill's name alone means
at least 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from acd.core.formula import Formula, FormulaError, combined, parse, parse_kept

ANYBODY_TEXT = ""


class _Skills(dict[str, float | str]):
    def __missing__(self, skill: str) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class Requirement:
    """Equal texts are equal requirements. `of`, `parse`, `kept` make one, `all_of` and `any_of` join them."""

    text: str
    _formula: Formula | None = field(compare=False, repr=False)

    @staticmethod
    def parse(text: str) -> Requirement:
        """What somebody has written; an empty text admits anybody. Raises FormulaError."""
        if not text:
            return ANYBODY
        return _parsed(" ".join(text.split()))

    @staticmethod
    def kept(text: str) -> Requirement:
        """Of the `text` of another one, which may have been joined out of many. Raises FormulaError."""
        return _kept(text) if text else ANYBODY

    @staticmethod
    def of(skills: Mapping[str, int]) -> Requirement:
        """All these skills with at least these proficiencies."""
        return _parsed(" and ".join(f"{skill} >= {least}" for skill, least in skills.items()))

    @staticmethod
    def all_of(requirements: Iterable[Requirement]) -> Requirement:
        """Whoever meets each of them."""
        return _joined("and", tuple(requirements))

    @staticmethod
    def any_of(requirements: Iterable[Requirement]) -> Requirement:
        """Whoever meets one of them."""
        wanted = tuple(requirements)
        return ANYBODY if any(not r.text for r in wanted) else _joined("or", wanted)

    def admits(self, skills: Mapping[str, int]) -> bool:
        """Whether somebody with these skills may take the call."""
        return self._formula is None or self._formula.test(_Skills(skills))

    def proficiency(self, skills: Mapping[str, int]) -> int:
        """The sum of proficiencies over the skills that are named: how good somebody is for this call."""
        return sum(skills.get(skill, 0) for skill in self.skills)

    @property
    def skills(self) -> frozenset[str]:
        """Every skill that is named."""
        return frozenset() if self._formula is None else self._formula.names

    def __str__(self) -> str:
        return self.text or "anybody"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Requirement:
    if not text:
        return ANYBODY
    return _of_skills(parse(text))


@lru_cache(maxsize=4096)
def _kept(text: str) -> Requirement:
    return _of_skills(parse_kept(text))


def _of_skills(formula: Formula) -> Requirement:
    for compared in formula.compared:
        if isinstance(compared.value, str):
            raise FormulaError(f"a proficiency is a number, not {compared.value!r}", 1)
        if compared.value < 0:
            raise FormulaError(f"a proficiency is 0 or more, not {compared.value:g}", 1)
    return Requirement(formula.text, formula)


@lru_cache(maxsize=4096)
def _joined(word: str, requirements: tuple[Requirement, ...]) -> Requirement:
    distinct = {r.text: r._formula for r in requirements if r._formula is not None}
    if len(distinct) < 2:
        return next((r for r in requirements if r.text), ANYBODY)
    text = f" {word} ".join(f"({text})" for text in distinct)
    return Requirement(text, combined(text, word, tuple(distinct.values())))


ANYBODY = Requirement(ANYBODY_TEXT, None)
