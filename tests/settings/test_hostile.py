"""Files that are made to hurt are refused at once, with file and line, in bounded memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import pytest

from acd.settings.load import check
from tests.settings.sandbox import Sandbox

LIMIT_S = 2.0
LIMIT_BYTES = 200_000_000
HEAD = "name: main\nstart: a\nsteps:\n"


def bomb() -> str:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60))]
    return "\n".join(lines)


def steps(count: int, step: str) -> str:
    return HEAD + "".join(f"  {step.format(i=i, n=i + 1)}\n" for i in range(count))


CASES: dict[str, Callable[[], str | bytes]] = {
    "a bomb of aliases": bomb,
    "an alias of itself": lambda: HEAD + "  a: &a {say: *a, next: a}\n",
    "merge keys": lambda: HEAD + "  a: {<<: {say: x}, next: a}\n",
    "a tag of Python": lambda: HEAD + "  a: !!python/object/apply:os.system ['true']\n",
    "10 MB": lambda: HEAD + "# " + "x" * 10_000_000,
    "10 MB of one line": lambda: "[" + "1, " * 3_500_000 + "]",
    "100,000 steps": lambda: steps(100_000, "s{i}: {{say: x, next: s{n}}}"),
    "a faulty option 1,000 times": lambda: steps(1_000, "s{i}: {{nxt: x}}"),
    "8,000 steps": lambda: steps(8_000, "s{i}: {{say: x, next: gone}}"),
    "1,000 steps that lead nowhere": lambda: steps(1_000, "s{i}: {{say: x, next: gone{n}}}"),
    "4,000 steps with variables": lambda: steps(4_000, "s{i}: {{set: {{v{i}: v{n}}}, next: s{n}}}"),
    "900 variables": lambda: steps(900, "s{i}: {{set: {{v{i}: v{n}}}, next: s{n}}}") + "  s900: {hangup: }",
    "a long loop": lambda: steps(999, "s{i}: {{if: n{n}, then: s{n}, else: s0}}") + "  s999: {goto: s0}",
    "deep lists": lambda: HEAD + "  a: " + "[" * 50_000,
    "deep mappings": lambda: HEAD + "  a: " + "{a: " * 50_000,
    "NUL": lambda: HEAD.encode() + b"  a: {say: \x00, next: a}\n",
    "control characters": lambda: HEAD.encode() + b"  a: {say: '\x1b]0;x\x07', next: a}\n",
    "invalid UTF-8": lambda: HEAD.encode() + b"  a: {say: '\xc3\x28', next: a}\n",
    "thousands of expressions": lambda: (
        HEAD + "  a: {set: {" + ", ".join(f"v{i}: v{i} + 1" for i in range(9_000)) + "}, next: a}"
    ),
    "a long key": lambda: HEAD + "  " + "k" * 900_000 + ": {say: x, next: a}\n",
    "a long expression": lambda: HEAD + "  a: {if: '" + "(" * 900_000 + "', then: a, else: a}\n",
    "a deep expression": lambda: HEAD + "  a: {if: '" + "not " * 240 + "1', then: a, else: a}\n",
    "powers": lambda: HEAD + "  a: {if: '9 ** 9 ** 9 ** 9', then: a, else: a}\n",
    "a loop": lambda: HEAD + "  a: {say: '{% for x in range(10**9) %}x{% endfor %}', next: a}\n",
    "out of the sandbox": lambda: HEAD + "  a: {if: ''.__class__.__mro__, then: a, else: a}\n",
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_at_once(sandbox: Sandbox, case: str) -> None:
    content = CASES[case]()
    file = sandbox.flows / "main.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    began = time.process_time()
    problems = check(sandbox.config, sandbox.flows)
    assert time.process_time() - began < LIMIT_S
    assert problems
    assert all(line.startswith("ivr_flows/main.yml:") for line in problems)
    assert all(line.isprintable() and len(line) < 1000 for line in problems)
    assert len(problems) <= 201


@pytest.mark.parametrize("case", ["a bomb of aliases", "10 MB", "100,000 steps"])
def test_memory_is_bounded(sandbox: Sandbox, case: str) -> None:
    content = CASES[case]()
    file = sandbox.flows / "main.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    tracemalloc.start()
    try:
        check(sandbox.config, sandbox.flows)
        assert tracemalloc.get_traced_memory()[1] < LIMIT_BYTES
    finally:
        tracemalloc.stop()


def test_links_that_lead_out(sandbox: Sandbox) -> None:
    secret = sandbox.flows.absolute().parent / "secret"
    secret.write_text("steps: {password: {hangup: 12345}}\n")
    (sandbox.flows / "shared").mkdir()
    (sandbox.flows / "shared" / "bank.yml").symlink_to(secret)
    (sandbox.flows / "sounds").mkdir()
    (sandbox.flows / "sounds" / "welcome.wav").symlink_to(secret)
    (sandbox.flows / "sounds" / "loop").symlink_to(sandbox.flows.absolute())
    (sandbox.flows / "main.yml").write_text(
        "name: main\nstart: a\ninclude: [shared/bank.yml]\nsteps: {a: {play: welcome, next: a}}\n"
    )
    assert check(sandbox.config, sandbox.flows) == [
        "ivr_flows/main.yml:3: include > item 1: there is no file 'shared/bank.yml' in the flows' folder",
        "ivr_flows/main.yml:4: steps > a > play: the sound 'welcome' is a link that leads out of sounds/;"
        " copy it there",
        "ivr_flows/shared/bank.yml:1: bank: the file is a link that leads out of the flows' folder;"
        " copy it here",
    ]
