"""The tables of accounts, sessions, tokens, second factors, single sign-on, attempts and the audit log.

`teams` are those that a supervisor's or a token's rights are for; NULL: all.
Keys of sessions and tokens are kept as their SHA-256 only: who reads the database can use none of them.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    false,
)

from acd.sql import UtcDateTime

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("username", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("agent_id", String),
    Column("password_hash", String, nullable=False),
    Column("language", String, nullable=False),
    Column("theme", String, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("teams", JSON(none_as_null=True)),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("username", String, ForeignKey("accounts.username"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("address", String, nullable=False),
    Column("browser", String, nullable=False),
    Column("stage", String, nullable=False, server_default=""),
    Column("by_provider", Boolean, nullable=False, server_default=false()),
)

# Who an account is at the provider of single sign-on: `name` is the claim by which it is known there. None in
# `subject`: nobody has come with it yet; from then on the person counts, whatever the name becomes.
provider_links = Table(
    "provider_links",
    metadata,
    Column("username", String, ForeignKey("accounts.username"), primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("issuer", String),
    Column("subject", String),
    Column("since", UtcDateTime),
    Index("ix_provider_links_subject", "issuer", "subject", unique=True),
)

# `secret` is sealed with a key that is not in the database; None in `since`: not confirmed yet.
second_factors = Table(
    "second_factors",
    metadata,
    Column("username", String, ForeignKey("accounts.username"), primary_key=True),
    Column("secret", String, nullable=False),
    Column("since", UtcDateTime),
    Column("last_step", BigInteger, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("username", String, ForeignKey("accounts.username"), primary_key=True),
    Column("hash", String, primary_key=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("hash", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("teams", JSON(none_as_null=True)),
)

# `key` is `both:USERNAME@ADDRESS`, `address:ADDRESS` or `name:USERNAME`, known or not.
attempts = Table(
    "attempts",
    metadata,
    Column("key", String, primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("locked_until", UtcDateTime),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("who", String, nullable=False),
    Column("role", String, nullable=False),
    Column("address", String, nullable=False),
    Column("what", String, nullable=False),
    Column("about", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_who_at", "who", "at"),
    Index("ix_audit_about_at", "about", "at"),
)
