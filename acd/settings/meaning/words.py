"""Texts that a language lacks, and values that a language cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.ivr.spoken import CURRENCIES, speaks
from acd.settings.files import Files
from acd.settings.flows.messages import Messages
from acd.settings.flows.sounds import Sounds
from acd.settings.flows.sources import Entry, FlowSource
from acd.settings.flows.walk import leaves, prompt_lists
from acd.settings.model import voice_of
from acd.settings.problems import Place
from acd.settings.schema.prompts import MoneyPart, NamedPart, ValuePart


def check_words(files: Files, sources: Mapping[str, FlowSource], sounds: Sounds) -> None:
    """Every text of every flow, and the announcements."""
    for source in sources.values():
        messages = Messages(source.name, source.languages, sounds, source.prompts)
        for name, prompt in source.prompts.items():
            _report_missing(prompt, (), messages.missing_in_prompt(name), source.languages)
            _check_values(prompt, source.languages)
        entries: list[Entry[Any]] = list(source.steps.values())
        entries.append(Entry(source.file.defaults, source.document, ("defaults",)))
        for entry in entries:
            for place, parts in prompt_lists(entry.content):
                _report_missing(entry, place, messages.missing(parts), source.languages)
            _check_values(entry, source.languages)
    _check_announcements(files, sources, sounds)
    _check_voices(files, sources)


def _check_announcements(files: Files, sources: Mapping[str, FlowSource], sounds: Sounds) -> None:
    if files.announcements is None or files.announcements.content is None or not sources:
        return
    document = files.announcements.document
    spoken = [language for source in sources.values() for language in source.languages]
    languages = tuple(dict.fromkeys(spoken))
    messages = Messages("announcements", languages, sounds)
    for name, parts in files.announcements.content.announcements.items():
        entry: Entry[Any] = Entry(parts, document, ("announcements", name))
        _report_missing(entry, (), messages.missing(parts), languages)
        for place, value in leaves(parts):
            if isinstance(value, NamedPart | ValuePart):
                entry.report(place, "an announcement is made of texts and sounds only")


def _check_voices(files: Files, sources: Mapping[str, FlowSource]) -> None:
    """Each language needs a program that speaks it, that of the centre too: it is agents' language."""
    system = files.system.content
    if system is None:
        return
    voices = system.system.voices()
    message = "no program speaks '{}'; name one under text_to_speech in config/system.yml"
    if voice_of(voices, system.system.language) is None:
        files.system.document.report(("system", "language"), message.format(system.system.language))
    for source in sources.values():
        place = "languages" if source.file.languages else "language"
        for language in source.languages:
            if voice_of(voices, language) is None and getattr(source.file, place) is not None:
                source.document.report((place,), message.format(language))


def _report_missing(
    entry: Entry[Any], place: Place, missing: list[tuple[Place, list[str]]], languages: tuple[str, ...]
) -> None:
    for inside, lacking in missing:
        entry.report(
            (*place, *inside),
            f"the text is missing in {', '.join(lacking)}: callers hear it in another language; write"
            f" {{{', '.join(f'{language}: …' for language in languages)}}}",
            warning=True,
        )


def _check_values(entry: Entry[Any], languages: tuple[str, ...]) -> None:
    for place, value in leaves(entry.content):
        if not isinstance(value, ValuePart):
            continue
        # Inside texts by language it is said in that language only.
        here = [part for part in place if part in languages] or languages
        silent = [str(language) for language in here if not speaks(str(language))]
        if silent:
            entry.report(
                place,
                f"there are no words for values in {', '.join(silent)}; say values only in"
                " {en: …} and {zh: …}",
            )
        if isinstance(value, MoneyPart) and value.currency not in CURRENCIES:
            known = ", ".join(sorted(CURRENCIES))
            entry.report((*place, "currency"), f"no words for '{value.currency}'; there are: {known}")
