"""The OpenAPI 3.1 document, made of the declared routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from acd import __version__
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.route import JSON, Route
from acd.web.values import Answer

PATH = "/api/openapi.json"
REFS = "#/components/schemas/{model}"
REFUSALS = {
    400: "The request is wrong; `fields` says where.",
    401: "Nobody is signed in.",
    403: "Who asks may not do this, or the request comes from another site's page.",
    404: "There is no such thing.",
    409: "The rules forbid it now; `error` says which.",
    408: "The body took too long to arrive.",
    410: "It has been deleted; `message` says why.",
    413: "The body is too large.",
    415: "The body is of another type than expected.",
    416: "The file has no such part.",
    422: "The request cannot be carried out as it is.",
    429: "Too many attempts or requests; `Retry-After` says when to come back.",
    503: "A part that is needed is away: the controller or the database.",
}


class Refused(Answer):
    """Why a request was refused. `error` is stable and for programs."""

    error: str
    message: str
    fields: dict[str, str] | None = None


def document_route(routes: Sequence[Route]) -> Route:
    """The route that serves the document of these routes, and of itself."""
    text: list[bytes] = []

    async def show(_ctx: Context[None, None]) -> web.Response:
        if not text:
            text.append(orjson.dumps(document([*routes, route])))
        return web.Response(body=text[0], content_type=JSON)

    route = Route("GET", PATH, "This document", show, Role.ANYONE, answer=dict[str, Any])
    return route


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """As plain data."""
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.plain_path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "acd", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "acd_session"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


_ABOUT = (
    "People sign in with POST /api/session and have a cookie; programs send 'Authorization: Bearer acd_…'."
    f" Scopes of tokens: {', '.join(Scope)}."
)
_Key = tuple[Any, JsonSchemaMode]
"""A model, and whether what it takes or what it gives is described."""


def _schemas(routes: Sequence[Route]) -> tuple[dict[_Key, dict[str, Any]], dict[str, Any]]:
    wanted: dict[_Key, None] = {(Refused, "serialization"): None}
    for route in routes:
        if route.body is not None:
            wanted[route.body, "validation"] = None
        if isinstance(route.answer, type) and issubclass(route.answer, BaseModel):
            wanted[route.answer, "serialization"] = None
    found, whole = models_json_schema(list(wanted), ref_template=REFS)
    components = dict(whole.get("$defs", {}))
    for route in routes:
        if route.answer is not None and (route.answer, "serialization") not in wanted:
            components.update(_schema_of(route.answer_type).pop("$defs", {}))
        if route.query is not None:
            components.update(_schema_of_query(route.query).get("$defs", {}))
    return dict(found), components


def _schema_of_query(query: type[BaseModel]) -> dict[str, Any]:
    return query.model_json_schema(mode="validation", ref_template=REFS)


def _schema_of(answer: TypeAdapter[Any]) -> dict[str, Any]:
    return answer.json_schema(mode="serialization", ref_template=REFS)


def _operation(route: Route, schemas: dict[_Key, dict[str, Any]]) -> dict[str, Any]:
    security: list[dict[str, list[str]]] = []
    if route.role is not Role.ANYONE:
        security.append({"session": []})
        if route.scope is not None:
            security.append({"token": []})
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "tags": [route.path.split("/")[2]],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, schemas),
        "security": security,
        "x-role": route.role.value,
        "x-scope": route.scope.value if route.scope is not None else None,
    }
    if route.has_body:
        content = {"type": "string"} if route.body is None else schemas[route.body, "validation"]
        operation["requestBody"] = {"required": True, "content": {route.body_media: {"schema": content}}}
    return operation


def _operation_id(route: Route) -> str:
    words = [w.strip("{}") for w in route.plain_path.split("/")[2:]]
    return "_".join([route.method.lower(), *words]).replace("-", "_").replace(".", "_")


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    whole = {"type": "integer", "minimum": 0}
    return [
        {"name": n, "in": "path", "required": True, "schema": whole if route.is_number(n) else text}
        for n in route.names
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = _schema_of_query(route.query)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": found}
        for name, found in schema.get("properties", {}).items()
    ]


def _responses(route: Route, schemas: dict[_Key, dict[str, Any]]) -> dict[str, Any]:
    if route.answer is None and route.answer_media == JSON:
        responses: dict[str, Any] = {"204": {"description": "Done."}}
    else:
        responses = {str(route.status): {"description": "Done.", "content": _content(route, schemas)}}
    refused = {"application/json": {"schema": schemas[Refused, "serialization"]}}
    for status in sorted(_refusals(route)):
        responses[str(status)] = {"description": REFUSALS[status], "content": refused}
    return responses


def _content(route: Route, schemas: dict[_Key, dict[str, Any]]) -> dict[str, Any]:
    if route.answer_media != JSON:
        return {route.answer_media: {"schema": {"type": "string"}}}
    if (route.answer, "serialization") in schemas:
        return {JSON: {"schema": schemas[route.answer, "serialization"]}}
    schema = _schema_of(route.answer_type)
    schema.pop("$defs", None)
    return {JSON: {"schema": schema}}


def _refusals(route: Route) -> set[int]:
    found = {400, 429, 503, *route.refusals}
    if route.role is not Role.ANYONE or route.changes:
        found |= {403}
    if route.role is not Role.ANYONE:
        found |= {401}
    if route.names or route.controller:
        found |= {404}
    if route.may_conflict or route.controller:
        found |= {409, 422}
    if route.has_body:
        found |= {413, 415}
    return found
