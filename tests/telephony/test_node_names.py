"""Names of channels with their node: put behind on the way in, taken off on the way out."""

from __future__ import annotations

from acd.telephony.node_names import (
    as_sent,
    as_told,
    at_node,
    node_meant,
    node_of,
    node_told,
    plain,
)
from acd.telephony.phone_watch import phone_of

CHANNEL = "PJSIP/1001-0000001a"


def test_a_name_and_its_node() -> None:
    named = at_node(CHANNEL, "b")
    assert (named, node_of(named), plain(named)) == (f"{CHANNEL}@b", "b", CHANNEL)
    assert phone_of(named) == phone_of(CHANNEL) == "1001"
    assert (at_node(CHANNEL, ""), at_node("", "b")) == (CHANNEL, "")
    for other in (CHANNEL, "Local/1004@acd-member-00000001;1", "PJSIP/4930@trunk-main", "1795.5", ""):
        assert (node_of(other), plain(other)) == ("", other)
    assert plain(at_node("Local/1004@acd-member-00000001;1", "b")) == "Local/1004@acd-member-00000001;1"


def test_what_a_node_tells() -> None:
    told = as_told(
        {
            "Event": "AttendedTransfer",
            "OrigTransfererChannel": CHANNEL,
            "OrigTransfererUniqueid": "b-1795.5",
            "OrigBridgeUniqueid": "",
            "CallerIDName": CHANNEL,
            "Variable": [f"ACD_HOLD={CHANNEL}", "ACD_CALL=b1", "ACD_DIALED="],
            "Data": f"{CHANNEL},qdE",
        },
        "b",
    )
    assert told == {
        "Event": "AttendedTransfer",
        "OrigTransfererChannel": f"{CHANNEL}@b",
        "OrigTransfererUniqueid": "b-1795.5@b",
        "OrigBridgeUniqueid": "",
        "CallerIDName": CHANNEL,  # anybody may call himself so
        "Variable": [f"ACD_HOLD={CHANNEL}@b", "ACD_CALL=b1", "ACD_DIALED="],
        "Data": f"{CHANNEL}@b,qdE",
        "Node": "b",
    }
    assert node_told(told) == "b"
    assert node_told({"Event": "DeviceStateChange"}) == ""
    assert as_told({"Event": "Status", "Variable": f"ACD_HOLD={CHANNEL}", "Data": "x"}, "b") == {
        "Event": "Status",
        "Variable": [f"ACD_HOLD={CHANNEL}@b"],
        "Data": "x",
        "Node": "b",
    }


def test_what_a_node_is_told() -> None:
    assert as_sent("Channel", f"{CHANNEL}@b") == CHANNEL
    assert as_sent("ChannelId", "acd-dial-7.d1@b") == "acd-dial-7.d1"
    assert as_sent("Value", f"{CHANNEL}@b") == CHANNEL
    assert as_sent("Value", "somebody@b") == "somebody@b"
    assert as_sent("Variable", [f"ACD_JOIN={CHANNEL}@b", "ACD_NAME=me@b"]) == [
        f"ACD_JOIN={CHANNEL}",
        "ACD_NAME=me@b",
    ]


def test_which_node_an_action_is_for() -> None:
    assert node_meant({"Channel": f"{CHANNEL}@b", "Variable": "X"}) == "b"
    assert node_meant({"Channel": "PJSIP/1001", "ChannelId": "acd-spy-1.s1@a"}) == "a"
    assert node_meant({"Channel1": f"{CHANNEL}@b", "Channel2": f"{CHANNEL}@b"}) == "b"
    assert node_meant({"Variable": "ACD_HEARTBEAT"}) == ""
