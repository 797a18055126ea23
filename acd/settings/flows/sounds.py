"""The sounds that flows may play, by language, and whether those that they name are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acd.settings.asterisk_sounds import CORE_SOUNDS, SOUND_FORMATS
from acd.settings.document import Document
from acd.settings.files import leads_inside
from acd.settings.problems import Place, did_you_mean
from acd.settings.schema.values import SOUND_NAME_PATTERN

PROMPTS_FOLDER = "prompts"


@dataclass(frozen=True, slots=True)
class Sounds:
    """`own`: those below sounds/, named as flows name them; `outside`: links there that lead out."""

    own: frozenset[str]
    outside: frozenset[str]

    @classmethod
    def read(cls, sounds_dir: Path) -> Sounds:
        """The sounds below the folder."""
        own: set[str] = set()
        outside: set[str] = set()
        if "\0" in str(sounds_dir):  # a hostile name; that the folder cannot be read is said elsewhere
            return cls(frozenset(), frozenset())
        root = sounds_dir.resolve()
        for path in sorted(sounds_dir.rglob("*")):
            if path.suffix not in SOUND_FORMATS or not (path.is_symlink() or path.is_file()):
                continue
            name = path.relative_to(sounds_dir).with_suffix("").as_posix()
            is_inside = leads_inside(path, root) and path.is_file()
            (own if is_inside else outside).add(name)
        return cls(frozenset(own), frozenset(outside))

    def played(self, name: str, language: str) -> str | None:
        """What is played for a name: that of the language first; None: there is no such sound."""
        for candidate in (f"{language}/{name}", name):
            if candidate in self.own:
                return candidate
        return name if name in CORE_SOUNDS else None

    def recorded(self, prompt: str, flow: str, language: str) -> str | None:
        """The recorded file that replaces a named prompt in a language, if there is one."""
        for folder in (f"{language}/{PROMPTS_FOLDER}/{flow}", f"{language}/{PROMPTS_FOLDER}"):
            if f"{folder}/{prompt}" in self.own:
                return f"{folder}/{prompt}"
        return None


def check_sounds(document: Document, section: str, sounds: Sounds, languages: tuple[str, ...]) -> None:
    """A missing sound would be silence."""
    known: list[str] | None = None
    for entry in document.names(section) or ():
        for place, name in _played(document.data[section][entry], (section, entry)):
            # A name that is not well-formed is reported by the schema.
            if document.is_full or not re.fullmatch(SOUND_NAME_PATTERN, name):
                continue
            missing = [language for language in languages if sounds.played(name, language) is None]
            if not missing:
                continue
            if name in sounds.outside:
                document.report(
                    place, f"the sound '{name}' is a link that leads out of sounds/; copy it there"
                )
            elif missing != list(languages):
                document.report(place, f"there is no sound '{name}' for {', '.join(missing)} in sounds/")
            else:
                known = known or sorted(sounds.own | CORE_SOUNDS)
                hint = did_you_mean(name, known, separator=";")
                document.report(place, f"no sound '{name}' in sounds/ nor among Asterisk's{hint}")


def _played(data: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Every text under a key `play`, read from the document itself to have its exact place."""
    entries: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        entries = list(data.items())
    elif isinstance(data, list):
        entries = list(enumerate(data))
    for key, value in entries:
        here = (*place, key)
        if key == "play" and isinstance(value, str):
            yield here, value
        elif key == "play" and isinstance(value, list):
            yield from (((*here, i), item) for i, item in enumerate(value) if isinstance(item, str))
        else:
            yield from _played(value, here)
