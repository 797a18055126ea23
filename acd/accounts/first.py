"""The first accounts of a new home: one for each agent, and an admin, with generated passwords."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine

from acd.accounts.passwords import Passwords, new_password
from acd.accounts.store import AccountStore
from acd.errors import OperatorError

ADMIN = "admin"
HASHES_AT_ONCE = 4
_HEADER = (
    "# The first passwords of the desktop. Each is to be changed by its owner at the first sign-in.\n"
    "# Hand them out, then delete this file: nothing reads it.\n"
)


def make_first_accounts(engine: Engine, agents: Iterable[str], file: Path) -> bool:
    """Whether there were none, and are now; the passwords are in `file`, which only its owner may read.

    All accounts are made, or none, and the file is that of the process which made them. Raises OperatorError
    where the file cannot be written.
    """
    store = AccountStore(engine)
    if store.any():
        return False
    roles = {**dict.fromkeys(agents, "agent"), ADMIN: "admin"}
    generated = {username: new_password() for username in roles}
    with ThreadPoolExecutor(HASHES_AT_ONCE) as pool:  # of hundreds of agents it takes half a minute
        hashes = dict(zip(generated, pool.map(Passwords().hash, generated.values()), strict=True))
    text = _HEADER + "".join(f"{name}  {password}\n" for name, password in generated.items())
    # The file before the accounts count: one whose password nobody knows would be of no use.
    return store.add_first(
        {name: (role, hashes[name]) for name, role in roles.items()}, lambda: _write(file, text)
    )


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as out:
            out.write(text)
    except OSError as error:
        raise OperatorError(f"{file}: the first passwords cannot be written: {error.strerror}") from error
