"""`tests:` in a flow's file: read, checked with file and line, made into cases."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.core.requirement import Requirement
from acd.ivr.talk import GroupView
from acd.settings.load import check, load_tests
from tests.settings.sandbox import Sandbox

FULL = """
tests:
  - name: everything
    caller: {number: "+49301", name: Ann}
    dialed: "100"
    at: "2026-12-25 10:00"
    customer: {id: c1, vip: true}
    groups: {sales: {waiting: 3, agents_logged_in: 0}}
    announcements: storm
    arguments: {n: 1}
    keys: ["1", "", hangup]
    outcomes: {bye: [agent, "key 1"], welcome: {sum: 2.5}, main/bye: 7}
    expect:
      heard: [Welcome, "You   have"]
      not_heard: Sorry
      variables: {n: 1}
      ends: group sales
      language: en
      steps: menu
      priority: 5
      scores: {friendly: 3}
      requires: {english: 5}
      prefer: "1001"
  - {name: little, expect: {}}
"""


def write(sandbox: Sandbox, tests: str) -> None:
    main = sandbox.flows / "main.yml"
    main.write_text(main.read_text() + tests)


def test_a_case_has_everything_that_was_written(sandbox: Sandbox) -> None:
    write(sandbox, FULL)
    centre, by_flow = load_tests(sandbox.config, sandbox.flows)
    full, little = by_flow["main"]
    zone = ZoneInfo(centre.system.timezone)
    assert full.at == datetime(2026, 12, 25, 10, tzinfo=zone)
    assert full.caller == {"number": "+49301", "name": "Ann"}
    assert full.groups == {"sales": GroupView(3, 1, 0, 0.0)}
    assert full.keys == ("1", "", "hangup")
    assert full.outcomes == {"bye": ("agent", "key 1"), "welcome": ({"sum": 2.5},), "main/bye": (7,)}
    assert full.expected.heard == ("Welcome", "You have")
    assert full.expected.ends == "group sales"
    assert full.expected.requires == Requirement.parse("english >= 5")
    assert full.expected.prefer == ("1001", "anna")
    assert (little.expected.requires, little.expected.prefer) == (None, ())
    assert full.customer is not None
    assert dict(full.customer) == {"id": "c1", "vip": True}
    assert dict(full.arguments) == {"n": 1}
    assert full.announcements == {"storm"}
    assert little.at.isoweekday() == 3
    assert little.customer is None
    file, _, line = full.place.rpartition(":")
    assert file.endswith("main.yml")
    text = (sandbox.flows / "main.yml").read_text().splitlines()
    assert text[int(line) - 1] == "  - name: everything"


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("{expect: {}}", "the required option 'name' is missing"),
        ("{name: x}", "the required option 'expect' is missing"),
        ("{name: x, expect: {}, at: soon}", "expected a local time such as '2026-12-25 10:00', got 'soon'"),
        ("{name: x, expect: {}, keys: [1]}", 'expected keys of the phone in quotes, "" for none, or hangup'),
        ("{name: x, expect: {ends: somewhere}}", "expected one of hangup, error, return, 'caller hangs up'"),
        ("{name: x, expect: {hears: Hello}}", "unknown option 'hears', did you mean 'heard'?"),
        ("{name: x, expect: {}, outcomes: {byes: 1}}", "no step 'byes' in any flow; did you mean 'bye'?"),
        ("{name: x, expect: {}, groups: {sale: {}}}", "no group 'sale' is defined; did you mean 'sales'?"),
        ("{name: x, expect: {}, outcomes: {bye: [[1]]}}", "expected a word such as agent or not_found"),
        ("{name: x, expect: {prefer: anne}}", "no agent 'anne' is defined; did you mean 'anna'?"),
        ("{name: x, expect: {requires: 'english >'}}", "'english >' is no requirement"),
        ("{name: x, expect: {}, customer: {a: [1]}}", "expected a text, a number, true, false or nothing"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(sandbox: Sandbox, test: str, message: str) -> None:
    write(sandbox, f"tests:\n  - {test}\n")
    line = len((sandbox.flows / "main.yml").read_text().splitlines())
    found = [each for each in check(sandbox.config, sandbox.flows) if "warning" not in each]
    assert len(found) == 1
    assert f"main.yml:{line}: tests > item 1" in found[0]
    assert message in found[0]
