"""Callers in flows: what each command of a flow becomes, and what happens between two sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from acd.core import events, facts
from acd.core.facts import EndedBy, LeftBy, OfferFailure, SoundPurpose
from acd.core.outside_events import OutsideAnswered
from acd.core.outside_facts import DialFailure
from acd.core.ports import AskKind
from acd.ivr import flow as steps
from acd.ivr.expressions import Expression
from acd.ivr.flow import Flow, FlowSet, Message, Speech
from acd.ivr.talk import Found, LookupFailed
from acd.settings.outside import NumberRoute
from tests.runtime.fakes import Desk, FakeLine
from tests.runtime.test_dial_plan import centre as dialing_centre
from tests.umask import private_umask

F = TypeVar("F", bound=facts.Fact)


def message(text: str) -> Message:
    """In English."""
    return Message({"en": (Speech(text, "en"),)})


def expr(source: str) -> Expression:
    """Compiled."""
    return Expression.compile(source)


def menu(text: str, **choices: str) -> steps.Menu:
    """`_1="bye"`: key 1 leads there."""
    return steps.Menu(message(text), {k.removeprefix("_"): v for k, v in choices.items()}, "bye")


QUEUE = steps.Queue(
    "sales",
    keys={"1": "pressed"},
    max_wait_s=60.0,
    timeout="late",
    no_agents="nobody",
    after="rate",
)
NEWS = steps.QueueNews(first_s=10.0, every_s=20.0, position=True, comfort=message("comfort"))
REQUEST = steps.HttpLookup("GET", expr("'http://127.0.0.1/'"), values={"x": "x"})
STEPS: dict[str, steps.Step] = {
    "queue": QUEUE,
    "told": replace(QUEUE, news=NEWS),
    "plain": steps.Queue("sales"),
    "look": steps.Lookup(REQUEST, "found", "failed", "failed", message("wait")),
    "mail": steps.Voicemail("sales", message("speak"), "thanks", min_s=1.0),
    "record": steps.Record("words", message("speak"), "thanks"),
    "back": steps.Callback("sales", expr("caller.number"), "thanks", "failed"),
    "rate": steps.Survey((steps.Question("friendly", message("rate us")),), "thanks"),
    "to_anna": steps.Transfer(steps.TransferKind.AGENT, expr("'anna'"), "failed", 12.0, "rate"),
    "to_who": steps.Transfer(steps.TransferKind.AGENT, expr("'who'"), "failed"),
    "outside": steps.Transfer(steps.TransferKind.NUMBER, expr("'+493012345678'"), "failed", 9, "rate"),
    "another": steps.Transfer(steps.TransferKind.NUMBER, expr("'+493087654321'"), "outside"),
    "denied": steps.Transfer(steps.TransferKind.NUMBER, expr("'+1'"), "failed"),
    "sip": steps.Transfer(steps.TransferKind.SIP, expr("'partner'"), "failed"),
    "stranger": steps.Transfer(steps.TransferKind.SIP, expr("'sip:a@b'"), "failed"),
    "broken": steps.Set({"x": expr("1 / 0")}, "thanks"),
    "found": menu("found", _1="bye"),
    "failed": menu("failed", _1="bye"),
    "pressed": menu("pressed", _1="bye"),
    "late": menu("late", _1="bye"),
    "nobody": menu("nobody", _1="bye"),
    "thanks": steps.HangUp(message("thanks")),
    "bye": steps.HangUp(),
}


def desk_at(start: str, tmp_path: Path) -> Desk:
    """The example centre, where 8000 leads to a flow that starts at this step."""
    base = dialing_centre()
    assert base.dialing is not None
    dialing = replace(base.dialing, flow_role="seller")
    plain = {group.id: replace(group, steps=()) for group in base.plan.groups.values()}
    centre = replace(
        base,
        plan=replace(base.plan, groups=plain),
        numbers={"8000": NumberRoute("8000", flow="f")},
        dialing=dialing,
    )
    flows = FlowSet("v1", {"f": Flow("f", start, ("en",), STEPS)})
    return Desk(centre, flow_set=flows, recordings=tmp_path)


@pytest.fixture
async def desks(tmp_path: Path) -> AsyncIterator[list[Desk]]:
    """Closed afterwards."""
    made: list[Desk] = []
    yield made
    for desk in made:
        await desk.close()


At = Callable[[str], Desk]


@pytest.fixture
def at(desks: list[Desk], tmp_path: Path) -> At:
    """Makes a desk whose flow starts at the named step."""

    def make(start: str) -> Desk:
        desks.append(desk_at(start, tmp_path))
        return desks[-1]

    return make


async def arrives(desk: Desk, *keys: str | None) -> FakeLine:
    """A caller dials the flow."""
    return await desk.ask(line=FakeLine(*keys), dialed_number="8000")


def notes(desk: Desk, kind: type[F]) -> list[F]:
    """The facts of this kind, so far."""
    told = desk.recorder.calls[-1][1] if desk.state() is None else desk.facts()
    return [f for f in told if isinstance(f, kind)]


# --- in line ------------------------------------------------------------------------------------
def at_work(desk: Desk) -> None:
    """Somebody is logged in, and wants no calls yet."""
    desk.shell.feed(events.AgentLoggedIn("anna", "1001"))


async def test_a_key_leads_out_of_the_line(at: At) -> None:
    desk = at("queue")
    at_work(desk)
    line = await arrives(desk)
    assert desk.state() == "waiting"
    line.press("5")
    line.press("1")
    await desk.settled()
    assert line.heard == ["pressed"]
    (left,) = notes(desk, facts.LeftLine)
    assert (left.how, left.key) == (LeftBy.KEY, "1")
    assert [(t.step, t.arrow) for t in notes(desk, facts.StepTaken)] == [("queue", "key 1")]


async def test_nobody_is_logged_in(at: At) -> None:
    desk = at("queue")
    line = await arrives(desk)
    assert line.heard == ["nobody"]


async def test_the_last_agent_goes_home(at: At) -> None:
    desk = at("queue")
    at_work(desk)
    line = await arrives(desk)
    desk.shell.feed(events.AgentLoggedOut("anna"))
    await desk.settled()
    assert line.heard == ["nobody"]


async def test_the_longest_wait_is_over(at: At) -> None:
    desk = at("queue")
    at_work(desk)
    line = await arrives(desk)
    desk.after(60.0)
    await desk.settled()
    assert line.heard == ["late"]


async def test_news_of_the_place(at: At) -> None:
    desk = at("told")
    at_work(desk)
    line = await arrives(desk)
    desk.clock.now = desk.shell._last_tick = desk.clock.now + 10.5
    line.nudge()
    await desk.settled()
    assert line.heard == ["You are next in line.", "comfort", "music default"]
    line.nudge()
    await desk.settled()
    assert len(line.heard) == 3  # the next only after `every_s`


async def test_a_ring_that_fails_brings_the_ways_out_back(at: At) -> None:
    desk = at("queue")
    at_work(desk)
    first = await arrives(desk)
    desk.shell.feed(events.AgentWentReady("anna"))
    await desk.settled()
    assert desk.state() == "ringing"
    second = await desk.ask(kind=AskKind.DIAL_FAILED, failure=OfferFailure.NO_ANSWER)
    assert desk.state() == "waiting"
    second.press("1")
    await desk.settled()
    assert (first.heard, second.heard) == ([], ["pressed"])


async def test_the_flow_goes_on_after_the_agent(at: At) -> None:
    desk = at("queue")
    desk.ready("anna")
    await arrives(desk)
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.told()
    line = await desk.ask(line=FakeLine("4"), kind=AskKind.AGENT_LEFT)
    assert line.heard == ["rate us", "thanks"]
    assert [(s.question, s.score) for s in notes(desk, facts.Scored)] == [("friendly", 4)]
    assert desk.told() == [("hang up", "c1", "normal")]


@pytest.mark.parametrize(("start", "ends"), [("queue", False), ("plain", True)])
async def test_whether_the_flow_has_plans_is_known_when_the_agent_is_rung(
    at: At, start: str, *, ends: bool
) -> None:
    desk = at(start)
    desk.ready("anna")
    await arrives(desk)
    assert desk.state() == "ringing"
    assert desk.reception.ends_with_agent("c1") is ends


async def test_the_phone_that_hung_up_may_have_been_heard_first(at: At) -> None:
    desk = at("queue")
    desk.ready("anna")
    await arrives(desk)
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.shell.feed(events.AgentDisconnected("c1", "1001"))
    line = await desk.ask(line=FakeLine("4"), kind=AskKind.AGENT_LEFT)
    assert line.heard == ["rate us", "thanks"]


async def test_a_line_without_ways_out_is_left_to_the_engine(at: At) -> None:
    desk = at("plain")
    desk.ready("anna")
    await arrives(desk)
    assert desk.mirror.keys("flow") == []
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.told()
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.told() == [("hang up", "c1", "normal")]


@pytest.mark.parametrize("missed", [True, False])
async def test_after_a_restart_the_wait_goes_on(at: At, tmp_path: Path, missed: bool) -> None:
    desk = at("queue")
    at_work(desk)
    await arrives(desk)
    if missed:  # the controller was killed just after the caller had left the line
        desk.reception.walker._in_line._waiting.clear()
        desk.after(60.0)
    kept = desk.mirror.load()
    again = Desk(desk.centre, kept, FlowSet("v1", {"f": Flow("f", "queue", ("en",), STEPS)}), tmp_path)
    again.reception.walker.restore(kept)
    again.clock.now = desk.clock.now
    again.shell.restore()
    again.shell.feed(events.DispatchResumed())
    line = await again.ask(line=FakeLine(), dialed_number="8000")
    if not missed:
        assert again.state() == "waiting"
        line.press("1")
        await again.settled()
    assert line.heard == (["late"] if missed else ["pressed"])
    await again.close()


async def test_after_a_restart_the_line_of_one_who_keyed_a_secret_is_as_it_was(
    at: At, tmp_path: Path
) -> None:
    secret = steps.Collect("pin", message("pin"), "vip", "bye", masked=True)
    vip = replace(QUEUE, priority=expr("80 if pin == '1234' else 0"), news=NEWS)
    flows = FlowSet("v1", {"f": Flow("f", "card", ("en",), {**STEPS, "card": secret, "vip": vip})})
    desk = Desk(at("queue").centre, flow_set=flows, recordings=tmp_path)
    at_work(desk)
    await arrives(desk, "1234")
    assert desk.state() == "waiting"
    kept = desk.mirror.load()
    assert "1234" not in str(kept["flow:c1"])
    await desk.close()

    again = Desk(desk.centre, kept, flows, tmp_path)
    again.reception.walker.restore(kept)
    again.shell.restore()
    again.shell.feed(events.DispatchResumed())
    line = await again.ask(line=FakeLine(), dialed_number="8000")
    again.clock.now = again.shell._last_tick = again.clock.now + 10.5
    line.nudge()
    await again.settled()
    assert line.heard == ["You are next in line.", "comfort", "music default"]
    line.press("1")
    await again.settled()
    assert line.heard[-1] == "pressed"
    await again.close()


# --- look-ups -----------------------------------------------------------------------------------
async def test_the_caller_hears_music_while_somebody_is_asked(at: At) -> None:
    desk = at("look")
    desk.lookups.may_answer.clear()
    desk.lookups.answer = Found({"x": 1})
    line = FakeLine("1")
    task = asyncio.create_task(arrives_on(desk, line))
    await desk.settled()
    assert line.heard == ["wait", "music default"]
    desk.lookups.may_answer.set()
    await task
    assert line.heard == ["wait", "music default", "found"]


async def arrives_on(desk: Desk, line: FakeLine) -> None:
    """The same with this line."""
    await desk.ask(line=line, dialed_number="8000")


async def test_an_answer_that_comes_at_once_needs_no_music(at: At) -> None:
    desk = at("look")
    desk.lookups.answer = LookupFailed("status 500")
    line = await arrives(desk, "1")
    assert "failed" in line.heard
    assert any("status 500" in t.detail for t in notes(desk, facts.StepTaken))


async def test_who_hangs_up_meanwhile_is_no_longer_asked_for(at: At) -> None:
    desk = at("look")
    desk.lookups.may_answer.clear()
    line = FakeLine()
    task = asyncio.create_task(arrives_on(desk, line))
    await desk.settled()
    line.hang_up()
    await task
    assert line.heard == ["wait", "music default"]


# --- recordings, callbacks ------------------------------------------------------------------------
async def test_a_voicemail(at: At, tmp_path: Path) -> None:
    desk = at("mail")
    line = await arrives(desk)
    (sound,) = notes(desk, facts.SoundKept)
    assert isinstance(sound, facts.SoundKept)
    assert (sound.purpose, sound.group, sound.duration_s) == (SoundPurpose.VOICEMAIL, "sales", 3.0)
    file = tmp_path / f"{sound.name}.wav"
    assert file.stat().st_mode & 0o777 == 0o600
    assert line.heard == ["speak", "thanks"]


async def test_asterisk_may_write_though_it_is_another_user(at: At, tmp_path: Path) -> None:
    with private_umask():
        desk = at("mail")
        await arrives(desk)
    (sound,) = notes(desk, facts.SoundKept)
    assert (tmp_path / sound.name).parent.stat().st_mode & 0o777 == 0o770


async def test_a_voicemail_of_one_who_hangs_up(at: At) -> None:
    desk = at("mail")
    line = FakeLine()
    line.hangs_up_while_recording = True
    await desk.ask(line=line, dialed_number="8000")
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    assert len(notes(desk, facts.SoundKept)) == 1


async def test_a_call_that_ends_first_still_keeps_what_was_said(at: At) -> None:
    """AMI may tell of the hang-up before AGI does."""
    desk = at("mail")
    line = FakeLine()
    line.hangs_up_while_recording = True
    line.before_hang_up = lambda: desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    await desk.ask(line=line, dialed_number="8000")
    await desk.settled()
    assert desk.state() is None
    assert len(notes(desk, facts.SoundKept)) == 1


def files(folder: Path) -> list[Path]:
    """What was recorded."""
    return list(folder.rglob("*.wav"))


async def test_one_who_says_nothing_leaves_nothing(at: At, tmp_path: Path) -> None:
    desk = at("mail")
    line = FakeLine()
    line.says_s = 0.5
    await desk.ask(line=line, dialed_number="8000")
    assert notes(desk, facts.SoundKept) == []
    assert files(tmp_path) == []
    assert line.heard == ["speak", "thanks"]


async def test_what_was_said_when_we_were_killed_is_kept(at: At, tmp_path: Path) -> None:
    desk = at("mail")
    line = FakeLine()
    killed: dict[str, object] = {}
    line.before_hang_up = lambda: killed.update(desk.mirror.load())
    line.hangs_up_while_recording = True
    await desk.ask(line=line, dialed_number="8000")
    kept = {k: v for k, v in killed.items() if isinstance(v, dict)}
    again = Desk(desk.centre, kept, FlowSet("v1", {"f": Flow("f", "mail", ("en",), STEPS)}), tmp_path)
    again.reception.walker.restore(kept)
    again.shell.restore()
    again.shell.feed(events.FloorSeen(frozenset()))
    await again.settled()
    (sound,) = [f for f in again.recorder.calls[-1][1] if isinstance(f, facts.SoundKept)]
    assert (sound.purpose, sound.group) == (SoundPurpose.VOICEMAIL, "sales")
    assert again.state() is None
    await again.close()


async def test_a_callback(at: At) -> None:
    desk = at("back")
    line = await arrives(desk)
    assert desk.callbacks.taken == [("c1", "sales", "+4930123", "en")]
    assert len(notes(desk, facts.CallbackWanted)) == 1
    assert line.heard == ["thanks"]


async def test_a_callback_that_is_refused(at: At) -> None:
    desk = at("back")
    desk.callbacks.refusal = "open already"
    line = await arrives(desk, "1")
    assert line.heard[0] == "failed"
    assert notes(desk, facts.CallbackWanted) == []


# --- transfers ------------------------------------------------------------------------------------
async def test_to_an_agent_and_back(at: At) -> None:
    desk = at("to_anna")
    desk.ready("anna")
    await arrives(desk)
    assert desk.told()[-1] == ("offer", "c1", "1001")
    assert desk.shell.engine.floor.calls["c1"].ring_timeout_s == 12.0
    desk.shell.feed(events.OfferAnswered("c1"))
    line = await desk.ask(line=FakeLine("5"), kind=AskKind.AGENT_LEFT)
    assert line.heard == ["rate us", "thanks"]


async def test_to_an_agent_who_does_not_answer(at: At) -> None:
    desk = at("to_anna")
    desk.ready("anna")
    await arrives(desk)
    line = await desk.ask(line=FakeLine("1"), kind=AskKind.DIAL_FAILED, failure=OfferFailure.NO_ANSWER)
    assert line.heard[0] == "failed"
    assert any("no_answer" in t.detail for t in notes(desk, facts.StepTaken))


@pytest.mark.parametrize("start", ["to_anna", "to_who", "denied", "stranger"])
async def test_who_cannot_be_rung_at_all(at: At, start: str) -> None:
    desk = at(start)
    line = await arrives(desk, "1")
    assert line.heard[0] == "failed"
    assert not [t for t in desk.told() if t[0] in ("offer", "dial outside")]


async def test_to_the_outside_over_the_second_trunk(at: At) -> None:
    desk = at("outside")
    await arrives(desk)
    assert desk.told() == [("dial out", "c1", "main", "+493012345678", "+4930100")]
    await desk.ask(kind=AskKind.DIAL_FAILED, outside_failure=DialFailure.CONGESTION)
    assert desk.told() == [("dial out", "c1", "backup", "03012345678", "030200")]
    assert desk.switch.rings_s == [9, 9]
    desk.shell.feed(OutsideAnswered("c1"))
    line = await desk.ask(line=FakeLine("5"), kind=AskKind.AGENT_LEFT)
    assert line.heard == ["rate us", "thanks"]


async def test_to_one_outside_and_then_to_another_over_the_same_trunk(at: At) -> None:
    desk = at("another")
    await arrives(desk)
    assert desk.told() == [("dial out", "c1", "main", "+493087654321", "+4930100")]
    await desk.ask(kind=AskKind.DIAL_FAILED, outside_failure=DialFailure.NO_ANSWER)
    assert desk.told() == [("dial out", "c1", "main", "+493012345678", "+4930100")]


async def test_to_nobody_outside(at: At) -> None:
    desk = at("outside")
    await arrives(desk)
    line = await desk.ask(
        line=FakeLine("1"), kind=AskKind.DIAL_FAILED, outside_failure=DialFailure.BUSY, cause="SIP 486"
    )
    assert line.heard[0] == "failed"


async def test_to_a_sip_address(at: At) -> None:
    desk = at("sip")
    await arrives(desk)
    assert desk.told() == [("dial outside", "c1", "PJSIP/acd-sip/sip:x@y")]
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.told() == [("hang up", "c1", "normal")]


# --- when nothing goes any more -------------------------------------------------------------------
async def test_a_flow_that_cannot_go_on_gives_the_caller_to_somebody(at: At) -> None:
    desk = at("broken")
    await arrives(desk)
    assert desk.told() == [("hold", "c1", "support", "default")]
    assert desk.mirror.keys("flow") == []


async def test_an_unreadable_place_is_set_aside(at: At) -> None:
    desk = at("queue")
    desk.reception.walker.restore({"flow:c9": {"nonsense": 1}})
    assert not desk.reception.walker.knows("c9")
    assert list(desk.mirror.values) == ["unreadable:flow:c9"]


async def test_a_place_whose_call_is_not_kept_is_dropped(at: At, tmp_path: Path) -> None:
    desk = at("queue")
    at_work(desk)
    await arrives(desk)
    kept = dict(desk.mirror.load())
    again = Desk(
        desk.centre,
        {**kept, "flow:c9": kept["flow:c1"]},
        FlowSet("v1", {"f": Flow("f", "queue", ("en",), STEPS)}),
        tmp_path,
    )
    again.reception.walker.restore(again.mirror.load())
    again.shell.restore()
    again.reception.walker.take_up()
    assert again.mirror.keys("flow") == ["flow:c1"]
    assert again.reception.walker.knows("c1")
    await again.close()


async def test_a_fault_of_ours_puts_the_caller_in_line(at: At, tmp_path: Path) -> None:
    desk = at("mail")
    (tmp_path / datetime.fromtimestamp(desk.clock.now, UTC).strftime("%Y-%m-%d")).touch()  # no folder
    await arrives(desk)
    assert desk.told() == [("hold", "c1", "support", "default")]
    assert desk.state() == "waiting"
    assert not desk.reception.walker.knows("c1")
