"""`acd web`: the process that serves the desktop.

`python -m acd.cli.web` is the same without the command line's libraries, which would stay in its memory.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from acd.cli.process import configure_logging, keep_one_heap, raise_open_files
from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.web.process import WebProcess

CHECKOUT = Path(__file__).resolve().parents[2]


def web() -> None:
    """Run the web process alone: pages, API and live picture (`acd server` starts it with the rest)."""
    configure_logging()
    raise_open_files()
    keep_one_heap()
    env = Environment.from_env(os.environ, CHECKOUT)

    async def main() -> None:
        await WebProcess(env).run()

    asyncio.run(main())


def main() -> None:
    """As `acd web`: what the operator can mend is one message, anything else a traceback."""
    os.umask(0o077)
    try:
        web()
    except OperatorError as error:
        print(error, file=sys.stderr)  # noqa: T201 - to the operator, as the command line does
        sys.exit(1)


if __name__ == "__main__":
    main()
