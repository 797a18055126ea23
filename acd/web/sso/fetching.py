"""Asks the provider, within bounds of time and size: it may be slow, broken or taken over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from acd.errors import AcdError
from acd.settings.single_sign_on import is_safe_address

LIMIT_S = 5.0
LARGEST_BYTES = 256 * 1024
_PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}


class ProviderAway(AcdError):
    """No answer came, or none that can be used; the text says why, and nothing that is secret."""


async def fetch_json(
    url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and object of the answer; with a `form` it is POSTed. No redirects, no packed answers.

    Raises ProviderAway.
    """
    if not is_safe_address(url):
        raise ProviderAway(f"the address {ascii(url)[:200]} is not https")
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    method = "GET" if form is None else "POST"
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as client,
            client.request(
                method, url, data=form, headers={**_PLAIN, **(headers or {})}, allow_redirects=False
            ) as answer,
        ):
            raw = await answer.content.read(LARGEST_BYTES + 1)
            while len(raw) <= LARGEST_BYTES and not answer.content.at_eof():
                raw += await answer.content.read(LARGEST_BYTES + 1)
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError, ValueError) as error:
        why = f"no answer within {LIMIT_S:g} s" if isinstance(error, TimeoutError) else type(error).__name__
        raise ProviderAway(f"{_place(url)}: {why}") from error
    if len(raw) > LARGEST_BYTES:
        raise ProviderAway(f"{_place(url)}: the answer is larger than {LARGEST_BYTES} bytes")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderAway(f"{_place(url)}: status {status}, and no object in JSON")
    return status, found


def _place(url: str) -> str:
    return url.partition("?")[0][:200]
