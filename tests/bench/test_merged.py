"""The journals of several controllers, as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acd.core import events
from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.engine import Engine
from acd.core.facts import CallKind
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.requirement import Requirement
from bench.hosts.merged import Term, broken_rules, terms, two_leaders
from tests.journal.pages import Pages

PLAN = Plan(
    {
        name: AgentProfile(name, name, phone, {"sales": 5})
        for name, phone in (("anna", "1001"), ("ben", "1002"))
    },
    {"sales": GroupPolicy("sales", "Sales", Requirement.of({"sales": 1}))},
)


class Controller:
    """The engine of one, and the file of its journal."""

    def __init__(self, home: Path, name: str, at: float, kept: Engine | None = None) -> None:
        self._folder = home / "controllers" / name / "journal"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pages = Pages(10_000)
        self.at = self._began_at = at
        self.engine = self._pages.engine(PLAN)
        self.feed(events.DispatchSuspended())
        if kept is not None:
            agents = [Agent.from_dict(a.to_dict()) for a in kept.floor.agents.values()]
            calls = [Call.from_dict(c.to_dict()) for c in kept.floor.calls.values()]
            self.engine.restore(agents, calls, self.at)
        for phone in ("1001", "1002"):
            self.feed(events.PhoneChanged(phone, reachable=True, in_use=False))
        self.feed(events.DispatchResumed())

    def feed(self, *told: events.Event) -> None:
        """One after the other, a tenth of a second apart."""
        for event in told:
            self.at += 0.1
            self.engine.handle(event, self.at)

    def write(self) -> Path:
        """Its file."""
        path = self._folder / f"{self._began_at:012.3f}.jsonl"
        path.write_bytes(b"".join(self._pages.pages[0]))
        return path


def arrives(call_id: str) -> list[events.Event]:
    """A customer who waits for sales."""
    return [
        events.CallArrived(call_id, CallKind.INBOUND, "+49301", "", "8001"),
        events.CallQueued(call_id, "sales"),
    ]


def two(home: Path, later_s: float) -> tuple[Controller, Controller]:
    """One who leads, and another who takes over so much later than the last decision."""
    first = Controller(home, "one", 100.0)
    first.feed(
        events.AgentLoggedIn("anna", "1001"), events.AgentWentReady("anna"), *arrives("c1"), *arrives("c2")
    )
    second = Controller(home, "two", first.at + later_s, first.engine)
    second.feed(events.AgentLoggedIn("ben", "1002"), events.AgentWentReady("ben"))
    return first, second


def test_one_leads_after_the_other(tmp_path: Path) -> None:
    first, second = two(tmp_path, 1.0)
    files = [first.write(), second.write()]
    found = terms(tmp_path, ("two", "one"))
    assert [(term.leader, term.file) for term in found] == [("one", files[0]), ("two", files[1])]
    assert two_leaders(found) == []
    assert [broken_rules(file) for file in files] == [[], []]


def test_a_time_limit_may_pass_while_nobody_leads(tmp_path: Path) -> None:
    """Whoever takes over hears of phones before it comes to limits; a leader at work lets none pass."""
    first = Controller(tmp_path, "one", 100.0)
    arrived, _ = arrives("c1")
    first.feed(arrived, events.CallQueued("c1", "sales", max_wait_s=2.0))
    second = Controller(tmp_path, "two", first.at + 20.0, first.engine)
    assert broken_rules(second.write()) == []
    first.at += 20.0
    first.feed(*arrives("c2"))
    (said,) = broken_rules(first.write())
    assert "a deadline of 18." in said


def test_an_old_leader_that_decides_once_more_is_found(tmp_path: Path) -> None:
    first, second = two(tmp_path, 1.0)
    first.at = second.at + 2.0
    first.feed(*arrives("c3"))
    first.write()
    second.write()
    (said,) = two_leaders(terms(tmp_path, ("one", "two")))
    assert said.startswith("one decided 2.")


def test_who_decided_nothing_did_not_lead(tmp_path: Path) -> None:
    first, _ = two(tmp_path, 1.0)
    idle = Term("two", tmp_path / "x.jsonl", None, None)
    first.write()
    assert two_leaders([*terms(tmp_path, ("one",)), idle]) == []


@pytest.mark.parametrize("what", ["answer", "rule"])
def test_a_file_that_does_not_hold_is_named_with_its_line(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two(tmp_path, 1.0)
    path = first.write()
    if what == "answer":
        lines = path.read_text().splitlines()
        number = next(n for n, line in enumerate(lines) if '"Offer"' in line)
        lines[number] = json.dumps({**json.loads(lines[number]), "did": []})
        path.write_text("\n".join(lines) + "\n")
        assert broken_rules(path) == [f"{path.name}: line {number + 1} comes out otherwise now"]
    else:
        monkeypatch.setattr("acd.core.floor.Floor.can_take_calls", lambda _floor, _agent: True)
        (said,) = broken_rules(path)
        assert said.startswith(f"{path.name}: line ")
