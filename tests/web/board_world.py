"""What a played web process shows to supervisors and admins: a floor that moves, and what the API answers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Object = dict[str, Any]

ANSWERS = Path(__file__).with_name("board_answers.json")

NAMES = (
    "Anna Weber",
    "Ben Okafor",
    "陈伟",
    "Dora Novak",
    "Emre Yıldız",
    "方丽",
    "Grace O'Neill",
    "حسن علي",
    "Ines Prado",
    "Jonas Berg",
)
GROUPS = (
    "Sales",
    "Support",
    "Accounts",
    "Cards & fraud",
    "贵宾服务",
    "Complaints",
    "Mortgages",
    "Night service",
)
HOSTILE = '<img src=x onerror="alert(1)"> \u202etxet desrever'
TEAMS = {
    "north": {"en": "North", "zh_CN": "北区"},
    "nights": {"en": "Nights and weekends, Leipzig", "zh_CN": "莱比锡夜间及周末班组"},
}
REASONS = {
    "break": ("Break", "小休", 900),
    "lunch": ("Lunch", "午餐", 1800),
    "training": ("Training", "培训", None),
}
NEXT_STATES = {
    "ready": "ringing",
    "ringing": "talking",
    "talking": "wrap_up",
    "wrap_up": "ready",
    "not_ready": "ready",
}


class BoardWorld:
    """`wallboard` and `calls` are the topics. `step(now)` lets one thing happen, and answers what changed."""

    def __init__(self, now: float, agents: int = 24, groups: int = 8, waiting: int = 9) -> None:
        self._chance = random.Random(7)
        self._number = 0
        self.wallboard: dict[str, Object] = {"centre": _centre(now, groups)}
        self.calls: dict[str, Object] = {}
        for index in range(groups):
            self.wallboard[f"group:g{index}"] = _group(index)
        for index in range(agents):
            self.wallboard[f"agent:a{index}"] = self._agent(now, index, groups)
        for index in range(waiting):
            self._caller(now - self._chance.uniform(3, 140), f"g{index * 3 % groups}")
        for key in [key for key in self.wallboard if key.startswith("group:")]:
            self._count(key.removeprefix("group:"))
        self.wallboard.update(self._figures())

    def step(self, now: float) -> dict[str, tuple[dict[str, Object], list[str]]]:
        """An agent goes on to the next state; now and then a caller comes or leaves the line."""
        board: dict[str, Object] = {}
        calls: dict[str, Object] = {}
        gone: list[str] = []
        key = self._chance.choice([key for key in self.wallboard if key.startswith("agent:")])
        agent = self.wallboard[key]
        if agent["state"] in NEXT_STATES:
            state = NEXT_STATES[agent["state"]]
            call = agent["call"]
            if state == "ringing":
                call = self._call(now, agent["groups"][0], "ringing", agent["id"])
                calls[f"call:{call}"] = self.calls[f"call:{call}"]
            elif state == "wrap_up" and call is not None:
                self.calls.pop(f"call:{call}", None)
                gone.append(f"call:{call}")
                call = None
            self.wallboard[key] = board[key] = {
                **agent,
                "state": state,
                "since_at": now,
                "call": call,
                "reason": None,
                "reason_label": None,
            }
        if self._chance.random() < 0.3:
            for key, waits in [(k, c) for k, c in self.calls.items() if c["state"] == "waiting"][:1]:
                del self.calls[key]
                gone.append(key)
                board[f"group:{waits['group']}"] = self._count(waits["group"])
            call = self._caller(now, f"g{self._chance.randrange(len(self.wallboard['centre']['groups']))}")
            calls[f"call:{call}"] = self.calls[f"call:{call}"]
        for group in agent["groups"]:
            board[f"group:{group}"] = self._count(group)
        return {"wallboard": (board, []), "calls": (calls, gone)}

    def _agent(self, now: float, index: int, groups: int) -> Object:
        state = self._chance.choice(
            [
                "ready",
                "ready",
                "talking",
                "talking",
                "talking",
                "wrap_up",
                "not_ready",
                "ringing",
                "logged_out",
            ]
        )
        reason = self._chance.choice(list(REASONS)) if state == "not_ready" else None
        name = NAMES[index % len(NAMES)] + (f" {index // len(NAMES) + 1}" if index >= len(NAMES) else "")
        agent: Object = {
            "id": f"a{index}",
            "name": HOSTILE if index == 13 else name,
            "team": (*TEAMS, None)[index % 3],
            "extension": str(1001 + index),
            "phone": str(1001 + index),
            "browser_phone": False,
            "phone_reachable": index != 5,
            "state": state,
            "reason": reason,
            "reason_label": REASONS[reason][0] if reason else None,
            "reason_max_s": REASONS[reason][2] if reason else None,
            "since_at": now - self._chance.uniform(2, 2400 if state in ("not_ready", "logged_out") else 500),
            "until_at": None,
            "pending": "lunch" if index == 3 else None,
            "next_state": None,
            "occupied": False,
            "login_at": now - 9000,
            "busy_s": 3000,
            "calls_taken": 12,
            "calls_today": 12,
            "call": None,
            "own_call": None,
            "wrap_up_call": None,
            "wrap_up_wanted": False,
            "groups": [f"g{index % groups}", f"g{index * 7 % groups}"][: 1 + index % 2],
            "leaving": False,
            "desktop": True,
        }
        if state in ("talking", "ringing"):
            agent["call"] = self._call(agent["since_at"], agent["groups"][0], state, agent["id"])
        return agent

    def _caller(self, since: float, group: str) -> str:
        return self._call(since, group, "waiting", None)

    def _call(self, since: float, group: str, state: str, agent: str | None) -> str:
        self._number += 1
        number = self._number
        known = number % 3 == 0
        self.calls[f"call:c-{number}"] = {
            "id": f"c-{number}",
            "kind": "inbound",
            "state": state,
            "since_at": since,
            "arrived_at": since - 30,
            "queued_at": since,
            "caller_number": f"+49305550{number % 1000:03}",
            "caller_name": HOSTILE if number == 9 else None,
            "dialed_number": "8000",
            "trunk": "lab",
            "customer": {"id": f"k-{number}", "name": NAMES[number % 10], "segment": "gold"}
            if known
            else None,
            "group": group,
            "position": 1 + number % 5,
            "priority": 10 * (number % 3),
            "ring": 0,
            "kept_for": None,
            "agent": agent,
            "on_hold": number % 7 == 0,
            "muted": False,
            "recording": None,
            "parties": [],
            "consult": None,
            "outside_number": None,
            "flow_step": None,
            "wrap_up_for": None,
        }
        return f"c-{number}"

    def _count(self, group: str) -> Object:
        agents = [
            one for key, one in self.wallboard.items() if key.startswith("agent:") and group in one["groups"]
        ]
        waits = [
            call for call in self.calls.values() if call["state"] == "waiting" and call["group"] == group
        ]
        counts = {
            state: sum(agent["state"] == state for agent in agents)
            for state in ("ready", "ringing", "talking", "wrap_up", "not_ready")
        }
        self.wallboard[f"group:{group}"] = shown = {
            **self.wallboard[f"group:{group}"],
            **counts,
            "staffed": sum(counts.values()),
            "waiting": len(waits),
            "oldest_at": min((call["queued_at"] for call in waits), default=None),
            "expected_wait_s": {"p50": 20.0 + 25 * len(waits), "p90": 55.0 + 60 * len(waits)}
            if waits
            else None,
        }
        return shown

    def _figures(self) -> Iterator[tuple[str, Object]]:
        for key in list(self.wallboard):
            kind, _, name = key.partition(":")
            if kind == "group":
                yield f"figures:{key}", {"group": name, **self._group_figures()}
            elif kind == "agent":
                answered = self._chance.randrange(2, 40)
                yield (
                    f"figures:{key}",
                    {
                        "agent": name,
                        "answered": answered,
                        "aht_s": self._chance.uniform(120, 420),
                        "acw_s": 30.0,
                        "logged_in_s": 9000.0,
                        "ready_s": 3000.0,
                        "talking_s": 4500.0,
                        "wrap_up_s": 900.0,
                        "not_ready_s": {"break": 600.0},
                    },
                )
        yield "figures:total", self._group_figures(scale=8)

    def _group_figures(self, scale: int = 1) -> Object:
        offered, abandoned = scale * self._chance.randrange(60, 160), scale * self._chance.randrange(0, 12)
        return {
            "offered": offered,
            "answered": offered - abandoned,
            "abandoned": abandoned,
            "service_level": self._chance.uniform(0.55, 0.99),
            "service_level_30min": self._chance.uniform(0.5, 1.0),
            "abandon_rate": abandoned / offered,
            "asa_s": 21.0,
            "aht_s": 250.0,
            "longest_wait_s": 300.0,
        }


def _centre(now: float, groups: int) -> Object:
    reasons = [
        {"id": i, "label": {"en": en, "zh_CN": zh}, "selectable": True, "max_s": most}
        for i, (en, zh, most) in REASONS.items()
    ]
    return {
        "name": "Example Bank",
        "language": "en",
        "timezone": "Europe/Berlin",
        "asterisk": True,
        "dispatching": True,
        "version": "7",
        "announcements": [
            {"id": "outage", "name": "outage", "on": True, "until_at": now + 3600},
            {"id": "storm", "name": "storm", "on": False, "until_at": None},
        ],
        "reasons": reasons,
        "groups": [f"g{index}" for index in range(groups)],
        "teams": [{"id": id, "name": name} for id, name in TEAMS.items()],
    }


def _group(index: int) -> Object:
    name = GROUPS[index % len(GROUPS)] + (f" {index // len(GROUPS) + 1}" if index >= len(GROUPS) else "")
    return {
        "id": f"g{index}",
        "name": name,
        "waiting": 0,
        "oldest_at": None,
        "calling_back": 0,
        "expected_wait_s": None,
        "ready": 0,
        "occupied": 0,
        "ringing": 0,
        "talking": 0,
        "wrap_up": 0,
        "not_ready": 0,
        "staffed": 0,
        "service_level_s": 20,
        "service_level_target": 0.8,
    }


def answers(now: float) -> dict[str, Any]:
    """What the API answers, by name: board_answers.json, with moments in the place of `{"ago_s": …}` and the like."""
    iso = datetime.fromtimestamp(now, UTC).isoformat()

    def filled(value: Any) -> Any:
        match value:
            case {"ago_s": seconds} if len(value) == 1:
                return now - seconds
            case {"ago": "iso"}:
                return iso
            case {"ago_iso_s": seconds}:
                return datetime.fromtimestamp(now - seconds, UTC).isoformat()
            case dict():
                return {name: filled(one) for name, one in value.items()}
            case list():
                return [filled(one) for one in value]
        return value

    found: dict[str, Any] = filled(json.loads(ANSWERS.read_text(encoding="utf-8")))
    return found


def intervals(now: float) -> list[Object]:
    """As /api/reports/intervals has them."""
    chance = random.Random(3)
    day = now - now % 86_400 + 7 * 3600
    return [
        {
            "at": day + 1800 * index,
            "offered": (calls := chance.randrange(20, 90)),
            "answered": calls - (lost := chance.randrange(0, 9)),
            "abandoned": lost,
            "service_level": chance.uniform(0.6, 1.0),
            "aht_s": 240.0,
        }
        for index in range(20)
    ]
