"""Answers that are sent piece by piece, to somebody who takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from aiohttp import web

TAKEN_WITHIN_S = 30.0
"""So long one piece may wait; a connection that takes nothing keeps its place from others."""


async def taken(request: web.Request, sending: Awaitable[None], *, within_s: float = TAKEN_WITHIN_S) -> None:
    """Wait for a piece of the answer to be sent.

    Raises ConnectionResetError where nobody takes it, and ends the connection.
    """
    try:
        async with asyncio.timeout(within_s):
            await sending
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the answer is not taken") from None
