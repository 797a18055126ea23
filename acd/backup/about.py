"""The first file of an archive: what it is, so that nobody unpacks what this version cannot use."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from acd.errors import OperatorError

FORMAT = 1


class DatabaseKind(StrEnum):
    """Where records are."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class WhereRecordings(StrEnum):
    """Where a back-up keeps recordings: each once, beside the archives; in the archive; nowhere."""

    BESIDE = "beside"
    INSIDE = "inside"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class About:
    """`schema`: the revision of the tables. `made_at`: ISO 8601. `secrets`: plain, sealed or none.

    `variables`: the names of the ACD_… variables that were set, since their values are in no file.
    """

    format: int
    version: str
    made_at: str
    centre: str
    database: str
    schema: str
    secrets: str
    recordings: str
    journal: bool
    variables: list[str]

    def to_json(self) -> bytes:
        """For people, too."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n").encode()


def about_of(data: bytes) -> About:
    """Raises OperatorError for what is no back-up, or one of a later form."""
    try:
        told = json.loads(data)
        if told["format"] != FORMAT:
            raise OperatorError(
                f"the back-up has form {told['format']} and was made by acd {told.get('version')}:"
                f" this version reads form {FORMAT}; restore with that version or a later one"
            )
        values: dict[str, Any] = {field.name: told[field.name] for field in fields(About)}
        DatabaseKind(values["database"]), WhereRecordings(values["recordings"])
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError("this is no back-up of acd: its about.json cannot be read") from error
    if not all(isinstance(values[name], str) for name in ("version", "made_at", "schema", "secrets")):
        raise OperatorError("this is no back-up of acd: its about.json is not as it should be")
    return About(**values)
