"""What the played web process shows: one agent's day, in the shapes of the feed and of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
CALL = "c-17"

REASONS = {
    "break": ("Break", "小休"),
    "lunch": ("Lunch", "午餐"),
    "training": ("Training", "培训"),
    "meeting": ("Meeting", "会议"),
}

PHONES = {
    "phones": [
        {"phone": "1001", "name": "Anna Weber", "agent": None, "registered": True},
        {"phone": "1007", "name": "Desk by the window", "agent": None, "registered": False},
        {"phone": "1002", "name": "Ben Okafor", "agent": "ben", "registered": True},
    ],
    "browser_phone": {"uri": "sip:w1001@127.0.0.1", "user": "w1001", "password": "x", "ws": "/sip"},
}
FIGURES = {"agent": "anna", "talking_s": 7380, "wrap_up_s": 1260, "ready_s": 5400}
TARGETS = {
    "agents": [
        {"id": "anna", "name": "Anna Weber", "extension": "1001", "state": "talking"},
        {"id": "ben", "name": "Ben Okafor", "extension": "1002", "state": "ready"},
        {"id": "chen", "name": "陈伟", "extension": "1003", "state": "talking"},
        {"id": "dora", "name": "Dora Novak", "extension": "1004", "state": "logged_out"},
        {"id": "fang", "name": "方丽", "extension": "1006", "state": "ready"},
    ],
    "groups": [
        {"id": "sales", "name": "Sales", "waiting": 2, "ready": 1},
        {"id": "support", "name": "Support", "waiting": 0, "ready": 0},
    ],
    "flows": [{"id": "survey", "name": "Survey"}],
    "numbers": [{"id": "+493012345", "name": "Branch office Mitte"}],
    "outside": True,
}
CARD: Object = {
    "id": "k-1",
    "name": "Müller & Söhne, Frau Dr. Katharina Müller-Lüdenscheidt",
    "company": "Müller & Söhne GmbH",
    "segment": "gold",
    "value": 48200,
    "language": "en",
    "numbers": ["+49 30 5550123", "+49 171 5550199"],
    "emails": ["k.mueller@example.com"],
    "tags": ["contract 2027", "invoices by mail"],
    "fields": {"number": "4711-0815", "until": "2027-03-31", "tariff": "l", "newsletter": True},
    "preferred_agent": "chen",
    "version": 3,
    "notes": [],
}
CANDIDATES: list[Object] = [
    {**CARD, "id": "k-2", "name": "Jonas Berg", "company": "Berg Elektro", "segment": "silver"},
    {**CARD, "id": "k-3", "name": "李娜", "company": "海纳贸易有限公司", "segment": ""},
]
FIELDS: list[Object] = [
    {**field, "required": False, "in_pop": True, "masked": False, "choices": field.get("choices", [])}
    for field in (
        {"id": "number", "label": {"en": "Customer number", "zh_CN": "客户编号"}, "type": "text"},
        {"id": "until", "label": {"en": "Contract until", "zh_CN": "合同到期"}, "type": "date"},
        {
            "id": "tariff",
            "label": {"en": "Tariff", "zh_CN": "资费"},
            "type": "choice",
            "choices": [{"value": "l", "label": {"en": "Business L", "zh_CN": "企业版 L"}}],
        },
        {"id": "newsletter", "label": {"en": "Newsletter", "zh_CN": "通讯"}, "type": "yes_no"},
    )
]
DISPOSITIONS = {
    "sales": {
        "required": True,
        "codes": [
            {
                "id": "sale",
                "label": {"en": "Sale", "zh": "销售"},
                "fields": [],
                "children": [
                    {
                        "id": "sale-new",
                        "label": {"en": "New contract", "zh": "新合同"},
                        "fields": [
                            {
                                "id": "order",
                                "label": {"en": "Order number", "zh": "订单号"},
                                "kind": "text",
                                "required": True,
                            }
                        ],
                        "children": [],
                    }
                ],
            },
            {"id": "wrong", "label": {"en": "Wrong number", "zh": "打错电话"}, "fields": [], "children": []},
        ],
    }
}


def pop(now: float) -> Object:
    """A known customer with a history."""
    hostile = '<img src=x onerror="alert(1)"> \u202etxet desrever'
    card = {
        **CARD,
        "notes": [
            {
                "at": now - 86_400 * 3,
                "by": "Chen Wei",
                "text": "Wants to hear about the new tariff before the contract ends.",
            },
            {"at": now - 86_400 * 40, "by": "Anna Weber", "text": hostile},
        ],
    }
    contact = {
        "direction": "inbound",
        "group": "sales",
        "agent": "Chen Wei",
        "outcome": "answered",
        "talk_s": 342,
        "disposition": "Sale · No interest",
        "note": "Offer sent by mail, calls again next week.",
    }
    return {
        "call": {"id": CALL},
        "customer": card,
        "candidates": [],
        "why": {
            "dialed": "8000",
            "number_name": "Service line",
            "path": [
                {"flow": "main", "step": name, "arrow": "1", "detail": ""}
                for name in ("menu", "english", "buy")
            ]
            + [{"flow": "", "step": "", "arrow": "queue", "detail": "sales"}],
            "collected": {"Account": "12345674", "PIN": "•••"},
            "lookups": [
                {"at": now, "flow": "balance", "step": "account", "result": "found", "detail": "1 204.50"}
            ],
            "waited_s": 48,
            "group": "Sales",
            "priority": 20,
            "transferred_from": None,
            "reason": ["anna, ready 312.0 s: longest idle", "2 ready with the skills of sales"],
        },
        "before": {
            "contacts": [
                {**contact, "call": "c-9", "at": now - 86_400 * 2},
                {
                    **contact,
                    "call": "c-5",
                    "at": now - 86_400 * 9,
                    "outcome": "abandoned",
                    "agent": None,
                    "disposition": None,
                    "note": None,
                    "talk_s": 0,
                },
                {**contact, "call": "c-2", "at": now - 86_400 * 70, "direction": "outbound", "note": None},
            ],
            "callbacks": [{"id": "b-1", "at": now - 3600, "group": "sales"}],
            "voicemails": [],
        },
        "greeting": "Good morning Dr. Müller-Lüdenscheidt, Example Bank, Anna Weber. How may I help you?",
        "links": [
            {"label": "CRM", "url": "https://crm.example.com/k-1"},
            {"label": "bad", "url": "javascript:alert(1)"},
        ],
        "directory": "ok",
    }


def tasks(now: float) -> list[Object]:
    """Two that wait, two that somebody has."""
    base: Object = {
        "call": "c-1", "group": "sales", "name": "", "number": "", "duration_s": 0.0, "language": "en",
        "state": "open", "agent": None, "due_at": None, "line": None, "history": [],
    }  # fmt: skip
    mine: Object = {"state": "assigned", "agent": "anna"}
    said: Object = {
        "at": now,
        "who": "anna",
        "state": "assigned",
        "agent": "anna",
        "note": "Asked for Chinese",
    }
    return [
        {
            **base,
            "kind": "callback",
            "id": "1",
            "at": now - 5400,
            "number": "+49305550123",
            "name": CARD["name"],
            "due_at": now + 1800,
        },
        {
            **base,
            "kind": "voicemail",
            "id": "2",
            "at": now - 8000,
            "number": "+491711234567",
            "duration_s": 37.0,
        },
        {
            **base,
            **mine,
            "kind": "callback",
            "id": "3",
            "at": now - 90_000,
            "number": "+861055500001",
            "due_at": now - 600,
            "history": [said],
        },
        {**base, "kind": "voicemail", "id": "4", "at": now - 100_000, "state": "assigned", "agent": "chen"},
    ]


def objects(now: float) -> dict[str, Object]:
    """The topic `me` of Anna, who is logged out."""
    reasons = [
        {"id": i, "label": {"en": en, "zh_CN": zh}, "selectable": True, "max_s": 900}
        for i, (en, zh) in REASONS.items()
    ]
    reasons.append(
        {
            "id": "desktop-gone",
            "label": {"en": "Desktop gone", "zh_CN": "工作台离线"},
            "selectable": False,
            "max_s": None,
        }
    )
    return {
        "centre": {
            "name": "Example Bank",
            "language": "en",
            "timezone": "Europe/Berlin",
            "asterisk": True,
            "dispatching": True,
            "version": "1",
            "announcements": [],
            "reasons": reasons,
            "groups": ["sales", "support"],
        },
        "agent:anna": {
            "id": "anna",
            "name": "Anna Weber",
            "extension": "1001",
            "phone": None,
            "browser_phone": False,
            "phone_reachable": False,
            "state": "logged_out",
            "reason": None,
            "reason_label": None,
            "reason_max_s": None,
            "since_at": now,
            "until_at": None,
            "pending": None,
            "next_state": None,
            "occupied": None,
            "login_at": None,
            "busy_s": 0,
            "calls_taken": 0,
            "calls_today": 23,
            "call": None,
            "own_call": None,
            "wrap_up_call": None,
            "wrap_up_wanted": False,
            "groups": ["sales"],
            "leaving": False,
            "desktop": True,
        },
    }


def call(now: float, **fields: Any) -> Object:
    """The call in hand."""
    return {
        "id": CALL,
        "kind": "inbound",
        "state": "ringing",
        "since_at": now,
        "arrived_at": now - 90,
        "queued_at": now - 48,
        "caller_number": "+49 30 5550123",
        "caller_name": None,
        "dialed_number": "8000",
        "trunk": "lab",
        "customer": {"id": "k-1", "name": CARD["name"], "segment": "gold"},
        "group": "sales",
        "position": None,
        "priority": 20,
        "ring": None,
        "kept_for": None,
        "agent": "anna",
        "on_hold": False,
        "muted": False,
        "recording": None,
        "parties": [],
        "consult": None,
        "outside_number": None,
        "flow_step": None,
        "wrap_up_for": None,
        **fields,
    }


def _logged_in(now: float, state: str, **fields: Any) -> Object:
    base = {
        "state": state,
        "reason": None,
        "reason_max_s": None,
        "phone": "1001",
        "phone_reachable": True,
        "login_at": now - 7200,
        "since_at": now,
        "until_at": None,
        "call": None,
        "own_call": None,
        "wrap_up_call": None,
        "next_state": None,
        "pending": None,
    }
    return {**base, **fields}


_CUSTOMER = {"who": "customer", "number": "+49 30 5550123", "on_hold": False}
_ANNA = {"who": "agent", "agent": "anna", "on_hold": False}
_BEN = {"who": "agent", "agent": "ben", "on_hold": False}


def _talk(now: float, **fields: Any) -> Object:
    given = {
        "state": "talking",
        "since_at": now - 65,
        "recording": "on",
        "parties": [_CUSTOMER, _ANNA],
        **fields,
    }
    return {
        "agent__anna": _logged_in(now, "talking", since_at=now - 65, call=CALL, next_state="ready"),
        f"call__{CALL}": call(now, **given),
    }


SCENES: dict[str, Callable[[float], dict[str, Any]]] = {
    "not-ready": lambda now: {
        "agent__anna": _logged_in(now, "not_ready", reason="lunch", reason_max_s=900, since_at=now - 1200),
        "drop": [f"call:{CALL}"],
    },
    "ready": lambda now: {"agent__anna": _logged_in(now, "ready"), "drop": [f"call:{CALL}", f"pop:{CALL}"]},
    "ring": lambda now: {
        "agent__anna": _logged_in(now, "ringing", call=CALL, next_state="ready"),
        f"call__{CALL}": call(now),
        f"pop__{CALL}": {"call": CALL},
    },
    "talk": _talk,
    "hold": lambda now: _talk(now, on_hold=True),
    "consult": lambda now: _talk(
        now, on_hold=True, consult={"call": f"{CALL}-c1", "to": "ben", "state": "talking"}
    ),
    "conference": lambda now: _talk(
        now,
        parties=[_CUSTOMER, _ANNA, _BEN],
        consult={"call": f"{CALL}-c1", "to": "ben", "state": "talking"},
    ),
    "dialled": lambda now: {
        "agent__anna": _logged_in(now, "talking", since_at=now - 8, own_call="c-20", next_state="ready"),
        "call__c-20": call(
            now,
            id="c-20",
            kind="outbound",
            state="outside",
            customer=None,
            group=None,
            agent=None,
            caller_number="1001",
            caller_name="Anna Weber",
            outside_number="+49 40 5550188",
            own_call_of="anna",
            priority=0,
            queued_at=None,
        ),
    },
    "pending": lambda now: {
        "agent__anna": _logged_in(
            now, "talking", since_at=now - 65, call=CALL, pending="lunch", next_state="not_ready"
        )
    },
    "wrap-up": lambda now: {
        "agent__anna": _logged_in(now, "wrap_up", wrap_up_call=CALL, until_at=now + 42, next_state="ready"),
        f"call__{CALL}": call(now, state="ended", wrap_up_for="anna"),
    },
    "message": lambda now: {
        "message__m1": {
            "id": "m1",
            "at": now,
            "from": "Dora Novak",
            "to": ["anna"],
            "text": "Please take sales calls first until noon.",
            "urgent": True,
        }
    },
}
