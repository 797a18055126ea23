"""A flow with the pieces that it includes, each entry with the file and place where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from acd.settings.document import Document
from acd.settings.files import MOST_STEPS, Files
from acd.settings.problems import Place, did_you_mean, shown
from acd.settings.schema.flow import FlowFile
from acd.settings.schema.steps import StepEntry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A step or a prompt, and where it is written."""

    content: T
    document: Document
    place: Place

    def report(self, place: Place, message: str, *, warning: bool = False) -> None:
        """Notes a problem at a place inside the entry."""
        here = self.place
        for part in place:
            # A single prompt is not in a list in the file, though it always is in the schema.
            if not isinstance(part, int) or (*here, part) in self.document.lines:
                here = (*here, part)
        self.document.report(here, message, warning=warning)

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.document.line_of(self.place)


@dataclass(frozen=True, slots=True)
class FlowSource:
    """One flow as it is written, pieces included.

    `steps` and `prompts` hold what is sound; `step_names` and `prompt_names` are all names that are
    written, faulty entries included. `languages`: the first is the default.
    """

    name: str
    file: FlowFile
    document: Document
    documents: tuple[Document, ...]
    languages: tuple[str, ...]
    steps: Mapping[str, Entry[StepEntry]]
    prompts: Mapping[str, Entry[list[Any]]]
    step_names: frozenset[str]
    prompt_names: frozenset[str]

    @property
    def has_errors(self) -> bool:
        """Whether anything but a warning was noted in a file that the flow is made of."""
        return any(document.has_errors for document in self.documents)

    def is_own(self, step: str) -> bool:
        """Whether the step is written in the flow's own file, not in a piece."""
        return self.steps[step].document is self.document


def gather(files: Files, language: str) -> dict[str, FlowSource]:
    """Every flow of which something could be read; notes what is wrong with its includes.

    `language` is that of flows that name none.
    """
    sources = {}
    for stem, flow in files.flows.items():
        if flow.content is None:
            continue
        source = _source(stem, flow.content, flow.document, files, language)
        if len(source.step_names) > MOST_STEPS:
            message = (
                f"the flow has {len(source.step_names)} steps; the limit is {MOST_STEPS}: make it several"
            )
            flow.document.report(("steps",), message)
        else:
            sources[stem] = source
    included = {piece for source in sources.values() for piece in source.file.include}
    for name, piece in files.pieces.items():
        if name not in included and len(sources) == len(files.flows):
            piece.document.report((), "no flow includes this file", warning=True)
    return sources


def _source(stem: str, file: FlowFile, document: Document, files: Files, language: str) -> FlowSource:
    languages = tuple(file.languages or _written_languages(document) or (file.language or language,))
    if file.language is not None and file.languages is not None:
        document.report(("language",), "'language' is for one, 'languages' for several; keep one of them")
    documents = [document]
    steps = {name: Entry(step, document, ("steps", name)) for name, step in file.steps.items()}
    prompts = {name: Entry(list(p), document, ("prompts", name)) for name, p in file.prompts.items()}
    names = {section: dict.fromkeys(document.names(section) or (), document) for section in _SECTIONS}
    for index, piece_name in enumerate(file.include):
        place: Place = ("include", index)
        piece = files.pieces.get(piece_name)
        if piece is None:
            hint = did_you_mean(piece_name, files.pieces, separator=";")
            document.report(place, f"there is no file '{shown(piece_name)}' in the flows' folder{hint}")
            continue
        if piece_name in file.include[:index]:
            document.report(place, f"'{shown(piece_name)}' is included twice")
            continue
        documents.append(piece.document)
        for section, name in _names(piece.document):
            first = names[section].setdefault(name, piece.document)
            if first is not piece.document:
                _report_twice(document, place, (section, name), first, piece.document)
        if piece.content is not None:
            for name, step in piece.content.steps.items():
                steps.setdefault(name, Entry(step, piece.document, ("steps", name)))
            for name, prompt in piece.content.prompts.items():
                prompts.setdefault(name, Entry(list(prompt), piece.document, ("prompts", name)))
    return FlowSource(
        name=stem,
        file=file,
        document=document,
        documents=tuple(documents),
        languages=languages,
        steps=steps,
        prompts=prompts,
        step_names=frozenset(names["steps"]),
        prompt_names=frozenset(names["prompts"]),
    )


def _written_languages(document: Document) -> list[str]:
    """Those of a faulty list, so that the mistake is told once and not at every text."""
    written = document.data.get("languages")
    return [item for item in written if isinstance(item, str)] if isinstance(written, list) else []


_SECTIONS = ("prompts", "steps")


def _names(document: Document) -> Iterator[tuple[str, str]]:
    for section in _SECTIONS:
        yield from ((section, name) for name in document.names(section) or ())


def _report_twice(
    document: Document, include: Place, entry: tuple[str, str], first: Document, second: Document
) -> None:
    """At the flow's own entry if it is one of the two, else at the second include."""
    other = f"{second.file}:{second.line_of(entry)}"
    where: Place = entry if first is document else include
    message = f"the {entry[0].removesuffix('s')} '{shown(entry[1])}' is also defined in {other}"
    if first is not document:
        message += f", and first in {first.file}:{first.line_of(entry)}"
    document.report(where, message + "; rename one of them")
