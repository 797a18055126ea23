"""The lists of parts are whole, as the schema wants them, and the same each time."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.supply.sbom import CHECKOUT, faults_of, licences, locked, main


def test_the_lists_are_whole_valid_and_repeatable(tmp_path: Path) -> None:
    main(tmp_path / "first")
    if os.environ.get("ACD_TEST_ALL"):  # it takes ten seconds each time
        main(tmp_path / "second")
        for name in ("python.cdx.json", "pages.cdx.json", "licences.txt"):
            assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    python = json.loads((tmp_path / "first" / "python.cdx.json").read_text(encoding="utf-8"))
    pages = json.loads((tmp_path / "first" / "pages.cdx.json").read_text(encoding="utf-8"))
    assert faults_of({**pages, "components": [{"nonsense": 1}]})
    parts = {
        each["name"].lower().replace("_", "-").replace(".", "-"): each["version"]
        for each in python["components"]
    }
    assert {name: parts.get(name) for name in locked()} == locked()
    assert {"react", "antd", "jssip"} <= {each["name"] for each in pages["components"]}
    assert not [line for line in licences(python, pages) if line.endswith("?")]
    for told in (python, pages):  # nothing in them that is another one each time
        assert "serialNumber" not in told
        assert "timestamp" not in told["metadata"]
        assert str(CHECKOUT) not in json.dumps(told)
