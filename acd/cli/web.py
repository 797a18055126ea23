"""`acd web`: the process that serves the desktop."""

from __future__ import annotations

import asyncio

from acd.cli import context
from acd.cli.process import configure_logging, raise_open_files
from acd.web.process import WebProcess


def web() -> None:
    """Run the web process alone: pages, API and live picture (`acd server` starts it with the rest)."""
    configure_logging()
    raise_open_files()
    env = context.environment()

    async def main() -> None:
        await WebProcess(env).run()

    asyncio.run(main())
