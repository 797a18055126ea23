"""From a declared route to an aiohttp handler: who asks, may they, is the request sound; then the answer."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, cast

import structlog
from aiohttp import hdrs, web
from multidict import MultiMapping
from pydantic import BaseModel, TypeAdapter, ValidationError

from acd.records.reach import ALL, Reach
from acd.web.asker import Asker, Role
from acd.web.context import Context
from acd.web.identity import address_of, key_in
from acd.web.origin import is_foreign, is_ours
from acd.web.refusal import Refusal, away, forbidden, not_found, other_team, wrong
from acd.web.route import JSON, Bound, Route
from acd.web.services import Services

log = structlog.get_logger(__name__)

NAME_MAX = 200
PART = 256 * 1024
UPLOAD_LIMIT_S = 600.0
"""So long a file may take to arrive."""
PATIENCE_S = 30.0
LEAST_RATE = 10_000
"""So many bytes a second must have come after PATIENCE_S, or the file is given up: others wait."""
SENDERS_MAX = 2
"""So many may send their file at the same time where the files themselves are served one after another."""
_WHOLE_MAX = 2**53


def handler_of(route: Route, services: Services) -> Any:
    """The aiohttp handler of a route; it raises Refusal, which the middleware answers."""
    serving, sending = asyncio.Lock(), asyncio.Semaphore(SENDERS_MAX)

    async def answer(request: web.Request, asker: Asker) -> web.StreamResponse:
        path, query = _path(route, request.match_info), _query(route, request.query)
        bounds = await bounds_of(route, asker, path, services)
        async with _body(route, request, services.environment.home) as body:
            context: Context[Any, Any] = Context(asker, query, body, path, services, request, bounds=bounds)
            async with serving if route.alone else contextlib.nullcontext():
                found = await route.handler(context)
            check_looked(route, context)
        if route.audit:
            services.audit(context, route.audit)
            services.others.done(route.audit)
        return _answer(route, found)

    async def handle(request: web.Request) -> web.StreamResponse:
        asker = await identified(services, request)
        check_origin(request, asker, changes=route.changes)
        check_role(route, asker)
        if not route.alone:
            return await answer(request, asker)
        if serving.locked() or sending.locked():
            raise Refusal(409, "one-at-a-time", route.alone)
        async with sending:  # the turn comes when all of it is here, so that a slow sender does not have it
            return await answer(request, asker)

    return handle


async def identified(services: Services, request: web.Request) -> Asker:
    """Who asks, within the limits of requests. Raises Refusal: 429 beyond them, and as `identify` does."""
    address, key = address_of(request, services.environment.http_proxies), key_in(request)
    services.limits.admit(address, key)
    try:
        asker = await services.identify(request)
    except Refusal as refusal:
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            services.limits.count_stranger(address)
        raise
    services.limits.count(asker, key)
    if asker.known:
        structlog.contextvars.bind_contextvars(user=asker.name)  # until the request has been answered
    return asker


def check_origin(request: web.Request, asker: Asker, *, changes: bool) -> None:
    """Raises Refusal, 403, for what another site's page sends, or may have sent."""
    if is_foreign(request) or (changes and asker.scopes is None and not is_ours(request)):
        raise forbidden("the request does not come from our own pages", "foreign-origin")


def check_role(route: Route, asker: Asker) -> None:
    """Raises Refusal: 401 where nobody is signed in, 403 where the role or the token does not reach."""
    if route.role is Role.ANYONE:
        return
    if not asker.known:
        raise Refusal(401, "not-signed-in", "sign in first", headers={"WWW-Authenticate": "Bearer"})
    if asker.scopes is not None:
        if route.scope is None:
            raise forbidden("this is for people who are signed in, not for tokens", "no-token")
        if not asker.has_scope(route.scope):
            raise forbidden(f"the token lacks the scope {route.scope.value}", "scope-missing")
        return
    if not asker.role.includes(route.role):
        raise forbidden(f"this takes the role {route.role.value}", "role-missing")
    if not route.before_change:
        check_ready(asker)


def check_ready(asker: Asker) -> None:
    """Raises Refusal, 403, for who has to do something else first."""
    if asker.must_change:
        raise forbidden("choose a new password first", "password-to-change")
    if asker.must_enrol:
        raise forbidden("set up a second factor first", "second-factor-to-set-up")


async def bounds_of(route: Route, asker: Asker, path: Mapping[str, Any], services: Services) -> Reach:
    """How far the rights reach of who has some for some teams. Raises Refusal, 403, for what acts on others,
    too; 503 where nobody knows who is in which team."""
    if not asker.is_bounded:
        return ALL
    if route.bounded_by in (None, Bound.WHOLE):
        raise forbidden("this takes rights for all teams", "team-missing")
    reach = (await services.centre.get()).reach(asker.teams)
    if route.bounded_by is Bound.AGENT and not reach.has_agent(path["id"]):
        raise other_team()
    return reach


def check_looked(route: Route, context: Context[Any, Any]) -> None:
    """Raises RuntimeError, so that nothing is told, where a handler did not ask what it may tell."""
    if context.asker.is_bounded and route.bounded_by is Bound.REACH and not context.has_looked:
        raise RuntimeError(f"{route.name} has answered without asking how far the rights reach")


def _path(route: Route, given: Mapping[str, str]) -> dict[str, Any]:
    """The values of the names in the path; what cannot be the name of anything is not found."""
    values: dict[str, Any] = {}
    for name in route.names:
        text = given[name]
        if route.is_number(name):
            if not (text.isascii() and text.isdecimal() and int(text[:20]) <= _WHOLE_MAX):
                raise not_found(name, text)
            values[name] = int(text)
        elif len(text) > NAME_MAX or not text.isprintable():
            raise not_found(name, ascii(text))
        else:
            values[name] = text
    return values


def _query(route: Route, given: MultiMapping[str]) -> BaseModel | None:
    if route.query is None:
        if given:
            raise wrong({f"query.{name}": "there is no such parameter" for name in given})
        return None
    lists = {name for name, f in route.query.model_fields.items() if "list" in str(f.annotation)}
    aliases = {f.alias or name: name for name, f in route.query.model_fields.items()}
    values: dict[str, Any] = {}
    for name in given:
        every = given.getall(name)
        if aliases.get(name) in lists:
            values[name] = every
        elif len(every) > 1:
            raise wrong({f"query.{name}": "is given more than once"})
        else:
            values[name] = every[0]
    try:
        return route.query.model_validate(values)
    except ValidationError as error:
        raise wrong(faults(error, "query")) from None


@contextlib.asynccontextmanager
async def _body(route: Route, request: web.Request, folder: Path) -> AsyncIterator[Any]:
    """What the route's handler is to have as the body. `folder`: where a large one is kept meanwhile."""
    if not route.has_body:
        yield None
        return
    if request.content_type != route.body_media:
        text = f"expected a body of type {route.body_media}"
        raise Refusal(415, "wrong-type", text, headers={"Accept": route.body_media})
    if route.to_file:
        file = await asyncio.to_thread(_new_file, folder)
        try:
            await _keep(request, route.body_max, file)
            yield file
        except asyncio.CancelledError:
            raise  # at the stop: a thread may be reading it still, and closes it
        except BaseException:
            _close(file)
            raise
        _close(file)
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            raw = b"".join([part async for part in _parts(request, route.body_max)])
    except TimeoutError:
        raise Refusal(408, "too-slow", f"the body took more than {PATIENCE_S:g} s to arrive") from None
    yield raw if route.body is None else _model(route.body, raw)


def _model(model: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise wrong(faults(error, "body")) from None


async def _parts(request: web.Request, most: int) -> AsyncIterator[bytes]:
    too_large = Refusal(413, "too-large", f"the body may have {most} bytes")
    if (request.content_length or 0) > most:
        raise too_large
    length = 0
    async for part in request.content.iter_chunked(PART):
        length += len(part)
        if length > most:
            raise too_large
        yield part


def _new_file(folder: Path) -> BinaryIO:
    """Without a name, so that nothing is left of it whatever happens. Raises Refusal, 503."""
    try:
        return cast(BinaryIO, tempfile.TemporaryFile(dir=folder))
    except OSError as error:
        raise _no_place(error) from None


async def _keep(request: web.Request, most: int, file: BinaryIO) -> None:
    """The body in the file, to be read from its beginning. Raises Refusal: 408 where it takes too long, 503
    where the disk is full."""
    began, length = asyncio.get_running_loop().time(), 0
    try:
        async with asyncio.timeout(min(PATIENCE_S, UPLOAD_LIMIT_S)) as limit:
            async for part in _parts(request, most):
                await asyncio.to_thread(_write, file, part)
                length += len(part)
                limit.reschedule(began + min(PATIENCE_S + length / LEAST_RATE, UPLOAD_LIMIT_S))
    except TimeoutError:
        rate = f"more than {UPLOAD_LIMIT_S:g} s, or less than {LEAST_RATE} bytes a second"
        raise Refusal(408, "too-slow", f"the file took too long to arrive: {rate}") from None
    await asyncio.to_thread(file.seek, 0)


def _close(file: BinaryIO) -> None:
    with contextlib.suppress(OSError):  # that of a full disk once more
        file.close()


def _write(file: BinaryIO, part: bytes) -> None:
    try:
        file.write(part)
        file.flush()  # so that a full disk is told of here
    except OSError as error:
        raise _no_place(error) from None


def _no_place(error: OSError) -> Refusal:
    return away("disk", f"the file cannot be kept ({error.strerror or type(error).__name__})")


def faults(error: ValidationError, where: str) -> dict[str, str]:
    """Field → what is wrong with it; never what was given, which may be a password."""
    found: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join([where, *(str(part) for part in fault["loc"])])
        found.setdefault(ascii(name)[1:-1][:NAME_MAX], fault["msg"].removeprefix("Value error, "))
    return found


def _answer(route: Route, found: Any) -> web.StreamResponse:
    if isinstance(found, web.StreamResponse):
        return found
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    if isinstance(found, bytes):
        return web.Response(body=found, status=route.status, content_type=route.answer_media, headers=headers)
    if route.answer is None:
        assert found is None, f"{route.name} has no model for what it answers"
        return web.Response(status=204, headers=headers)
    body = written(route.answer_type, found)
    return web.Response(body=body, status=route.status, content_type=JSON, headers=headers)


def written(answer_type: TypeAdapter[Any], found: Any) -> bytes:
    """As JSON. Raises ValidationError for what does not fit the declared answer: a bug of ours."""
    return answer_type.dump_json(answer_type.validate_python(found), by_alias=True)
