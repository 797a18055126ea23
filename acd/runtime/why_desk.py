"""What operators ask of a running controller about one call: `acd why`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from acd.core.calls import Call, CallState
from acd.core.expected_wait import WaitRange
from acd.core.fact_json import fact_to_dict
from acd.core.floor import Floor
from acd.core.why import why_waiting
from acd.errors import RequestRefused
from acd.runtime.control import UNKNOWN_CALL, Handler, Request, text_of
from acd.settings.sought_number import sought

LISTED_AT_MOST = 8
LONGEST_NAME = 200


class WhyDesk:
    """`handlers` are for the control socket; `expected_wait` knows what to expect of a call in line."""

    def __init__(
        self,
        floor: Floor,
        clock: Callable[[], float],
        expected_wait: Callable[[Call], WaitRange | None],
        language: str = "en",
    ) -> None:
        self._floor = floor
        self._clock = clock
        self._expected_wait = expected_wait
        self._language = language

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {"why": self._why}

    def _why(self, request: Request) -> Mapping[str, Any]:
        """Of a call in line what keeps it waiting; of any other that goes on, what has happened to it."""
        call = self._called(text_of(request, "call")[:LONGEST_NAME].strip())
        answer: dict[str, Any] = {
            "call": call.id,
            "state": call.state.value,
            "facts": [fact_to_dict(fact) for fact in call.facts],
            "why": None,
        }
        if call.state is CallState.WAITING:
            report = why_waiting(self._floor, call, self._clock(), self._expected_wait(call), self._language)
            answer["why"] = asdict(report)
        return answer

    def _called(self, name: str) -> Call:
        live = [call for call in self._floor.calls.values() if call.state is not CallState.ENDED]
        if not name:
            waiting = [call for call in live if call.state is CallState.WAITING]
            return self._one(waiting, "no-call-waits", "no call waits; 'acd status' shows those that go on")
        if name in self._floor.calls:  # one that has ended may not be on record yet
            return self._floor.calls[name]
        unknown = f"no call {name!r} goes on; 'acd status' shows those that do"
        number = sought(name)
        meant = [call for call in live if call.id.startswith(name) or number.is_of(call.caller_number)]
        return self._one(meant, UNKNOWN_CALL, unknown)

    @staticmethod
    def _one(calls: Sequence[Call], code: str, none: str) -> Call:
        if not calls:
            raise RequestRefused(code, none)
        if len(calls) > 1:
            listed = ", ".join(
                f"{call.id} ({call.group or call.state.value})" for call in calls[:LISTED_AT_MOST]
            )
            more = f" and {len(calls) - LISTED_AT_MOST} more" if len(calls) > LISTED_AT_MOST else ""
            raise RequestRefused(
                "several-calls", f"that may be one of {len(calls)} calls, name it: {listed}{more}"
            )
        return calls[0]
