"""Where data is kept: the database, and Redis where it is configured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from acd.doctor.asterisk import clock
from acd.doctor.finding import Finding, fail, ok, warn
from acd.records import migrations
from acd.records.connecting import make_engine
from acd.settings.environment import Environment
from acd.settings.model import RedisSettings
from acd.settings.redis_places import redis_places

LIMIT_S = 3.0


def database(env: Environment) -> Iterator[Finding]:
    """Reachable, with the tables of this version, and its clock."""
    url = make_url(env.database_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not env.database.exists():
        yield warn("database", f"there is no {url.database} yet", "start the server: it makes it")
        return
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            schema = migrations.version(connection)
            if url.get_backend_name() == "postgresql":
                told = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar()
                yield from clock("clock of PostgreSQL", float(told or 0) - time.time())
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())[:200]
        yield fail(
            "database", f"{shown}: {reason}", "start it, or mend ACD_DATABASE_URL; records wait meanwhile"
        )
        return
    finally:
        engine.dispose()
    if schema == migrations.NEWEST:
        yield ok("database", f"{shown}, tables {schema}")
    else:
        todo = "start the server of this version: it brings them up to date; back up before"
        yield warn("database", f"{shown} has tables {schema}, this version {migrations.NEWEST}", todo)


async def redis(env: Environment, settings: RedisSettings) -> list[Finding]:
    """Each answers, throws nothing away, and its clock."""
    places = redis_places(env.redis_host or settings.address, settings.port)
    found = await asyncio.gather(*(_one_redis(host, port, env.redis_password) for host, port in places))
    return [finding for of_one in found for finding in of_one]


async def _one_redis(host: str, port: int, password: str) -> list[Finding]:
    where = f"{host}:{port}"
    try:
        async with asyncio.timeout(LIMIT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                said = await _talk(reader, writer, password)
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
        todo = "start it; calls go on, live state is on this disk alone"
        return [warn("Redis", f"{where}: {error or 'no answer'}", todo)]
    policy, seconds, version = said
    found = list(clock("clock of Redis", seconds - time.time()))
    if policy != "noeviction":
        todo = "set maxmemory-policy noeviction in redis.conf, or live state may be thrown away"
        return [fail("Redis", f"{where}, {version}: maxmemory-policy {policy}", todo), *found]
    return [ok("Redis", f"{where}, {version}, maxmemory-policy {policy}"), *found]


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str
) -> tuple[str, float, str]:
    async def ask(*words: str) -> list[str]:
        writer.write(f"*{len(words)}\r\n".encode())
        for word in words:
            writer.write(f"${len(word.encode())}\r\n{word}\r\n".encode())
        return await _answer(reader)

    if password:
        await ask("AUTH", password)
    policy = await ask("CONFIG", "GET", "maxmemory-policy")
    now = await ask("TIME")
    info = await ask("INFO", "server")
    version = next((line[14:] for line in info[0].split("\r\n") if line.startswith("redis_version:")), "?")
    return policy[-1] if policy else "?", int(now[0]) + int(now[1]) / 1e6, version


async def _answer(reader: asyncio.StreamReader) -> list[str]:
    """The parts of an answer of Redis (RESP2). Raises ValueError with what it says against it."""
    line = (await reader.readuntil(b"\r\n")).decode().rstrip()
    kind, rest = line[:1], line[1:]
    if kind == "-":
        raise ValueError(rest)
    if kind == "*":
        return [part for _ in range(int(rest)) for part in await _answer(reader)]
    if kind == "$" and int(rest) >= 0:
        return [(await reader.readexactly(int(rest) + 2))[:-2].decode("utf-8", "replace")]
    return [rest]
