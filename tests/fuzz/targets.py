"""All that is fuzzed, by name."""

from __future__ import annotations

from tests.fuzz.file_targets import FILE_TARGETS
from tests.fuzz.sip_targets import SIP_TARGETS
from tests.fuzz.target import Target
from tests.fuzz.text_targets import TEXT_TARGETS
from tests.fuzz.web_targets import WEB_TARGETS
from tests.fuzz.wire_targets import WIRE_TARGETS

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (*WIRE_TARGETS, *TEXT_TARGETS, *FILE_TARGETS, *WEB_TARGETS, *SIP_TARGETS)
}
