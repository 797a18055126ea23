"""The external directory against a program of the test: remembered, slow, away, and left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from acd.ivr.talk import LookupFailed, NotFound
from acd.lookups.breaker import FAILURES_MAX, REST_S
from acd.lookups.crm import STALE_S, Crm, Health, Told, mapped
from acd.lookups.http import HttpLookups
from acd.settings.customer_settings import HttpDirectory

MAP = {"id": "data.id", "name": "data.name", "tags": "data.tags"}
ANNA = {"data": {"id": "K1", "name": "Anna", "tags": ["vip", 7, True, {}]}}
CARD = {"id": "K1", "name": "Anna", "tags": ("vip", "7")}


class Program:
    """Says `reply` with `status` to each question, when it `may`."""

    def __init__(self) -> None:
        self.reply: object = ANNA
        self.status = 200
        self.asked: list[str] = []
        self.may = asyncio.Event()
        self.may.set()
        self.now = 1000.0
        self.directory = HttpDirectory("")

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.query["n"])
        await self.may.wait()
        return web.json_response(self.reply, status=self.status)


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    found = Program()
    app = web.Application()
    app.router.add_get("/who", found.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    found.directory = HttpDirectory(f"http://{host}:{port}/who?n={{number}}", map=MAP)
    yield found
    found.may.set()
    await runner.cleanup()


@pytest.fixture
async def crm(program: Program) -> AsyncIterator[Crm]:
    http = HttpLookups()
    found = Crm(http, lambda: program.now)
    yield found
    await found.close()
    await http.close()


async def test_what_was_said_is_good_for_a_while(program: Program, crm: Crm) -> None:
    for _ in range(2):
        assert await crm.find(program.directory, "+49&30") == Told(CARD)
    assert program.asked == ["+49&30"]
    program.now += program.directory.cache_s + 1
    program.reply = []
    assert await crm.find(program.directory, "+49&30") == Told(None)
    assert len(program.asked) == 2


async def test_one_question_for_all_who_ask_and_its_late_answer_is_kept(program: Program, crm: Crm) -> None:
    program.may.clear()
    first, second = await asyncio.gather(*(crm.find(program.directory, "1", 0.05) for _ in range(2)))
    assert first == second == Told(None, Health.SLOW)
    program.may.set()
    assert await crm.find(program.directory, "1") == Told(CARD)
    assert program.asked == ["1"]


async def test_who_fails_is_left_alone_and_what_it_said_last_stands_in(program: Program, crm: Crm) -> None:
    await crm.find(program.directory, "1")
    program.now += program.directory.cache_s + 1
    program.status = 500
    for _ in range(FAILURES_MAX):
        assert await crm.find(program.directory, "1") == Told(CARD, Health.DOWN)
    asked = len(program.asked)
    assert await crm.find(program.directory, "1") == Told(CARD, Health.DOWN)
    assert await crm.find(program.directory, "2") == Told(None, Health.DOWN)
    assert len(program.asked) == asked
    program.status, program.now = 200, program.now + REST_S
    assert await crm.find(program.directory, "2") == Told(CARD)
    program.status, program.now = 500, program.now + STALE_S + 1
    assert await crm.find(program.directory, "1") == Told(None, Health.DOWN)


async def test_what_another_program_said_says_nothing(program: Program, crm: Crm) -> None:
    await crm.find(program.directory, "1")
    other = HttpDirectory(program.directory.url + "&other=1", map={"id": "data.name"})
    assert await crm.find(other, "1") == Told({"id": "Anna"})


@pytest.mark.parametrize("answer", [{}, [], None, {"data": None}, {"data": {"id": ""}}])
def test_nobody(answer: object) -> None:
    assert isinstance(mapped(answer, MAP), NotFound)


@pytest.mark.parametrize("answer", [{"error": "x"}, {"data": {"name": "Anna"}}, "hello"])
def test_an_answer_without_an_id_is_a_fault(answer: object) -> None:
    assert isinstance(mapped(answer, MAP), LookupFailed)
