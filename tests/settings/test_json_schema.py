"""The JSON Schemas of the files are kept, true, and take what the program takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from acd.settings.document import Ambiguous, read_document
from acd.settings.json_schema import KINDS, schema, schema_files

CHECKOUT = Path(__file__).parents[2]
KEPT = Path("docs/schema")
INDEX = json.loads((CHECKOUT / KEPT / "index.json").read_text(encoding="utf-8"))


def kind_of(path: Path) -> list[str]:
    """The kinds of the schemas that an editor takes for this file of the checkout, by the index."""
    name = path.relative_to(CHECKOUT)
    kinds = []
    for schema_file, patterns in INDEX.items():
        wanted = [CHECKOUT.glob(pattern) for pattern in patterns if not pattern.startswith("!")]
        unwanted = [name.match(pattern[1:]) for pattern in patterns if pattern.startswith("!")]
        if any(path in found for found in wanted) and not any(unwanted):
            kinds.append(Path(schema_file).name.removesuffix(".schema.json"))
    return kinds


FILES = [
    path
    for folder in ("config", "ivr_flows")
    for path in sorted((CHECKOUT / folder).rglob("*.yml"))
    if not {"examples", "monitoring", "grafana", "balancer"} & set(path.parts)
]


def problems(data: Any, kind: str = "flow") -> list[str]:
    """What an editor would underline."""
    validator = jsonschema.Draft202012Validator(schema(kind))
    return [error.json_path for error in validator.iter_errors(data)]


def test_the_kept_files_are_current() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in (CHECKOUT / KEPT).iterdir()}
    assert kept == schema_files(KEPT), "run: acd schema --all docs/schema"


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    assert problems({"strange": 1}, kind) != []


@pytest.mark.parametrize("kind", ["flow", "piece", "announcements"])
def test_every_option_of_a_flow_is_described(kind: str) -> None:
    for name, model in schema(kind)["$defs"].items():
        for option, value in model.get("properties", {}).items():
            kinds = ("description", "$ref")
            assert any(kind in value for kind in kinds), f"{name}.{option} has no description"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_takes_the_example(path: Path) -> None:
    (kind,) = kind_of(path)
    data = read_document(path).data
    assert not isinstance(data, Ambiguous)
    assert problems(data, kind) == []


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
