"""Names of channels where there are several Asterisk nodes: `PJSIP/1001-0000001a@b` is one of node b.

The mark is put behind names and ids of channels as they come in, and taken off as they go out; so nothing
between has to know of nodes. A channel of the only node, which has no name, goes by its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NODE = re.compile(r"[a-z][a-z0-9]{0,15}")
_CHANNEL = re.compile(r"(?:PJSIP|Local)/\S{1,160}-[0-9a-f]{8}(?:;[12])?")
_OURS = re.compile(rf"({_CHANNEL.pattern})@{_NODE.pattern}")
_KINDS = ("Channel", "Uniqueid", "Linkedid")
"""What headers end with that name a channel."""
_OF_CHANNELS = frozenset({"Channel", "Channel1", "Channel2", "ChannelId", "ExtraChannel"})
_TOLD_BY = "Node"
_ROUTED_BY = ("Channel", "Channel1", "ChannelId")


def at_node(name: str, node: str) -> str:
    """The channel of this name, or id, at this node."""
    return f"{name}@{node}" if node and name else name


def node_of(name: str) -> str:
    """The node of a channel; '' for one of the only node, and for what is none."""
    node = name.rpartition("@")[2] if "@" in name else ""
    return node if _NODE.fullmatch(node) else ""


def plain(name: str) -> str:
    """As its own Asterisk calls the channel."""
    node = node_of(name)
    return name[: -len(node) - 1] if node else name


def node_meant(headers: Mapping[str, str | list[str]]) -> str:
    """The node at which an action is to be done; '' where none of its channels tells."""
    return next((node for name in _ROUTED_BY if (node := node_of(str(headers.get(name, ""))))), "")


def as_told(event: Mapping[str, Any], node: str) -> dict[str, Any]:
    """An event of this node: its channels with their node. What callers have sent stays as it is."""
    return {name: _come_in(name, value, node) for name, value in event.items()} | {_TOLD_BY: node}


def node_told(event: Mapping[str, Any]) -> str:
    """The node that tells of an event; '' for the only one."""
    return str(event.get(_TOLD_BY, ""))


def _come_in(name: str, value: Any, node: str) -> Any:
    if name.endswith(_KINDS):
        return at_node(str(value), node)
    if name == "Variable":
        items = [value] if isinstance(value, str) else value
        return [_variable(str(item), node) for item in items]
    if name == "Data":  # of ChanSpy: whom it listens to, and options
        first, comma, rest = str(value).partition(",")
        return at_node(first, node) + comma + rest if _CHANNEL.fullmatch(first) else value
    return value


def _variable(item: str, node: str) -> str:
    name, sign, value = item.partition("=")
    return f"{name}{sign}{at_node(value, node)}" if _CHANNEL.fullmatch(value) else item


def as_sent(name: str, value: str | list[str]) -> str | list[str]:
    """A header of an action as the node is to get it."""
    if isinstance(value, list):
        return [_go_out(item) for item in value]
    return plain(value) if name in _OF_CHANNELS else _go_out(value)


def _go_out(value: str) -> str:
    """A value, or `NAME=VALUE`, without the node behind a channel."""
    name, sign, rest = value.rpartition("=")
    match = _OURS.fullmatch(rest)
    return f"{name}{sign}{match[1]}" if match else value
