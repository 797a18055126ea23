"""Files that are whole or not there: nobody finds half a report under its name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from acd.errors import OperatorError


def write_whole(path: Path, content: bytes) -> None:
    """Beside it first, then under its name, in the place of what was there. Raises OperatorError."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(name, 0o666 & ~umask)  # as any new file, not as private as a temporary one
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror or error}") from error
