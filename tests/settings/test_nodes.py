"""ACD_ASTERISK_NODES."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.settings.nodes import NodePlace


def environment(nodes: str, tmp_path: Path) -> Environment:
    """With these nodes."""
    env = {"ACD_HOME": str(tmp_path), "ACD_ASTERISK_NODES": nodes, "ACD_AMI_PORT": "5040"}
    return Environment.from_env(env, tmp_path)


def test_nodes(tmp_path: Path) -> None:
    made = environment("a=127.0.0.41, b=127.0.0.42:5039,v=[::1]", tmp_path)
    assert made.nodes == (
        NodePlace("a", "127.0.0.41"),
        NodePlace("b", "127.0.0.42", 5039),
        NodePlace("v", "::1"),
    )
    first, second, third = made.of_nodes
    assert (first.asterisk_host, first.sip_address, first.ami_port) == ("127.0.0.41", "127.0.0.41", 5040)
    assert second.ami_port == 5039
    assert third.sip_address == "::1"
    assert second.cdr_file == tmp_path / "asterisk" / "b" / "log" / "cdr-custom" / "acd.csv"
    assert second.cdr_place_file == tmp_path / "cdr-place-b.json"
    assert (second.call_prefix, second.recordings_dir) == ("b", made.recordings_dir)


def test_one_asterisk_is_as_before(tmp_path: Path) -> None:
    made = environment("", tmp_path)
    assert made.of_nodes == (made,)
    assert made.asterisk_dir == tmp_path / "asterisk"
    assert made.cdr_place_file == tmp_path / "cdr-place.json"
    assert made.call_prefix == "a"


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ("a", "expected nodes such as a=192.0.2.21"),
        ("A=127.0.0.1", "expected nodes"),
        ("node-1=127.0.0.1", "names of small letters and digits"),
        ("a=127.0.0.1:0", "expected nodes"),
        ("a=127.0.0.1,a=127.0.0.2", "'a' comes twice"),
        ("a=127.0.0.1,b=127.0.0.1", "two nodes are at the same address"),
    ],
)
def test_what_cannot_be(nodes: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=said):
        environment(nodes, tmp_path)


def test_a_node_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no Asterisk node 'c'; there are a, b"):
        environment("a=127.0.0.1,b=127.0.0.2", tmp_path).of_node("c")
    with pytest.raises(OperatorError, match="ACD_ASTERISK_NODES is not set"):
        environment("", tmp_path).of_node("c")
