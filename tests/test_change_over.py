"""What is exchanged in a running centre, in its order, and what is told of parts that fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from acd import change_over
from acd.change_over import ChangeOver, Exchanged
from acd.core import events
from acd.core.callback_events import CallbackPlaced
from acd.core.commands import CallBack
from acd.core.plan import CallbackFirst, CallbackRule, Heir, Plan
from acd.errors import OperatorError
from acd.ivr.hours import Calendar
from acd.runtime.callback_line import CallbackLine
from acd.runtime.joining import Joining
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.reload import Folders
from acd.runtime.versions import Loaded
from acd.settings.model import Centre
from acd.telephony.asterisk_files import NewFiles
from tests.runtime.fakes import Desk

ALL_DAY = dict.fromkeys(range(7), ((0, 1440),))
OPEN = Calendar("always", ZoneInfo("UTC"), ALL_DAY)
NIGHT = Calendar("never", ZoneInfo("UTC"))


@dataclass
class House:
    """The example centre, where sales calls back and dials the customer first; anna is ready.

    `told`: what those were told who have no part in the engine.
    """

    desk: Desk = field(default_factory=Desk)
    told: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    new_agents: list[str] = field(default_factory=list)
    line: CallbackLine = field(init=False)
    parts: Exchanged = field(init=False)

    def __post_init__(self) -> None:
        desk = self.desk
        self.line = CallbackLine(desk.now, desk.shell, desk.mirror, desk.recorder)
        desk.shell.on_call_back = self._call_back
        others: dict[str, Any] = {
            "versions": SimpleNamespace(
                activate=lambda *_: None, get=lambda _version: None, active=desk.centre.flow_set
            ),
            "prompts": SimpleNamespace(speak_with=lambda _voice: None),
            "days": None,
            "outlook": SimpleNamespace(),
            "dialer": SimpleNamespace(),
            "watch": SimpleNamespace(change_phones=lambda _phones: self.told.append("phones")),
            "nodes": SimpleNamespace(set_lease=lambda _lease_s: None),
            "switch": SimpleNamespace(),
            "customers": SimpleNamespace(change=lambda *_: None),
            "trunks": SimpleNamespace(change=lambda _trunks: None),
            "journal": SimpleNamespace(change=lambda _settings: None),
            "queue_log": SimpleNamespace(changed=lambda *_: None),
            "asterisk": SimpleNamespace(
                have_read=self._have_read, prepare=lambda _: NewFiles({}), write=lambda _: None
            ),
            "hours": SimpleNamespace(change=lambda *_: None, tell=lambda: self.told.append("hours")),
        }
        self.parts = Exchanged(
            environment=cast(Any, None),
            now=desk.now,
            shell=desk.shell,
            in_use=list,
            joining=Joining(desk.centre.plan, desk.last_agents, desk.abandoned),
            abandoned=desk.abandoned,
            line_announcements=LineAnnouncements(desk.centre.line_announcements, "en"),
            callback_line=self.line,
            new_agents=self.new_agents.extend,
            **others,
        )

    def _call_back(self, command: CallBack) -> None:
        self.called.append(command.call_id)

    async def _have_read(self, _files: object) -> list[str]:
        return []

    def plan(self, **groups: str) -> Plan:
        """The example's; a group under another name, and only those that call back, say `new=old`."""
        old, rule = self.desk.centre.plan, CallbackRule(CallbackFirst.CUSTOMER)
        kept = {new: replace(old.groups[name], id=new, callbacks=rule) for new, name in groups.items()}
        removed = {name: Heir(new) for new, name in groups.items() if new != name}
        others = {name: group for name, group in old.groups.items() if name not in groups.values()}
        return replace(old, groups={**others, **kept}, removed=removed)

    def to(self, plan: Plan, voice: tuple[str, ...] | None = None, **windows: Calendar) -> ChangeOver:
        """A change to this plan, with these times for callbacks, and perhaps with another voice."""
        before = self.desk.now.now
        speech = before.system.text_to_speech if voice is None else {"*": voice}
        system = replace(before.system, text_to_speech=speech)
        centre: Centre = replace(before, system=system, plan=plan, callback_windows=windows)
        loaded = Loaded(cast(Any, None), centre.flow_set, centre.numbers)
        return ChangeOver(self.parts, centre, loaded, Folders(Path(), Path()))

    def change(self, plan: Plan, **windows: Calendar) -> ChangeOver:
        """The same, made."""
        change = self.to(plan, None, **windows)
        change.put_to_use()
        return change


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Dispatch is on."""
    house = House()
    house.desk.shell.feed(events.DispatchResumed())
    yield house
    await house.desk.close()


@pytest.mark.parametrize("name", ["hotline", "sales"])
@pytest.mark.parametrize(("window", "called"), [(NIGHT, []), (OPEN, ["c0-cb1"])])
async def test_a_reload_dials_nobody_outside_the_window(
    house: House, name: str, window: Calendar, called: list[str]
) -> None:
    """Neither where the group has another name from now on, nor where its window has become narrower."""
    is_renamed = name != "sales"
    house.change(house.plan(sales="sales"), sales=NIGHT if is_renamed else OPEN)
    if not is_renamed:  # nobody has been dialled yet, for Asterisk is being looked at
        house.desk.shell.feed(events.DispatchSuspended())
    house.desk.shell.feed(CallbackPlaced("c0-cb1", "c0", "sales", "+4930123", "en"))
    house.desk.ready("anna")
    assert house.called == []
    house.change(house.plan(**{name: "sales"}), **{name: window})
    house.desk.shell.feed(events.DispatchResumed())
    assert house.called == called


async def test_a_part_that_fails_costs_no_other_and_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise ValueError("a fault of ours")

    await house.desk.ask()
    monkeypatch.setattr(house.desk.mirror, "put", fail)
    monkeypatch.setattr(house.parts.watch, "change_phones", fail)
    change = house.change(house.plan(hotline="sales"))
    assert house.desk.in_line("hotline") == ["c1"]
    assert house.told == ["hours"]
    notes = await change.settle()
    assert [note.partition(": not everything follows the new files (ValueError; ")[0] for note in notes] == [
        "groups, agents and routing",
        "phones",
    ]


async def test_a_change_that_succeeds_leaves_nothing_to_do(house: House) -> None:
    assert await house.change(house.plan(hotline="sales")).settle() == []
    assert house.told == ["phones", "hours"]


async def test_who_comes_while_the_change_is_prepared_is_seen_at_the_next_look(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, active = house.desk.centre.plan, house.desk.centre.flow_set
    change = house.to(replace(plan, groups={"support": plan.groups["support"]}))
    assert change.faults() == []
    monkeypatch.setattr(house.parts.versions, "get", lambda _version: active)
    house.parts.in_use = lambda: [active.version]
    (fault,) = change.faults()
    assert "there is no group 'sales' any more, but callers are in flows that lead to it" in fault
    assert "under `removed:` beside `groups:`: sales: {to: GROUP}" in fault


@pytest.mark.parametrize("used", [True, False])
async def test_a_new_voice_speaks_also_the_flows_that_somebody_may_still_enter(
    house: House, monkeypatch: pytest.MonkeyPatch, used: bool
) -> None:
    """Where it cannot, that counts only if somebody is in them."""
    spoken: list[object] = []

    def refuse(prompts: object) -> None:
        spoken.append(prompts)
        raise OperatorError("no voice for zh")

    monkeypatch.setattr(change_over, "prompt_store", lambda *_: SimpleNamespace(prepare=refuse))
    active = house.desk.centre.flow_set
    if used:
        house.parts.in_use = lambda: [active.version]
        monkeypatch.setattr(house.parts.versions, "get", lambda _version: active)
    change = house.to(house.desk.centre.plan, ("espeak-ng",))
    with pytest.raises(OperatorError, match="no voice for zh") if used else nullcontext():
        change.prepare(change._centre)
    assert len(spoken) == 1
