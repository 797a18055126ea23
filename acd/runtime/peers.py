"""One controller asks another on its control port, and tells apart why it gets no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from acd.errors import OperatorError
from acd.hosts import connected
from acd.runtime.control import ANSWER_MAX, exchange
from acd.runtime.control_proof import prove
from acd.settings.controllers import ControllerPlace


class Reach(StrEnum):
    """How a try to reach a controller ended.

    `REFUSED`: the machine is there and nothing listens at the port, so the controller does not run.
    `BROKEN`: the connection ended before an answer: it just ends, or does not take our password for its own.
    `SILENT`: no answer in time, no way there, no such name: it may be frozen, or well and cut off from us.
    """

    ANSWERED = "answered"
    REFUSED = "refused"
    BROKEN = "broken"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """`answer` is empty unless it ANSWERED; a refusal, which has an `error`, is an answer."""

    reach: Reach
    answer: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


async def ask_peer(
    place: ControllerPlace, password: str, *, do: str = "leadership", limit_s: float = 1.0, **fields: Any
) -> PeerAnswer:
    """One request on a connection of its own; `limit_s` is for all of it. Never raises."""
    try:
        async with asyncio.timeout(limit_s):
            reader, writer = await connected(
                place.host, lambda address: asyncio.open_connection(address, place.port, limit=ANSWER_MAX)
            )
            try:
                await prove(reader, writer, password)
                return PeerAnswer(
                    Reach.ANSWERED, await exchange(reader, writer, limit_s, {"do": do, **fields})
                )
            finally:
                writer.transport.abort()
    except TimeoutError:
        return PeerAnswer(Reach.SILENT, reason=f"no answer within {limit_s:g} s")
    except ConnectionRefusedError:
        return PeerAnswer(Reach.REFUSED, reason="nothing listens there")
    except ConnectionError as error:
        return PeerAnswer(Reach.BROKEN, reason=str(error))
    except (OperatorError, ValueError) as error:  # it ended, or answered with no line of ours
        return PeerAnswer(Reach.BROKEN, reason=str(error))
    except OSError as error:
        return PeerAnswer(Reach.SILENT, reason=str(error))
