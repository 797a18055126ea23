"""Events, commands and snapshots of the engine as plain JSON values, and back.

Agents, calls and facts keep the forms that they have in the mirror of live state.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson
from cattrs import transform_error
from cattrs.preconf.orjson import OrjsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from acd.core.calls import Call
from acd.core.commands import Command
from acd.core.events import Event, FlowNote
from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.formula import Formula
from acd.core.policy import Operation, condition
from acd.core.pools import Idle
from acd.core.requirement import Requirement
from acd.core.snapshot import Snapshot

TAG = "is"
"""Names the kind of an event, of a command, of an operation of a policy."""


class Unreadable(ValueError):
    """A value that is none of ours; the text says what is wrong with it."""


def event_form(event: Event) -> dict[str, Any]:
    """An event."""
    return _event_form(event)  # type: ignore[no-any-return]


def event_of(form: object) -> Event:
    """The inverse of `event_form`. Raises Unreadable."""
    return _read(form, Event)  # type: ignore[no-any-return]


def snapshot_form(snapshot: Snapshot) -> dict[str, Any]:
    """All of an engine's state."""
    return _CONVERTER.unstructure(snapshot, Snapshot)  # type: ignore[no-any-return]


def snapshot_of(form: object) -> Snapshot:
    """The inverse of `snapshot_form`. Raises Unreadable."""
    return _read(form, Snapshot)  # type: ignore[no-any-return]


def command_forms(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """Commands, to be compared and shown. Of a call that is to be stored there is a digest of its record."""
    return [_command_form(command) for command in commands]


def _read(form: object, kind: Any) -> Any:
    try:
        return _CONVERTER.structure(form, kind)
    except Exception as error:  # of whatever kind: what is read may be anything
        raise Unreadable("; ".join(transform_error(error, "value"))) from error


def _number(form: object, _kind: object) -> float:
    """As it was: a whole number that stands for a float stays one, or digests of records would differ."""
    if isinstance(form, bool) or not isinstance(form, int | float):
        raise TypeError(f"expected a number, got {form!r}")
    return form


def _digest(call: Call) -> dict[str, Any]:
    record = orjson.dumps(call.to_dict())
    found = blake2b(record, digest_size=8).hexdigest()
    return {"id": call.id, "finished": call.finished, "facts": len(call.facts), "digest": found}


def _converter() -> OrjsonConverter:
    made = make_converter()
    made.register_structure_hook(float, _number)
    made.register_unstructure_hook(Requirement, lambda wanted: wanted.text)
    made.register_structure_hook(Requirement, lambda text, _: Requirement.parse(text))
    made.register_unstructure_hook(Formula, lambda formula: formula.text)
    made.register_structure_hook(Formula, lambda text, _: condition(text))
    made.register_unstructure_hook(FlowNote, fact_to_dict)
    made.register_structure_hook(FlowNote, lambda form, _: fact_from_dict(form))
    made.register_unstructure_hook(Idle, list)
    made.register_structure_hook(Idle, lambda form, _: Idle(*form))
    made.register_unstructure_hook(Call, _digest)
    for kind in (Operation, Event, Command):
        configure_tagged_union(kind, made, tag_name=TAG)
    return made


_CONVERTER = _converter()
_event_form = _CONVERTER.get_unstructure_hook(Event)
_command_form = _CONVERTER.get_unstructure_hook(Command)
