"""The limits of the tests' own waiting."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.integration.sip.waiting import Bell, WaitedTooLong


async def test_what_never_comes_is_waited_for_until_the_limit() -> None:
    began = time.monotonic()
    with pytest.raises(WaitedTooLong, match="for rain"):
        await Bell().until(lambda: None, 0.3, "rain")
    assert 0.3 <= time.monotonic() - began < 5.0


async def test_the_time_in_which_the_process_stood_still_is_not_waited() -> None:
    bell, seen = Bell(), asyncio.Event()

    def comes() -> None:
        seen.set()
        bell.ring()

    waiting = asyncio.create_task(bell.until(seen.is_set, 0.3, "what came meanwhile"))
    await asyncio.sleep(0)
    time.sleep(0.9)  # noqa: ASYNC251 - the process stands still, and the limit passes
    asyncio.get_running_loop().call_later(0.1, comes)
    assert await waiting
