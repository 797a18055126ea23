"""The pages of the desktop: what may be loaded, from where, and for how long it is kept."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.web.app import make_app
from acd.web.pages import NONCE, Pages
from acd.web.services import Services
from tests.web.client import CHECKOUT, NOBODY, Asking, Client, client_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pages as a build leaves them."""
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text(f'<meta nonce="{NONCE}"><script nonce="{NONCE}" src="a.js"></script>')
    (pages / "assets" / "index-1a2b.js").write_text("export {}")
    (pages / "icon.svg").write_text("<svg/>")
    (tmp_path / "secrets.yml").write_text("ami: secret")
    (pages / "assets" / "link").symlink_to(tmp_path / "secrets.yml")
    return pages


@pytest.fixture
async def client(tmp_path: Path, folder: Path) -> AsyncIterator[Client]:
    async with client_of(application(tmp_path, folder)) as found:
        yield found


def application(home: Path, folder: Path) -> web.Application:
    environment = Environment(home, CHECKOUT / "config", CHECKOUT / "ivr_flows")
    asking = Asking(NOBODY)
    services = Services(environment, RecordStore(environment.database_url), asking.identify, asking.audit)
    app = make_app(services, [])
    app.router.add_get("/{path:.*}", Pages(folder).serve)
    return app


@pytest.mark.parametrize("path", ["/", "/index.html", "/supervisor/wallboard", "/customers/7", "/a.b"])
async def test_every_path_of_the_desktop_is_the_one_page(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status == 200
        (nonce,) = set(re.findall(r'nonce="([^"]+)"', text))
        assert f"style-src 'self' 'nonce-{nonce}'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    async with client.get(path) as again:
        assert nonce not in await again.text()


async def test_a_worker_may_connect_to_us_and_to_nobody_else(client: Client) -> None:
    async with client.get("/assets/index-1a2b.js") as answer:
        assert "default-src 'none'; connect-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_what_is_named_by_its_hash_is_kept_for_ever(client: Client) -> None:
    async with client.get("/assets/index-1a2b.js") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.content_type.endswith("/javascript")
    async with client.get("/icon.svg") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "/../secrets.yml", "/assets/../../secrets.yml", "/%2e%2e/secrets.yml",
        "/assets/%2e%2e%2f%2e%2e%2fsecrets.yml",
        "/assets/link", "/assets/none.js", "//etc/passwd", "/assets/a%00b", "/assets/" + "a" * 5000,
    ],
)  # fmt: skip
async def test_nothing_else_of_this_machine_is_served(client: Client, path: str) -> None:
    reader_path = f"http://127.0.0.1:{client.port}{path}"
    async with client.session.get(URL(reader_path, encoded=True)) as answer:
        text = await answer.text()
        assert "secret:" not in text
        assert "ami: secret" not in text
        assert "root:" not in text
        if path.startswith("/assets") and "2e" not in path and ".." not in path:
            assert answer.status == 404


async def test_an_unknown_address_of_the_api_is_no_page(client: Client) -> None:
    async with client.get("/api/none") as answer:
        assert (answer.status, (await answer.json())["error"]) == (404, "not-found")


async def test_without_a_build_the_page_says_so(tmp_path: Path) -> None:
    async with client_of(application(tmp_path, tmp_path / "none")) as client, client.get("/") as answer:
        assert answer.status == 503
        assert "script/bootstrap" in await answer.text()
