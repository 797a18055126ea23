"""A real redis-server, and a client whose times are short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.state import redis, redis_hash
from acd.state.redis_hash import RedisServer
from tests.redis_server import RedisProcess


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter times, so that a test need not wait. One that lives answers in them on a busy machine, too."""
    monkeypatch.setattr(redis_hash, "ANSWER_LIMIT_S", 0.8)
    monkeypatch.setattr(redis, "GATHER_S", 0.005)
    monkeypatch.setattr(redis, "CHECK_S", 0.05)
    monkeypatch.setattr(redis, "CLEAR_S", 0.2)
    monkeypatch.setattr(redis, "RETRY_S", 0.02)


@pytest.fixture
def process(tmp_path: Path, quick: None) -> Iterator[RedisProcess]:
    """A running server."""
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def server(process: RedisProcess) -> RedisServer:
    """Where it is."""
    return RedisServer(port=process.port)
