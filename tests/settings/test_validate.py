from __future__ import annotations

from pathlib import Path

import pytest

from acd.settings.document import read_document
from acd.settings.problems import Place
from acd.settings.schema.dialing import DialingFile
from acd.settings.schema.flow import FlowFile
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.prompts import VALUE_KINDS
from acd.settings.validate import option_names, validate


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (("defaults",), ["timeout_s", "next_key_s", "tries", "invalid", "no_input", "failure"]),
        (("steps", "any", "callback"), ["group", "number"]),
        (("steps", "any", "call"), []),
        (("steps", "any", "say", 3), ["say", "play", "prompt", *VALUE_KINDS[:-1], "currency", "duration"]),
        (("steps", "any", "menu", "choices"), []),
        (("unknown", "any"), []),
    ],
)
def test_the_schema_knows_its_option_names(place: Place, names: list[str]) -> None:
    assert option_names(FlowFile, place) == names


def test_the_sound_part_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "groups.yml"
    path.write_text(
        "groups:\n"
        "  sales: {name: Sales, requires: {sales: 1}, wrap_up_s: long}\n"
        "  broken: {name: Broken, requires: {sales: many}}\n"
        "  support: {name: Support, requires: {support: 1}, extra: 1}\n"
    )
    document = read_document(path)
    groups = validate(document, GroupsFile)

    assert groups is not None
    assert list(groups.groups) == ["sales", "support"]
    assert groups.groups["sales"].wrap_up_s == 10
    assert [problem.line for problem in document.problems] == [2, 3, 4]


def test_nothing_is_left_of_a_file_that_is_no_mapping(tmp_path: Path) -> None:
    path = tmp_path / "groups.yml"
    path.write_text("- sales\n")
    document = read_document(path)
    assert validate(document, GroupsFile) is None
    assert len(document.problems) == 1


def test_an_unreadable_file_is_not_judged_again(tmp_path: Path) -> None:
    document = read_document(tmp_path / "missing.yml")
    assert validate(document, GroupsFile) is None
    assert len(document.problems) == 1


def test_of_a_mapping_that_is_missing_the_form_is_told(tmp_path: Path) -> None:
    path = tmp_path / "dialing.yml"
    path.write_text("roles: {clerks: {name: Clerks, trunks: [lab]}}\n")
    document = read_document(path)
    validate(document, DialingFile)
    assert [problem.message for problem in document.problems] == [
        "the required option 'emergency' is missing; it has the form {numbers: […], trunks: […]}"
    ]
