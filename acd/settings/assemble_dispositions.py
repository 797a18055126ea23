"""Builds what agents record of calls, and what they say first, from files without faults."""

from __future__ import annotations

from collections.abc import Mapping

from acd.core.disposition import DispositionCode, DispositionField, DispositionTree, FieldKind
from acd.ivr.template import Template
from acd.settings.schema.dispositions import DispositionsEntry, LowestCode
from acd.settings.schema.groups import GroupsFile


def dispositions(groups: GroupsFile) -> dict[str, DispositionTree]:
    """By group; one that is not in it has none."""
    entries = {group_id: group.dispositions for group_id, group in groups.groups.items()}
    return {group_id: _tree(entry) for group_id, entry in entries.items() if entry is not None}


def greetings(groups: GroupsFile) -> dict[str, Mapping[str, Template]]:
    """By group and language; '' is any language."""
    entries = {group_id: group.greeting for group_id, group in groups.groups.items()}
    return {
        group_id: {"": entry} if isinstance(entry, Template) else entry
        for group_id, entry in entries.items()
        if entry is not None
    }


def _tree(entry: DispositionsEntry) -> DispositionTree:
    codes = tuple(_code(code_id, code) for code_id, code in entry.codes.items())
    return DispositionTree(codes, entry.required)


def _code(code_id: str, entry: LowestCode) -> DispositionCode:
    children: Mapping[str, LowestCode] = getattr(entry, "children", {})
    return DispositionCode(
        code_id,
        _labels(entry.label),
        entry.complaint,
        tuple(
            DispositionField(field_id, _labels(f.label), FieldKind(f.kind), f.required)
            for field_id, f in entry.fields.items()
        ),
        tuple(_code(child_id, child) for child_id, child in children.items()),
    )


def _labels(label: str | dict[str, str]) -> Mapping[str, str]:
    """One for all counts as English."""
    return {"en": label} if isinstance(label, str) else label
