"""The openings between the ACD and the world: what it needs done, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from acd.core.callback_facts import CallbackNote
from acd.core.commands import DialOut, Offer
from acd.core.disposition import Disposition
from acd.core.events import Event
from acd.core.facts import AgentInterval, CallbackOrder, Fact, OfferFailure
from acd.core.outside_facts import DialFailure


class AskKind(StrEnum):
    """Why a caller's channel asks what next."""

    NEW = "new"
    DIAL_FAILED = "dial_failed"
    AGENT_LEFT = "agent_left"  # the conversation is over, the caller still there
    BLIND_TRANSFER = "blind_transfer"
    LEFT_ON_HOLD = "left_on_hold"  # the agent's phone is gone while the caller heard music, or without a word
    FALLBACK = "fallback"  # comes from Asterisk's own queue, unserved
    AFTER_FALLBACK = "after_fallback"  # Asterisk's own queue has served the caller


@dataclass(frozen=True, slots=True)
class Ask:
    """A caller's channel asks what next.

    `phone` is the phone that dialled, for calls from inside. `target` is the number that a blind
    transfer names. `trunk` brought the call, for calls from outside. `sent_by` is the phone that sent
    somebody on whom it had itself called outside. `callback_phone` is the agent's phone that was rung for a
    callback, and answered. `failure` comes with DIAL_FAILED, and for an outside
    number `outside_failure` with the trunk's own words in `cause`. `group` is the group the caller was in
    line for.
    `served_by` is the agent with whom Asterisk's own queue connected the caller, at Unix time
    `served_at`; both come with AFTER_FALLBACK, as far as known. `began_at`: Unix time at which the call
    began, to the second, where that can be told. `node`: the Asterisk that has the channel, where there are
    several.
    """

    kind: AskKind
    call_id: str
    phone: str | None
    caller_number: str
    caller_name: str
    dialed_number: str
    target: str = ""
    failure: OfferFailure = OfferFailure.UNREACHABLE
    group: str = ""
    served_by: str = ""
    served_at: float | None = None
    trunk: str | None = None
    sent_by: str | None = None
    callback_phone: str | None = None
    outside_failure: DialFailure = DialFailure.UNREACHABLE
    cause: str = ""
    began_at: float | None = None
    node: str = ""


class Refusal(StrEnum):
    """What a caller who cannot be put through is told by the network."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNKNOWN_NUMBER = "unknown_number"
    CONGESTION = "congestion"


class TrunkState(StrEnum):
    """Whether calls can go over a trunk."""

    REGISTERED = "registered"
    REJECTED = "rejected"  # the provider does not take our registration: user name or password
    REGISTERING = "registering"
    REACHABLE = "reachable"  # without registration: the provider answers
    UNREACHABLE = "unreachable"
    INCOMING_ONLY = "incoming_only"  # it has no server, so nobody can be asked
    UNKNOWN = "unknown"  # not asked yet


@dataclass(frozen=True, slots=True)
class TrunkSeen:
    """A trunk as Asterisk sees it; `since` in Unix seconds."""

    state: TrunkState
    since: float


class Switch(Protocol):
    """What can be done with calls. Nothing here waits or raises: outcomes come as events."""

    def hold_in_line(self, call_id: str, group: str, music: str) -> None:
        """Let the caller hear music."""

    def offer(self, offer: Offer) -> None:
        """Ring a phone for the caller."""

    def dial_out(self, command: DialOut) -> None:
        """Dial an outside number for the caller."""

    def dial_address(self, call_id: str, target: str, timeout_s: float, group: str) -> None:
        """Ring a SIP address for the caller; it is a dial string that the configuration made."""

    def cancel_offer(self, call_id: str) -> None:
        """Stop ringing."""

    def ask_again(self, call_id: str) -> None:
        """Have the caller's channel ask what next, whatever it is doing."""

    def hang_up(self, call_id: str, refusal: Refusal) -> None:
        """End the caller's call."""

    def is_there(self, call_id: str) -> bool:
        """Whether the caller has not hung up, as far as is known."""

    def forget(self, call_id: str) -> None:
        """The call has ended: nothing about it need be kept."""


class Mirror(Protocol):
    """Keeps live state outside the process: key → JSON object."""

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep; replaces."""

    def drop(self, key: str) -> None:
        """No longer needed."""

    def together(self) -> AbstractContextManager[None]:
        """What is put and dropped within may be kept at its end, all at once."""

    def load(self) -> Mapping[str, Mapping[str, Any]]:
        """Everything that was kept, once, at the start."""


class Callbacks(Protocol):
    """Who wants to be called back."""

    def take(self, call_id: str, group: str, number: str, language: str) -> str | None:
        """Note the wish, durably and at once; None, or why it cannot be taken.

        It cannot where the number is none, or has an open callback already.
        """


class Recorder(Protocol):
    """Where finished facts go. `on_stored` is called when they are safe."""

    def store_call(self, call_id: str, facts: Sequence[Fact], on_stored: Callable[[], None]) -> None:
        """Keep a call's record; the same call may come again, more complete."""

    def store_interval(self, interval: AgentInterval, on_stored: Callable[[], None]) -> None:
        """Keep a stretch of an agent's day."""

    def store_callback(self, order: CallbackOrder, on_stored: Callable[[], None]) -> None:
        """Keep a wish to be called back; the same one may come again."""

    def note_callback(self, note: CallbackNote, on_stored: Callable[[], None]) -> None:
        """Add to the history of a wish, which is stored already; the same one may come again."""

    def store_disposition(self, told: Disposition, on_stored: Callable[[], None]) -> None:
        """Keep what an agent recorded of a call; later words of the same replace earlier ones."""


class Feed(Protocol):
    """Where the outside reports what happened."""

    def __call__(self, event: Event) -> None:
        """One event; must not be a request of an agent (those may be refused)."""
