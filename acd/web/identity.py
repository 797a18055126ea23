"""Who sends a request: by the cookie of a session, or by a token."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from aiohttp import hdrs, web
from sqlalchemy.exc import SQLAlchemyError

from acd.accounts.rights import SUPERVISOR, TOKEN, Teams, teams_of_accounts
from acd.accounts.sessions import ENROL, Session, Sessions
from acd.accounts.tokens import MAKER_GONE, Token, Tokens
from acd.errors import RequestRefused
from acd.records.store import RecordsAway, RecordStore
from acd.web.asker import Asker, Role, Scope, nobody
from acd.web.refusal import Refusal, away

COOKIE = "acd_session"
_BEARER = "bearer "
_LONGEST = 200
_INVALID = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def address_of(request: web.Request, proxies: Collection[str] = ()) -> str:
    """Where a request comes from. One that a proxy of ours passes on says so itself (X-Forwarded-For)."""
    address = request.remote or ""
    if address in proxies and (told := request.headers.get("X-Forwarded-For")):
        address = told.rpartition(",")[2].strip()
    return address[:64]


def key_in(request: web.Request) -> str | None:
    """What a request names as the key of a session or a token, whether it holds or not."""
    return request.headers.get(hdrs.AUTHORIZATION) or request.cookies.get(COOKIE)


def set_cookie(response: web.Response, request: web.Request, key: str) -> None:
    """The browser is to keep the key of the session."""
    # The browser says itself whether it came over TLS; a proxy may have ended that before us.
    over_tls = request.secure or request.headers.get(hdrs.ORIGIN, "").startswith("https:")
    response.set_cookie(COOKIE, key, httponly=True, samesite="Strict", secure=over_tls, path="/")


class Identity:
    """Implements `Services.identify` on the database."""

    def __init__(self, store: RecordStore, proxies: Collection[str] = ()) -> None:
        self._store = store
        self._proxies = proxies

    async def __call__(self, request: web.Request) -> Asker:
        """Who asks. Raises Refusal: 401 for a token that does not hold, 503 while the database is away."""
        address = address_of(request, self._proxies)
        authorization = request.headers.get(hdrs.AUTHORIZATION)
        cookie = request.cookies.get(COOKIE)
        if authorization is None and not cookie:
            return nobody(address)
        try:
            if authorization is not None:
                return await self._program(authorization, address)
            session, teams = await asyncio.to_thread(self._session, str(cookie))
        except (SQLAlchemyError, RecordsAway) as error:
            text = f"the database cannot be used at the moment ({type(error).__name__})"
            raise away("database-away", text) from error
        return nobody(address) if session is None else person(session, address, teams)

    def _session(self, key: str) -> tuple[Session | None, Teams]:
        engine = self._store.engine
        session = Sessions(engine).of(key)
        if session is None or session.role != SUPERVISOR:
            return session, None
        # Gone in this very moment: then for nobody.
        return session, teams_of_accounts(engine, [session.username]).get(session.username, frozenset())

    async def _program(self, authorization: str, address: str) -> Asker:
        token: Token | None = None
        if authorization.lower().startswith(_BEARER) and len(authorization) <= _LONGEST:
            key = authorization[len(_BEARER) :].strip()
            try:
                token = await asyncio.to_thread(lambda: Tokens(self._store.engine).of(key))
            except RequestRefused as error:
                raise Refusal(401, MAKER_GONE, str(error), headers=_INVALID) from error
        if token is None:
            text = "the token is not known, or holds no longer"
            raise Refusal(401, "unknown-token", text, headers=_INVALID)
        return program(token, address)


def person(session: Session, address: str, teams: Teams = None) -> Asker:
    """Who has signed in. `teams`: of a supervisor."""
    return Asker(
        session.username,
        Role(session.role),
        address,
        session.agent,
        session=session.key_hash,
        must_change=session.must_change and not session.by_provider,
        by_provider=session.by_provider,
        teams=teams,
        must_enrol=session.stage == ENROL,
    )


def program(token: Token, address: str) -> Asker:
    """Who has a token. What it may do is a matter of its scopes; it is no agent."""
    scopes = frozenset(Scope(scope) for scope in token.scopes if scope in set(Scope))
    role = Role.ADMIN if Scope.ADMIN in scopes else Role.SUPERVISOR
    teams = None if role is Role.ADMIN or token.teams is None else frozenset(token.teams)
    return Asker(f"{TOKEN}{token.name}", role, address, scopes=scopes, token=token.id, teams=teams)
