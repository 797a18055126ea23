"""JSON Schemas of the files, for editors that complete and check YAML while it is written.

They say less than `acd check`: what depends on other entries or files no schema can tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from acd.settings.schema.agents import AgentsFile
from acd.settings.schema.calendars import CalendarsFile
from acd.settings.schema.customers import CustomersFile
from acd.settings.schema.dialing import DialingFile
from acd.settings.schema.flow import AnnouncementsFile, FlowFile, PieceFile
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.numbers import NumbersFile
from acd.settings.schema.reports import ReportsFile
from acd.settings.schema.retention import RetentionFile
from acd.settings.schema.system import SystemFile
from acd.settings.schema.trunks import TrunksFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of file: its schema, and the files of that kind in a checkout, as editors name them."""

    model: type[BaseModel]
    title: str
    files: tuple[str, ...]


def _config(name: str, model: type[BaseModel]) -> _Kind:
    return _Kind(model, f"config/{name}.yml of acd", (f"config/{name}.yml",))


_KINDS: Mapping[str, _Kind] = {
    "flow": _Kind(FlowFile, "A flow of acd", ("ivr_flows/*.yml", "!ivr_flows/announcements.yml")),
    "piece": _Kind(PieceFile, "A piece that flows of acd include", ("ivr_flows/*/**/*.yml",)),
    "announcements": _Kind(AnnouncementsFile, "Announcements of acd", ("ivr_flows/announcements.yml",)),
    "system": _config("system", SystemFile),
    "agents": _config("agents", AgentsFile),
    "groups": _config("groups", GroupsFile),
    "numbers": _config("numbers", NumbersFile),
    "trunks": _config("trunks", TrunksFile),
    "dialing": _config("dialing", DialingFile),
    "calendars": _config("calendars", CalendarsFile),
    "customers": _config("customers", CustomersFile),
    "reports": _config("reports", ReportsFile),
    "retention": _config("retention", RetentionFile),
}
KINDS = tuple(_KINDS)
INDEX = "index.json"


def schema(kind: str) -> dict[str, Any]:
    """The schema of a kind of file, one of `KINDS`, as JSON-ready data."""
    plain: dict[str, Any] = _plain(_KINDS[kind].model.model_json_schema())
    return {"$schema": DIALECT, "title": _KINDS[kind].title, **plain}


def schema_text(kind: str) -> str:
    """The same as the text of a file."""
    return _text(schema(kind))


def schema_files(folder: PurePath) -> dict[str, str]:
    """The text of every schema by the name of its file, and of an index of them.

    The index has the form of the setting `yaml.schemas` of VS Code; `folder` is where the files will be, as
    seen from the checkout.
    """
    names = {kind: f"{kind}.schema.json" for kind in KINDS}
    index = {(folder / name).as_posix(): list(_KINDS[kind].files) for kind, name in names.items()}
    return {**{name: schema_text(kind) for kind, name in names.items()}, INDEX: _text(index)}


def _text(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


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
