"""What Asterisk says of its trunks, in our words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.core.ports import TrunkState
from acd.errors import TelephonyError
from acd.settings.outside import Login, Registration, TrunkSpec
from acd.telephony.ami import AmiLink
from acd.telephony.trunk_states import TrunkBoard, state_of
from tests.telephony.fake_ami import SECRET, FakeAmi, listing, refusal

S = TrunkState
REGISTERED = TrunkSpec("main", server="192.0.2.1", login=Login("acd"), registration=Registration())
BY_ADDRESS = TrunkSpec("backup", ("192.0.2.2",), server="192.0.2.2")
INCOMING = TrunkSpec("lab", ("127.0.0.2",))


@pytest.mark.parametrize(
    ("trunk", "registration", "device", "state"),
    [
        (REGISTERED, "Registered", "NOT_INUSE", S.REGISTERED),
        (REGISTERED, "Registered", "UNAVAILABLE", S.REGISTERED),  # some providers answer no OPTIONS
        (REGISTERED, "Rejected", "NOT_INUSE", S.REJECTED),
        (REGISTERED, "Rejected", "UNAVAILABLE", S.UNREACHABLE),
        (REGISTERED, "Unregistered", "NOT_INUSE", S.REGISTERING),
        (REGISTERED, "", "UNKNOWN", S.REGISTERING),
        (BY_ADDRESS, "", "NOT_INUSE", S.REACHABLE),
        (BY_ADDRESS, "", "INUSE", S.REACHABLE),
        (BY_ADDRESS, "", "UNAVAILABLE", S.UNREACHABLE),
        (BY_ADDRESS, "", "INVALID", S.UNKNOWN),
    ],
)
def test_states(trunk: TrunkSpec, registration: str, device: str, state: TrunkState) -> None:
    assert state_of(trunk, registration, device) is state


@pytest.fixture
async def link() -> AsyncIterator[tuple[FakeAmi, AmiLink]]:
    """A manager interface, and the connection to it."""
    ami = FakeAmi()
    await ami.start()
    up = asyncio.Event()

    async def on_up() -> None:
        up.set()

    link = AmiLink(("127.0.0.1", ami.port), ("acd", SECRET), lambda _e: None, on_up, lambda: None)
    task = asyncio.create_task(link.run())
    await up.wait()
    yield ami, link
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await ami.stop()


async def test_a_look(link: tuple[FakeAmi, AmiLink]) -> None:
    ami, connection = link
    ami.answers["PJSIPShowRegistrationsOutbound"] = listing(
        "OutboundRegistrationDetail",
        {"Event": "OutboundRegistrationDetail", "ObjectName": "trunk-main", "Status": "Rejected"},
        {"Event": "AuthDetail", "ObjectName": "trunk-main", "Status": "Registered"},
    )
    ami.answers["Getvar"] = lambda action: [
        {"Response": "Success", "Variable": action["Variable"], "Value": "NOT_INUSE"}
    ]
    board = TrunkBoard([REGISTERED, BY_ADDRESS, INCOMING], [connection])
    assert [seen.state for seen in board.seen.values()] == [S.UNKNOWN, S.UNKNOWN, S.INCOMING_ONLY]
    await board.look(connection)
    assert [seen.state for seen in board.seen.values()] == [S.REJECTED, S.REACHABLE, S.INCOMING_ONLY]
    asked = [a["Variable"] for a in ami.actions if a["Action"] == "Getvar"]
    assert asked == ["DEVICE_STATE(PJSIP/trunk-main)", "DEVICE_STATE(PJSIP/trunk-backup)"]
    before = dict(board.seen)
    await board.look(connection)
    assert board.seen == before  # with the time of the change


async def test_a_refused_look_changes_nothing(link: tuple[FakeAmi, AmiLink]) -> None:
    ami, connection = link
    ami.answers["PJSIPShowRegistrationsOutbound"] = refusal
    board = TrunkBoard([REGISTERED], [connection])
    with pytest.raises(TelephonyError):
        await board.look(connection)
    assert board.seen["main"].state is S.UNKNOWN
