"""The history of the tables. `upgrade` brings a database to the present one.

A new step: change `acd/records/schema.py`, add a module to `versions/` that says the same, and let
the test of the schema compare them.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

_POSTGRES_LOCK = 0x61636472  # "acdr": any number will do, if every process takes the same


def config() -> Config:
    """Alembic's settings for the migrations in this package."""
    settings = Config()
    # Alembic reads the value through configparser, to which a percent sign is special.
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema: whole or not at all, one process at a time.

    A second process waits here and then finds nothing to do. Raises SQLAlchemy's errors, and
    Alembic's CommandError for a database made by a newer version of the program.
    """
    settings = config()
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
