"""A secret from a variable NAME, or from the file that NAME_FILE names, as Docker hands secrets out.

Environments are seen by whoever may look at a process, and are handed on to each child; files are not. A
secret is read when it is needed and goes into no variable. No message repeats what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from acd.errors import OperatorError

FILE = "_FILE"
LARGEST_BYTES = 10_000


def secret_variable(environment: Mapping[str, str], name: str) -> str | None:
    """What the variable holds, or the file that NAME_FILE names, without the line end behind it.

    None where neither is set; an empty NAME_FILE counts as not set. Raises OperatorError for a file that
    cannot be read, and where both are set: nobody could tell which counts.
    """
    file = environment.get(name + FILE)
    if not file:
        return environment.get(name)
    if environment.get(name):
        raise OperatorError(f"{name} and {name}{FILE} are both set: take one of them away")
    return _content(name + FILE, Path(file))


def _content(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OperatorError(f"{name}: the file {path} cannot be read: {reason}") from None
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise OperatorError(f"{name}: the file {path} is not UTF-8 text") from None
    if not text or len(raw) > LARGEST_BYTES:
        raise OperatorError(f"{name}: the file {path} is empty, or has more than {LARGEST_BYTES} bytes")
    return text
