"""An answer that is sent piece by piece to somebody who reads none of it."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestServer

from acd.web.taken import taken

LIMIT_S = 10.0
BLOCK = bytes(256 * 1024)


async def test_a_connection_that_takes_nothing_is_ended() -> None:
    over = asyncio.get_running_loop().create_future()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            for _ in range(1000):  # more than the system keeps for one that does not read
                await taken(request, answer.write(BLOCK), within_s=0.2)
        except ConnectionResetError as error:
            assert request.transport is None or request.transport.is_closing()
            over.set_result(str(error))
            raise
        return answer

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestServer(app) as server, asyncio.timeout(LIMIT_S):
        _, writer = await asyncio.open_connection(server.host, server.port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert await over == "the answer is not taken"
        writer.close()


async def test_one_that_reads_gets_all_of_it() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(40):
            await taken(request, answer.write(BLOCK))
        await taken(request, answer.write_eof())
        return answer

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestServer(app) as server, asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert len(await reader.read()) > 40 * len(BLOCK)
        writer.close()
