"""The wiring of what desktops see and ask for: the live feed, who has one open, what people do there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from acd.core.calls import Call
from acd.core.facts import Answered, Arrived, FellBack, WrapUpStarted
from acd.core.floor import Floor
from acd.core.ports import Mirror, Recorder
from acd.errors import OperatorError, RequestRefused
from acd.records.decisions import decisions
from acd.records.record import CallRecord
from acd.records.store import RecordStore
from acd.records.story import in_words, printable
from acd.runtime.announcements import Announcements
from acd.runtime.call_detail import CallDetail, Sources
from acd.runtime.callbacks import CallbackDesk
from acd.runtime.control import BAD_REQUEST, Handler, Request, text_of
from acd.runtime.control_server import Stream
from acd.runtime.disposition_desk import DispositionDesk, Spoken
from acd.runtime.fact_stream import FactStream
from acd.runtime.feed import LiveFeed
from acd.runtime.feed_centre import centre_object
from acd.runtime.feed_look import View
from acd.runtime.messages import Messages
from acd.runtime.presence import Presence
from acd.runtime.shell import Shell
from acd.runtime.supervisor_desk import SupervisorDesk
from acd.runtime.versions import Versions
from acd.runtime.walker import Walker
from acd.runtime.watchers import Watchers
from acd.runtime.world import GroupViews
from acd.settings.centre_now import CentreNow
from acd.state.feed_channel import FeedChannel

LOOKED_AT_AGAIN = ("sessions",)
"""What web processes look at again at once when one of them says so."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the desktops' parts make use of."""

    centre: CentreNow
    shell: Shell
    mirror: Mirror
    recorder: Recorder
    store: RecordStore
    versions: Versions
    announcements: Announcements
    callbacks: CallbackDesk
    groups: GroupViews
    walker: Walker
    asterisk_is_up: Callable[[], bool]
    handled: Callable[[str], Mapping[str, Any]]


class Desktop:
    """`feed`, `facts` and `dispositions` observe the shell; the rest is for the control socket."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        centre, shell = around.centre, around.shell
        view = View(
            centre=self._centre,
            language=lambda: centre.system.language,
            step_of=around.walker.step_of,
            handled=around.handled,
            expected_wait=around.groups.expected_of_next,
            team_of=self._team_of,
        )
        self._channel: FeedChannel | None = None
        self.feed = LiveFeed(self._floor, shell.clock, view)
        self.presence = Presence(shell.feed)
        self._watchers = Watchers(self.feed, self.presence)
        self._supervisors = SupervisorDesk(centre, shell)
        self._messages = Messages(
            self.feed.keep, shell.clock, lambda: centre.plan.agents, lambda: centre.plan.groups
        )
        self.dispositions = DispositionDesk(
            centre, shell, around.mirror, around.recorder, around.callbacks, self._on_record
        )
        sources = Sources(
            shown=self.feed.shown,
            in_words=lambda fact: printable(in_words(fact)),
            decided=_decided,
            flows=around.versions.get,
            collected=around.walker.collected,
        )
        self._details = CallDetail(centre, self._floor, shell.clock, sources)
        self.facts = FactStream(self._floor, shell.clock)

    @property
    def _floor(self) -> Floor:
        return self._around.shell.engine.floor

    def restore(self) -> None:
        """Write what agents recorded and the database has not got yet."""
        self.dispositions.restore(self._around.mirror.load())

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {
            **self._supervisors.handlers(),
            **self._messages.handlers(),
            **self.dispositions.handlers(),
            **self._details.handlers(),
            "tasks-changed": self._tasks_changed,
            "look-again": self._look_again,
        }

    def streams(self) -> Mapping[str, Stream]:
        """By the word that the request begins with."""
        return {"watch": self._watchers.serve, "facts": self.facts.serve}

    def running(self) -> list[Coroutine[Any, Any, None]]:
        """What has to run as long as the controller does."""
        return [
            self.feed.run(),
            self._messages.run(),
            *([] if self._channel is None else [self._channel.run()]),
        ]

    def publish_on(self, channel: FeedChannel) -> None:
        """The live feed there, too; before it runs."""
        self._channel = channel
        self.feed.publish(channel.take, channel.place)

    def _look_again(self, request: Request) -> Mapping[str, Any]:
        """Something was changed by one web process that all of them have to see."""
        what = text_of(request, "what")
        if what not in LOOKED_AT_AGAIN:
            raise RequestRefused(BAD_REQUEST, f"'what' is one of: {', '.join(LOOKED_AT_AGAIN)}")
        self.feed.keep(f"again:{what}", {"changed_at": self._around.shell.clock()})
        return {}

    def tasks_changed(self) -> None:
        """A callback or a voicemail was added or changed: pages are to ask again."""
        self.feed.keep("inbox", {"changed_at": self._around.shell.clock()})

    def _tasks_changed(self, _request: Request) -> Mapping[str, Any]:
        self.tasks_changed()
        return {}

    def _on_record(self, call_id: str, agent: str) -> Spoken | None:
        """See `OnRecord`."""
        try:
            record = self._around.store.call(call_id)
        except (SQLAlchemyError, OSError) as error:
            raise OperatorError(f"the database is away ({type(error).__name__})") from error
        return None if record is None else spoken_of(record, agent)

    def _team_of(self, agent: str) -> str | None:
        return self._around.centre.teams.get(agent)

    def _centre(self) -> Mapping[str, Any]:
        around = self._around
        return centre_object(
            self._floor,
            around.centre.system,
            around.announcements.picture(),
            around.centre.team_names,
            version=around.versions.active.version,
            asterisk=around.asterisk_is_up(),
        )


def spoken_of(record: CallRecord, agent: str) -> Spoken:
    """A call on record, as this agent had it."""
    met = [fact.agent for fact in record.facts if isinstance(fact, Answered | FellBack | WrapUpStarted)]
    groups = [visit.group for visit in record.visits if visit.agent == agent]
    groups = groups or [visit.group for visit in record.visits]
    customers = [fact.customer for fact in record.facts if isinstance(fact, Arrived)]
    language = next((one.language for one in customers if one is not None and one.language), "")
    return Spoken(
        record.call_id,
        frozenset(name for name in (*met, record.origin_agent) if name is not None),
        groups[-1] if groups else None,
        record.caller_number,
        language,
    )


def _decided(call: Call) -> list[dict[str, Any]]:
    return [asdict(decision) for decision in decisions(call.facts)]
