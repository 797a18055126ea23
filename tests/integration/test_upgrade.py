"""From one version to the next while calls go on: one controller after the other."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from acd import __version__
from acd.records import migrations
from tests.integration.centre import CHECKOUT, started, story
from tests.integration.sip.phone import Phone
from tests.integration.standby_centre import NAMES, StandbyCentre
from tests.integration.test_web_processes import eventually

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]
OLDER, OLDER_TABLES = "0.0.9", "0016"
MIGRATIONS = Path("acd", "records", "migrations")


class UpgradeCentre(StandbyCentre):
    """Both run an older version: the same sources, which call themselves so and know older tables."""

    copied = False  # it makes its tables itself

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        older = folder / "older"
        left_out = shutil.ignore_patterns("node_modules", "__pycache__", "pages")
        for name in ("acd", "asterisk"):
            shutil.copytree(CHECKOUT / name, older / name, ignore=left_out)
        replace_in(older / "acd" / "__init__.py", f'"{__version__}"', f'"{OLDER}"')
        replace_in(older / MIGRATIONS / "__init__.py", f'"{migrations.NEWEST}"', f'"{OLDER_TABLES}"')
        for step in sorted((older / MIGRATIONS / "versions").glob("r*.py")):
            if step.name[1:5] > OLDER_TABLES:
                step.unlink()
        self.programs = dict.fromkeys(NAMES, older)

    async def has_newest_tables(self) -> bool:
        """Whether the records' tables are those of this version."""
        return await asyncio.to_thread(self.tables) == migrations.NEWEST

    def tables(self) -> str | None:
        """The revision of the records' tables."""
        engine = create_engine(self.database_url)
        with engine.connect() as connection:
            found = migrations.version(connection)
        engine.dispose()
        return found

    def upgrade(self, name: str) -> None:
        """Stop one that stands by, and start it anew as this version."""
        assert name != self.leader
        self.processes[name].terminate()
        self.processes[name].wait(30)
        del self.programs[name]
        self.start_one(name)

    def started_versions(self) -> list[str]:
        """Of all controllers that ever started, in their order."""
        lines = (line for line in self.log.read_text().splitlines() if '"the controller starts"' in line)
        return [json.loads(line)["version"] for line in lines]


def replace_in(file: Path, before: str, after: str) -> None:
    """It is there."""
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def chosen_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpgradeCentre]:
    with started(UpgradeCentre(tmp_path_factory.mktemp("upgrade"))) as centre:
        yield centre


async def gives_up(centre: UpgradeCentre, number: str) -> str:
    """A caller waits, and hangs up; the call's id."""
    async with centre.customer(number) as caller:
        call = await caller.dial("8002")
        seen = await centre.until_call("waiting", caller_number=number)
        await call.hang_up()
    return str(seen["id"])


async def test_an_upgrade_while_calls_go_on(centre: UpgradeCentre, phones: dict[str, Phone]) -> None:
    async with (
        centre.customer("+491700000801", tone_hz=700.0) as talking,
        centre.customer("+491700000802") as waiting,
    ):
        await centre.ready("anna")
        talk = await talking.dial("8001")
        at_anna = await phones["anna"].wait_incoming()
        await at_anna.answer()
        seen = await centre.until_call("talking", agent="anna")
        wait = await waiting.dial("8002")
        await centre.until_call("waiting", position=1)
        old, new = centre.leader, centre.other()
        assert centre.tables() == OLDER_TABLES

        await asyncio.to_thread(centre.upgrade, new)
        await centre.until_health(new, leads=False, leader=old)
        await eventually(centre.has_newest_tables, "the tables that the one that stands by makes")
        left = await gives_up(centre, "+491700000803")  # the older one leads, and puts it on record
        assert centre.leader == old
        assert [line.split()[:2] for line in story(await centre.record(left))] == [["waiting", "support"]]
        assert (await centre.ask("handover"))["leader"] == new
        await centre.until_leads(new, 8.0)
        assert await centre.dispatch_paused_s(old, new) <= 0.5
        centre.processes[old].wait(30)
        await asyncio.to_thread(centre.upgrade, old)
        await centre.until_health(old, leads=False, leader=new)
        assert centre.started_versions() == [OLDER, OLDER, __version__, __version__]

        await at_anna.rtp.until_hears(700.0)
        await centre.until_call("waiting", caller_number="+491700000802", position=1)
        await centre.ready("dora")
        at_dora = await phones["dora"].wait_incoming()
        await at_dora.answer()
        await centre.until_call("talking", agent="dora")
        for call in (talk, wait):
            await call.hang_up()
        assert "talking sales anna caller_hung_up" in story(await centre.record(seen["id"]))
