"""Has Asterisk's own app_queue write a queue_log: the sample that ours is compared with, line by line.

usage: python -m tests.integration.app_queue_sample

Makes tests/fixtures/app_queue_log anew, on a real Asterisk with real calls, in half a minute. To be run again
for another version of Asterisk, or when more is to be compared (tests/queue_log/test_as_app_queue.py).
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.integration.sip.call import PhoneCall
from tests.integration.sip.little_asterisk import PASSWORD, LittleAsterisk
from tests.integration.sip.phone import Phone

SAMPLE = Path(__file__).resolve().parents[1] / "fixtures" / "app_queue_log"
SALES, SALES_BRIEFLY, SUPPORT, LUNCH = "8001", "8003", "8002", "7001"
_QUEUES = """
[general]
persistentmembers = no
log_membername_as_agent = yes
[plain](!)
strategy = linear
timeout = 2
retry = 1
wrapuptime = 0
joinempty = yes
leavewhenempty = no
ringinuse = no
[sales](plain)
context = keys
[support](plain)
leavewhenempty = yes
"""
_DIALPLAN = f"""
[keys]
exten => 5,1,Wait(5)
 same => n,Hangup()
[phones]
exten => _100X,1,Dial(PJSIP/${{EXTEN}},20)
 same => n,Hangup()
exten => {SUPPORT},1,Goto(menu,${{EXTEN}},1)
[menu]
exten => {SALES},1,Answer(0,i)
 same => n,Queue(sales,c)
 same => n,Hangup()
exten => {SALES_BRIEFLY},1,Answer(0,i)
 same => n,Queue(sales,c,,,4)
 same => n,Hangup()
exten => {SUPPORT},1,Answer(0,i)
 same => n,Queue(support,c)
 same => n,Hangup()
exten => {LUNCH},1,PauseQueueMember(,PJSIP/1001,,lunch)
 same => n,Hangup()
exten => _100X,1,Goto(phones,${{EXTEN}},1)
"""
_MODULES = ("app_queue", "app_stack", "res_musiconhold", "func_channel")


class AsteriskWithQueues(LittleAsterisk):
    """With app_queue, the queues sales and support, and no members yet."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        etc = self.folder / "etc"
        with (etc / "modules.conf").open("a", encoding="ascii") as file:
            file.writelines(f"load={name}.so\n" for name in _MODULES)
        (etc / "queues.conf").write_text(_QUEUES)
        (etc / "extensions.conf").write_text(_DIALPLAN)
        (etc / "musiconhold.conf").write_text("[general]\n")


class Story:
    """What happens, one thing after the other: each waits for the line that Asterisk writes of it."""

    def __init__(self, asterisk: LittleAsterisk, anna: Phone, ben: Phone, caller: Phone) -> None:
        self._asterisk = asterisk
        self._anna, self._ben, self._caller = anna, ben, caller

    @property
    def text(self) -> str:
        """The file so far."""
        return (self._asterisk.folder / "log" / "queue_log").read_text()

    async def until(self, *events: str) -> None:
        """Wait until the last lines are of these events; then over a second more: durations differ."""

        def ends() -> bool:
            return [line.split("|")[4] for line in self.text.splitlines()][-len(events) :] == [*events]

        for _ in range(500):
            if ends():
                await asyncio.sleep(1.2)
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"no {events} at the end of\n{self.text}")

    async def cli(self, command: str, *events: str) -> None:
        """A command of Asterisk's command line, and what it makes of it."""
        await self._asterisk.cli(command)
        await self.until(*events)

    async def talk(self) -> tuple[PhoneCall, PhoneCall]:
        """The caller waits in the line of sales, then talks with Anna."""
        at_caller = await self._caller.dial(SALES)
        at_anna = await self._anna.wait_incoming()
        await self.until("ENTERQUEUE")
        await at_anna.answer()
        await self.until("CONNECT")
        return at_caller, at_anna

    async def agents(self) -> None:
        """Anna comes to work in two queues, has a break and goes on."""
        for queue in ("sales", "support"):
            await self.cli(f"queue add member PJSIP/1001 to {queue} penalty 0 as anna", "ADDMEMBER")
        await self._caller.dial(LUNCH)
        await self.until("PAUSEALL", "PAUSE", "PAUSE")
        await self.cli("queue unpause member PJSIP/1001", "UNPAUSEALL", "UNPAUSE", "UNPAUSE")

    async def talks(self) -> None:
        """One that the caller ends, one that the agent ends."""
        at_caller, _ = await self.talk()
        await at_caller.hang_up()
        await self.until("COMPLETECALLER")
        _, at_anna = await self.talk()
        await at_anna.hang_up()
        await self.until("COMPLETEAGENT")

    async def transfers(self) -> None:
        """To a colleague who is no member: blind, and after a consultation."""
        at_caller, at_anna = await self.talk()
        async with asyncio.TaskGroup() as both:
            both.create_task(at_anna.transfer("1002"))  # over when Ben has answered
            at_ben = await self._ben.wait_incoming()
            await at_ben.answer()
        await self.until("BLINDTRANSFER")
        await at_caller.hang_up()
        at_caller, at_anna = await self.talk()
        await at_anna.hold()
        consult = await self._anna.dial("1002")
        at_ben = await self._ben.wait_incoming()
        await at_ben.answer()
        await consult.wait_answered()
        await at_ben.rtp.until_heard()
        await at_anna.transfer_to_call(consult)
        await self.until("ATTENDEDTRANSFER")
        await at_caller.hang_up()

    async def unanswered(self) -> None:
        """Nobody answers until the caller's time is over; callers hang up, while it rings and while not."""
        await self._caller.dial(SALES_BRIEFLY)
        at_anna = await self._anna.wait_incoming()
        await at_anna.wait_ended()
        (await self._anna.wait_incoming()).refuse(486)
        await self.until("EXITWITHTIMEOUT")
        at_caller = await self._caller.dial(SALES)
        await self._anna.wait_incoming()
        await self.until("ENTERQUEUE")
        await at_caller.hang_up()
        await self.until("RINGCANCELED", "ABANDON")
        await self.cli("queue pause member PJSIP/1001", "PAUSEALL", "PAUSE", "PAUSE")
        first = await self._caller.dial(SALES)
        await self.until("ENTERQUEUE")
        second = await self._caller.dial(SALES)
        await self.until("ENTERQUEUE")
        await first.hang_up()
        await self.until("ABANDON")
        await second.rtp.press("5")
        await self.until("EXITWITHKEY")

    async def nobody_ready(self) -> None:
        """Nobody is ready where callers do not wait for that; the agent goes home; settings are read anew."""
        await self._caller.dial(SUPPORT)
        await self.until("ENTERQUEUE", "EXITEMPTY")
        for queue in ("support", "sales"):
            await self.cli(f"queue remove member PJSIP/1001 from {queue}", "REMOVEMEMBER")
        await self.cli("logger reload", "CONFIGRELOAD")


async def _write() -> None:
    with tempfile.TemporaryDirectory(prefix="q") as folder:
        async with AsteriskWithQueues(Path(folder)) as asterisk:
            server = asterisk.server
            async with (
                Phone("1001", PASSWORD, server=server, tone_hz=440.0) as anna,
                Phone("1002", PASSWORD, server=server, tone_hz=520.0) as ben,
                Phone("5550100", server=server, local_host="127.0.0.2", tone_hz=700.0) as caller,
            ):
                await anna.register()
                await ben.register()
                story = Story(asterisk, anna, ben, caller)
                await story.agents()
                await story.talks()
                await story.transfers()
                await story.unanswered()
                await story.nobody_ready()
                SAMPLE.write_text(story.text)


if __name__ == "__main__":
    asyncio.run(_write())
