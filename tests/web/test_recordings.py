"""Who hears which recordings, in parts, and what the audit log says of it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.core.facts import (
    AgentLeft,
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    Queued,
    RecordingStep,
    TalkRecorded,
)
from acd.core.outside_facts import OutsideAnswered, OutsideDialed
from acd.recordings.files import peaks_path
from acd.recordings.store import Recordings
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.settings.model import RecordFormat, RecordingSettings
from acd.web.api import ROUTES
from acd.web.centre import CentreInUse, CentreShown
from tests.recordings.calls import START, recorded_call, write_wav
from tests.recordings.keeping import NAME, World
from tests.web.client import ANNA, SUSAN, Asking, Client, serving

PATH = f"/api/recordings/{NAME}"


@asynccontextmanager
async def centre(
    home: Path, form: RecordFormat = RecordFormat.MP3, more: Sequence[Fact] = ()
) -> AsyncIterator[tuple[Client, Asking]]:
    """Call c1, in which anna talked, has a recording of three seconds, from the fifth one on.

    `more`: what became of the call before its end.
    """
    world = World(home)
    world.settings = replace(world.settings, format=form)
    call = recorded_call()
    told = [*call.facts[:2], Answered(START + 4, "anna"), *call.facts[2:-1], *more, call.facts[-1]]
    world.store.save_calls([fold("c1", told)])
    write_wav(world.dir, NAME)
    await world.keeper().look()
    world.store.close()
    async with serving(home, ROUTES, SUSAN) as made:
        yield made


async def test_the_sound_in_parts_its_wave_and_who_listened(tmp_path: Path) -> None:
    async with centre(tmp_path) as (client, asking):
        [shown] = await (await client.get("/api/calls/c1/recordings")).json()
        assert (shown["path"], shown["kind"], shown["pauses"]) == (NAME, "talk", [[1.0, 2.0]])
        assert (shown["duration_s"], shown["channels"], shown["format"]) == (3.0, 2, "mp3")
        sound = (tmp_path / "recordings" / f"{NAME}.mp3").read_bytes()
        whole = await client.get(PATH)
        assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/mpeg", sound)
        part = await client.get(PATH, headers={"Range": "bytes=100-199"})
        assert (part.status, await part.read()) == (206, sound[100:200])
        assert (await client.get(PATH, headers={"Range": "bytes=99999999-"})).status == 416
        assert asking.audited == [("susan", "recording-listen", f"recording {NAME}", {"call": "c1"})]
        kept = await client.get(PATH, params={"download": "true"})
        assert kept.headers["Content-Disposition"] == 'attachment; filename="c1-talk.mp3"'
        assert asking.audited[1:] == [("susan", "recording-download", f"recording {NAME}", {"call": "c1"})]
        wave = await (await client.get(f"{PATH}/peaks")).json()
        assert (wave["duration_s"], len(wave["channels"]), max(wave["channels"][0])) == (3.0, 2, 49)
        peaks_path(tmp_path / "recordings", NAME).unlink()
        again = await (await client.get(f"{PATH}/peaks")).json()
        assert len(again["channels"][1]) == len(wave["channels"][1]) == 60
        assert f"{NAME}.mp3" not in os.listdir(tmp_path)


async def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    async with centre(tmp_path, RecordFormat.WAV) as (client, asking):
        (tmp_path / "recordings" / f"{NAME}.wav").unlink()
        gone = await client.get(PATH)
        assert (gone.status, (await gone.json())["error"]) == (404, "recording-missing")
        [shown] = await (await client.get("/api/calls/c1/recordings")).json()
        assert shown["missing"] is True
        with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
            Recordings(store.engine).deleted([NAME], datetime.now(UTC), "kept for 90 days")
        deleted = await client.get(PATH)
        assert (deleted.status, (await deleted.json())["error"]) == (410, "recording-deleted")
        assert "kept for 90 days" in (await deleted.json())["message"]
        [shown] = await (await client.get("/api/calls/c1/recordings")).json()
        assert shown["deleted_why"] == "kept for 90 days"
        assert (await client.get("/api/recordings/..%2F..%2Fetc/passwd")).status == 404
        assert (await client.get("/api/recordings/2025-11-22/c9-talk/peaks")).status == 404
        assert asking.audited == []


def allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents hear their own."""
    really = CentreInUse.get

    async def allowing(centre: CentreInUse) -> CentreShown:
        return replace(await really(centre), recording=RecordingSettings(agents_hear_own=True))

    monkeypatch.setattr(CentreInUse, "get", allowing)


PASSED_ON: dict[str, list[Fact]] = {
    "to a colleague": [
        AgentLeft(START + 6, "anna"),
        Queued(START + 6, "support"),
        Answered(START + 7, "ben"),
    ],
    "to somebody outside": [
        AgentLeft(START + 6, "anna"),
        OutsideDialed(START + 6, "5550199", "provider", "anna", "5550100"),
        OutsideAnswered(START + 7),
    ],
}


@pytest.mark.parametrize("where", PASSED_ON)
async def test_what_was_said_to_others_after_a_transfer_is_for_supervisors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    allow(monkeypatch)
    async with centre(tmp_path, RecordFormat.WAV, PASSED_ON[where]) as (client, asking):
        for agent in ("anna", "ben") if where == "to a colleague" else ("anna",):
            asking.asker = replace(ANNA, name=agent, agent=agent)
            assert await (await client.get("/api/calls/c1/recordings")).json() == []
            for path in (PATH, f"{PATH}/peaks"):
                assert (await (await client.get(path)).json())["error"] == "not-yours"
        asking.asker = SUSAN
        assert (await client.get(PATH)).status == 200
        assert [who for who, *_ in asking.audited] == ["susan"]


async def test_a_talk_that_was_over_before_the_recording_began_makes_nobody_hear_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one agent alone it is, whoever else talked before."""
    allow(monkeypatch)
    world = World(tmp_path)
    facts = [
        Arrived(START, CallKind.INBOUND, "5550100", "", "8000", None),
        Queued(START, "sales"),
        Answered(START + 1, "anna"),
        AgentLeft(START + 3, "anna"),
        Queued(START + 3, "sales"),
        Answered(START + 4, "ben"),
        TalkRecorded(START + 5, RecordingStep.STARTED, NAME),
        Ended(START + 8, EndedBy.CALLER),
    ]
    world.store.save_calls([fold("c1", facts)])
    write_wav(world.dir, NAME)
    await world.keeper().look()
    world.store.close()
    async with serving(tmp_path, ROUTES, replace(ANNA, name="ben", agent="ben")) as (client, asking):
        assert (await client.get(PATH)).status == 200
        asking.asker = ANNA
        assert await (await client.get("/api/calls/c1/recordings")).json() == []
        assert (await (await client.get(PATH)).json())["error"] == "not-yours"


async def test_agents_hear_their_own_calls_where_the_centre_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with centre(tmp_path, RecordFormat.WAV) as (client, asking):
        asking.asker = ANNA
        assert (await (await client.get(PATH)).json())["error"] == "role-missing"
        allow(monkeypatch)
        assert (await client.get(PATH)).status == 200
        asking.asker = replace(ANNA, name="ben", agent="ben")
        for path in (PATH, f"{PATH}/peaks", "/api/calls/c1/recordings"):
            assert (await (await client.get(path)).json())["error"] == "not-yours"
        assert [(who, what) for who, what, *_ in asking.audited] == [("anna", "recording-listen")]
