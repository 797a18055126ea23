"""A caller of a flow in line: ways out, news of the place, offers that nothing delays, a crash meanwhile.

And all that can become of callers in line, as queue_log says it.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from acd.queue_log.line import NONE
from tests.integration.flow_centre import FlowCentre, first_heard_at, flow_centre, hears
from tests.integration.queue_log_of import QueueLogOf, figures_of
from tests.integration.sip.phone import ANSWER

pytestmark = pytest.mark.asterisk

MENUS = """
  pressed: {menu: {prompt: {play: low}, choices: {"1": bye}, failure: bye}}
  late: {menu: {prompt: {play: mid}, choices: {"1": bye}, failure: bye}}
  nobody: {menu: {prompt: {play: high}, choices: {"1": bye}, failure: bye}}
  after: {menu: {prompt: {play: top}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
"""
FLOWS = {
    "8301": f"""
start: line
steps:
  line:
    queue:
      {{group: sales, keys: {{"1": pressed}}, max_wait_s: 90, timeout: late, no_agents: nobody, after: after,
       announce: {{first_s: 1, every_s: 30, position: true, expected_wait: true, comfort: {{play: peak}}}}}}
{MENUS}""",
    "8302": """
start: line
steps:
  line: {queue: {group: sales, max_wait_s: 2, timeout: late}}
  late: {menu: {prompt: {play: mid}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8303": """
start: count
variables: {tries: 0}
steps:
  count: {set: {tries: "tries + 1"}, next: ask}
  ask: {menu: {prompt: {play: low}, choices: {"1": again}, failure: bye}}
  again: {set: {tries: "tries + 1"}, next: ask_again}
  ask_again: {menu: {prompt: {play: high}, choices: {"2": check}, failure: bye}}
  check: {if: "tries == 2", then: right, else: wrong}
  right: {menu: {prompt: {play: top}, choices: {"1": bye}, failure: bye}}
  wrong: {menu: {prompt: {play: mid}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
}
OFFER_MS_MAX = 150


chosen_centre = flow_centre("flows_queue", FLOWS)


async def test_nobody_is_there(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8301")
        await call.wait_answered()
        await hears(call, "high")
        await call.hang_up()


@pytest.mark.timing
async def test_the_ways_out_of_a_line(centre: FlowCentre) -> None:
    """By key during music, by key during news, by time, and when the last agent goes home."""
    async with (
        centre.phone("1001") as anna,
        centre.customer("+4930001") as by_key,
        centre.customer("+4930002") as in_news,
        centre.customer("+4930003") as late,
        centre.customer("+4930004") as lonely,
    ):
        await anna.register()
        await centre.ask("login", agent="anna")
        calls = [await c.dial(n) for c, n in ((by_key, "8301"), (in_news, "8301"), (late, "8302"))]
        first, second, third = calls
        for call in calls:
            await call.wait_answered()
        await centre.until(lambda s: sum(c["state"] == "waiting" for c in s["calls"]) == 3, "three in line")
        await first.rtp.press("5")  # leads nowhere
        await first.rtp.press("1")
        released = time.monotonic()
        await hears(first, "low")
        assert first_heard_at(first, "low", released) - released < 0.1
        await hears(second, "peak", limit_s=12.0)  # after place and wait have been said
        await second.rtp.press("1")
        released = time.monotonic()
        await hears(second, "low")
        assert first_heard_at(second, "low", released) - released < 0.1
        await hears(third, "mid")
        alone = await lonely.dial("8301")
        await centre.until_call("waiting")
        await centre.ask("logout", agent="anna")
        await hears(alone, "high")
        for call in (*calls, alone):
            await call.hang_up()


@pytest.mark.timing
async def test_an_offer_is_not_delayed_by_news(centre: FlowCentre) -> None:
    async with centre.phone("1001", answering=ANSWER) as anna, centre.customer() as caller:
        await anna.register()
        await centre.ask("login", agent="anna")
        call = await caller.dial("8301")
        await call.wait_answered()
        await hears(call, "peak", limit_s=12.0)
        asked = time.monotonic()
        await centre.ready("anna")
        at_anna = await anna.wait_incoming()
        took_ms = 1000 * (anna.received("INVITE")[0].at_s - asked)
        assert took_ms < OFFER_MS_MAX
        await centre.until_call("talking", agent="anna")
        await at_anna.hang_up()
        await hears(call, "top")  # the flow goes on after the agent
        await call.hang_up()


async def test_who_waits_keeps_the_ways_out_over_a_crash(centre: FlowCentre) -> None:
    log = QueueLogOf(centre)
    async with centre.phone("1001") as anna, centre.customer() as caller:
        await anna.register()
        await centre.ask("login", agent="anna")
        call = await caller.dial("8301")
        await call.wait_answered()
        await centre.until_call("waiting")
        centre.kill_controller()
        await asyncio.to_thread(centre.start_controller)
        await centre.until_call("waiting", limit_s=15.0)
        await call.rtp.press("1")
        await hears(call, "low")
        await call.hang_up()
    await log.until("EXITWITHKEY", 1)
    assert [(line.event, line.agent) for line in log.lines] == [
        ("ADDMEMBER", "anna"),
        ("PAUSEALL", "anna"),
        ("PAUSE", "anna"),
        ("DID", NONE),
        ("ENTERQUEUE", NONE),
        ("EXITWITHKEY", NONE),
    ]


async def test_variables_outlive_the_controller(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8303")
        await call.wait_answered()
        await hears(call, "low")
        await call.rtp.press("1")
        await hears(call, "high")
        centre.kill_controller()
        await asyncio.to_thread(centre.start_controller)
        await hears(call, "high", limit_s=15.0)
        await call.rtp.press("2")
        await hears(call, "top")
        await call.hang_up()


async def test_queue_log_says_what_the_records_say(centre: FlowCentre, tmp_path: Path) -> None:
    """Each line of it; and imported elsewhere, it makes the same visits."""
    log = QueueLogOf(centre)
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.phone("1004") as dora,
        AsyncExitStack() as stack,
    ):
        callers = [
            await stack.enter_async_context(centre.customer(f"+493000{n}", tone_hz=700.0)) for n in range(6)
        ]
        for phone in (anna, ben, dora):
            await phone.register()
        await centre.ask("login", agent="ben")
        await centre.ask("not-ready", agent="ben", reason="break")
        await centre.ready("anna")

        rung_out = await callers[0].dial("8001")
        await anna.wait_incoming()
        by_key = await callers[1].dial("8301")
        await by_key.wait_answered()
        await centre.until_call("waiting", position=2)
        late = await callers[2].dial("8302")
        await centre.until_call("waiting", position=3)
        await by_key.rtp.press("1")
        impatient = await callers[3].dial("8001")
        await centre.until_call("waiting", caller_number="+4930003")
        await impatient.hang_up()
        await centre.until_call("ivr", caller_number="+4930002")
        for call in (by_key, late):
            await call.hang_up()
        await centre.until_agent("anna", "not_ready")

        await centre.ready("ben")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await at_ben.rtp.until_heard()
        await at_ben.hold()
        await centre.until_call("talking", on_hold=True)
        await at_ben.resume()
        await centre.until_call("talking", on_hold=False)
        await rung_out.hang_up()
        await centre.until_agent("ben", "wrap_up")
        await centre.ask("wrap-up-done", agent="ben")

        sent_on = await callers[4].dial("8001")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await at_ben.rtp.until_heard()
        await at_ben.transfer("8002")
        await centre.ready("dora")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await centre.until_call("talking", agent="dora")
        await at_dora.hang_up()
        await sent_on.wait_ended()
        await centre.ask("wrap-up-done", agent="ben")

        await callers[5].dial("8001")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await at_ben.rtp.until_heard()
        await centre.ready("anna")
        consult = await ben.dial("1001")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        await consult.wait_answered()
        await at_anna.rtp.until_heard()
        await at_ben.transfer_to_call(consult)
        await centre.until_call("talking", agent="anna", kind="inbound")
        await at_anna.hang_up()
        for agent in ("anna", "ben", "dora"):
            await centre.ask("logout", agent=agent)
        await centre.until(lambda s: not s["calls"], "an empty floor")
        await centre.until_no_channels()
        await log.until("REMOVEMEMBER", 3)

    assert log.by_caller() == {
        "+4930000": [
            "sales|NONE|DID|8001",
            "sales|NONE|ENTERQUEUE||+4930000|1",
            "sales|anna|RINGNOANSWER|_",
            "sales|ben|CONNECT|_|id|_",
            "sales|ben|CALLERONHOLD",
            "sales|ben|CALLEROFFHOLD",
            "sales|ben|COMPLETECALLER|_|_|1",
        ],
        "+4930001": [
            "sales|NONE|DID|8301",
            "sales|NONE|ENTERQUEUE||+4930001|2",
            "sales|NONE|EXITWITHKEY|1|2|2|_",
        ],
        "+4930002": [
            "sales|NONE|DID|8302",
            "sales|NONE|ENTERQUEUE||+4930002|3",
            "sales|NONE|EXITWITHTIMEOUT|2|3|_",
        ],
        "+4930003": [
            "sales|NONE|DID|8001",
            "sales|NONE|ENTERQUEUE||+4930003|3",
            "sales|NONE|ABANDON|3|3|_",
        ],
        "+4930004": [
            "sales|NONE|DID|8001",
            "sales|NONE|ENTERQUEUE||+4930004|1",
            "sales|ben|CONNECT|_|id|_",
            "sales|ben|BLINDTRANSFER|8002|acd|_|_|1",
            "support|NONE|ENTERQUEUE||+4930004|1",
            "support|dora|CONNECT|_|id|_",
            "support|dora|COMPLETEAGENT|_|_|1",
        ],
        "+4930005": [
            "sales|NONE|DID|8001",
            "sales|NONE|ENTERQUEUE||+4930005|1",
            "sales|ben|CONNECT|_|id|_",
            "sales|ben|ATTENDEDTRANSFER|BRIDGE|id|_|_|1",
        ],
    }
    comes = ["PAUSEALL login", "UNPAUSEALL"]
    works = ["PAUSEALL wrap-up", "UNPAUSEALL"]
    assert log.by_agent() == {
        "anna": [
            "sales ADDMEMBER", *comes, "PAUSEALL rona", "UNPAUSEALL", *works, "sales REMOVEMEMBER"
        ],
        "ben": [
            "sales ADDMEMBER", *comes, "PAUSEALL break", "UNPAUSEALL", *works, *works, *works,
            "sales REMOVEMEMBER",
        ],
        "dora": ["support ADDMEMBER", *comes, *works, "support REMOVEMEMBER"],
    }  # fmt: skip
    lines = log.lines
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    rung_ms = next(int(line.data[0]) for line in lines if line.event == "RINGNOANSWER")
    assert 4000 <= rung_ms < 5000

    # The ids are those of Asterisk's own account: day and time, and the number of the caller's channel.
    channels = {row["call_id"]: row["uniqueid"] for row in centre.cdr_rows() if "trunk" in row["channel"]}
    ids = {line.call for line in lines} - {NONE}
    assert {id_.rpartition("-")[2] for id_ in ids} == {channels[id_].partition(".")[2] for id_ in ids}

    imported = await asyncio.to_thread(log.imported, tmp_path)
    records = {record.call_id: record for record in centre.records() if record.call_id in ids}
    assert imported.keys() == records.keys() == ids
    for call_id, record in records.items():
        for ours, theirs in zip(record.visits, imported[call_id].visits, strict=True):
            assert (ours.group, ours.agent, ours.outcome) == (theirs.group, theirs.agent, theirs.outcome)
            assert abs(ours.queued_at - theirs.queued_at) < timedelta(seconds=1)
            assert theirs.wait_s == pytest.approx(ours.wait_s, abs=0.51)  # rounded to whole seconds
    groups, groups_imported = figures_of([*records.values()]), figures_of([*imported.values()])
    assert groups.keys() == groups_imported.keys() == {"sales", "support"}
    for group, figures in groups.items():
        assert groups_imported[group] == pytest.approx(figures, abs=1.0)
