"""Stands for a controller on its control socket: answers requests, and streams a picture to who watches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acd.errors import RequestRefused


class FakeController:
    """`answers` maps a request's word to what is answered; `told` is what who watches has said."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._watchers: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Event()
        self.answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "look-again": lambda _asked: {},
            "phones": lambda _asked: {"registered": []},
        }
        self.all: dict[str, Any] = {}
        self.asked: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []

    async def start(self) -> None:
        self._socket.parent.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._socket))

    async def stop(self) -> None:
        """As a controller that is killed."""
        assert self._server is not None
        self._socket.unlink(missing_ok=True)  # who is let in while it closes would never be closed
        for _ in range(5):  # who was let in just now is among the writers only after some turns of the loop
            await asyncio.sleep(0)
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self.until(lambda: not self._writers)

    def change(self, set_: dict[str, Any], drop: list[str] | None = None) -> None:
        """Something happens; who watches is told."""
        self.all = {**{k: v for k, v in self.all.items() if k not in (drop or [])}, **set_}
        self._tell({"now_s": time.time(), "set": set_, "drop": drop or []})

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait until it is so, looking whenever something was said here."""
        async with asyncio.timeout(60):
            while not what():
                self._changed.clear()
                await self._changed.wait()

    @property
    def watchers(self) -> int:
        return len(self._watchers)

    def _tell(self, line: dict[str, Any]) -> None:
        for writer in self._watchers:
            writer.write(json.dumps(line).encode() + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                self._take(json.loads(line), writer)
                self._changed.set()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            self._watchers.discard(writer)
            writer.close()
            self._changed.set()

    def _take(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if asked.get("do") == "watch":
            self.told.append(asked)
            first = {"ok": True, "now_s": time.time(), "all": self.all}
            writer.write(json.dumps(first).encode() + b"\n")
            self._watchers.add(writer)
        elif writer in self._watchers:
            if asked != {"here": []}:  # a sign of life
                self.told.append(asked)
        else:
            self.asked.append(asked)
            try:
                answer = {"ok": True, **self.answers[asked["do"]](asked)}
            except RequestRefused as refusal:
                answer = {"error": refusal.code, "message": str(refusal)}
            writer.write(json.dumps(answer).encode() + b"\n")
