"""The configuration changes while callers wait and agents talk: nobody loses anything, all holds at once."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from acd.errors import RequestRefused
from acd.settings.secrets import load_or_create_secrets
from tests.integration.centre import Centre, agent_of, started, story
from tests.integration.flow_centre import NO_VOICE
from tests.integration.sip.phone import ANSWER, RING, Answering, Phone

pytestmark = pytest.mark.asterisk

SUPPORT = "skills: {sales: 9, english: 10, vip: 6}", "skills: {sales: 9, english: 10, vip: 6, support: 9}"
GINA = '  gina:\n    name: Gina\n    extension: "1007"\n    skills: {support: 9}\n'


class ChangingCentre(Centre):
    """Its configuration can be edited, and be as it was again. Nobody listens to what is said."""

    def adapt(self) -> None:
        """Short silence for speech, which takes no time to render."""
        voices = re.compile(r"^  text_to_speech:.*\n(    .*\n)*", re.MULTILINE)
        system = self.config / "system.yml"
        system.write_text(voices.sub(f"  text_to_speech: {NO_VOICE}\n", system.read_text()))

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """As an editor does; `name` below config/ or ivr_flows/."""
        path = (self.flows if name == "main.yml" else self.config) / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, (name, old)
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def without_group(self, group: str, heir: str) -> None:
        """Take a group out of every file; `heir` is what its entry below `removed:` says."""
        text = (self.config / "groups.yml").read_text(encoding="utf-8")
        begin = text.index(f"  {group}:\n")
        text = text[:begin] + (f"\nremoved:\n  {group}: {heir}\n" if heir else "")
        (self.config / "groups.yml").write_text(text, encoding="utf-8")
        self.edit("numbers.yml", (f"group: {group}", "group: sales"))
        self.edit("system.yml", (f"transfer_fallback_group: {group}", "transfer_fallback_group: sales"))
        self.edit("main.yml", (f"group: {group}", "group: sales"))

    async def reload(self) -> dict[str, Any]:
        """The controller takes it."""
        return await self.ask("reload", who="test", limit_s=30.0)

    def new_phone(self, number: str, answering: Answering = RING) -> Phone:
        """A phone that the configuration has got since the start."""
        self.passwords = load_or_create_secrets(
            self.home / "secrets.yml", [*self.passwords, number]
        ).phone_passwords
        return self.phone(number, answering=answering)

    def asterisk_files(self) -> dict[str, bytes]:
        """What Asterisk reads."""
        return {path.name: path.read_bytes() for path in (self.home / "asterisk" / "etc").glob("*.conf")}


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangingCentre]:
    """Asterisk and controller."""
    folder = tmp_path_factory.mktemp("changing_centre")
    with started(ChangingCentre(folder)) as centre:
        shutil.copytree(centre.config, folder / "config.first")
        shutil.copytree(centre.flows, folder / "ivr_flows.first")
        yield centre


@pytest_asyncio.fixture
async def running(changing: ChangingCentre) -> AsyncIterator[ChangingCentre]:
    """The same as at first."""
    yield changing
    await asyncio.to_thread(changing.console, "channel request hangup all")
    await changing.until(lambda status: not status["calls"], "an empty floor", 15)
    for folder in (changing.config, changing.flows):
        _restore(folder)
    await changing.reload()
    await changing.reset()


def _restore(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(folder.with_name(folder.name + ".first"), folder)


async def test_a_skill_that_is_given_is_used_at_once(running: ChangingCentre) -> None:
    async with running.phone("1001", answering=ANSWER) as anna, running.customer() as caller:
        await anna.register()
        await running.ready("anna")
        await caller.dial("8002")
        waiting = await running.until_call("waiting", group="support")
        running.edit("agents.yml", SUPPORT)
        answer = await running.reload()
        assert (answer["files"], answer["notes"]) == (["config/agents.yml"], [])
        await running.until_call("talking", agent="anna", id=waiting["id"])


async def test_callers_of_a_group_that_is_removed_are_served_by_its_heir(running: ChangingCentre) -> None:
    async with (
        running.phone("1001", answering=ANSWER) as anna,
        running.customer("+491700000001") as first,
        running.caller("8000", from_number="+491700000002") as second,
    ):
        await anna.register()
        call = await first.dial("8002")
        waiting = await running.until_call("waiting", group="support")
        await second.dial()
        await second.wait_answered()
        await running.until_call("ivr", step="main/menu")
        await second.press("2")
        await running.until(lambda s: sum(c["group"] == "support" for c in s["calls"]) == 2, "two in line")
        running.without_group("support", heir="")
        with pytest.raises(RequestRefused, match=r"groups\.yml:\d+: removed: .*'support'.* 2 callers wait"):
            await running.reload()
        assert (await running.ask("status"))["groups"][1]["waiting"] == 2, (
            "a refused reload has changed something"
        )
        with (running.config / "groups.yml").open("a") as file:
            file.write("\nremoved:\n  support: {to: sales}\n")
        await running.reload()
        status = await running.ask("status")
        assert {(c["state"], c["group"]) for c in status["calls"]} == {("waiting", "sales")}
        await running.ready("anna")
        await running.until_call("talking", agent="anna", id=waiting["id"])
        await call.hang_up()
        await running.until_agent("anna", "wrap_up")
        await running.until_call("talking", agent="anna", caller_number="+491700000002")
    record = await running.record(waiting["id"])
    assert story(record)[:2] == ["waiting support left", "ivr left"]
    assert "talking sales anna caller_hung_up" in story(record)


async def test_callers_of_a_group_that_is_removed_can_go_into_a_flow(running: ChangingCentre) -> None:
    async with running.customer() as caller:
        await caller.dial("8002")
        waiting = await running.until_call("waiting", group="support")
        running.without_group("support", heir="{to_flow: main}")
        await running.reload()
        await running.until_call("ivr", step="main/menu", id=waiting["id"], limit_s=10)


async def test_an_agent_who_is_removed_finishes_the_call_and_goes_home(running: ChangingCentre) -> None:
    async with (
        running.phone("1002", answering=ANSWER, tone_hz=440.0) as ben,
        running.customer(tone_hz=700.0) as caller,
    ):
        await ben.register()
        await running.ready("ben")
        call = await caller.dial("8001")
        talking = await running.until_call("talking", agent="ben")
        text = (running.config / "agents.yml").read_text()
        begin, end = text.index("  ben:\n"), text.index("  chen:\n")
        (running.config / "agents.yml").write_text(text[:begin] + text[end:])
        await running.reload()
        assert agent_of(await running.ask("status"), "ben")["leaving"]
        assert "1002" not in running.asterisk_files()["pjsip.conf"].decode()
        heard = len(call.rtp.heard.packets)
        await call.rtp.until(
            lambda: len(call.rtp.heard.packets) > heard + 50, 5, "another second of the talk"
        )
        await call.rtp.until_hears(440.0)
        with pytest.raises(RequestRefused, match="no longer in the configuration"):
            await running.ask("ready", agent="ben")
        await call.hang_up()
        await running.until(
            lambda status: all(agent["id"] != "ben" for agent in status["agents"]), "ben at home", 10
        )
    record = await running.record(talking["id"])
    assert story(record)[-2:] == ["talking sales ben caller_hung_up", "wrap_up sales ben done"]


async def test_a_new_agent_with_a_new_phone_takes_calls_to_a_new_number(running: ChangingCentre) -> None:
    async with running.phone("1001", answering=ANSWER, tone_hz=440.0) as anna, running.customer() as other:
        await anna.register()
        await running.ready("anna")
        call = await other.dial("8001")
        await running.until_call("talking", agent="anna")
        running.edit("agents.yml", ("agents:\n", f"agents:\n{GINA}"))
        running.edit("numbers.yml", ("numbers:\n", 'numbers:\n  "8003": {group: support}\n'))
        await running.reload()
        async with running.new_phone("1007", ANSWER) as gina, running.customer("+491700000005") as caller:
            await gina.register()
            await running.ready("gina")
            await caller.dial("8003")
            await running.until_call("talking", agent="gina", dialed_number="8003")
        await call.rtp.until_hears(440.0)
        status = await running.ask("status")
        anna_now = agent_of(status, "anna")
        assert (anna_now["state"], anna_now["phone_reachable"]) == ("talking", True), (
            "the registration is lost"
        )
        await call.hang_up()
        await running.until_agent("anna", "wrap_up")
        assert "1001" in (await asyncio.to_thread(running.console, "pjsip show contacts") or "")


async def test_a_faulty_reload_changes_nothing(running: ChangingCentre) -> None:
    before, files = await running.ask("status"), running.asterisk_files()
    running.edit("agents.yml", ("agents:\n", f"agents:\n{GINA}"), ("sales: 6", "seals: 6"))
    running.edit("numbers.yml", ("group: sales", "group: sale"))
    with pytest.raises(RequestRefused) as refused:
        await running.reload()
    lines = str(refused.value).splitlines()
    assert [line.rpartition("/")[2].split(":")[0] for line in lines] == ["agents.yml", "numbers.yml"], lines
    assert all(line.split(":")[1].isdigit() for line in lines), lines
    after = await running.ask("status")
    assert (after["version"], after["agents"], after["groups"]) == (
        before["version"],
        before["agents"],
        before["groups"],
    )
    assert running.asterisk_files() == files


async def test_a_rollback_brings_back_the_agents_too(running: ChangingCentre) -> None:
    number = (await running.ask("status"))["version"]["number"]
    running.edit("agents.yml", ("agents:\n", f"agents:\n{GINA}"))
    assert (await running.reload())["files"] == ["config/agents.yml"]
    await running.ask("rollback", number=number, who="test", limit_s=30.0)
    assert all(agent["id"] != "gina" for agent in (await running.ask("status"))["agents"])
    assert "1007" not in running.asterisk_files()["pjsip.conf"].decode()
