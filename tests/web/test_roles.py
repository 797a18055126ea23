"""Every route with every role, and with a token of every scope: who gets in, and who does not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from acd.web.api import ROUTES
from acd.web.asker import Asker, Role, Scope
from acd.web.context import Context
from acd.web.openapi import document
from acd.web.refusal import Refusal
from acd.web.route import Route
from tests.web.client import ANNA, NOBODY, ROOT, SUSAN, serving

KEPT_OUT = {
    "not-signed-in",
    "role-missing",
    "scope-missing",
    "no-token",
    "password-to-change",
    "second-factor-to-set-up",
}
PEOPLE = [NOBODY, ANNA, SUSAN, ROOT]
TOKENS = [Asker(f"token:{scope}", Role.SUPERVISOR, "", scopes=frozenset({scope})) for scope in Scope]


async def reached(_ctx: Context[Any, Any]) -> None:
    raise Refusal(418, "reached", "the handler was called")


def stub(route: Route) -> Route:
    """The same, without effect."""
    return replace(route, handler=reached)


def url(route: Route) -> str:
    return re.sub(r"\{\w+\}", "7", route.plain_path)


def may(route: Route, asker: Asker) -> bool:
    """As the declaration says."""
    if route.role is Role.ANYONE:
        return True
    if asker.scopes is not None:
        return route.scope is not None and (route.scope in asker.scopes or Scope.ADMIN in asker.scopes)
    return list(Role).index(asker.role) >= list(Role).index(route.role)


async def test_roles_hold_for_every_route(tmp_path: Path) -> None:
    async with serving(tmp_path, [stub(route) for route in ROUTES]) as (client, asking):
        for asker in (*PEOPLE, *TOKENS, replace(ANNA, must_change=True), replace(SUSAN, must_enrol=True)):
            asking.asker = asker
            for route in ROUTES:
                async with client.request(route.method, url(route)) as answer:
                    error = (await answer.json())["error"]
                allowed = may(route, asker) and (
                    not (asker.must_change or asker.must_enrol)
                    or route.before_change
                    or route.role is Role.ANYONE
                )
                assert (error not in KEPT_OUT) is allowed, (asker.name, asker.role, route.name, error)


async def test_no_route_changes_anything_for_another_sites_page(tmp_path: Path) -> None:
    async with serving(tmp_path, [stub(route) for route in ROUTES], ROOT) as (client, asking):
        for asker in (ROOT, NOBODY):
            asking.asker = asker
            for route in (route for route in ROUTES if route.changes):
                for origin in ("https://evil.example", "null"):
                    headers = {"Origin": origin}
                    async with client.request(route.method, url(route), headers=headers) as answer:
                        assert (await answer.json())["error"] == "foreign-origin", route.name


def test_only_signing_in_and_the_document_are_for_everybody() -> None:
    assert [route.name for route in ROUTES if route.role is Role.ANYONE] == [
        "POST /api/session",
        "GET /api/session/sso",
        "POST /api/session/sso/begin",
        "POST /api/session/sso",
    ]


def test_no_route_is_declared_twice() -> None:
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_document_describes_it(route: Route) -> None:
    told = document([route])
    operation = told["paths"][route.plain_path][route.method.lower()]
    assert operation["summary"] == route.summary
    placed = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
    assert placed == set(re.findall(r"\{(\w+)\}", route.plain_path))
    for schema in (*schemas(operation), *told["components"]["schemas"].values()):
        jsonschema.Draft202012Validator.check_schema(schema)
        for reference in references(schema):
            assert reference.removeprefix("#/components/schemas/") in told["components"]["schemas"]


def schemas(node: Any) -> list[Any]:
    """Every schema of an operation."""
    if isinstance(node, list):
        return [found for part in node for found in schemas(part)]
    if not isinstance(node, dict):
        return []
    here = [node["schema"]] if "schema" in node else []
    return here + [found for key, part in node.items() if key != "schema" for found in schemas(part)]


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for part in node for found in references(part)]
    if not isinstance(node, dict):
        return []
    here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return here + [found for part in node.values() for found in references(part)]


def test_operations_have_names_of_their_own() -> None:
    told = document(ROUTES)
    ids = [operation["operationId"] for path in told["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
