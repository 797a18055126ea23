"""What a played web process shows to supervisors and admins: a floor of any size that moves, and what the API answers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]

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
FLOW = "main"


class BoardWorld:
    """`wallboard` and `calls` are the topics. `step(now)` lets one thing happen and answers what changed, by topic."""

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
            "id": f"a{index}", "name": HOSTILE if index == 13 else name, "extension": str(1001 + index), "phone": str(1001 + index),
            "browser_phone": False, "phone_reachable": index != 5, "state": state, "reason": reason,
            "reason_label": REASONS[reason][0] if reason else None, "reason_max_s": REASONS[reason][2] if reason else None,
            "since_at": now - self._chance.uniform(2, 2400 if state in ("not_ready", "logged_out") else 500), "until_at": None,
            "pending": "lunch" if index == 3 else None, "next_state": None, "occupied": False, "login_at": now - 9000, "busy_s": 3000,
            "calls_taken": 12, "calls_today": 12, "call": None, "own_call": None, "wrap_up_call": None, "wrap_up_wanted": False,
            "groups": [f"g{index % groups}", f"g{index * 7 % groups}"][: 1 + index % 2], "leaving": False, "desktop": True,
        }  # fmt: skip
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
            "id": f"c-{number}", "kind": "inbound", "state": state, "since_at": since, "arrived_at": since - 30, "queued_at": since,
            "caller_number": f"+49305550{number % 1000:03}", "caller_name": HOSTILE if number == 9 else None, "dialed_number": "8000", "trunk": "lab",
            "customer": {"id": f"k-{number}", "name": NAMES[number % 10], "segment": "gold"} if known else None, "group": group,
            "position": 1 + number % 5, "priority": 10 * (number % 3), "ring": 0, "kept_for": None, "agent": agent, "on_hold": number % 7 == 0,
            "muted": False, "recording": None, "parties": [], "consult": None, "outside_number": None, "flow_step": None, "wrap_up_for": None,
        }  # fmt: skip
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
            **self.wallboard[f"group:{group}"], **counts, "staffed": sum(counts.values()), "waiting": len(waits),
            "oldest_at": min((call["queued_at"] for call in waits), default=None),
            "expected_wait_s": {"p50": 20.0 + 25 * len(waits), "p90": 55.0 + 60 * len(waits)} if waits else None,
        }  # fmt: skip
        return shown

    def _figures(self) -> Iterator[tuple[str, Object]]:
        for key in list(self.wallboard):
            kind, _, name = key.partition(":")
            if kind == "group":
                yield f"figures:{key}", {"group": name, **self._group_figures()}
            elif kind == "agent":
                answered = self._chance.randrange(2, 40)
                yield f"figures:{key}", {"agent": name, "answered": answered, "aht_s": self._chance.uniform(120, 420), "acw_s": 30.0, "logged_in_s": 9000.0,
                                         "ready_s": 3000.0, "talking_s": 4500.0, "wrap_up_s": 900.0, "not_ready_s": {"break": 600.0}}  # fmt: skip
        yield "figures:total", self._group_figures(scale=8)

    def _group_figures(self, scale: int = 1) -> Object:
        offered, abandoned = scale * self._chance.randrange(60, 160), scale * self._chance.randrange(0, 12)
        return {"offered": offered, "answered": offered - abandoned, "abandoned": abandoned, "service_level": self._chance.uniform(0.55, 0.99),
                "service_level_30min": self._chance.uniform(0.5, 1.0), "abandon_rate": abandoned / offered, "asa_s": 21.0, "aht_s": 250.0, "longest_wait_s": 300.0}  # fmt: skip


def _centre(now: float, groups: int) -> Object:
    reasons = [
        {"id": i, "label": {"en": en, "zh_CN": zh}, "selectable": True, "max_s": most}
        for i, (en, zh, most) in REASONS.items()
    ]
    return {
        "name": "Example Bank", "language": "en", "timezone": "Europe/Berlin", "asterisk": True, "dispatching": True, "version": "7",
        "announcements": [{"id": "outage", "name": "outage", "on": True, "until_at": now + 3600}, {"id": "storm", "name": "storm", "on": False, "until_at": None}],
        "reasons": reasons, "groups": [f"g{index}" for index in range(groups)],
    }  # fmt: skip


def _group(index: int) -> Object:
    name = GROUPS[index % len(GROUPS)] + (f" {index // len(GROUPS) + 1}" if index >= len(GROUPS) else "")
    return {"id": f"g{index}", "name": name, "waiting": 0, "oldest_at": None, "calling_back": 0, "expected_wait_s": None, "ready": 0, "occupied": 0,
            "ringing": 0, "talking": 0, "wrap_up": 0, "not_ready": 0, "staffed": 0, "service_level_s": 20, "service_level_target": 0.8}  # fmt: skip


WHY: Object = {
    "group_name": "Sales", "suspended": False, "present": True, "waited_s": 95.0, "position": 3, "waiting": 5, "priority": 10, "points": 14.2,
    "ageing": True, "ahead": [{"call_id": "c-4", "priority": 20, "points": 22.0, "waited_s": 120.0, "by": "higher priority (20)"}],
    "elsewhere": {"support": 2}, "requires": "english >= 5", "ring": 0, "rings": 1, "ring_requires": "english >= 5 and sales >= 3",
    "next_ring": {"ring": 1, "in_s": 25.0, "requires": "english >= 3", "adds": ["ben"], "adds_count": 1}, "kept_for": None, "entry": None,
    "steps": [{"number": 1, "when": "waited_s >= 60", "does": "priority + 10", "taken_at_s": 60.0, "again_s": None, "due_in_s": None, "holds": True, "seen": {}, "hindered": "", "idle": False}],
    "tried": [{"agent": "ben", "failure": "no_answer", "ago_s": 40.0}], "tried_count": 1, "expected_p50_s": 40.0, "expected_p90_s": 110.0,
    "expected_known": True, "leaves_in_s": 500.0, "exits": ["key"],
    "agents": {"able": [{"id": "anna", "name": "Anna Weber", "ring": 0, "state": "talking", "reason": None, "reason_label": None, "since_s": 200.0, "needs": "to finish the call"}],
               "more_able": [], "unable": [{"id": "dora", "name": "Dora Novak", "state": "ready", "lacks": ["english >= 5"], "from_ring": 1}],
               "more_unable": [], "away": ["fang"], "away_count": 1, "reserved": {"vip": 1}},
}  # fmt: skip


def calls_on_record(now_iso: str) -> list[Object]:
    """A list as /api/calls has it."""
    return [
        {"id": f"20261126T09{index:02}-{index}", "kind": "inbound", "caller_number": f"+493055501{index:02}", "caller_name": HOSTILE if index == 4 else "",
         "dialed_number": "8000", "customer": {"id": f"k-{index}", "name": NAMES[index % 10], "segment": "gold"} if index % 2 else None,
         "started_at": now_iso, "answered_at": now_iso, "ended_at": None if index == 0 else now_iso, "ended_by": None if index == 0 else "caller",
         "groups": ["sales"], "agents": ["anna", "ben"][: index % 3], "wait_s": 12.5 * index, "talk_s": 47.0 * (index % 5)}
        for index in range(40)
    ]  # fmt: skip


def story(call: Object, now: float) -> Object:
    """As /api/calls/{id} has it."""
    return {
        "call": call,
        "story": [f"Call {call['id']}, inbound, 2026-11-26 (Europe/Berlin)", "09:12:01   +0:00.0  call from +49305550104 to 8000: customer Ben Okafor (gold)",
                  "09:12:01   +0:00.1  flow main", "09:12:14  +0:13.0  main/menu: 1 to sales", "09:12:14  +0:13.1  waits for sales with priority 10",
                  "09:12:40  +0:39.0  offered to anna on 1001", "                       longest ready of 3 (4:12)", "                       knows the customer best (vip 6)",
                  "09:12:44  +0:43.2  anna answered", "09:15:02  +3:01.0  the caller hung up"],
        "segments": [], "visits": [],
        "facts": [{"fact": "Queued", "at": now - 200, "group": "sales", "priority": 10}, {"fact": "Offered", "at": now - 190, "agent": "ben", "phone": "1002", "reasons": ["the only one ready"]},
                  {"fact": "OfferFailed", "at": now - 175, "agent": "ben", "failure": "no_answer"},
                  {"fact": "Offered", "at": now - 174, "agent": "anna", "phone": "1001", "reasons": ["longest ready of 3 (4:12)", "knows the customer best (vip 6)"]},
                  {"fact": "Answered", "at": now - 170, "agent": "anna"}],
    }  # fmt: skip


CONFIG: Object = {
    "files": [
        {"name": "config/groups.yml", "text": "groups:\n  sales:\n    name: Sales\n    service_level_s: 20\n    wrap_up_s: -5\n"},
        {"name": "config/system.yml", "text": "system:\n  name: Example Bank\n  timezone: Europe/Berlin\n"},
        {"name": "ivr_flows/main.yml", "text": "flow: main\nsteps:\n  menu:\n    say: welcome\n"},
    ],
    "problems": [
        {"file": "config/groups.yml", "line": 5, "path": "groups > sales > wrap_up_s", "message": "expected 0 or more, got -5", "warning": False},
        {"file": "config/system.yml", "line": 2, "path": "system > name", "message": "this name is that of the example", "warning": True},
    ],
    "sound": False,
}  # fmt: skip
FLOWS: list[Object] = [
    {"id": FLOW, "languages": ["en", "zh"], "steps": 3, "here": {"menu": 4, "sales": 2}},
    {"id": "survey", "languages": ["en"], "steps": 2, "here": {}},
]
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="420" height="200" viewBox="0 0 420 200"><script>alert(1)</script>'
    '<g class="node"><title>main/menu</title><rect x="20" y="40" width="120" height="40" fill="#eef" stroke="#446"/>'
    '<text x="80" y="65" text-anchor="middle" font-family="sans-serif" font-size="14">menu</text></g>'
    '<g class="node"><title>main/sales</title><rect x="260" y="40" width="120" height="40" fill="#efe" stroke="#464"/>'
    '<text x="320" y="65" text-anchor="middle" font-family="sans-serif" font-size="14">sales</text></g>'
    '<path d="M140 60 L260 60" stroke="#333"/><text x="200" y="52" text-anchor="middle" font-family="sans-serif" font-size="12">412</text></svg>'
)
EVENT_BODY = '{"event":"call.ended","call":"c-17"}'


def versions(now_iso: str) -> list[Object]:
    """As /api/versions has them."""
    return [{"number": number, "version": f"{number}f3a9c01e77b2d", "at": now_iso, "who": "maria", "source": "reload" if number else "start", "tests": "12 passed",
             "changed": ["config/groups.yml", "ivr_flows/main.yml"][: number % 3], "active": number == 7, "calls": 5 if number == 7 else 0} for number in range(7, 0, -1)]  # fmt: skip


def accounts(now_iso: str) -> list[Object]:
    """As /api/accounts has them."""
    base: Object = {
        "disabled": False,
        "must_change_password": False,
        "locked_until": None,
        "created_at": now_iso,
        "agent": None,
    }
    return [{**base, "username": "admin", "role": "admin"}, {**base, "username": "anna", "role": "agent", "agent": "anna", "must_change_password": True},
            {**base, "username": "susan", "role": "supervisor"}, {**base, "username": "tom", "role": "agent", "disabled": True, "locked_until": "2999-01-01T00:00:00Z"}]  # fmt: skip


def tokens(now_iso: str) -> list[Object]:
    """As /api/tokens has them."""
    return [{"id": "t1", "name": "Reporting", "scopes": ["read:records", "read:state"], "created_by": "admin", "created_at": now_iso, "expires_at": "2027-11-26T00:00:00Z", "last_used_at": None}]  # fmt: skip


def webhooks(now: float) -> list[Object]:
    """As /api/webhooks has them."""
    base: Object = {
        "note": "CRM",
        "enabled": True,
        "created_by": "admin",
        "created_at": now,
        "failing_since": None,
        "last_error": None,
        "disabled_why": None,
        "waiting": 0,
        "dropped": 0,
    }
    return [{**base, "id": "w1", "url": "https://crm.example.com/hooks/acd", "events": ["call.ended", "agent.state"]},
            {**base, "id": "w2", "url": "https://old.example.com/a/very/long/path/that/goes/on", "events": ["call.arrived"], "failing_since": now - 900, "last_error": "connection refused", "waiting": 17}]  # fmt: skip


def deliveries(now: float) -> list[Object]:
    """As /api/webhooks/{id}/deliveries has them."""
    return [{"id": 2, "event_id": "c-17/9", "event": "call.ended", "state": "delivered", "tries": 1, "created_at": now, "next_at": None, "done_at": now, "status": 200, "error": None, "body": EVENT_BODY},
            {"id": 1, "event_id": "c-16/9", "event": "call.ended", "state": "failed", "tries": 9, "created_at": now - 90, "next_at": None, "done_at": now, "status": 500, "error": "answered 500", "body": EVENT_BODY}]  # fmt: skip


def audit(now_iso: str) -> list[Object]:
    """As /api/audit has it."""
    return [{"id": 900 - index, "at": now_iso, "who": "susan", "role": "supervisor", "address": "10.0.0.7", "what": what, "about": about, "detail": detail}
            for index, (what, about, detail) in enumerate([("spy", "anna", {"mode": "listen"}), ("agent-state", "ben", {"state": "not_ready", "reason": "lunch"}),
                                                           ("message", "*", {"text": HOSTILE, "urgent": True}), ("move", "c-17", {"group": "support"})])]  # fmt: skip


def intervals(now: float) -> list[Object]:
    """As /api/reports/intervals has them."""
    chance = random.Random(3)
    day = now - now % 86_400 + 7 * 3600
    return [{"at": day + 1800 * index, "offered": (calls := chance.randrange(20, 90)), "answered": calls - (lost := chance.randrange(0, 9)), "abandoned": lost,
             "service_level": chance.uniform(0.6, 1.0), "aht_s": 240.0} for index in range(20)]  # fmt: skip


FIELDS: list[Object] = [
    {"id": "contract", "label": {"en": "Contract", "zh_CN": "合同"}, "type": "text", "required": False, "in_pop": True, "masked": False, "choices": []},
    {"id": "since", "label": {"en": "Customer since", "zh_CN": "客户起始"}, "type": "date", "required": False, "in_pop": True, "masked": False, "choices": []},
    {"id": "tariff", "label": {"en": "Tariff", "zh_CN": "资费"}, "type": "choice", "required": False, "in_pop": True, "masked": False, "choices": [{"value": "s", "label": {"en": "Small", "zh_CN": "小"}}, {"value": "l", "label": {"en": "Large", "zh_CN": "大"}}]},
    {"id": "newsletter", "label": {"en": "Newsletter", "zh_CN": "通讯"}, "type": "yes_no", "required": False, "in_pop": False, "masked": False, "choices": []},
]  # fmt: skip


def cards(now: float) -> dict[str, Object]:
    """The customers, by id."""
    base: Object = {
        "company": "",
        "segment": "",
        "value": 0,
        "language": "",
        "preferred_agent": "",
        "requires": "",
        "numbers": [],
        "emails": [],
        "tags": [],
        "fields": {},
        "notes": [],
        "version": 1,
    }
    found: list[Object] = [
        {**base, "id": "k-1", "name": "Katharina Müller-Lüdenscheidt", "company": "Müller & Söhne GmbH", "segment": "gold", "value": 48200, "language": "en", "preferred_agent": "anna",
         "numbers": ["+49305550123", "+491715550199"], "emails": ["k.mueller@example.com"], "tags": ["contract 2027"], "fields": {"contract": "Business L", "since": "2019-04-01", "tariff": "l", "newsletter": True},
         "notes": [{"at": now - 86_400, "by": "Anna Weber", "text": "Wants to hear of the new tariff."}, {"at": now - 4e6, "by": "import", "text": HOSTILE}], "version": 3},
        {**base, "id": "k-2", "name": "K. Mueller", "company": "Müller und Söhne", "numbers": ["+493055501239"], "tags": ["import"], "fields": {"contract": "Business M"}},
        {**base, "id": "k-3", "name": "李娜", "company": "海纳贸易有限公司", "segment": "silver", "numbers": ["+861055500001"]},
        {**base, "id": "k-4", "name": HOSTILE, "company": "W" * 120, "numbers": ["+4930999"]},
        {**base, "id": "k-5", "name": "حسن علي", "numbers": ["+20255501"]},
    ]  # fmt: skip
    return {card["id"]: card for card in found}


def contacts(now: float) -> list[Object]:
    """As /api/customers/{id}/contacts has them."""
    return [{"call": "c-9", "at": now - 90_000, "direction": "inbound", "group": "sales", "agent": "anna", "outcome": "answered", "disposition": "Sale · No interest", "note": "Offer sent by mail.", "talk_s": 342},
            {"call": "c-5", "at": now - 900_000, "direction": "inbound", "group": "support", "agent": None, "outcome": "abandoned", "disposition": None, "note": None, "talk_s": 0}]  # fmt: skip


IMPORTED: Object = {
    "added": 120, "changed": 14, "unchanged": 3, "faulty": 2, "applied": True,
    "faults": [{"line": 17, "column": "numbers", "reason": "expected a phone number such as +8613800138000", "value": "12-34"},
               {"line": 58, "column": "fields.since", "reason": "expected a date such as 2026-11-26", "value": HOSTILE}],
}  # fmt: skip
