"""Look-ups by HTTP. The other side may be slow, broken or hostile: time, size and belief have bounds.

A reason names no address, no header and no value: any of them may hold what a caller keyed in secret.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TypeVar

import aiohttp
from yarl import URL

from acd.ivr.talk import Found, HttpRequest, LookupFailed, NotFound, Value
from acd.ivr.values import fit

ANSWER_BYTES_MAX = 1_000_000
CONNECTIONS_MAX = 100
AGAIN_AFTER_S = 0.05
NOT_FOUND = 404

Answer = Found | NotFound | LookupFailed
T = TypeVar("T")


class _MayPass(Exception):
    """A failure that another try may not have. `never_sent`: the other side knows nothing of the request."""

    never_sent = False


class _NoConnection(_MayPass):
    never_sent = True


class HttpLookups:
    """Open from the first request until `close`. No cookies, no redirects, no proxies of the environment.

    What must not be asked twice gets a connection of its own: on one that was used before, the request may
    be lost because the other side has just closed it, and nobody could tell.
    """

    def __init__(self) -> None:
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def find(self, request: HttpRequest) -> Answer:
        """The values that the request wants, or why not. Never raises."""
        if not request.values:
            return await self._fetch(request, None, Found({}))
        return await self._fetch(request, lambda answer: picked(answer, request.values), Found({}))

    async def fetch(self, request: HttpRequest, pick: Callable[[object], T]) -> T | NotFound | LookupFailed:
        """What `pick` makes of the answer's JSON, or why not. Never raises."""
        return await self._fetch(request, pick, LookupFailed("the answer is empty"))

    async def _fetch(
        self, request: HttpRequest, pick: Callable[[object], T] | None, unread: T | LookupFailed
    ) -> T | NotFound | LookupFailed:
        """`unread`: what is said where nothing of the answer is wanted."""
        try:
            url = _address(request.url)
        except ValueError as error:
            return LookupFailed(str(error))
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._tries(request, url, pick, unread)
        except TimeoutError:
            return LookupFailed(f"no answer within {request.timeout_s:g} s")

    async def close(self) -> None:
        """No more look-ups."""
        for session in self._sessions.values():
            await session.close()

    async def _tries(
        self,
        request: HttpRequest,
        url: URL,
        pick: Callable[[object], T] | None,
        unread: T | LookupFailed,
    ) -> T | NotFound | LookupFailed:
        reason = ""
        for attempt in range(1 + max(0, request.retries)):
            if attempt:
                await asyncio.sleep(AGAIN_AFTER_S)
            try:
                return await self._try(request, url, pick, unread)
            except _MayPass as failure:
                reason = str(failure)
                if not (request.idempotent or failure.never_sent):
                    break
        return LookupFailed(reason)

    async def _try(
        self,
        request: HttpRequest,
        url: URL,
        pick: Callable[[object], T] | None,
        unread: T | LookupFailed,
    ) -> T | NotFound | LookupFailed:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", **request.headers}
        body = dict(request.body) if request.method == "POST" else None
        try:
            async with self._session(keep=request.idempotent).request(
                request.method, url, headers=headers, json=body, allow_redirects=False
            ) as response:
                return await _read(response, pick, unread)
        except aiohttp.ClientConnectorError:
            raise _NoConnection("no connection") from None
        except aiohttp.ServerConnectionError:
            raise _MayPass("the connection was lost") from None
        except (aiohttp.ClientError, OSError):
            raise _MayPass("the answer is not HTTP, or broke off") from None
        except (ValueError, TypeError):
            return LookupFailed("the request cannot be sent: a header or value is not allowed in one")

    def _session(self, *, keep: bool) -> aiohttp.ClientSession:
        """`keep`: connections are used again."""
        if keep not in self._sessions:
            self._sessions[keep] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, force_close=not keep),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),  # ours is for all tries together
                auto_decompress=False,  # a small answer could grow without bounds
            )
        return self._sessions[keep]


async def _read(
    response: aiohttp.ClientResponse, pick: Callable[[object], T] | None, unread: T | LookupFailed
) -> T | NotFound | LookupFailed:
    if response.status >= 500:
        raise _MayPass(f"status {response.status}")
    if response.status == NOT_FOUND:
        return NotFound()
    if not 200 <= response.status < 300:
        return LookupFailed(f"status {response.status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return LookupFailed("the answer is compressed, which was not asked for")
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) > ANSWER_BYTES_MAX:
            response.close()
            return LookupFailed(f"the answer is larger than {ANSWER_BYTES_MAX} bytes")
    if pick is None:
        return unread
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return LookupFailed("the answer is not JSON")
    return pick(answer)


def picked(answer: object, wanted: Mapping[str, str]) -> Found | LookupFailed:
    """Each variable's value: the path's steps are keys of objects, or places (from 0) in lists."""
    values: dict[str, Value] = {}
    for variable, path in wanted.items():
        try:
            values[variable] = fit(at_path(answer, path))
        except (LookupError, ValueError) as error:
            return LookupFailed(f"the answer's {path!r} {error.args[0]}")
    return Found(values)


def at_path(answer: object, path: str) -> object:
    """What is there in the answer: steps are keys of objects, or places (from 0) in lists.

    Raises LookupError.
    """
    found = answer
    for step in path.split("."):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            raise LookupError("is not there")
    return found


def _address(url: str) -> URL:
    """The address, if it is one that may be asked. Raises ValueError."""
    try:
        address = URL(url)
    except (ValueError, TypeError, IndexError):  # the last: yarl, of a bracket without a host in it
        raise ValueError("the address is none") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise ValueError("the address is not one of http or https")
    if any(not c.isprintable() for c in url):
        raise ValueError("the address holds control characters")
    return address
