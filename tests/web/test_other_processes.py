"""What one web process changes and the others have to look at again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import delete

from acd.accounts.schema import sessions
from tests.web.desktop import desktop


async def test_other_web_processes_are_told_that_a_session_has_ended(tmp_path: Path) -> None:
    """And what they do when they are: they look at once."""
    async with desktop(tmp_path) as found:
        controller = found.controller
        controller.answers["look-again"] = lambda _asked: {}
        await controller.start()
        await found.sign_in("anna")
        socket = await found.live("me")
        await found.sign_in("susan", browser=(other := found.browser()))
        async with other.delete("/api/session") as answer:
            assert answer.status == 204
        await other.close()
        await controller.until(lambda: any(one["do"] == "look-again" for one in controller.asked))
        asked = next(one for one in controller.asked if one["do"] == "look-again")
        assert asked == {"do": "look-again", "what": "sessions"}
        with found.store.engine.begin() as connection:  # as another web process ends it
            connection.execute(delete(sessions))
        controller.change({"again:sessions": {"changed_at": 1.0}})
        async with asyncio.timeout(5):
            assert await socket.closed() == (1008, "session-over")
        await controller.stop()
