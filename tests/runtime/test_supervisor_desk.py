"""What supervisors ask for on the control socket, and the messages that they send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from acd.core import events
from acd.core.facts import Moved, Prioritised
from acd.core.ports import AskKind
from acd.errors import RequestRefused
from acd.runtime.messages import KEPT_S, MOST, Messages
from acd.runtime.supervisor_desk import SupervisorDesk
from tests.runtime.fakes import Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre."""
    desk = Desk()
    yield desk
    await desk.close()


def ask(desk: Desk, do: str, **said: Any) -> Any:
    """As sue, a supervisor."""
    return SupervisorDesk(desk.now, desk.shell).handlers()[do]({"do": do, "by": "sue", **said})


async def test_a_waiting_caller_is_moved_and_raised(desk: Desk) -> None:
    await desk.ask()
    ask(desk, "move", call="c1", group="support")
    ask(desk, "priority", call="c1", priority=7)
    call = desk.shell.engine.floor.calls["c1"]
    assert (call.group, call.priority) == ("support", 7)
    told = [f for f in call.facts if isinstance(f, Moved | Prioritised)]
    assert [f.by for f in told] == ["sue", "sue"]


@pytest.mark.parametrize("priority", [None, "7", True, 1.5])
async def test_a_priority_is_a_number(desk: Desk, priority: object) -> None:
    await desk.ask()
    with pytest.raises(RequestRefused, match="'priority'"):
        ask(desk, "priority", call="c1", priority=priority)


async def test_another_agents_state(desk: Desk) -> None:
    desk.ready("anna")
    assert (
        ask(desk, "agent-state", target="anna", state="not_ready", reason="lunch")["agent"]["reason"]
        == "lunch"
    )
    assert ask(desk, "agent-state", target="anna", state="ready")["agent"]["state"] == "ready"
    assert ask(desk, "agent-state", target="anna", state="logged_out")["agent"]["state"] == "logged_out"
    with pytest.raises(RequestRefused, match="'state' is one of"):
        ask(desk, "agent-state", target="anna", state="asleep")
    with pytest.raises(RequestRefused, match="no agent 'nobody'"):
        ask(desk, "agent-state", target="nobody", state="ready")


async def test_who_is_logged_out_in_wrap_up_goes_home_at_once(desk: Desk) -> None:
    await desk.talking()
    await desk.ask(kind=AskKind.AGENT_LEFT)
    desk.shell.feed(events.CallEnded("c1"))
    assert desk.agent("anna") == "wrap_up"
    assert ask(desk, "agent-state", target="anna", state="logged_out")["agent"]["state"] == "logged_out"


# --- messages ---------------------------------------------------------------------------------
class Board:
    """Where messages are shown."""

    def __init__(self, desk: Desk) -> None:
        self.shown: dict[str, Mapping[str, Any]] = {}
        self.clock = desk.clock
        plan = desk.centre.plan
        self.messages = Messages(self.keep, desk.clock, lambda: plan.agents, lambda: plan.groups)

    def keep(self, key: str, value: Mapping[str, Any] | None) -> None:
        """As the feed does."""
        if value is None:
            del self.shown[key]
        else:
            self.shown[key] = value

    def send(self, **said: Any) -> Any:
        """As sue."""
        request = {"by": "sue", "to": ["*"], "text": "Meeting at three", **said}
        answer: Any = self.messages.handlers()["message"](request)
        return answer["message"]


async def test_a_message_is_shown_for_a_while(desk: Desk) -> None:
    board = Board(desk)
    sent = board.send(to=["anna", "group:sales", "anna"], urgent=True)
    assert (sent["to"], sent["from"], sent["urgent"]) == (["anna", "group:sales"], "sue", True)
    assert board.shown == {f"message:{sent['id']}": sent}
    board.clock.now += KEPT_S - 1
    board.messages.expire()
    assert len(board.shown) == 1
    board.clock.now += 2
    board.messages.expire()
    assert board.shown == {}


async def test_of_too_many_the_oldest_goes_first(desk: Desk) -> None:
    board = Board(desk)
    first = board.send()
    for _ in range(MOST):
        board.send()
    assert len(board.shown) == MOST
    assert f"message:{first['id']}" not in board.shown


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"text": "  "}, "bad-message"),
        ({"text": "x" * 501}, "bad-message"),
        ({"to": []}, "bad-request"),
        ({"to": "anna"}, "bad-request"),
        ({"to": ["nobody"]}, "unknown-agent"),
        ({"to": ["group:nobody"]}, "unknown-agent"),
    ],
)
async def test_a_message_that_cannot_be_sent(desk: Desk, said: dict[str, Any], code: str) -> None:
    board = Board(desk)
    with pytest.raises(RequestRefused) as refused:
        board.send(**said)
    assert refused.value.code == code
    assert board.shown == {}
