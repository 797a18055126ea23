"""The JSON Schema of a flow's file, for editors that complete and check YAML while it is written.

It says less than `acd check`: what depends on other entries or files no schema can tell.
"""

from __future__ import annotations

import json
from typing import Any

from acd.settings.schema.flow import FlowFile

_OF_NAMES = ("properties", "$defs", "patternProperties")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def flow_schema() -> dict[str, Any]:
    """The schema as JSON-ready data."""
    schema: dict[str, Any] = _plain(FlowFile.model_json_schema())
    return {"$schema": DIALECT, "title": "A flow of acd", **schema}


def flow_schema_text() -> str:
    """The same as the text of a file."""
    return json.dumps(flow_schema(), ensure_ascii=False, indent=1) + "\n"


def _plain(node: Any, *, names: bool = False) -> Any:
    """Without what only pydantic needs. `names`: the keys here are names of ours, not of JSON Schema."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {name: _plain(item) for name, item in node.items()}
    plain = {
        # Several kinds can fit the same text: an editor must not mind.
        "anyOf" if key == "oneOf" else key: _plain(
            item, names=key in ("properties", "$defs", "patternProperties")
        )
        for key, item in node.items()
        if key not in ("title", "discriminator") and not (key == "default" and item in ("", None, []))
    }
    if "patternProperties" in plain:
        plain["additionalProperties"] = False
    return plain
