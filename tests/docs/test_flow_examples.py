"""Every YAML block of the documents about flows is loaded, and the tests beside it are run.

A block that begins with the comment `# FOLDER/FILE` is that file. Any other is a flow, or parts of one: what
it leaves out (name, start, the steps that it leads to and does not have) is added here.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from acd.__main__ import app
from acd.ivr.flow import KEYS
from acd.parts import flow_tests
from acd.settings.load import find_problems
from acd.settings.schema.steps import STEP_KINDS

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENT = CHECKOUT / "docs" / "flows.md"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"\n# ((?:config|ivr_flows)/[a-z/]+\.yml)\n")
ELSEWHERE = {
    "person": "{queue: {group: support, no_agents: bye}}",
    "sales_line": "{queue: {group: sales, no_agents: bye}}",
    "bye": '{hangup: {en: "Goodbye.", zh: "再见。"}}',
}
"""Steps that blocks lead to. `bye` is the last one: the others lead to it."""


def blocks() -> list[str]:
    """All of the document's."""
    return ["\n" + block for block in BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))]


FILES = {match[1]: block for block in blocks() if (match := FILE.match(block))}
FLOWS = [block for block in blocks() if not FILE.match(block)]


def whole(block: str) -> str:
    """The flow of a block, with what stands elsewhere."""
    flow: dict[str, Any] = yaml.safe_load(block)
    begin = {"name": "example", "languages": "[en, zh]", "start": next(iter(flow["steps"]))}
    head = "".join(f"{name}: {value}\n" for name, value in begin.items() if name not in flow)
    steps = ""
    for name, step in ELSEWHERE.items():
        if name not in flow["steps"] and re.search(rf"\b{name}\b", block + steps):
            steps += f"  {name}: {step}\n"
    return head + block.replace("\nsteps:\n", f"\nsteps:\n{steps}", 1) if steps else head + block


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The example's configuration, with the files that the document shows."""
    config, flows = tmp_path / "config", tmp_path / "ivr_flows"
    shutil.copytree(CHECKOUT / "config", config)
    flows.mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return config, flows


def title(block: str) -> str:
    """The kinds of step that it shows."""
    return "-".join(k for k in STEP_KINDS if re.search(rf"\b{k}:", block))[:60]


@pytest.mark.parametrize("block", FLOWS, ids=title)
def test_example(folders: tuple[Path, Path], block: str) -> None:
    config, flows = folders
    text = whole(block)
    flow = yaml.safe_load(text)
    (flows / f"{flow['name']}.yml").write_text(text, encoding="utf-8")
    (config / "numbers.yml").write_text(f'numbers: {{"8000": {{flow: {flow["name"]}}}}}\n', encoding="utf-8")
    mistakes = [str(p) for p in find_problems(config, flows) if not p.warning]
    assert mistakes == []
    _, result = flow_tests(config, flows)
    assert result.failures == ()
    assert flow["tests"]
    assert result.summary == f"{len(flow['tests'])} passed, 0 failed"


def test_every_kind_of_step_has_an_example() -> None:
    shown: set[str] = set()
    for block in [*FLOWS, *FILES.values()]:
        for step in (yaml.safe_load(block) or {}).get("steps", {}).values():
            shown |= set(step) & set(STEP_KINDS)
    assert shown == set(STEP_KINDS)


def test_the_table_of_keys_holds() -> None:
    """The blocks are found at all, and keys are texts in them."""
    assert len(FLOWS) > 15
    menus = [s["menu"] for b in FLOWS for s in yaml.safe_load(b)["steps"].values() if "menu" in s]
    assert menus
    assert all(set(choice) <= set(KEYS) for menu in menus for choice in menu["choices"])


def test_the_drawing_is_that_of_the_first_flow(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, flows = folders
    (flows / "hello.yml").write_text(FLOWS[0], encoding="utf-8")
    (config / "numbers.yml").write_text('numbers: {"8000": {flow: hello}}\n', encoding="utf-8")
    monkeypatch.setenv("ACD_CONFIG", str(config))
    monkeypatch.setenv("ACD_FLOWS", str(flows))
    done = CliRunner().invoke(app, ["draw", "hello"])
    assert done.exit_code == 0, done.output
    assert f"```mermaid\n{done.output.rstrip()}\n```\n" in DOCUMENT.read_text(encoding="utf-8")
