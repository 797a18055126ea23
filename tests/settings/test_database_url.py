"""ACD_DATABASE_URL: what is taken, and that a refusal is clear and shows no password."""

from __future__ import annotations

import pytest

from acd.errors import OperatorError
from acd.settings.database_url import database_url
from acd.settings.environment import Environment
from tests.settings.test_environment import CHECKOUT


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ("postgresql+psycopg://acd@db:5433/acd", None),
        ("postgresql+psycopg:///acd?host=/run/postgresql", None),
        ("postgresql+psycopg://acd:a%40b%2Fc@[2001:db8::1]/acd?sslmode=verify-full", None),
        ("postgresql://acd@db/acd", "postgresql+psycopg://acd@db/acd"),
        ("postgres://acd@db/acd", "postgresql+psycopg://acd@db/acd"),
        ("sqlite:////srv/records.db", None),
        ("sqlite:///records.db", None),
    ],
)
def test_a_database_is_named(told: str, used: str | None) -> None:
    assert database_url("ACD_DATABASE_URL", told) == (used or told)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("records.db", "expected postgresql.*got something else"),
        ("mysql://acd:secret@db/acd", "expected postgresql.*there is no 'mysql' here"),
        ("postgresql+psycopg2://acd:secret@db/acd", "there is no 'postgresql.psycopg2' here"),
        ("postgresql://acd:secret@db", "expected postgresql"),
        ("postgresql://acd:secret@db:port/acd", "host or port"),
        ("postgresql://acd:secret@db:0/acd", "expected postgresql"),
        ("postgresql://acd:se/cret@db/acd", "%2F|host or port"),
        ("postgresql://acd:se#cret@db/acd", "%23|host or port"),
        ("postgresql://acd:secret@rest@db/acd", "%40"),
        ("postgresql://db/acd?user=acd&password=secret", "PGPASSWORD"),
        ("postgresql://acd:secret\n@db/acd", "something else"),
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("sqlite:///file:x?mode=memory", "memory"),
    ],
)
def test_a_refusal_names_the_variable_and_shows_no_password(told: str, message: str) -> None:
    with pytest.raises(OperatorError, match=message) as caught:
        Environment.from_env({"ACD_DATABASE_URL": told}, CHECKOUT)
    assert str(caught.value).startswith("ACD_DATABASE_URL: ")
    assert "cret" not in str(caught.value)
