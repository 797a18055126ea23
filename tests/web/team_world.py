"""Two teams with calls, states, recordings, tasks and a live picture of each: north sells, south does both.

Whatever is south's alone has one of MARKS in it. The line of sales is served by both, that of support by
south alone.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acd.accounts.audit import AuditLog, Entry
from acd.accounts.store import AccountStore
from acd.core import facts
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder, CallKind, EndedBy, Fact, SoundPurpose
from acd.recordings.of_call import RecordingKind
from acd.recordings.store import Recording, Recordings, Storage
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.reports.sending.saved import draft_of
from acd.reports.sending.store import SavedReports
from acd.settings.environment import Environment
from acd.settings.model import RecordFormat
from acd.web.api import ROUTES
from acd.web.app import make_app
from acd.web.asker import Asker, Role
from acd.web.services import Services
from tests.web.client import CHECKOUT, Asking, Client, client_of
from tests.web.fake_controller import FakeController

NORTH = Asker("susan", Role.SUPERVISOR, "127.0.0.1", session="s2", teams=frozenset({"north"}))
CHIEF = replace(NORTH, name="chief", teams=None)
TEAM_OF = {"anna": "north", "ben": "north", "chen": "south", "dora": "south", "emil": "south"}
MARKS = (
    *("chen", "dora", "emil", "陈伟", "Dora Novak", "Emil Larsen", "south", "Süden"),
    *("1003", "1004", "1005", "Support", "sb-", "5559", "chief's"),
    *('"group":"support"', '"key":"support"', '["support"', '"support"]', "group:support"),
)


def marks_in(text: str) -> list[str]:
    """Those of MARKS that a text has; a number only as a whole, for times and ids have digits, too."""
    found = (mark for mark in MARKS if mark in text)
    return [mark for mark in found if not mark.isdigit() or re.search(rf"(?<![\d.]){mark}(?!\d)", text)]


DAY = "2026-02-20"
_TEAMS = "teams:\n  north: {name: {en: North, zh_CN: 北区}}\n  south: {name: {en: Süden, zh_CN: 南区}}\n\n"


def config_of(folder: Path, teams: dict[str, str] | None = None) -> Path:
    """The example's, with teams."""
    config = folder / "config"
    shutil.copytree(CHECKOUT / "config", config, dirs_exist_ok=True)
    text = (CHECKOUT / "config" / "agents.yml").read_text(encoding="utf-8")
    for agent, team in (TEAM_OF if teams is None else teams).items():
        text = text.replace(f"  {agent}:\n", f"  {agent}:\n    team: {team}\n")
    (config / "agents.yml").write_text(text.replace("\nagents:\n", f"\n{_TEAMS}agents:\n"), encoding="utf-8")
    return config


def agent(id: str, name: str, groups: list[str], **now: Any) -> dict[str, Any]:
    """As the controller tells it."""
    told = {"id": id, "name": name, "team": TEAM_OF[id], "groups": groups, "state": "ready", "reason": None}
    work = {"occupied": None, "call": None, "own_call": None, "wrap_up_call": None, "phone": None}
    return {**told, **work, "since_at": 1_790_000_000.0, **now}


def call(id: str, group: str | None, state: str, **now: Any) -> dict[str, Any]:
    """As the controller tells it."""
    who: dict[str, Any] = {
        "agent": None,
        "own_call_of": None,
        "kept_for": None,
        "wrap_up_for": None,
        "parties": [],
    }
    numbers = {"caller_number": "5551", "caller_name": "", "dialed_number": "8000", "customer": None}
    times = {"arrived_at": time.time() - 5, "since_at": time.time() - 5, "queued_at": None}
    told = {"id": id, "kind": "inbound", "state": state, "group": group, "flow_step": None}
    return {**told, **who, **numbers, **times, **now}


def picture() -> dict[str, Any]:
    """Everybody at work; a call of each kind. na-…: seen from north, sb-…: of south."""
    both = ["sales", "support"]
    agents = [
        agent("anna", "Anna Weber", ["sales"], state="talking", call="na-talks", phone="1001"),
        agent("ben", "Ben Okafor", ["sales"], phone="1002"),
        agent("chen", "陈伟", both, state="ringing", call="na-rings", phone="1003"),
        agent("dora", "Dora Novak", ["support"], state="talking", call="sb-talks", phone="1004"),
        agent("emil", "Emil Larsen", ["support"], state="wrap_up", wrap_up_call="sb-wrap", phone="1005"),
    ]
    calls = [
        call("na-talks", "sales", "talking", agent="anna"),
        call("na-waits", "sales", "waiting", tally={"waited_s": 7.0, "agents": ["dora", "anna"]}),
        call("na-rings", "sales", "waiting", agent="chen", kept_for="chen"),
        call("sb-talks", "support", "talking", agent="dora", caller_number="5559"),
        call("sb-sales", "sales", "talking", agent="chen", caller_number="5559"),
        call("sb-waits", "support", "waiting", caller_number="5559"),
        call("sb-wrap", "support", "talking", wrap_up_for="emil", caller_number="5559"),
        call("sb-menu", None, "in_flow", caller_number="5559"),
    ]
    line = {"waiting": 2, "ready": 1, "occupied": 0, "ringing": 1, "talking": 1, "wrap_up": 0, "not_ready": 0}
    return {
        "centre": {
            **{"name": "Nordwind", "groups": both, "reasons": [], "announcements": []},
            "teams": [{"id": "north", "name": {"en": "North"}}, {"id": "south", "name": {"en": "Süden"}}],
        },
        **{f"agent:{one['id']}": one for one in agents},
        **{f"call:{one['id']}": one for one in calls},
        "group:sales": {"id": "sales", "name": "Sales", **line, "staffed": 3},
        "group:support": {"id": "support", "name": "Support", **line, "staffed": 3},
        "message:1": {"id": "1", "from": "chief", "to": ["anna", "dora"], "text": "to both"},
        "message:2": {"id": "2", "from": "chief", "to": ["group:support"], "text": "to south, chief's"},
        "inbox": {"changed_at": 1.0},
    }


def facts_of(at: float, number: str, group: str, agent: str | None) -> list[Fact]:
    """A call that was answered by the agent; None: the caller hung up in line."""
    came: list[Fact] = [facts.Arrived(at, CallKind.INBOUND, number, "", "8000"), facts.Queued(at + 1, group)]
    if agent is None:
        return [*came, facts.Ended(at + 9, EndedBy.CALLER)]
    reasons = (f"{agent}, ready 10.0 s", "next would be dora, ready 2.0 s", "2 ready with the skills")
    return [
        *came,
        facts.Offered(at + 2, agent, "1001", reasons),
        facts.Answered(at + 3, agent),
        facts.Ended(at + 9, EndedBy.CALLER),
    ]


def talk(name: str, call: str, at: float, length_s: float, group: str = "sales") -> Recording:
    """A row; there is no file."""
    began = datetime.fromtimestamp(at, UTC)
    return Recording(
        *(name, call, 1 if "second" not in name else 2, RecordingKind.TALK, group, began, length_s, 1),
        *(RecordFormat.WAV, 14, "", Storage.DISK, None, ()),
    )


def fill(store: RecordStore) -> None:
    """What is on record, of this minute."""
    at = time.time() - 20
    store.save_calls(
        [
            fold("na-sold", facts_of(at, "5551", "sales", "anna")),
            fold("na-lost", facts_of(at, "5551", "sales", None)),
            fold("sb-sold", facts_of(at, "5559", "sales", "chen")),
            fold("sb-help", facts_of(at, "5558", "support", "dora")),
            fold("sb-lost", facts_of(at, "5559", "support", None)),
            *(
                fold(id, [facts.Arrived(at, CallKind.INBOUND, number, "", "8000"), facts.SoundKept(
                    at + 1, f"{DAY}/{id}", 2.0, SoundPurpose.VOICEMAIL, group
                ), facts.Ended(at + 9, EndedBy.CALLER)])
                for id, number, group in (("na-mail", "5551", "sales"), ("sb-mail", "5559", "support"))
            ),
        ]
    )  # fmt: skip
    store.save_intervals([AgentInterval(one, "ready", None, at - 40, at) for one in TEAM_OF])
    store.save_dispositions(
        [
            Disposition("na-sold", "anna", at + 9, "sales", "sold", "Sold"),
            Disposition("sb-help", "dora", at + 9, "support", "sold", "Sold in support"),
        ]
    )
    store.add_callbacks(
        [
            CallbackOrder("na-lost", at, "sales", "5551", "en"),
            CallbackOrder("sb-lost", at, "support", "5559", "en"),
        ]
    )
    for id, group in (("na-sold", "sales"), ("sb-sold", "sales"), ("sb-help", "support")):
        Recordings(store.engine).add(talk(f"{DAY}/{id}-talk", id, at + 3, 3.0, group))
    accounts = AccountStore(store.engine)
    for name, role in (("susan", "supervisor"), ("chief", "admin"), *((one, "agent") for one in TEAM_OF)):
        accounts.add(name, role, "-", name if role == "agent" else None, must_change=False)
    now = datetime.now(UTC)
    AuditLog(store.engine).add(
        [Entry(now, one, "agent", "", "call", "", {}) for one in ("anna", "dora")]
        + [Entry(now, "chief", "admin", "", "agent-state", one, {}) for one in ("ben", "emil")]
    )
    for owner in ("susan", "chief"):
        plain = {"name": f"{owner}'s", "asked": {"report": "groups"}}
        SavedReports(store.engine).add(draft_of(plain, owner), UTC, now)  # type: ignore[arg-type]


@dataclass(frozen=True)
class World:
    """`services` are those behind the client."""

    client: Client
    asking: Asking
    controller: FakeController
    services: Services


def _answers() -> dict[str, Any]:
    why = {
        **{"call_id": "na-waits", "elsewhere": {"support": 2}, "kept_for": {"agent": "chen"}},
        "next_ring": {"ring": 1, "adds": ["dora", "ben"], "adds_count": 2},
        "tried": [{"agent": "chen"}, {"agent": "ben"}],
        "tried_count": 2,
        "agents": {
            **{
                "able": [{"id": "ben", "name": "Ben"}, {"id": "chen", "name": "陈伟"}],
                "more_able": ["1 ringing"],
            },
            **{"unable": [{"id": "dora", "name": "Dora Novak"}], "more_unable": []},
            **{"away": ["emil"], "away_count": 1, "reserved": {"support": 1}},
        },
    }
    decided = [{"at": 1.0, "what": "offered to anna", "reasons": ["anna, ready 1 s", "chen: skilled less"]}]
    status = {"agents": [{"id": one, "name": one, "groups": ["sales"]} for one in TEAM_OF]}
    shown = picture()
    return {
        "why": lambda asked: {"call": asked["call"], "state": "waiting", "facts": [], "why": why},
        "why-agent": lambda asked: {
            "call": asked["call"],
            "agent": "anna",
            "reasons": [],
            "decisions": decided,
        },
        "status": lambda _: status,
        "callbacks": lambda _: {"callbacks": {}},
        "trace": lambda asked: {"facts": []},
        "call": lambda asked: {
            "call": shown[f"call:{asked['call']}"],
            "reason": ["anna, ready", "dora, ready"],
        },
        "announcements": lambda _: {"announcements": []},
        "listening": lambda _: {"state": "none"},
        **dict.fromkeys(
            ("agent-state", "move", "priority", "spy", "call-hangup"), lambda asked: {"did": asked["do"]}
        ),
        "message": lambda asked: {"message": {"to": asked["to"]}},
        **dict.fromkeys(("callback-withdraw", "callbacks-changed"), lambda _: {}),
    }


@asynccontextmanager
async def world(folder: Path, asker: Asker = NORTH) -> AsyncIterator[World]:
    """All routes, on all of that."""
    environment = Environment(folder, config_of(folder), CHECKOUT / "ivr_flows")
    asking, controller = Asking(asker), FakeController(environment.control_socket)
    controller.answers = _answers()
    await controller.start()
    try:
        async with _served(environment, asking, controller) as found:
            yield found
    finally:
        await controller.stop()


@asynccontextmanager
async def _served(
    environment: Environment, asking: Asking, controller: FakeController
) -> AsyncIterator[World]:
    with RecordStore(environment.database_url) as store:
        fill(store)
        services = Services(environment, store, asking.identify, asking.audit)
        services.link.up = True
        services.picture.change(picture())
        async with client_of(make_app(services, ROUTES)) as client:
            yield World(client, asking, controller, services)
