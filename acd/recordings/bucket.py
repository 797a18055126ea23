"""Recordings in an S3-compatible store. Asynchronous; the library is imported when there is such a store."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.settings.model import S3Settings

if TYPE_CHECKING:
    from obstore.store import S3Store

CONNECT_LIMIT = timedelta(seconds=10)
ANSWER_LIMIT = timedelta(minutes=10)
RETRY_FOR = timedelta(seconds=30)
_BLOCK = 256 * 1024


class StoreAway(OperatorError):
    """The store does not answer, refuses us, or does not give back what it was given."""


class NotStored(StoreAway):
    """It is there, and has no such file."""


class Bucket:
    """One bucket. Names are those of files below the recordings' folder, with their endings."""

    def __init__(self, settings: S3Settings, access_key: str, secret_key: str) -> None:
        from obstore.store import S3Store

        self._store: S3Store = S3Store(
            settings.bucket,
            prefix=settings.prefix or None,
            endpoint=settings.endpoint,
            region=settings.region,
            access_key_id=access_key,
            secret_access_key=secret_key,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": settings.endpoint.startswith("http://"),
                "connect_timeout": CONNECT_LIMIT,
                "timeout": ANSWER_LIMIT,
            },
            retry_config={"max_retries": 3, "retry_timeout": RETRY_FOR},
        )

    async def put(self, name: str, file: Path, sha256: str) -> None:
        """Upload, then read it back: what is there has this checksum. Raises StoreAway, OSError."""
        from obstore import put_async

        with _faults(name):
            await put_async(self._store, name, file)
        digest = hashlib.sha256()
        async for block in self.read(name):
            digest.update(block)
        if digest.hexdigest() != sha256:
            raise StoreAway(f"the store has another {name} than it was given")

    async def read(self, name: str, begin: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The file's bytes from `begin` to before `end`. Raises StoreAway, NotStored."""
        from obstore import get_async

        options: Any = {}
        if begin or end is not None:
            options = {"range": (begin, end) if end is not None else {"offset": begin}}
        with _faults(name):
            answer = await get_async(self._store, name, options=options)
            async for block in answer.stream(min_chunk_size=_BLOCK):
                yield bytes(block)

    async def size(self, name: str) -> int:
        """In bytes, without reading it. Raises StoreAway, NotStored."""
        from obstore import head_async

        with _faults(name):
            return int((await head_async(self._store, name))["size"])

    async def fetch(self, name: str, file: Path) -> None:
        """Into a file here. Raises StoreAway, OSError."""
        with file.open("wb") as opened:
            async for block in self.read(name):
                await asyncio.to_thread(opened.write, block)

    async def delete(self, name: str) -> None:
        """It need not be there. Raises StoreAway."""
        from obstore import delete_async

        with _faults(name), contextlib.suppress(FileNotFoundError):
            await delete_async(self._store, name)


def bucket_of(settings: S3Settings | None, environment: Environment) -> Bucket | None:
    """The configured one; None: there is none. Raises OperatorError where its keys are missing."""
    if settings is None:
        return None
    keys = {"ACD_S3_ACCESS_KEY": environment.s3_access_key, "ACD_S3_SECRET_KEY": environment.s3_secret_key}
    missing = [name for name, value in keys.items() if not value]
    if missing:
        raise OperatorError(f"recordings cannot go to S3: set {' and '.join(missing)}")
    return Bucket(settings, *keys.values())


@contextlib.contextmanager
def _faults(name: str) -> Any:
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        raise NotStored(f"the store has no {name}") from error
    except BaseError as error:  # its text is long, and may have addresses and headers in it
        raise StoreAway(f"the store of recordings: {type(error).__name__} with {name}") from error
