"""Who is forgotten, and what is old, goes from the files of every controller, whichever leads."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from acd.cli.privacy import journals, tidy_live
from acd.privacy.forget import Forgetting
from acd.privacy.person import Person
from acd.records.store import RecordStore
from acd.runtime.control import Handler
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import RedisSettings
from acd.settings.secrets import load_or_create_secrets
from acd.standby import OneOfSeveral
from acd.state.disk import DiskMirror, read_kept
from tests.runtime.controllers import SomeController, controllers, free_port

CHECKOUT = Path(__file__).parents[2]
NUMBER = "+4930778899001"


def kept(env: Environment, name: str, fence: int) -> DiskMirror:
    """The live state of a controller that leads, with a call of theirs that is over, and one that goes on."""
    mirror = DiskMirror(env.home / "controllers" / name / "live")
    mirror.open()
    mirror.fence = fence
    mirror.put("call:c1", {"caller_number": NUMBER})
    mirror.put("call:c2", {"caller_number": NUMBER})
    mirror.drop("call:c1")
    return mirror


def lead(one: SomeController, mirror: DiskMirror) -> None:
    """As one that leads answers."""
    leadership: dict[str, Any] = {"name": one.place.name, "leads": True, "fence": mirror.fence}
    answers: dict[str, Handler] = {
        "leadership": lambda _request: leadership,
        "tidy-live-state": lambda _request: {"written": mirror.write_anew()},
    }
    one.server.serve(answers, {})


async def test_live_state_of_one_that_has_led_earlier_is_emptied(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two") as (env, those):
        kept(env, "one", fence=1).close()
        leads = kept(env, "two", fence=2)
        lead(those["two"], leads)
        await asyncio.to_thread(tidy_live, env)
        one, two = (env.home / "controllers" / name / "live" / "live.jsonl" for name in ("one", "two"))
        assert NUMBER.encode() not in one.read_bytes()
        assert two.read_bytes().count(NUMBER.encode()) == 1
        leads.close()
        assert (list(read_kept(one).values), list(read_kept(two).values)) == ([], ["call:c2"])


async def test_without_a_leader_nothing_that_goes_on_is_lost(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two") as (env, _):
        for name in ("one", "two"):
            kept(env, name, fence=1).close()
        await asyncio.to_thread(tidy_live, env)
        for name in ("one", "two"):
            file = env.home / "controllers" / name / "live" / "live.jsonl"
            assert list(read_kept(file).values) == ["call:c2"]
            assert file.read_bytes().count(NUMBER.encode()) == 1


async def test_journals_of_all_controllers_are_gone_through(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two") as (env, those):
        those["two"].lead()
        for name in ("one", "two", "old"):
            folder = env.home / "controllers" / name / "journal"
            folder.mkdir(parents=True)
            for hour in (10, 11):
                (folder / f"2025-11-22T{hour}.jsonl").write_text(NUMBER)
        found = await asyncio.to_thread(journals, env)
        assert {folder.parent.name: in_use for folder, in_use in found.items()} == {
            "one": False,
            "two": True,
            "old": True,  # nobody knows it
        }
        person = Person(None, (), (NUMBER,))
        with RecordStore(env.database_url) as store:
            work = Forgetting(
                env.home, env.recordings_dir, env.journal_dir, store, person, lambda: None, journals=found
            )
            work._journal()
        left = sorted(str(path.relative_to(env.home)) for path in env.home.glob("controllers/*/journal/*"))
        assert left == [f"controllers/{name}/journal/2025-11-22T11.jsonl" for name in ("old", "two")]
        assert work.done["journal"] == 4


async def test_one_that_stands_by_removes_what_is_old_of_its_journal(tmp_path: Path) -> None:
    async with controllers(tmp_path, "one", "two", on_socket=False) as (known, _):
        env = replace(known, controller="one")
        env.journal_dir.mkdir(parents=True)
        old, new = (env.journal_dir / f"2025-11-{day}T10.jsonl" for day in (20, 30))
        for file, age_s in ((old, 30 * 86_400), (new, 60)):
            file.write_text(NUMBER)
            os.utime(file, (time.time() - age_s,) * 2)
        centre = load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows")
        centre = replace(centre, redis=RedisSettings(port=free_port()))  # away: nobody is chosen
        secrets = load_or_create_secrets(env.secrets_file, [])
        one = OneOfSeveral(env, centre, secrets, "test")
        standing_by = asyncio.create_task(one._stand_by())
        async with asyncio.timeout(60):
            while old.exists():  # noqa: ASYNC110 -- a file of another thread's
                await asyncio.sleep(0.01)
        one._stop.set()
        await standing_by
        assert new.exists()
