"""The trunks as plain data: what `acd trunks` shows and the control socket answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.core.calls import CallState
from acd.core.floor import Floor
from acd.core.ports import TrunkSeen, TrunkState
from acd.settings.centre_now import CentreView


def trunk_list(
    centre: CentreView, floor: Floor, seen: Mapping[str, TrunkSeen], *, asterisk: bool
) -> list[dict[str, Any]]:
    """Each trunk with its state and the calls of this moment. Without Asterisk nothing is known."""
    calls = [call for call in floor.calls.values() if call.state is not CallState.ENDED]
    rows = []
    for trunk in centre.trunks.values():
        state = seen[trunk.id].state if asterisk else TrunkState.UNKNOWN
        rows.append(
            {
                "id": trunk.id,
                "state": state.value,
                "since": seen[trunk.id].since,
                "server": f"{trunk.server}:{trunk.port}" if trunk.server is not None else None,
                "user": trunk.login.user if trunk.login is not None else None,
                "addresses": list(trunk.addresses),
                "calls_in": sum(call.trunk == trunk.id for call in calls),
                "calls_out": sum(call.outside_trunk == trunk.id for call in calls),
                "calls_out_max": trunk.calls_max,
            }
        )
    return rows
