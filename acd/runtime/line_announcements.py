"""Announcements of groups' policies: what their texts are, and who is still to hear which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from acd.core.commands import AnnounceInLine
from acd.ivr.flow import Speech

MOST_PENDING = 5
"""More than this nobody listens to; what is older is left out."""

Texts = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Group → name → language → text."""


def spoken(texts: Texts) -> Iterator[Speech]:
    """All of them, to be rendered before anybody calls."""
    for announcements in texts.values():
        for by_language in announcements.values():
            for language, text in by_language.items():
                yield Speech(text, language)


class LineAnnouncements:
    """`language`: the centre's, for callers whose own has no text."""

    def __init__(self, texts: Texts, language: str) -> None:
        self._texts = texts
        self._language = language
        self._pending: dict[str, list[AnnounceInLine]] = {}

    def change(self, texts: Texts, language: str) -> None:
        """Other texts from now on."""
        self._texts, self._language = texts, language

    def add(self, command: AnnounceInLine) -> None:
        """The caller is to hear this, as soon as the line is free for it."""
        pending = self._pending.setdefault(command.call_id, [])
        pending.append(command)
        del pending[:-MOST_PENDING]

    def take(self, call_id: str, language: str) -> tuple[Speech, ...]:
        """What the caller has not heard yet."""
        pending = self._pending.pop(call_id, ())
        found = (self._said(command, language) for command in pending)
        return tuple(speech for speech in found if speech is not None)

    def has(self, call_id: str) -> bool:
        """Whether there is something to say."""
        return call_id in self._pending

    def move(self, old: str, new: str) -> None:
        """The call has another id by now."""
        if old in self._pending:
            self._pending[new] = self._pending.pop(old)

    def forget(self, call_id: str) -> None:
        """The caller is in no line any more."""
        self._pending.pop(call_id, None)

    def _said(self, command: AnnounceInLine, language: str) -> Speech | None:
        by_language = self._texts.get(command.group, {}).get(command.announcement, {})
        for candidate in (language, language[:2], self._language, *by_language):
            if candidate in by_language:
                return Speech(by_language[candidate], candidate)
        return None
