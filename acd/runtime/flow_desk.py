"""What operators ask of a running controller about flows, announcements and callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acd.core.fact_json import fact_to_dict
from acd.core.floor import Floor
from acd.errors import RequestRefused
from acd.runtime.announcements import Announcements
from acd.runtime.callbacks import CallbackDesk
from acd.runtime.control import BAD_REQUEST, UNKNOWN_CALL, Handler, Request, text_of
from acd.runtime.reload import Reloader


class FlowDesk:
    """`handlers` are for the control socket. `open_wishes` reads the open callbacks of the database."""

    def __init__(
        self,
        reloader: Reloader,
        announcements: Announcements,
        callbacks: CallbackDesk,
        open_wishes: Callable[[], Mapping[str, str]],
        floor: Floor,
    ) -> None:
        self._reloader = reloader
        self._announcements = announcements
        self._callbacks = callbacks
        self._open_wishes = open_wishes
        self._floor = floor

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {
            "reload": lambda request: self._reloader.reload(text_of(request, "who")),
            "rollback": self._rollback,
            "versions": lambda _request: self._reloader.listing(),
            "announcements": lambda _request: {"announcements": self._announcements.picture()},
            "announce-on": self._announce_on,
            "announce-off": self._announce_off,
            "callbacks-changed": self._callbacks_changed,
            "trace": self._trace,
        }

    async def refresh_callbacks(self) -> None:
        """Which callbacks are open is to be read from the database anew."""
        await self._callbacks.refresh(self._open_wishes)

    async def _rollback(self, request: Request) -> Mapping[str, Any]:
        number = request.get("number")
        if not isinstance(number, int):
            raise RequestRefused(BAD_REQUEST, "the request needs 'number', a whole number")
        return await self._reloader.rollback(number, text_of(request, "who"))

    def _announce_on(self, request: Request) -> Mapping[str, Any]:
        until = request.get("until")
        if not isinstance(until, int | float | None):
            raise RequestRefused(BAD_REQUEST, "'until' is a time in Unix seconds")
        self._announcements.switch_on(text_of(request, "name"), text_of(request, "who"), until)
        return {"announcements": self._announcements.picture()}

    def _announce_off(self, request: Request) -> Mapping[str, Any]:
        was_on = self._announcements.switch_off(text_of(request, "name"), text_of(request, "who"))
        return {"was_on": was_on, "announcements": self._announcements.picture()}

    async def _callbacks_changed(self, _request: Request) -> Mapping[str, Any]:
        await self.refresh_callbacks()
        return {}

    def _trace(self, request: Request) -> Mapping[str, Any]:
        """The facts of a call that goes on."""
        call_id = text_of(request, "call")
        call = self._floor.calls.get(call_id)
        if call is None:
            raise RequestRefused(
                UNKNOWN_CALL, f"no call {call_id!r} goes on; 'acd status' shows those that do"
            )
        return {"facts": [fact_to_dict(fact) for fact in call.facts]}
