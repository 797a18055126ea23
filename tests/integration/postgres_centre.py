"""A whole call centre that keeps its records in a PostgreSQL of its own."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from tests.integration.centre import Centre, Program, wait_until
from tests.postgres import PostgresProcess


class PostgresCentre(Centre):
    """As `Centre`, with a web process. What the database has promised to keep it keeps, however it ends."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.postgres = PostgresProcess(synchronous_commit="on")
        self.url = f"http://127.0.0.1:{self.env['ACD_HTTP_PORT']}"
        self._web: Program | None = None

    def start(self) -> None:
        """PostgreSQL and the web process, too."""
        self.postgres.start()
        self.database_url = self.postgres.url(self.postgres.new_database())
        self.env["ACD_DATABASE_URL"] = self.database_url
        super().start()
        self.start_web()
        wait_until(self._web_is_up, self.starts_within_s, "the web process")

    def start_web(self) -> None:
        """The web process, or another one."""
        self._web = self.begin_program("web")

    def _web_is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    async def reset(self) -> None:
        """PostgreSQL runs, too, whatever a test did to it."""
        self.postgres.thaw()
        await super().reset()

    def stop(self) -> None:
        """All of them."""
        if self._web is not None:
            self._web.terminate()
            self._web.wait(15)
        super().stop()
        self.postgres.remove()
