"""Recordings in an S3-compatible store. Asynchronous; the library is imported when there is such a store."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
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
SEEN_FOR_S = 60.0
"""A bucket that was there is taken to be there for so long."""
_NO_BUCKET = ("NoSuchBucket", "404 Not Found")
"""In the text of what the library makes of a listing that there is not."""
_BLOCK = 256 * 1024


class StoreAway(OperatorError):
    """The store does not answer, refuses us, or does not give back what it was given."""


class NotStored(StoreAway):
    """It is there, and has no such file."""


class NoBucket(StoreAway):
    """It is there, and has no such bucket: nothing is known of any file."""


class AccessRefused(StoreAway):
    """It is there, and refuses us."""


class Bucket:
    """One bucket. Names are those of files below the recordings' folder, with their endings."""

    def __init__(self, settings: S3Settings, access_key: str, secret_key: str) -> None:
        from obstore.store import S3Store

        self._name = settings.bucket
        self._seen_at: float | None = None
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

        async with self._faults(name):
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
        async with self._faults(name):
            answer = await get_async(self._store, name, options=options)
            async for block in answer.stream(min_chunk_size=_BLOCK):
                yield bytes(block)

    async def size(self, name: str) -> int:
        """In bytes, without reading it. Raises StoreAway, NotStored."""
        from obstore import head_async

        async with self._faults(name):
            return int((await head_async(self._store, name))["size"])

    async def fetch(self, name: str, file: Path) -> None:
        """Into a file here. Raises StoreAway, OSError."""
        with file.open("wb") as opened:
            async for block in self.read(name):
                await asyncio.to_thread(opened.write, block)

    async def delete(self, name: str) -> None:
        """It need not be there. Raises StoreAway."""
        from obstore import delete_async

        with contextlib.suppress(NotStored):
            async with self._faults(name):
                await delete_async(self._store, name)

    @contextlib.asynccontextmanager
    async def _faults(self, name: str) -> AsyncIterator[None]:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except FileNotFoundError as error:
            if await self._has_bucket():
                raise NotStored(f"the store has no {name}") from error
            raise NoBucket(
                f"the store of recordings has no bucket {self._name}: make it there, or put right"
                " `recordings: s3: bucket` in config/system.yml"
            ) from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise AccessRefused(
                f"the store of recordings refuses access to bucket {self._name}: look at what"
                " ACD_S3_ACCESS_KEY and ACD_S3_SECRET_KEY may do there"
            ) from error
        except BaseError as error:  # its text is long, and may have addresses and headers in it
            raise StoreAway(f"the store of recordings: {type(error).__name__} with {name}") from error

    async def _has_bucket(self) -> bool:
        """Of a file the store says the same whether the bucket is missing or the file in it.

        Who may not list its files is not told that either, and has to believe the answer for the file.
        """
        from obstore import list as list_files
        from obstore.exceptions import BaseError

        if self._seen_at is not None and time.monotonic() - self._seen_at < SEEN_FOR_S:
            return True
        try:
            async for _ in list_files(self._store, chunk_size=1):
                break
        except FileNotFoundError:
            return False
        except BaseError as error:
            return not any(word in str(error) for word in _NO_BUCKET)
        self._seen_at = time.monotonic()
        return True


def bucket_of(settings: S3Settings | None, environment: Environment) -> Bucket | None:
    """The configured one; None: there is none. Raises OperatorError where its keys are missing."""
    if settings is None:
        return None
    keys = {"ACD_S3_ACCESS_KEY": environment.s3_access_key, "ACD_S3_SECRET_KEY": environment.s3_secret_key}
    missing = [name for name, value in keys.items() if not value]
    if missing:
        raise OperatorError(f"recordings cannot go to S3: set {' and '.join(missing)}")
    return Bucket(settings, *keys.values())
