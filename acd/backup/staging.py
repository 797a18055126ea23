"""A back-up in its restoring: unpacked beside the place where it goes, whole, before anything is moved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from acd.backup.about import About
from acd.backup.contents import VERSIONS
from acd.backup.database import check_schema, kind_of
from acd.errors import OperatorError
from acd.settings.shared_folder import READ_BY_ALL, make_shared_folder


class Staging:
    """See `archive.Place`. What it takes is below `folder`; it refuses what cannot be restored here."""

    def __init__(self, folder: Path, database_url: str, has_passphrase: bool) -> None:
        self.folder = folder
        self._url = database_url
        self._has_passphrase = has_passphrase

    def about(self, about: About) -> None:
        """Raises OperatorError before anything is unpacked."""
        check_schema(about.schema, about.version)
        here = kind_of(self._url)
        if about.database != here:
            names = {"sqlite": "a file (SQLite)", "postgresql": "PostgreSQL"}
            way = (
                "restore without ACD_DATABASE_URL, then 'acd records copy --to postgresql+psycopg://…'"
                if about.database == "sqlite"
                else "set ACD_DATABASE_URL to an empty PostgreSQL database; there is no way from it to a file"
            )
            raise OperatorError(
                f"its records were in {names[about.database]}, here they go to {names[here]}: {way}"
            )
        if about.secrets == "sealed" and not self._has_passphrase:
            raise OperatorError("its secrets are sealed: give the passphrase (--passphrase-file)")

    def file(self, name: str, mode: int) -> BinaryIO:
        """A new file; what others may do is what they might before."""
        descriptor = os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, mode & 0o777)
        return os.fdopen(descriptor, "wb")

    def link(self, name: str, to: str) -> None:
        """One file by two names."""
        os.link(self.folder / to, self._path(name), follow_symlinks=False)

    def _path(self, name: str) -> Path:
        """In its folder, which of the versions Asterisk may read as another user."""
        path = self.folder / name
        if name.startswith(f"{VERSIONS}/"):
            make_shared_folder(
                self.folder / VERSIONS, READ_BY_ALL, path.parent.relative_to(self.folder / VERSIONS)
            )
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        return path


class Looked:
    """See `archive.Place`: nothing is kept, but the listing of recordings in `listing`."""

    def __init__(self, listing: Path) -> None:
        self._listing = listing

    def about(self, about: About) -> None:
        """Of any version whose form is known."""

    def file(self, name: str, mode: int) -> BinaryIO | None:  # noqa: ARG002
        """Only the listing is needed."""
        return self._listing.open("wb") if name == self._listing.name else None

    def link(self, name: str, to: str) -> None:
        """Nothing to do."""
