"""Session descriptions: one µ-law audio stream with RFC 4733 digits."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Media:
    """Where the far end wants its audio, and whether it sends and receives."""

    host: str
    port: int
    direction: str
    dtmf_payload_type: int


def describe_media(host: str, port: int, direction: str = "sendrecv", version: int = 1) -> str:
    """Our offer or answer; `version` grows with every change within a call."""
    lines = [
        "v=0",
        f"o=phone 1 {version} IN IP4 {host}",
        "s=call",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        f"a={direction}",
    ]
    return "\r\n".join([*lines, ""])


def parse_media(body: str) -> Media | None:
    """The audio stream of a description; None if there is none."""
    audio = re.search(r"^m=audio (\d+)", body, re.MULTILINE)
    address = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    if audio is None or address is None:
        return None
    direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", body, re.MULTILINE)
    events = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", body, re.MULTILINE)
    return Media(
        address.group(1),
        int(audio.group(1)),
        direction.group(1) if direction else "sendrecv",
        int(events.group(1)) if events else 101,
    )


def answer_direction(offered: str) -> str:
    """The direction that answers an offered one."""
    return {"sendonly": "recvonly", "recvonly": "sendonly"}.get(offered, offered)
