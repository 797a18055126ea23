"""Work that nobody waits for: told of where it fails, gone at the end."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from acd.background import Background
from acd.errors import TelephonyError


async def fails(error: Exception) -> None:
    raise error


async def test_what_fails_is_told_and_what_was_to_be_expected_only_in_small_print() -> None:
    background = Background("it failed", expected=(TelephonyError,))
    with capture_logs() as told:
        for error in (TelephonyError("gone"), ValueError("a fault")):
            with pytest.raises(type(error)):
                await background.begin(fails(error))
        await asyncio.sleep(0)
    assert [line["log_level"] for line in told] == ["debug", "error"]
    assert {line["event"] for line in told} == {"it failed"}


async def test_at_the_end_nothing_goes_on() -> None:
    background = Background("it failed")
    task = background.begin(asyncio.Event().wait())
    await background.stop()
    assert task.cancelled()
    await background.ended()
