"""The examples of the API's documents are sent, and answered as the documents say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from acd.webhooks.signing import signature
from tests.web.desktop import desktop

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLE = re.compile(r"```http\n([A-Z]+) (\S+)\n(?:(\{.*\})\n)?(\d{3})\n```")
FILES = ["api-calls.md", "webhooks.md"]


class Agrees(dict[str, Any]):
    """A controller that does whatever it is asked for."""

    def __missing__(self, _verb: str) -> Any:
        return lambda _asked: {}


@pytest.mark.parametrize("file", FILES)
async def test_what_the_document_shows_is_so(tmp_path: Path, file: str) -> None:
    text = (DOCS / file).read_text(encoding="utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```http") > 0
    async with desktop(tmp_path) as found:
        found.controller.answers = Agrees(listening=lambda _asked: {"state": "none"})
        await found.controller.start()
        for method, path, body, status in examples:
            user = "anna" if "/me/" in path else "root" if "/webhooks" in path else "susan"
            await found.sign_in(user)
            sent = json.loads(body) if body else None
            async with found.client.request(method, path, json=sent) as answer:
                assert answer.status == int(status), (path, await answer.text())
        await found.controller.stop()


def test_the_document_checks_signatures_as_we_make_them() -> None:
    text = (DOCS / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    body = b'{"event": "call.ended"}'
    headers = {"X-ACD-Timestamp": "1790000000", "X-ACD-Signature": signature("whsec_x", 1790000000, body)}
    assert names["is_from_us"]("whsec_x", headers, body, lambda: 1790000010)
    assert not names["is_from_us"]("whsec_x", headers, body + b" ", lambda: 1790000010)
    assert not names["is_from_us"]("whsec_x", headers, body, lambda: 1790001000)
