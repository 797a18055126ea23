"""The soak's accounts: each kind of mistake is found."""

from __future__ import annotations

from dataclasses import replace

from acd.core.facts import AgentInterval
from acd.records.fold import fold
from acd.records.record import CallRecord
from bench import account
from tests.records.scenario import START, facts_of

CAN_SERVE = {"sales": ["anna"]}


def call(text: str, call_id: str = "c1") -> CallRecord:
    return fold(call_id, facts_of(text))


ANSWERED = call("0 arrived 5550100 8001\n0 queued sales\n5 offered anna\n7 answered anna\n9 ended caller")
WAITING = call("0 arrived 5550100 8001\n0 queued sales", "c2")


def ready(since: float, until: float, agent: str = "anna") -> AgentInterval:
    return AgentInterval(agent, "ready", None, START + since, START + until)


def row(start: float, end: float, call_id: str = "c1", uniqueid: str = "1.1") -> dict[str, str]:
    return {
        "channel": "PJSIP/trunk-lab-00000001",
        "call_id": call_id,
        "uniqueid": uniqueid,
        "start": str(START + start),
        "end": str(START + end),
    }


def test_offered_is_answered_and_abandoned() -> None:
    assert account.offered_is_answered_and_abandoned([ANSWERED]) == []
    assert len(account.offered_is_answered_and_abandoned([ANSWERED, WAITING])) == 1


def test_asterisk_agrees() -> None:
    assert account.asterisk_agrees([ANSWERED], [row(0.1, 7), row(7, 9.5)]) == []


def test_asterisk_has_more_or_other_calls() -> None:
    assert len(account.asterisk_agrees([ANSWERED], [row(0, 9), row(0, 9, "c9", "1.9")])) == 2
    assert len(account.asterisk_agrees([ANSWERED], [])) == 2
    assert len(account.asterisk_agrees([ANSWERED], [row(0, 11.5)])) == 1
    assert len(account.asterisk_agrees([ANSWERED], [row(-1.5, 9)])) == 1


def test_somebody_idle_while_one_waits() -> None:
    assert account.nobody_idle_while_one_waits([ANSWERED], [ready(-9, 0.05), ready(4.95, 9)], CAN_SERVE) == []
    assert len(account.nobody_idle_while_one_waits([ANSWERED], [ready(-9, 0.2)], CAN_SERVE)) == 1
    assert account.nobody_idle_while_one_waits([ANSWERED], [ready(-9, 0.2, "dora")], CAN_SERVE) == []


def test_a_ring_is_no_waiting() -> None:
    assert account.unattended(ANSWERED) == [("sales", (START, START + 5))]


def test_every_second_accounted() -> None:
    whole = [ready(0, 4), replace(ready(4, 9), state="talking")]
    logged_in, logged_out = {"anna": START}, {"anna": START + 9}
    assert account.every_second_accounted(whole, logged_in, logged_out) == []
    assert len(account.every_second_accounted([ready(0, 4), ready(4.5, 9)], logged_in, logged_out)) == 1
    assert len(account.every_second_accounted([ready(2, 9)], logged_in, logged_out)) == 1
    assert account.every_second_accounted([], logged_in, logged_out) == ["anna has no time on record"]
