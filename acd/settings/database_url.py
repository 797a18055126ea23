"""Where records go: a checked `ACD_DATABASE_URL`. No message repeats one: it may hold a password."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from acd.errors import OperatorError

POSTGRESQL = "postgresql+psycopg"
_ALSO_POSTGRESQL = ("postgresql", "postgres")
_EXPECTED = "expected postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:////PATH/OF/THE/FILE"


def database_url(name: str, text: str) -> str:
    """The URL as SQLAlchemy takes it. Raises OperatorError, which names the variable `name`."""
    scheme, separator, rest = text.partition("://")
    if not separator or not text.isprintable():
        raise OperatorError(f"{name}: {_EXPECTED}, got something else")
    if scheme == "sqlite":
        path = rest.removeprefix("/")
        if not rest.startswith("/") or not path or path.startswith((":memory:", "file:")) or "?" in path:
            raise OperatorError(f"{name}: {_EXPECTED}; a database in memory would be lost")
        return text
    if scheme not in (POSTGRESQL, *_ALSO_POSTGRESQL):
        raise OperatorError(f"{name}: {_EXPECTED}; there is no {scheme[:40]!r} here")
    _check_server(name, rest)
    return f"{POSTGRESQL}://{rest}"


def _check_server(name: str, rest: str) -> None:
    try:
        parts = urlsplit(f"//{rest}")
        port, asked = parts.port, parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        raise OperatorError(f"{name}: {_EXPECTED}; the host or port in it cannot be read") from None
    if "@" in (parts.username or "") + (parts.password or ""):
        raise OperatorError(f"{name}: write '@' in a user's name or password as %40")
    if port == 0 or len(parts.path) < 2 or "/" in parts.path[1:] or parts.fragment:
        raise OperatorError(f"{name}: {_EXPECTED}; '/', '?' and '#' in a password are %2F, %3F and %23")
    if "password" in asked:
        raise OperatorError(
            f"{name}: the password belongs before the host (USER:PASSWORD@HOST), into PGPASSWORD or ~/.pgpass"
        )
