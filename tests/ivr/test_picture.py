"""Flows as pictures."""

from __future__ import annotations

import shutil
import subprocess

from acd.core.requirement import Requirement
from acd.ivr.expressions import Expression
from acd.ivr.flow import (
    Call,
    Flow,
    FlowSet,
    Goto,
    HangUp,
    Menu,
    Message,
    Queue,
    Return,
    Say,
    Speech,
    Step,
    Switch,
)
from acd.ivr.picture import Traffic, picture_of
from acd.ivr.picture_dot import dot
from acd.ivr.picture_mermaid import mermaid


def heard(text: str) -> Message:
    return Message({"en": (Speech(text, "en"),)})


MAIN = Flow(
    "main",
    "welcome",
    ("en",),
    {
        "welcome": Say(heard('Say "hello" & <wait>'), "ask"),
        "ask": Menu(heard("x" * 60), {"1": "line", "2": "line", "3": "sub"}, "bye"),
        "line": Queue("sales", no_agents="bye"),
        "sub": Call("help", "pick"),
        "pick": Switch(Expression.compile("caller.name"), {"": "bye", "a": "away"}, "bye"),
        "away": Goto(flow="help"),
        "bye": HangUp(),
    },
    error="bye",
)
HELP = Flow("help", "back", ("en",), {"back": Return()})
FLOWS = FlowSet("1", {"main": MAIN, "help": HELP})

COUNTED = Traffic(
    arrows={
        ("main", "", "next", "welcome"): 1200,
        ("main", "welcome", "next", "ask"): 1180,
        ("main", "ask", "choice 1", "line"): 700,
        ("main", "ask", "choice 2", "line"): 1,
        ("main", "ask", "failure", "bye"): 9,
        ("main", "sub", "call help", ""): 3,
    },
    hung_up={("main", "welcome"): 20},
)


def test_one_flow_as_mermaid() -> None:
    assert mermaid(picture_of(FLOWS, ["main"])).splitlines() == [
        "flowchart TD",
        '    n0["<b>welcome</b><br/><small>say</small><br/>Say #quot;hello#quot; #amp; #lt;wait#gt;"]',
        f'    n1[/"<b>ask</b><br/><small>menu</small><br/>{"x" * 37}…"/]',
        '    n2[["<b>line</b><br/><small>queue</small><br/>group sales"]]',
        '    n3(["<b>sub</b><br/><small>call</small><br/>flow help"])',
        '    n4{{"<b>pick</b><br/><small>switch</small><br/>caller.name"}}',
        '    n5(["<b>away</b><br/><small>goto</small><br/>flow help"])',
        '    n6(("<b>bye</b><br/><small>hangup</small>"))',
        '    f0(["<b>help</b><br/><small>flow</small>"])',
        "    start0(( )) --> n0",
        '    error0(("error")) -.-> n6',
        "    n0 --> n1",
        '    n1 -->|"key 1, key 2"| n2',
        '    n1 -->|"key 3"| n3',
        '    n1 -.->|"failure"| n6',
        '    n2 -->|"no agents"| n6',
        "    n3 --> n4",
        '    n3 -->|"call"| f0',
        '    n4 -->|"“”, default"| n6',
        '    n4 -->|"“a”"| n5',
        '    n5 -->|"goto"| f0',
    ]


def test_traffic_is_written_at_its_arrows() -> None:
    lines = mermaid(picture_of(FLOWS, ["main"], COUNTED)).splitlines()
    assert '    start0(( )) -->|"1,200 callers"| n0' in lines
    assert '    n0 -->|"1,180 callers"| n1' in lines
    assert '    n1 -->|"key 1 · 700 callers, key 2 · 1 caller"| n2' in lines
    assert '    n1 -->|"key 3 · 0 callers"| n3' in lines
    assert '    n1 -.->|"failure · 9 callers"| n6' in lines
    assert '    n3 -->|"call · 3 callers"| f0' in lines
    assert lines[1].endswith('#gt;<br/>20 callers hung up here"]')


def test_all_flows_are_drawn_in_frames_of_their_own() -> None:
    text = mermaid(picture_of(FLOWS, list(FLOWS.flows)))
    assert '    subgraph flow_main["main"]' in text
    assert '    subgraph flow_help["help"]' in text
    assert "f0" not in text
    assert '    n3 -->|"call"| n7' in text


def test_graphviz_takes_what_is_drawn() -> None:
    assert shutil.which("dot") is not None
    for names in (["main"], ["main", "help"]):
        text = dot(picture_of(FLOWS, names, COUNTED))
        done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
        assert done.stderr == b""
        assert b"20 callers hung up here" in done.stdout
        assert b"Say &quot;hello&quot; &amp; &lt;wait&gt;" in done.stdout
        assert b'stroke-width="6' in done.stdout


def test_what_a_line_asks_for_and_where_its_ways_lead() -> None:
    steps: dict[str, Step] = {
        "line": Queue(
            "sales", requirement=Requirement.parse("vip"), full="bye", closed="bye", exits={"sorry": "alone"}
        ),
        "alone": Queue("sales", requirement=Requirement.parse("vip"), alone=True, no_agents="bye"),
        "bye": HangUp(),
    }
    picture = picture_of(FlowSet("1", {"f": Flow("f", "line", ("en",), steps)}), ["f"])
    assert [node.detail for node in picture.nodes] == ["group sales, vip", "for vip", ""]
    assert [edge.labels for edge in picture.edges] == [("sorry",), ("full", "closed"), ("no agents",)]
