"""What a flow means, beyond its form: ways that end nowhere, values that are not there."""

from __future__ import annotations

from collections.abc import Mapping

from acd.ivr.flow import FlowSet
from acd.settings.files import Files
from acd.settings.flows.sources import FlowSource


def check_meaning(files: Files, sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """Notes what is wrong with the flows that have no mistakes of form."""
