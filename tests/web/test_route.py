"""A declared route as it is served: what fits is handled, everything else refused in one shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp.test_utils import make_mocked_request
from pydantic import ValidationError
from structlog.testing import capture_logs

from acd.errors import RequestRefused
from acd.runtime.control_server import ControlServer
from acd.web.asker import Asker, Role, Scope
from acd.web.context import Context
from acd.web.openapi import document
from acd.web.origin import is_ours
from acd.web.refusal import Refusal, not_found
from acd.web.route import NOT_AUDITED, Route
from acd.web.serving import written
from acd.web.values import Answer, Done, Input, Limit, Line
from tests.web.client import ANNA, NOBODY, ROOT, SUSAN, serving


class Wish(Input):
    note: Line = ""
    count: int = 1


class Page(Input):
    limit: Limit = 10
    tag: list[str] = []  # noqa: RUF012


class Shown(Answer):
    who: str
    id: int
    note: str


async def wish(ctx: Context[None, Wish]) -> Shown:
    ctx.note(f"thing {ctx.path['id']}", count=ctx.body.count)
    return Shown(who=ctx.asker.name, id=ctx.path["id"], note=ctx.body.note)


async def look(ctx: Context[Page, None]) -> dict[str, Any]:
    return {"limit": ctx.query.limit, "tag": ctx.query.tag}


async def refuse(ctx: Context[None, None]) -> None:
    raise not_found("thing", ctx.path["name"])


async def fail(_ctx: Context[None, None]) -> None:
    raise KeyError("a secret")


async def ask(ctx: Context[None, None]) -> dict[str, Any]:
    return await ctx.ask("status", agent="anna")


async def upload(ctx: Context[None, bytes]) -> Done:
    assert ctx.body == b"a;b"
    return Done()


ROUTES = [
    Route("POST", "/api/things/{id:int}/wish", "Wish", wish, Role.AGENT, Scope.CONTROL_CALLS,
          body=Wish, answer=Shown, audit="wish", body_max=100),
    Route("GET", "/api/things", "List", look, Role.SUPERVISOR, Scope.READ_STATE,
          query=Page, answer=dict[str, Any]),
    Route("GET", "/api/things/{name}", "Look", refuse, Role.ANYONE),
    Route("GET", "/api/faulty", "Fail", fail, Role.ANYONE),
    Route("GET", "/api/asked", "Ask", ask, Role.ANYONE, answer=dict[str, Any], controller=True),
    Route("POST", "/api/csv", "Upload", upload, Role.ADMIN, answer=Done, audit=NOT_AUDITED,
          body_media="text/csv"),
]  # fmt: skip


async def test_a_sound_request_is_handled_and_audited(tmp_path: Path) -> None:
    async with serving(tmp_path, ROUTES, ANNA) as (client, asking):
        async with client.post("/api/things/7/wish", json={"note": "<b>", "count": 2}) as answer:
            assert answer.status == 200
            assert await answer.json() == {"who": "anna", "id": 7, "note": "<b>"}
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert asking.audited == [("anna", "wish", "thing 7", {"count": 2})]
        asking.asker = ROOT
        async with client.post("/api/csv", data=b"a;b", headers={"Content-Type": "text/csv"}) as answer:
            assert answer.status == 200
        assert len(asking.audited) == 1


WISH = "/api/things/7/wish"
IS_JSON = {"Content-Type": "application/json"}
FAULTY: list[tuple[str, str, dict[str, Any], int, str, list[str]]] = [
    ("POST", WISH, {"json": {"note": 1}}, 400, "bad-request", ["body.note"]),
    ("POST", WISH, {"json": {"count": "2"}}, 400, "bad-request", ["body.count"]),
    ("POST", WISH, {"json": {"a": 1, "note": "\n"}}, 400, "bad-request", ["body.note", "body.a"]),
    ("POST", WISH, {"json": [1]}, 400, "bad-request", ["body"]),
    ("POST", WISH, {"data": b"{", "headers": IS_JSON}, 400, "bad-request", ["body"]),
    ("POST", WISH, {"data": b'{"note": "\\ud800"}', "headers": IS_JSON}, 400, "bad-request", ["body"]),
    ("POST", WISH, {"data": b"[" * 90, "headers": IS_JSON}, 400, "bad-request", ["body"]),
    ("POST", WISH, {"data": b"{}"}, 415, "wrong-type", []),
    ("POST", WISH, {"json": {"note": "a" * 100}}, 413, "too-large", []),
    ("POST", "/api/things/x/wish", {"json": {}}, 404, "not-found", []),
    ("POST", f"/api/things/{'9' * 5000}/wish", {"json": {}}, 404, "not-found", []),
    ("GET", "/api/things/a%00b", {}, 404, "not-found", []),
    ("GET", "/api/things/anna?x=1", {}, 400, "bad-request", ["query.x"]),
    ("GET", "/api/things/anna", {}, 404, "not-found", []),
    ("GET", "/api/nothing/here", {}, 404, "not-found", []),
    ("PUT", "/api/things/anna", {}, 405, "method-not-allowed", []),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "sent", "status", "code", "fields"), FAULTY)
async def test_what_is_wrong_is_said_in_one_shape(
    tmp_path: Path, method: str, path: str, sent: dict[str, Any], status: int, code: str, fields: list[str]
) -> None:
    async with (
        serving(tmp_path, ROUTES, ANNA) as (client, asking),
        client.request(method, path, **sent) as answer,
    ):
        told = await answer.json()
        assert (answer.status, told["error"], [*told.get("fields", {})]) == (status, code, fields)
        assert told["message"]
        assert asking.audited == []


async def test_queries_are_of_their_types(tmp_path: Path) -> None:
    async with serving(tmp_path, ROUTES, SUSAN) as (client, _):
        async with client.get("/api/things?limit=3&tag=a&tag=b") as answer:
            assert await answer.json() == {"limit": 3, "tag": ["a", "b"]}
        for query, field in (("limit=0", "limit"), ("limit=x", "limit"), ("limit=1&limit=2", "limit")):
            async with client.get(f"/api/things?{query}") as answer:
                assert (answer.status, [*(await answer.json())["fields"]]) == (400, [f"query.{field}"])


TOKEN = Asker("token:wall", Role.SUPERVISOR, "127.0.0.1", scopes=frozenset({Scope.READ_STATE}))


@pytest.mark.parametrize(
    ("asker", "status", "code"),
    [
        (NOBODY, 401, "not-signed-in"),
        (ANNA, 403, "role-missing"),
        (SUSAN, 200, None),
        (ROOT, 200, None),
        (TOKEN, 200, None),
        (Asker("t", Role.ADMIN, "", scopes=frozenset({Scope.ADMIN})), 200, None),
        (Asker("t", Role.SUPERVISOR, "", scopes=frozenset({Scope.SUPERVISE})), 403, "scope-missing"),
        (Asker("susan", Role.SUPERVISOR, "", session="s", must_change=True), 403, "password-to-change"),
    ],
)
async def test_who_may(tmp_path: Path, asker: Asker, status: int, code: str | None) -> None:
    async with serving(tmp_path, ROUTES, asker) as (client, _), client.get("/api/things") as answer:
        assert (answer.status, (await answer.json()).get("error")) == (status, code)


async def test_other_sites_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, ROUTES, ANNA) as (client, _):
        for origin in ("https://evil.example", "null", f"http://127.0.0.1:{client.port}.evil.example", ""):
            for method, path in (("POST", "/api/things/7/wish"), ("GET", "/api/things/anna")):
                async with client.request(method, path, json={}, headers={"Origin": origin}) as answer:
                    assert (answer.status, (await answer.json())["error"]) == (403, "foreign-origin")


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Host": "acd.example", "Origin": "https://acd.example"}, True),
        ({"Host": "acd.example:443", "Origin": "https://ACD.example"}, True),
        ({"Host": "acd.example:8080", "Origin": "http://acd.example:8080"}, True),
        ({"Host": "[::1]:8080", "Origin": "http://[::1]:8080"}, True),
        ({"Host": "acd.example"}, False),
        ({"Host": "acd.example", "Origin": "http://acd.example:8080"}, False),
        ({"Host": "acd.example", "Origin": "https://acd.example", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Host": "acd.example", "Origin": "https://u@acd.example"}, False),
        ({"Host": "acd.example", "Origin": "file://acd.example"}, False),
        ({"Host": "acd.example", "Origin": "http://acd.example:x"}, False),
        ({"Host": "acd.example", "Origin": "http://[acd.example"}, False),
    ],
)
def test_what_is_our_own_page(headers: dict[str, str], ours: bool) -> None:
    assert is_ours(make_mocked_request("GET", "/", headers=headers)) is ours


async def test_the_controllers_refusals_and_its_absence(tmp_path: Path) -> None:
    refusals = {"phone-taken": 409, "unknown-agent": 404, "bad-request": 422, "internal": 503}
    asked: list[Any] = []
    now = ""

    def answer(request: Any) -> Any:
        asked.append(request)
        raise RequestRefused(now, "no")

    async with serving(tmp_path, ROUTES) as (client, _):
        async with client.get("/api/asked") as away:
            assert (away.status, (await away.json())["error"]) == (503, "controller-away")
            assert "Retry-After" in away.headers
        control = ControlServer(tmp_path / "run" / "acd.sock", {"status": answer})
        await control.start()
        try:
            for now, status in refusals.items():
                async with client.get("/api/asked") as refused:
                    assert refused.status == status, now
        finally:
            await control.stop()
    assert asked[0] == {"do": "status", "by": "", "agent": "anna"}


async def test_a_fault_of_ours_says_nothing_of_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(tmp_path, ROUTES) as (client, _), client.get("/api/faulty") as answer:
        assert answer.status == 500
        assert "secret" not in await answer.text()
    assert "a secret" in capsys.readouterr().out


def test_what_does_not_fit_the_declared_answer_is_a_fault() -> None:
    with pytest.raises(ValidationError):
        written(ROUTES[0].answer_type, {"who": "anna", "id": 1})


def test_a_changing_route_says_what_the_audit_log_calls_it() -> None:
    with pytest.raises(ValueError, match="audit log"):
        Route("POST", "/api/x", "X", fail, Role.ADMIN)


def test_a_refusal_is_told_as_it_is() -> None:
    assert Refusal(400, "c", "m", {"a": "b"}).as_json() == {
        "error": "c",
        "message": "m",
        "fields": {"a": "b"},
    }


def test_the_document_has_every_route() -> None:
    told = document(ROUTES)
    assert told["openapi"] == "3.1.0"
    wish_told = told["paths"]["/api/things/{id}/wish"]["post"]
    assert wish_told["parameters"][0]["schema"]["type"] == "integer"
    assert wish_told["security"] == [{"session": []}, {"token": []}]
    assert {"200", "400", "401", "403", "404", "413", "415", "429", "503"} == set(wish_told["responses"])
    names = [p["name"] for p in told["paths"]["/api/things"]["get"]["parameters"]]
    assert names == ["limit", "tag"]
    assert {"Wish", "Shown", "Refused"} <= set(told["components"]["schemas"])


async def test_a_failed_request_says_in_the_log_who_sent_it_and_the_next_one_does_not(tmp_path: Path) -> None:
    merging = structlog.contextvars.merge_contextvars
    async with serving(tmp_path, ROUTES, ANNA) as (client, asking):
        with capture_logs(processors=[merging]) as said:
            async with client.get("/api/faulty") as answer:
                assert answer.status == 500
            asking.asker = NOBODY
            async with client.get("/api/faulty") as answer:
                assert answer.status == 500
    assert [(line["event"], line.get("user")) for line in said] == [
        ("a request failed", "anna"),
        ("a request failed", None),
    ]
