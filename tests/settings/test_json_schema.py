"""The JSON Schema of flows is kept, true, and takes what the program takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from acd.settings.document import Ambiguous, read_document
from acd.settings.json_schema import flow_schema, flow_schema_text

CHECKOUT = Path(__file__).parents[2]
KEPT = CHECKOUT / "docs" / "schema" / "flow.schema.json"
FLOWS = [path for path in sorted((CHECKOUT / "ivr_flows").glob("*.yml")) if path.stem != "announcements"]


def problems(data: Any) -> list[str]:
    """What an editor would underline."""
    validator = jsonschema.Draft202012Validator(flow_schema())
    return [error.json_path for error in validator.iter_errors(data)]


def test_the_kept_file_is_current() -> None:
    assert KEPT.read_text(encoding="utf-8") == flow_schema_text(), (
        "run: acd schema --out docs/schema/flow.schema.json"
    )


def test_it_is_a_schema_whose_every_option_is_described() -> None:
    schema = flow_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, model in schema["$defs"].items():
        for option, value in model.get("properties", {}).items():
            kinds = ("description", "$ref")
            assert any(kind in value for kind in kinds), f"{name}.{option} has no description"


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_it_takes_the_example(path: Path) -> None:
    data = read_document(path).data
    assert not isinstance(data, Ambiguous)
    assert problems(data) == []


@pytest.mark.parametrize(
    ("step", "where"),
    [
        ({"say": "Hello", "nxt": "b"}, "$.steps.a"),
        ({"menu": {"prompt": "x", "choices": {"a": "b"}}}, "$.steps.a"),
        ({"queue": {"group": "sales", "max_wait_s": 0}}, "$.steps.a"),
        ({"sing": "Hello"}, "$.steps.a"),
    ],
)
def test_it_refuses_what_the_program_refuses(step: dict[str, Any], where: str) -> None:
    assert problems({"name": "f", "start": "a", "steps": {"a": step}}) == [where]
