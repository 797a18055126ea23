"""Asterisk's files while it runs: what has been written is read, once and by everybody who waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

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
