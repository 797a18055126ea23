"""What a flow means, beyond its form: ways that end nowhere, values that are not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from acd.ivr.flow import FlowSet
from acd.settings.files import Files
from acd.settings.flows.sounds import Sounds
from acd.settings.flows.sources import FlowSource
from acd.settings.meaning.calls import check_calls
from acd.settings.meaning.doors import check_doors
from acd.settings.meaning.leftovers import check_defaults, check_prompts
from acd.settings.meaning.lines import check_lines
from acd.settings.meaning.masked import check_masked
from acd.settings.meaning.sights import check_sights
from acd.settings.meaning.times import check_opening
from acd.settings.meaning.variables import check_variables
from acd.settings.meaning.ways import check_loops, check_reached
from acd.settings.meaning.words import check_words


def check_meaning(files: Files, sources: Mapping[str, FlowSource], flow_set: FlowSet, sounds: Sounds) -> None:
    """Notes what is wrong with the flows of the set: those that have no mistakes of form."""
    sound = {name: sources[name] for name in flow_set.flows}
    check_opening(files, flow_set, datetime.now(UTC))
    check_reached(sound, flow_set)
    check_loops(sound, flow_set)
    check_variables(sound, flow_set)
    check_calls(sound, flow_set)
    check_masked(sound, flow_set)
    check_doors(sound, flow_set)
    check_lines(files, sound, flow_set)
    check_sights(sound, flow_set, files.groups.document.names("groups"))
    check_words(files, sound, sounds)
    check_defaults(sound)
    check_prompts(sources, complete=len(sources) == len(files.flows))
