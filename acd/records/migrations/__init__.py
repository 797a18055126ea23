"""The history of the tables. `upgrade` brings a database to the present one.

A new step: change `acd/records/schema.py`, add a module to `versions/` that says the same, name it in
`NEWEST`, and let the tests of the schema compare them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from acd.records.connecting import OtherVersion, without_limit
from acd.sql import one_at_a_time

if TYPE_CHECKING:  # Alembic takes longer to import than a command takes to read records
    from alembic.config import Config

NEWEST = "0017"
"""The last revision: a database that is there already needs no Alembic."""
_LOCK = "migrations"


def config() -> Config:
    """Alembic's settings for the migrations in this package."""
    from alembic.config import Config

    settings = Config()
    # Alembic reads the value through configparser, to which a percent sign is special.
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema: whole or not at all, one process at a time.

    A second process waits here and then finds nothing to do. Raises SQLAlchemy's errors, and
    OtherVersion for a database made by a newer version of the program.
    """
    with engine.connect() as connection:
        if version(connection) == NEWEST:
            return
    with engine.begin() as connection:
        without_limit(connection)
        one_at_a_time(connection, _LOCK)
        if version(connection) != NEWEST:
            _migrate(connection)


def version(connection: Connection) -> str | None:
    """The revision of a database; None: it has none of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.util import CommandError

    settings = config()
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError as error:
        raise OtherVersion(str(error)) from error
