"""Who asks: a person with a session, a program with a token, or nobody known; and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account may do; each role may do what those before it may."""

    ANYONE = "anyone"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether who has this role may do what `other` may."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = tuple(Role)


class Scope(StrEnum):
    """What a token may be used for. ADMIN includes all others, SUPERVISE nothing but itself."""

    READ_STATE = "read:state"
    READ_CUSTOMERS = "read:customers"
    WRITE_CUSTOMERS = "write:customers"
    READ_RECORDS = "read:records"
    CONTROL_CALLS = "control:calls"
    CONTROL_AGENTS = "control:agents"
    SUPERVISE = "supervise"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Asker:
    """`name` goes into the audit log: the account's, or `token:NAME`.

    `agent` is the agent whom the account belongs to. `scopes` is None for a session. `session` is the hash
    of the session's key, `token` the token's id. Who `must_change` the password may do nothing else first;
    nor who `must_enrol`, that is, set up a second factor. `by_provider`: signed in with single sign-on.
    `teams`: those that the rights over others are for; None: all. What is one's own stays one's own.
    """

    name: str
    role: Role
    address: str
    agent: str | None = None
    scopes: frozenset[Scope] | None = None
    session: str | None = None
    token: str | None = None
    must_change: bool = False
    must_enrol: bool = False
    by_provider: bool = False
    teams: frozenset[str] | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether the rights are for some teams only."""
        return self.teams is not None

    @property
    def known(self) -> bool:
        """Whether it is known who asks."""
        return self.role is not Role.ANYONE

    def has_scope(self, scope: Scope) -> bool:
        """Whether a token may be used for it."""
        return self.scopes is not None and (scope in self.scopes or Scope.ADMIN in self.scopes)


def nobody(address: str) -> Asker:
    """Who has not signed in."""
    return Asker("", Role.ANYONE, address)
