"""What agents record of their calls, on the control socket: `dispose`."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from acd.core.calls import Call, CallState
from acd.core.disposition import (
    FIELD_MAX,
    NOTE_MAX,
    Disposition,
    DispositionCode,
    DispositionField,
    DispositionTree,
    FieldKind,
)
from acd.core.events import CallDisposed
from acd.core.facts import Answered, FellBack, WrapUpStarted
from acd.core.ports import Mirror, Recorder
from acd.errors import OperatorError, RequestRefused
from acd.runtime.callbacks import CallbackDesk
from acd.runtime.control import BAD_REQUEST, UNKNOWN_CALL, Handler, Request, text_if_any, text_of
from acd.settings.centre_now import CentreView

if TYPE_CHECKING:  # the web process reads the forms as they are sent, and has no engine
    from acd.runtime.shell import Shell

log = structlog.get_logger(__name__)

PREFIX = "disposition:"
KEPT_CALLS = 2_000
"""So many calls that are over may still be spoken of: a timed wrap-up may end while somebody types."""
PROMISE_MAX_S = 90 * 86_400.0
FOR_AGENT, FOR_GROUP = "agent", "group"
NO_CODES = DispositionTree()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call that something can be said of: who has had it, and through which group the agent who speaks."""

    id: str
    agents: frozenset[str]
    group: str | None
    caller_number: str = ""
    language: str = ""


OnRecord = Callable[[str, str], Spoken | None]
"""A call of the database, as this agent had it. Blocks; raises OperatorError where the database is away."""


class DispositionDesk:
    """Each is kept in the mirror until the database has it; the same may be sent again.

    An observer of calls, to know those that are over. Of those from before a restart the database knows.
    """

    def __init__(
        self,
        centre: CentreView,
        shell: Shell,
        mirror: Mirror,
        recorder: Recorder,
        callbacks: CallbackDesk,
        on_record: OnRecord = lambda _call_id, _agent: None,
    ) -> None:
        self._centre = centre
        self._shell = shell
        self._mirror = mirror
        self._recorder = recorder
        self._callbacks = callbacks
        self._on_record = on_record
        self._over: OrderedDict[str, Spoken] = OrderedDict()

    def call_changed(self, call: Call) -> None:
        """See `CallObserver`."""
        if call.state is CallState.ENDED and call.finished:
            self._over[call.id] = _spoken(call)
            while len(self._over) > KEPT_CALLS:
                self._over.popitem(last=False)

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what the database has not got yet."""
        for key, value in list(kept.items()):
            if not key.startswith(PREFIX):
                continue
            try:
                told = Disposition(**value)
            except TypeError as error:
                log.error("what an agent recorded cannot be read", key=key, reason=str(error))
                self._mirror.put(f"unreadable:{key}", value)
                self._mirror.drop(key)
                continue
            self._recorder.store_disposition(told, partial(self._stored, key, told))

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {"dispose": self._dispose}

    async def _dispose(self, request: Request) -> Mapping[str, Any]:
        """Nothing is kept before all of it has been found to be right."""
        agent = text_of(request, "agent")
        call = await self._spoken(text_of(request, "call"), agent)
        if agent not in call.agents:
            raise RequestRefused("not-your-call", f"{agent} has not talked in call {call.id}")
        tree = self._centre.dispositions.get(call.group or "", NO_CODES)
        way = _way(tree, text_if_any(request, "code"))
        fields = _fields(way, request.get("fields") or {})
        note = text_if_any(request, "note").strip()
        if len(note) > NOTE_MAX:
            raise RequestRefused("note-too-long", f"a note has at most {NOTE_MAX} characters")
        callback_at = self._promise(request, call, agent)
        language = self._centre.system.language
        told = Disposition(
            call.id,
            agent,
            self._shell.clock(),
            call.group,
            way[-1].id if way else "",
            " / ".join(_named(code.label, language) for code in way),
            bool(way) and way[-1].complaint,
            fields,
            note,
            callback_at,
        )
        self._keep(told)
        if call.id in self._shell.engine.floor.calls and told.code:
            self._shell.feed(CallDisposed(call.id, agent, told.code, told.path))
        return {"disposition": asdict(told)}

    def _keep(self, told: Disposition) -> None:
        key = f"{PREFIX}{told.call_id}:{told.agent}"
        self._mirror.put(key, asdict(told))
        self._recorder.store_disposition(told, partial(self._stored, key, told))

    def _stored(self, key: str, told: Disposition) -> None:
        """Later words may have come meanwhile, and are still to be stored."""
        if self._mirror.load().get(key, {}).get("at") == told.at:
            self._mirror.drop(key)

    async def _spoken(self, call_id: str, agent: str) -> Spoken:
        """The call; one that nobody knows as the agent has it who wraps it up. Raises RequestRefused."""
        live = self._shell.engine.floor.calls.get(call_id)
        call = _spoken(live) if live is not None else self._over.get(call_id)
        working = self._shell.engine.floor.agents.get(agent)
        at_work = working if working is not None and working.wrap_up_call_id == call_id else None
        if call is not None:
            return call if at_work is None else replace(call, group=at_work.wrap_up_group)
        if not call_id.isprintable():  # a database refuses some of these, and is not away then
            raise RequestRefused(BAD_REQUEST, "'call' is a call's id, without control characters")
        refusal = RequestRefused(UNKNOWN_CALL, f"no call {call_id!r} goes on, or is on record")
        try:
            found = await asyncio.to_thread(self._on_record, call_id, agent)
        except OperatorError as error:
            found, refusal = (
                None,
                RequestRefused("records-away", f"call {call_id} cannot be looked up: {error}"),
            )
        if at_work is not None:
            found = found or Spoken(call_id, frozenset({agent}), None)
            return replace(found, group=at_work.wrap_up_group)
        if found is None:
            raise refusal
        return found

    def _promise(self, request: Request, call: Spoken, agent: str) -> float | None:
        """When the customer is to be called back, with the wish for it taken; None: not."""
        at = request.get("callback_at")
        if at is None:
            return None
        now = self._shell.clock()
        if isinstance(at, bool) or not isinstance(at, int | float):
            raise RequestRefused(BAD_REQUEST, "'callback_at' is a time in Unix seconds")
        if not now < at <= now + PROMISE_MAX_S:
            raise RequestRefused(
                "bad-callback-time", "a callback is promised for a time within 90 days from now"
            )
        if self._callbacks.has_promised(call.id):
            return float(at)  # sent again
        groups = self._shell.engine.floor.plan.groups
        wanted = text_if_any(request, "callback_group") or call.group or ""
        if wanted not in groups:
            raise RequestRefused("unknown-group", f"a callback is a group's; there are: {', '.join(groups)}")
        number = text_if_any(request, "callback_number") or call.caller_number
        whose = agent if text_if_any(request, "callback_for") == FOR_AGENT else None
        language = call.language or self._centre.system.language
        why_not = self._callbacks.promise(call.id, wanted, number, language, float(at), whose)
        if why_not is not None:
            raise RequestRefused("callback-refused", f"{number or 'this caller'}: {why_not}")
        return float(at)


def _spoken(call: Call) -> Spoken:
    met = Answered | FellBack | WrapUpStarted
    agents = {call.agent, call.origin_agent, *(fact.agent for fact in call.facts if isinstance(fact, met))}
    language = call.customer.language if call.customer is not None else ""
    named = frozenset(agent for agent in agents if agent is not None)
    return Spoken(call.id, named, call.group, call.caller_number, language)


def _way(tree: DispositionTree, code: str) -> tuple[DispositionCode, ...]:
    if not code and not tree.required:
        return ()
    way = tree.find(code)
    if not way:
        known = ", ".join(each[-1].id for each in tree.ways()) or "none"
        raise RequestRefused(
            "unknown-disposition", f"there is no code {code!r} to choose; there are: {known}"
        )
    return way


def _fields(way: tuple[DispositionCode, ...], said: object) -> dict[str, str]:
    """What was said with the code, tidied. Raises RequestRefused for what is missing, unknown or no value."""
    if not isinstance(said, Mapping) or not all(
        isinstance(value, str | int | float) for value in said.values()
    ):
        raise RequestRefused(BAD_REQUEST, "'fields' are texts or numbers by their ids")
    known = {field.id: field for field in way[-1].fields} if way else {}
    for name in said:
        if name not in known:
            raise RequestRefused("unknown-field", f"the code has no field {name!r}")
    values = {name: str(value).strip() for name, value in said.items()}
    for field in known.values():
        value = values.get(field.id, "")
        if field.required and not value:
            raise RequestRefused("field-missing", f"the field {field.id!r} has to be filled in")
        if len(value) > FIELD_MAX or (value and not _fits(field, value)):
            raise RequestRefused(
                "bad-field", f"the field {field.id!r} takes a {field.kind}, {FIELD_MAX} characters"
            )
    return {name: value for name, value in values.items() if value}


def _fits(field: DispositionField, value: str) -> bool:
    try:
        if field.kind is FieldKind.NUMBER:
            float(value.replace(",", "."))
        elif field.kind is FieldKind.DATE:
            date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _named(label: Mapping[str, str], language: str) -> str:
    names = (language, language.partition("_")[0], "en")
    return next((label[name] for name in names if name in label), next(iter(label.values())))


def tree_object(tree: DispositionTree) -> dict[str, Any]:
    """A group's tree for a page."""
    return {"required": tree.required, "codes": [_code_object(code) for code in tree.codes]}


def _code_object(code: DispositionCode) -> dict[str, Any]:
    return {
        "id": code.id,
        "label": dict(code.label),
        "complaint": code.complaint,
        "fields": [
            {"id": f.id, "label": dict(f.label), "kind": f.kind.value, "required": f.required}
            for f in code.fields
        ],
        "children": [_code_object(child) for child in code.children],
    }
