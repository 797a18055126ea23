"""A whole call centre that mirrors its live state to a Redis of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from acd.errors import OperatorError
from acd.runtime.control import request
from acd.state.redis import STAMP
from tests.integration.centre import Centre, wait_until
from tests.redis_server import RedisProcess


class RedisCentre(Centre):
    """As `Centre`. When its controller is killed, its disk is lost as well: Redis is all that is left."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.redis = RedisProcess(folder, password="of the test, too")
        self.env["ACD_REDIS_PASSWORD"] = "of the test, too"
        system = self.config / "system.yml"
        system.write_text(
            f"{system.read_text()}\nredis: {{port: {self.redis.port}, database: 1, prefix: test}}\n"
        )
        self.log_file = folder / "controller.log"

    def start(self) -> None:
        """Redis, too."""
        self.redis.start()
        super().start()

    async def reset(self) -> None:
        """Redis runs, too, whatever a test did to it."""
        self.redis.thaw()
        await super().reset()

    def stop(self) -> None:
        """Redis, too."""
        super().stop()
        self.redis.stop()

    def kill_controller(self) -> None:
        """kill -9 as soon as Redis has everything, and the disk is gone with it."""
        wait_until(self._redis_has_all, 8, "Redis to have everything")
        super().kill_controller()
        self.lose_disk()

    def kill_controller_only(self) -> None:
        """kill -9 at once."""
        super().kill_controller()

    def lose_disk(self) -> None:
        """The mirror on disk is no more."""
        (self.home / "live" / "live.jsonl").unlink()

    def _redis_has_all(self) -> bool:
        try:
            kept = asyncio.run(request(self.socket, do="status"))["live_state"]
        except OperatorError:
            return False
        return bool(kept["in_redis"] and kept["waiting_for_redis"] == 0)

    def in_redis(self) -> dict[str, Any]:
        """What Redis has, key → value."""
        lines = self.redis.cli("-n", "1", "hgetall", "test:live").split("\n")
        pairs = zip(lines[::2], lines[1::2], strict=True)
        return {key: json.loads(text) for key, text in pairs if text and key != STAMP}

    def said(self, text: str) -> int:
        """How often the controller's log has this."""
        return self.log_file.read_text(encoding="utf-8", errors="replace").count(text)
