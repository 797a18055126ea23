"""Asterisk's files while it runs: what has been written is read, once and by everybody who waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from acd.errors import TelephonyError
from acd.settings.environment import Environment
from acd.telephony.ami import AmiLink
from acd.telephony.asterisk_files import AsteriskFiles, NewFiles

QUEUES = NewFiles({}, {Path("asterisk/etc/queues.conf"): ""})
DIALPLAN = NewFiles({}, {Path("asterisk/etc/extensions.conf"): "", Path("asterisk/etc/logger.conf"): ""})


class SlowLink:
    """Reads each module when it is told to go on."""

    def __init__(self) -> None:
        self.up = True
        self.read: list[str] = []
        self.refused: set[str] = set()
        self.go_on = asyncio.Event()

    async def action(self, _name: str, **headers: str) -> None:
        """A reload of a module."""
        self.read.append(headers["Module"])
        await self.go_on.wait()
        if headers["Module"] in self.refused:
            raise TelephonyError("Reload: no such module")


def made(link: SlowLink) -> AsteriskFiles:
    """Nothing is written here."""
    return AsteriskFiles(Environment(Path(), Path(), Path()), Path(), {}, [cast(AmiLink, link)])


async def test_a_reload_while_what_an_absence_has_left_is_read() -> None:
    link = SlowLink()
    files = made(link)
    link.up = False
    (away,) = await files.have_read(QUEUES)
    assert away.startswith("Asterisk is away")
    link.up = True
    catching_up = asyncio.create_task(files.catch_up())
    reload = asyncio.create_task(files.have_read(DIALPLAN))
    again = asyncio.create_task(files.catch_up())
    await asyncio.sleep(0)
    link.go_on.set()
    assert await catching_up == await again == []
    assert await reload == ["Asterisk's logger.conf: takes effect when Asterisk is started again"]
    assert link.read == ["app_queue.so", "pbx_config.so"]


async def test_what_is_written_while_it_is_being_read_is_read_again() -> None:
    link = SlowLink()
    files = made(link)
    first = asyncio.create_task(files.have_read(QUEUES))
    await asyncio.sleep(0)
    second = asyncio.create_task(files.have_read(QUEUES))
    await asyncio.sleep(0)
    link.go_on.set()
    assert await first == await second == []
    assert link.read == ["app_queue.so", "app_queue.so"]


async def test_what_asterisk_refuses_is_told_and_holds_nothing_up() -> None:
    link = SlowLink()
    link.go_on.set()
    link.refused.add("app_queue.so")
    files = made(link)
    before = {**QUEUES.before, Path("asterisk/etc/extensions.conf"): None}
    (refused,) = await files.have_read(NewFiles({}, before))
    assert "(app_queue.so)" in refused
    assert link.read == ["app_queue.so", "pbx_config.so"]


@pytest.mark.parametrize(
    ("now", "gone"),
    [
        ("1 192.0.2.77 32 0 main\n3 192.0.2.11 32 0\n", "192.0.2.32/28"),
        ("3 192.0.2.11 32 0\n3 192.0.2.32 28 0\n3 192.0.2.40 32 0\n", ""),
    ],
)
async def test_a_web_process_that_may_not_talk_to_kamailio_any_more_is_told_of(now: str, gone: str) -> None:
    """ACD_KAMAILIO_FROM may be known to who provisions, and not to the controller."""
    addresses = Path("kamailio/etc/addresses.list")
    before = "1 192.0.2.76 32 0 main\n3 192.0.2.11 32 0\n3 192.0.2.32 28 0\n"
    notes = await made(SlowLink()).have_read(NewFiles({addresses: now}, {addresses: before}))
    told = [note for note in notes if "ACD_KAMAILIO_FROM is to be the same" in note]
    assert [note.split(" from now on")[0] for note in told] == (
        [f"Kamailio's HTTP port is closed to {gone}"] if gone else []
    )
