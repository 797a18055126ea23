"""Rules of lines on real calls: what callers ask for, who may serve them in time, and where they are led."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from acd.core.facts import Kept, WaitTakenUp
from tests.integration.centre import started
from tests.integration.flow_centre import NO_VOICE, FlowCentre, hears, hears_no_more
from tests.integration.sip.phone import ANSWER

pytestmark = pytest.mark.asterisk

# What is spoken is ten seconds of the tone `peak`.
LONG_VOICE = """[sox, -n, --comment-file, "{text_file}", "{sound_file}", synth, "10", sine, "2200"]"""
GROUPS = """
groups:
  sales: {name: Sales, requires: {sales: 1}, ring_timeout_s: 4, wrap_up_s: 0}
  support: {name: Support, requires: {support: 1}, ring_timeout_s: 4, wrap_up_s: 0}
  wide:
    name: Chinese first
    requires: {chinese: 5}
    rings: [{after_s: 2, requires: sales}]
  told:
    name: Told
    requires: {sales: 1}
    announcements: {sorry: {en: Sorry}}
    policy: [{when: "waited_s >= 1", do: [{announce: sorry}]}]
  small: {name: One may wait, requires: {sales: 1}, max_waiting: 1, hours: always}
  known: {name: Known, requires: {sales: 1}, wrap_up_s: 0, last_agent: {days: 7, wait_s: 10}}
  over:
    name: Overflow
    requires: {sales: 1}
    policy: [{when: "waited_s >= 1", do: [{group: support}]}]
  away:
    name: Led away
    requires: {sales: 1}
    policy:
      - {when: "waited_s >= 1 and priority == 0", do: [{leave: sorry}]}
      - {when: "waited_s >= 1 and priority > 0", do: [{leave: {flow: flow8410}}]}
"""
ALWAYS = """
  always: {open: {mon-sun: "00:00-24:00"}, closings: {}}
"""
MENU = '{{menu: {{prompt: {{play: {}}}, choices: {{"1": bye}}, failure: bye}}}}'
LOW, MID, HIGH = (MENU.format(tone) for tone in ("low", "mid", "high"))


def flow(queue: str) -> str:
    """A flow of one line, with a step for each way out that a test listens for."""
    ways = {"low": LOW, "mid": MID, "high": HIGH}
    used = "".join(f"\n  {name}: {step}" for name, step in ways.items() if f": {name}" in queue)
    return f"""
start: line
steps:
  line: {{queue: {{{queue}, no_agents: bye}}}}{used}
  bye: {{hangup: null}}
"""


FLOWS = {
    "8401": flow('group: sales, requires: "vip >= 5"'),
    "8402": flow("group: sales, prefer: \"'1002'\", prefer_wait_s: 20"),
    "8403": flow("group: wide"),
    "8404": flow("group: told"),
    "8405": flow("group: small, full: low, closed: high"),
    "8406": flow("group: known"),
    "8407": flow("group: over"),
    "8408": flow("group: away, exits: {sorry: mid}"),
    "8409": flow("group: away, priority: 5"),
    "8410": f"\nstart: told\nsteps:\n  told: {HIGH}\n  bye: {{hangup: null}}\n",
}


class RoutedCentre(FlowCentre):
    """With groups of its own."""

    def adapt(self) -> None:
        """Write them."""
        super().adapt()
        (self.config / "groups.yml").write_text(GROUPS)
        calendars = self.config / "calendars.yml"
        calendars.write_text(calendars.read_text().rstrip() + ALWAYS)
        system = self.config / "system.yml"
        system.write_text(system.read_text().replace(NO_VOICE, LONG_VOICE))

    def close(self) -> None:
        """The calendar of the group `small` has no open day any more."""
        calendars = self.config / "calendars.yml"
        days = ", ".join(f"{date.today() + timedelta(days=n)}: Test" for n in (-1, 0, 1))
        calendars.write_text(re.sub(r"closings: \{\}", f"closings: {{{days}}}", calendars.read_text()))


@pytest.fixture(scope="module")
def chosen_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoutedCentre]:
    with started(RoutedCentre(tmp_path_factory.mktemp("routing"), FLOWS)) as centre:
        yield centre


async def test_a_flow_asks_for_skills(centre: RoutedCentre) -> None:
    """ben has been ready for longer, and has no such skill."""
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002") as ben,
        centre.customer("+4930401") as caller,
    ):
        for phone in (ben, anna):
            await phone.register()
        await centre.ready("ben", "anna")
        call = await caller.dial("8401")
        await anna.wait_incoming()
        assert ben.received("INVITE") == []
        await call.hang_up()


async def test_a_flow_prefers_an_agent_by_extension(centre: RoutedCentre) -> None:
    """anna is ready, ben is at work and not ready yet: the caller waits for ben."""
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002") as ben,
        centre.customer("+4930402") as caller,
    ):
        for phone in (ben, anna):
            await phone.register()
        await centre.ask("login", agent="ben")
        await centre.ready("anna")
        call = await caller.dial("8402")
        seen = await centre.until_call("waiting")
        await centre.ready("ben")
        await ben.wait_incoming()
        assert anna.received("INVITE") == []
        await call.hang_up()
        record = await centre.record(seen["id"])
        assert [(f.agent, f.why) for f in record.facts if isinstance(f, Kept)] == [("ben", "preferred")]


async def test_who_may_serve_widens_with_time(centre: RoutedCentre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.phone("1003") as chen,
        centre.customer("+4930403") as caller,
    ):
        for phone in (chen, anna):
            await phone.register()
        await centre.ask("login", agent="chen")  # at work, so that the inner ring is not passed over
        await centre.ready("anna")
        asked = time.monotonic()
        call = await caller.dial("8403")
        await anna.wait_incoming(8.0)
        assert anna.received("INVITE")[0].at_s - asked > 1.9
        await call.hang_up()


@pytest.mark.timing
async def test_an_offer_ends_the_announcement_of_a_policy(centre: RoutedCentre) -> None:
    async with centre.phone("1001", answering=ANSWER) as anna, centre.customer("+4930404") as caller:
        await anna.register()
        await centre.ask("login", agent="anna")
        call = await caller.dial("8404")
        await call.wait_answered()
        await hears(call, "peak")
        asked = time.monotonic()
        await centre.ready("anna")
        at_anna = await anna.wait_incoming()
        assert anna.received("INVITE")[0].at_s - asked < 1.0
        await hears_no_more(call, "peak", 2.0)  # of its ten seconds
        await centre.until_call("talking", agent="anna")
        await call.hang_up()
        await at_anna.wait_ended()


async def test_a_line_that_is_full_and_one_that_closes(centre: RoutedCentre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.customer("+4930405") as first,
        centre.customer("+4930406") as second,
    ):
        await anna.register()
        await centre.ask("login", agent="anna")
        waiting = await first.dial("8405")
        await centre.until_call("waiting")
        turned_away = await second.dial("8405")
        await hears(turned_away, "low")
        await turned_away.hang_up()
        centre.close()
        await centre.ask("reload", who="test")
        await hears(waiting, "high")
        await waiting.hang_up()


async def test_a_customer_gets_the_agent_of_the_last_time(centre: RoutedCentre) -> None:
    """Also when the controller was started anew since then, and knows it from the records."""
    async with (
        centre.phone("1001", answering=ANSWER) as anna,
        centre.phone("1002", answering=ANSWER) as ben,
        centre.customer("+4930407") as caller,
    ):
        for phone in (ben, anna):
            await phone.register()
        await centre.ready("anna", "ben")
        for again in (False, False, True):
            if again:
                await asyncio.to_thread(centre.stop_controller)
                await asyncio.to_thread(centre.start_controller)
            call = await caller.dial("8406")
            seen = await centre.until_call("talking", agent="anna")
            await call.hang_up()
            await centre.record(seen["id"])
            await centre.until_agent("anna", "ready")
        assert ben.received("INVITE") == []


async def test_who_hung_up_in_line_goes_on_where_the_wait_was(centre: RoutedCentre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.customer("+4930408") as first,
        centre.customer("+4930409") as second,
    ):
        await anna.register()
        await centre.ask("login", agent="anna")
        gives_up = await first.dial("8001")
        before = await centre.until_call("waiting", position=1)
        other = await second.dial("8001")
        await centre.until_call("waiting", position=2)
        await gives_up.hang_up()
        await centre.record(before["id"])
        again = await first.dial("8001")
        seen = await centre.until_call("waiting", position=1, caller_number="+4930408")
        await centre.until_call("waiting", position=2, caller_number="+4930409")
        await again.hang_up()
        await other.hang_up()
        record = await centre.record(seen["id"])
        assert [f.former_call for f in record.facts if isinstance(f, WaitTakenUp)] == [before["id"]]


async def test_a_policy_moves_the_caller_to_another_group(centre: RoutedCentre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.phone("1004") as dora,
        centre.customer("+4930410") as caller,
    ):
        for phone in (anna, dora):
            await phone.register()
        await centre.ask("login", agent="anna")
        await centre.ready("dora")
        call = await caller.dial("8407")
        await dora.wait_incoming()
        await centre.until_call("ringing", agent="dora", group="support")
        await call.hang_up()


async def test_a_policy_leads_by_an_exit_and_into_a_flow(centre: RoutedCentre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.customer("+4930411") as by_exit,
        centre.customer("+4930412") as into_flow,
    ):
        await anna.register()
        await centre.ask("login", agent="anna")
        first, second = await by_exit.dial("8408"), await into_flow.dial("8409")
        await hears(first, "mid")
        await hears(second, "high")
        for call in (first, second):
            await call.hang_up()
