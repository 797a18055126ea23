"""One delivery over HTTP: signed, within a time limit, to where it may go, and nowhere else from there."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from acd import __version__
from acd.webhooks.guard import GuardedResolver, check_host
from acd.webhooks.queue import Outcome
from acd.webhooks.signing import DELIVERY, EVENT, SIGNATURE, TIMESTAMP, signature

LIMIT_S = 10.0
CONNECTIONS_MAX = 32


class Sender:
    """Usable as an async context manager."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(allow_private=allow_private),
            use_dns_cache=False,
            force_close=True,
            limit=CONNECTIONS_MAX,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=LIMIT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def send(self, url: str, secret: str, event: str, event_id: str, body: str) -> Outcome:
        """Never raises for what the other side does."""
        raw, now = body.encode(), int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"acd/{__version__}",
            EVENT: event,
            DELIVERY: event_id,
            TIMESTAMP: str(now),
            SIGNATURE: signature(secret, now, raw),
        }
        try:
            target = URL(url)
            check_host(target, allow_private=self._allow_private)
            async with self._session.post(target, data=raw, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except TimeoutError:
            return Outcome(None, f"no answer within {LIMIT_S:.0f} s")
        except (
            aiohttp.ClientError,
            OSError,
            ValueError,
            IndexError,
        ) as error:  # the last: yarl, of odd brackets
            return Outcome(None, _said(error))
        return Outcome(status, None if 200 <= status < 300 else f"answered {status}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()


def _said(error: Exception) -> str:
    """What the library wraps is more to the point."""
    text = str(error.__cause__ or error) or type(error).__name__
    return " ".join(text.split())[:300]
