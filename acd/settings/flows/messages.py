"""From what is written to what is heard: a message in every language of its flow.

Where a language has no text of its own, the caller hears that of the default language, spoken in that
language; a warning says so. A recorded file goes before the text of a named prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acd.ivr.flow import Message, Part, SoundFile, Speech, Spoken, SpokenKind
from acd.settings.flows.sounds import Sounds
from acd.settings.flows.sources import Entry
from acd.settings.problems import Place
from acd.settings.schema.prompts import VALUE_KINDS, MoneyPart, NamedPart, PlayedPart, SpokenPart


@dataclass(frozen=True, slots=True)
class Messages:
    """Makes the messages of one flow. `prompts` are its named ones."""

    flow: str
    languages: tuple[str, ...]
    sounds: Sounds
    prompts: Mapping[str, Entry[list[Any]]] = field(default_factory=dict)

    def message(self, parts: Any) -> Message:
        """What the caller hears, in every language. `parts`: checked prompts, which are always a list."""
        if not parts:
            return Message()
        return Message({language: tuple(self._parts(parts, language)) for language in self.languages})

    def missing(self, parts: Any) -> list[tuple[Place, list[str]]]:
        """Where a text of these parts has no words in which languages; named prompts are left out."""
        found: list[tuple[Place, list[str]]] = []
        for index, part in enumerate(parts):
            lacking: list[str] = []
            if isinstance(part, (str, SpokenPart)):
                lacking = list(self.languages[1:])
            elif isinstance(part, dict):
                lacking = [language for language in self.languages if language not in part]
            if lacking:
                found.append(((index,), lacking))
        return found

    def missing_in_prompt(self, name: str) -> list[tuple[Place, list[str]]]:
        """The same for a named prompt, which a recorded file may complete."""
        recorded = {la for la in self.languages if self.sounds.recorded(name, self.flow, la) is not None}
        found = [
            (place, [language for language in lacking if language not in recorded])
            for place, lacking in self.missing(self.prompts[name].content)
        ]
        return [(place, lacking) for place, lacking in found if lacking]

    def _parts(self, parts: Sequence[Any], language: str, spoken: str | None = None) -> list[Part]:
        """`spoken`: the language of plain texts; that of the flow outside of texts by language."""
        result: list[Part] = []
        for part in parts:
            result += self._part(part, language, spoken or self.languages[0])
        return result

    def _part(self, part: Any, language: str, spoken: str) -> list[Part]:
        match part:
            case str():
                return [Speech(part, spoken)]
            case SpokenPart(say=text):
                return [Speech(text, spoken)]
            case PlayedPart(play=name):
                return [SoundFile(self.sounds.played(name, language) or name)]
            case NamedPart(prompt=name):
                return self._named(name, language)
            case dict():
                chosen = self._chosen(part, language)
                return self._parts(part[chosen], chosen, chosen)
            case _:
                return [_spoken(part)]

    def _chosen(self, by_language: Mapping[str, Any], language: str) -> str:
        """The language itself, else the default, else the first that is written."""
        for candidate in (language, self.languages[0]):
            if candidate in by_language:
                return candidate
        return next(iter(by_language))

    def _named(self, name: str, language: str) -> list[Part]:
        parts = self.prompts[name].content
        own = self.sounds.recorded(name, self.flow, language)
        if own is None and self.missing(parts):
            has_words = all(language not in lacking for _, lacking in self.missing(parts))
            own = None if has_words else self.sounds.recorded(name, self.flow, self.languages[0])
        written = self._parts(parts, language)
        if own is None:
            return written
        return [SoundFile(own, " ".join(part.text for part in written if isinstance(part, Speech)))]


def _spoken(part: Any) -> Spoken:
    """A value; its model has one field named as its kind."""
    kind = next(kind for kind in VALUE_KINDS if hasattr(part, kind))
    currency = part.currency if isinstance(part, MoneyPart) else ""
    return Spoken(SpokenKind(kind), getattr(part, kind), currency)
