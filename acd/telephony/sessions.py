"""Callers who ask what next: one open session for each call, and what is heard of nodes through them.

A caller's channel asks through FastAGI (`serve`) and is answered by a command of the engine. One
call has at most one open session; a new one for the same call takes over from the old.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import structlog

from acd.background import Background
from acd.core.plan import is_browser_phone
from acd.core.ports import Ask, AskKind, Refusal
from acd.errors import TelephonyError
from acd.ivr.flow import KEYS
from acd.telephony.agi import AgiSession
from acd.telephony.ami import Link
from acd.telephony.ask import knows_word, read_ask, renamed
from acd.telephony.channels import Channels
from acd.telephony.dial_string import TRUNK_PREFIX
from acd.telephony.line import AgiLine
from acd.telephony.merges import Merges
from acd.telephony.node_names import at_node, node_of
from acd.telephony.phone_watch import phone_of
from acd.telephony.prompts import PromptStore
from acd.telephony.watch import Watch

log = structlog.get_logger(__name__)

CAUSE_OF_REFUSAL = {
    Refusal.NORMAL: 16,
    Refusal.BUSY: 17,
    Refusal.NO_ANSWER: 19,
    Refusal.UNKNOWN_NUMBER: 1,
    Refusal.CONGESTION: 34,
}
LEG_ENDS_S = 0.02
LEG_ENDS_LOOKS = 15
ASKED_AT_MOST = 3
ANSWERS_WITHIN_S = 0.5
DEAD_AFTER_S = 1.0
"""For all of a node at once: in a large centre that is hundreds."""
Reception = Callable[[Ask, AgiLine], Awaitable[None]]


class _AtNode:
    """Implements `acd.telephony.line.Remote` for a line whose channel is at this node."""

    def __init__(self, sessions: Sessions, node: str) -> None:
        self._sessions = sessions
        self._node = node

    @property
    def hears_keys(self) -> bool:
        """Whether the manager interface tells of every key."""
        return self._sessions.hears_keys_at(self._node)

    def stop_playback(self, line: AgiLine) -> None:
        """End the prompt that is playing on this line."""
        self._sessions.stop_playback(line)


class Sessions:
    """`reception` serves each caller who asks; `word`: what a session must say
    (`acd.telephony.agi.word_of`).

    `nodes`: the names that there are where Asterisk is several. `hears_keys_at(node)`: whether its manager
    interface tells of every key. `sees(node)`: whether is known what is going on there.
    """

    def __init__(
        self,
        watch: Watch,
        link: Link,
        prompts: PromptStore,
        merges: Merges,
        reception: Reception,
        word: str = "",
    ) -> None:
        self._watch = watch
        watch.on_new_caller = self.name_caller
        watch.on_key = self._key_pressed
        self._link = link
        self._channels = Channels(link)
        self._prompts = prompts
        self._reception = reception
        self._word = word
        self._lines: dict[str, AgiLine] = {}
        self._heard_at: dict[str, float] = {}  # by node
        self._merges = merges
        self._background = Background("telephony command failed", expected=(TelephonyError,))
        self.nodes: frozenset[str] = frozenset()
        self.hears_keys_at: Callable[[str], bool] = lambda _node: self._link.up
        self.sees: Callable[[str], bool] = lambda _node: True

    async def serve(self, session: AgiSession) -> None:
        """One session, to its end."""
        ask = read_ask(session)
        if self._word and not knows_word(session, self._word):
            log.warning("agi session refused: it does not know our word")
            return
        if ask is None:
            log.warning("agi session without a call refused", channel=session.env.get("agi_channel", ""))
            return
        if (ask.node or None) not in (self.nodes or {None}):
            log.warning("agi session of an unknown node refused", node=ask.node, known=sorted(self.nodes))
            return
        if ask.node:
            self._heard(ask.node)
            session.on_heard = partial(self._heard, ask.node)
        session.is_seen = partial(self.sees, ask.node)
        line = AgiLine(session, self._prompts, _AtNode(self, ask.node))
        channel = at_node(session.env["agi_channel"], ask.node)
        uniqueid = at_node(session.env["agi_uniqueid"], ask.node)
        call_id = self._merges.current(ask.call_id)
        if call_id != ask.call_id:
            ask = renamed(ask, call_id)
            # It may have changed since the session began.
            channel, uniqueid = (at_node(name, ask.node) for name in await line.identity())
            if self._watch.caller_of(call_id) not in (None, uniqueid):
                await line.hang_up(CAUSE_OF_REFUSAL[Refusal.NORMAL])  # the agent's own, left behind
                return
        old = self._lines.get(call_id)
        if old is not None:
            old.close()
        if ask.kind is AskKind.AGENT_LEFT and await self._was_left_alone(call_id):
            ask = replace(ask, kind=AskKind.LEFT_ON_HOLD)
        self._watch.has_moved_on(call_id, uniqueid)
        if not self._watch.bind(call_id, channel, uniqueid):
            return  # hung up while asking
        self._lines[call_id] = line
        try:
            await self._reception(ask, line)
            await line.wait_gone()
        finally:
            for key in [c for c, other in self._lines.items() if other is line]:
                del self._lines[key]
                if line.left:
                    self._watch.asks_no_more(key)

    async def _was_left_alone(self, call_id: str) -> bool:
        """Whether the agent's browser has gone without a word; its leg's end may be told later."""
        for _ in range(LEG_ENDS_LOOKS):
            leg = self._watch.leg_of.get(call_id)
            if leg is None or not is_browser_phone(phone_of(leg) or ""):
                break
            await asyncio.sleep(LEG_ENDS_S)
        return call_id in self._watch.left_alone

    def present_name(self, call_id: str) -> str:
        """The call that goes by this id now: an attended transfer may have made it part of another."""
        return self._merges.current(call_id)

    def asking(self) -> frozenset[str]:
        """The calls whose channels are asking us now."""
        return frozenset(call for call, line in self._lines.items() if not line.gone)

    def merged(self, call_id: str, consult_id: str) -> None:
        """The call has taken the place of the consultation: sessions and later asks follow."""
        self._merges.add(consult_id, call_id)
        line = self._lines.pop(consult_id, None)
        if line is not None and not line.gone:
            self._lines[call_id] = line
        self.name_caller(call_id)

    def foretell(self, call_id: str, consult_id: str) -> None:
        """The call is about to take the consultation's place: whoever asks as that one is left behind."""
        self._merges.add(consult_id, call_id)

    def not_merged(self, call_id: str) -> None:
        """That did not come about."""
        self._merges.forget(call_id)

    def name_caller(self, call_id: str) -> None:
        """The caller's channel may stand where another call was: give it the variables of this one.

        Asterisk moves a transferred channel to a new place in the dialplan under its own name, and
        the variables of that place stay. A channel that was dialled becomes a caller like any other.
        What was to follow the first talk need not follow the next: the dialplan has to ask.
        """
        channel = self._watch.channel_of.get(call_id)
        if channel is not None:
            self._background.begin(self.name(channel, call_id))

    async def name(self, channel: str, call_id: str) -> None:
        """This channel is the call's caller from here on; see `name_caller`."""
        endpoint = phone_of(channel) or ""
        origin = "trunk"
        if self._watch.is_phone(endpoint):
            origin = f"phone:{endpoint}"
        elif endpoint.startswith(TRUNK_PREFIX):
            origin = f"trunk:{endpoint.removeprefix(TRUNK_PREFIX)}"
        variables = {"ACD_AFTER": "", "__ACD_CALL": call_id, "ACD_CALLER": "1", "ACD_ORIGIN": origin}
        for name, value in variables.items():
            await self._channels.act("Setvar", Channel=channel, Variable=name, Value=value)

    def forget(self, call_id: str) -> None:
        """The call has ended."""
        self._merges.forget(call_id)

    def stop_playback(self, line: AgiLine) -> None:
        """End the prompt that is playing on this line."""
        call_id = next((c for c, other in self._lines.items() if other is line), None)
        channel = self._watch.channel_of.get(call_id) if call_id is not None else None
        if channel is not None:
            self._background.begin(self._channels.act("ControlPlayback", Channel=channel, Control="stop"))

    def _key_pressed(self, call_id: str, key: str) -> None:
        line = self._lines.get(call_id)
        if line is not None and not line.gone and key in KEYS:
            line.keys.heard_by_ami(key)

    def keys_unheard(self, node: str = "") -> None:
        """The manager interface is away: lines that wait for keys have to ask for them themselves."""
        for call_id, line in self._lines.items():
            if self.node_of(call_id) == node:
                line.keys.wake()

    def node_of(self, call_id: str) -> str:
        """Where the caller's channel is."""
        return node_of(self._watch.channel_of.get(call_id, ""))

    async def renew_leases(self, lease_s: float, node: str = "") -> None:
        """Tell Asterisk that the callers in our hands are not forgotten."""
        await asyncio.gather(
            *(
                self._renew_lease(call_id, line, channel, lease_s)
                for call_id, line in list(self._lines.items())
                if not line.gone
                and (channel := self._watch.channel_of.get(call_id)) is not None
                and node_of(channel) == node
            )
        )

    def _heard(self, node: str) -> None:
        self._heard_at[node] = asyncio.get_running_loop().time()

    def heard_at(self, node: str) -> float:
        """When a channel of this node last asked or answered: its Asterisk lived then (the loop's time)."""
        return self._heard_at.get(node, 0.0)

    async def still_asks(self, node: str) -> bool | None:
        """Whether a channel of this node answers us: then its Asterisk lives, whatever else is away.

        None where no channel can be asked, which says nothing.
        """
        found = None
        for line in self._idle_at(node)[:ASKED_AT_MOST]:
            answered = await _answers(line)
            if answered:
                return True
            found = found if answered is None else answered
        return found

    async def drop_dead(self, node: str) -> None:
        """Close each session of this node that does not answer.

        Where packets are lost a session outlives its channel, or that it asks no longer: who is served by
        Asterisk's own queue meanwhile must be given no lease, and not be taken for one who waits here.
        """
        await asyncio.gather(*(_answers(line, DEAD_AFTER_S) for line in self._idle_at(node)))

    def is_busy_at(self, node: str) -> bool:
        """Whether a channel of this node has something to do for us, of which it says nothing until then."""
        return any(line.busy for line in self._open_at(node))

    def _idle_at(self, node: str) -> list[AgiLine]:
        return [line for line in self._open_at(node) if not line.busy]

    def _open_at(self, node: str) -> list[AgiLine]:
        lines = [line for call_id, line in self._lines.items() if self.node_of(call_id) == node]
        return [line for line in lines if not line.gone]

    def asking_since(self, node: str, began: float) -> frozenset[str]:
        """The calls of this node whose channels have asked since then (the loop's time), and still do."""
        return frozenset(
            call_id
            for call_id, line in self._lines.items()
            if not line.gone and line.began >= began and self.node_of(call_id) == node
        )

    def let_go(self, node: str, alive: frozenset[str]) -> None:
        """The node is dead, and nobody asks there any more but these."""
        for call_id, line in list(self._lines.items()):
            if call_id not in alive and self.node_of(call_id) == node:
                line.close()

    async def _renew_lease(self, call_id: str, line: AgiLine, channel: str, lease_s: float) -> None:
        await self._set_lease(channel, lease_s)
        if line.gone and self._lines.get(call_id) in (None, line):
            # The caller was sent to an agent meanwhile: a lease must never run out during a talk.
            await self._set_lease(channel, 0)

    async def _set_lease(self, channel: str, lease_s: float) -> None:
        await self._channels.act(
            "Setvar", Channel=channel, Variable="TIMEOUT(absolute)", Value=f"{lease_s:.0f}"
        )

    def _with_line(self, call_id: str, run: Callable[[AgiLine], Awaitable[None]]) -> None:
        line = self._lines.get(call_id)
        if line is None or line.gone:
            return  # the caller is leaving or will ask again; either is reported

        async def guarded() -> None:
            with contextlib.suppress(TelephonyError):  # likewise
                await run(line)

        self._background.begin(guarded())


async def _answers(line: AgiLine, within_s: float = ANSWERS_WITHIN_S) -> bool | None:
    """As `AgiLine.answers`; who does not is let go."""
    found = await line.answers(within_s)
    if found is False:
        line.close()  # an answer that comes late must not pass for that to the next command
    return found
