"""Both sides prove that they know the control password, before anything else is said over TCP.

    client: acd-control 1 NONCE          server: NONCE of its own
    client: HMAC of "client" and both    server: HMAC of "server" and both

Each is a line of hexadecimal digits of a fixed length, so that nothing of a stranger's is parsed, and no more
of it is read than that. The server says nothing to who does not begin so, and ends the connection, without a
word, where the proof is none. The password itself, and what it could be guessed from, is never sent by the
server to who has not proved to have it. What is said afterwards is in the clear.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets

PROOF_LIMIT_S = 3.0
_GREETING = b"acd-control 1 "
_HEX_BYTES = 64
_HEX = re.compile(rb"[0-9a-f]{64}\n")


class NotProved(ConnectionError):
    """The other side does not know our password, or is something else."""


async def prove(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str) -> None:
    """The client's part. Raises NotProved, or OSError where the connection ends before."""
    ours = secrets.token_hex(_HEX_BYTES // 2).encode()
    writer.write(_GREETING + ours + b"\n")
    try:
        theirs = _checked(await reader.readexactly(_HEX_BYTES + 1))
    except asyncio.IncompleteReadError:
        raise ConnectionResetError("the connection was closed at once") from None
    writer.write(_proof(password, b"client", ours, theirs))
    try:
        said = await reader.readexactly(_HEX_BYTES + 1)
    except asyncio.IncompleteReadError:
        raise NotProved("it does not accept our control password") from None
    if not hmac.compare_digest(said, _proof(password, b"server", ours, theirs)):
        raise NotProved("it does not know our control password")


async def check(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str) -> None:
    """The server's part. Raises NotProved, or OSError."""
    try:
        greeting = await reader.readexactly(len(_GREETING) + _HEX_BYTES + 1)
        if not greeting.startswith(_GREETING):
            raise NotProved("it does not begin as ours do")
        theirs = _checked(greeting.removeprefix(_GREETING))
        ours = secrets.token_hex(_HEX_BYTES // 2).encode()
        writer.write(ours + b"\n")
        said = await reader.readexactly(_HEX_BYTES + 1)
    except asyncio.IncompleteReadError:
        raise NotProved("it went away before it had proved anything") from None
    if not hmac.compare_digest(said, _proof(password, b"client", theirs, ours)):
        raise NotProved("it does not know our control password")
    writer.write(_proof(password, b"server", theirs, ours))


def _checked(line: bytes) -> bytes:
    if not _HEX.fullmatch(line):
        raise NotProved("what it says is no nonce")
    return line[:-1]


def _proof(password: str, side: bytes, of_client: bytes, of_server: bytes) -> bytes:
    told = b" ".join((_GREETING.strip(), side, of_client, of_server))
    return hmac.new(password.encode(), told, hashlib.sha256).hexdigest().encode() + b"\n"
