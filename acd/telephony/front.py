"""Kamailio in front of several Asterisk nodes: which of them take new calls, by JSON-RPC at its HTTP port.

Where there are several Kamailios (one has the address, another waits for it), all are told the same; one that
is away is no fault as long as another answers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog

from acd.errors import OperatorError
from acd.settings.fronts import FrontPlace

log = structlog.get_logger(__name__)

LIMIT_S = 3.0
NEW_CALLS, PROBED = 1, 2
READ_BY: Mapping[str, tuple[str, ...]] = {
    "db/phone": ("htable.reload", "phone"),
    "db/trunk": ("htable.reload", "trunk"),
    "db/node": ("htable.reload", "node"),
    "addresses.list": ("permissions.addressReload",),
    "nodes.list": ("dispatcher.reload",),
}
"""By what Kamailio reads a file of its configuration while it runs; all others it reads at its start."""
TABLES = READ_BY.keys() - {"nodes.list"}
"""Those that may be read at any time: nodes begin anew as if all were up."""
REFUSED = ("unknown", "wrong_password", "wrong_address", "scanner", "flood", "malformed")
"""Why requests got no answer, or none that helps."""


class FrontAway(OperatorError):
    """No Kamailio answers, or none understands us."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """`up`: it answers Kamailio's probes. `drained`: it is given no new calls."""

    up: bool
    drained: bool

    @property
    def takes_calls(self) -> bool:
        """New ones."""
        return self.up and not self.drained


class Front:
    """`places`: where each Kamailio takes HTTP. `key`: `front_key`. `nodes`: name by numeric address."""

    def __init__(self, places: Sequence[FrontPlace], key: str, nodes: Mapping[str, str]) -> None:
        self._places = tuple(places)
        self._key = key
        self._nodes = dict(nodes)

    @property
    def names(self) -> frozenset[str]:
        """Of all nodes."""
        return frozenset(self._nodes.values())

    @property
    def where(self) -> str:
        """The places, for people."""
        return ", ".join(f"{place.host}:{place.port}" for place in self._places)

    def each(self) -> list[Front]:
        """Of several Kamailios every one by itself."""
        return [Front([place], self._key, self._nodes) for place in self._places]

    async def states(self) -> dict[str, NodeState]:
        """Of each node that Kamailio knows, as the first one that answers has it. Raises FrontAway."""
        answer = (await self._ask("dispatcher.list", first_only=True))[0]
        try:
            return states_of(answer, self._nodes)
        except (KeyError, TypeError, ValueError) as error:
            raise _not_understood(error) from error

    async def drain(self, node: str) -> None:
        """No new calls for it. Its calls go on, and phones register at it.

        Raises FrontAway, and OperatorError for a name that there is not.
        """
        await self._set(node, "d")

    async def resume(self, node: str) -> None:
        """New calls for it, from its next answer to a probe on. Raises as `drain`."""
        await self._set(node, "ip")

    async def reload(self, files: Collection[str] = READ_BY.keys()) -> None:
        """What `acd phones provision` has written into these files holds from now on; drained nodes stay so.

        Raises FrontAway.
        """
        drained = [name for name, state in (await self.states()).items() if state.drained]
        for name in (name for name in READ_BY if name in files):
            method, *params = READ_BY[name]
            await self._ask(method, *params)
        if "nodes.list" in files:
            for node in drained:
                await self.drain(node)

    async def refused(self) -> dict[str, int]:
        """How many requests were refused since Kamailio's start, by `REFUSED`. Raises FrontAway."""
        answer = (await self._ask("stats.get_statistics", "script:", first_only=True))[0]
        try:
            counted = dict(line.removeprefix("script:").split(" = ") for line in answer)
            return {kind: int(counted.get(f"refused_{kind}", 0)) for kind in REFUSED}
        except (AttributeError, TypeError, ValueError) as error:
            raise FrontAway(f"Kamailio's statistics are not understood: {error!r}") from error

    async def _set(self, node: str, state: str) -> None:
        address = next((address for address, name in self._nodes.items() if name == node), None)
        if address is None:
            raise OperatorError(
                f"there is no node {node!r}; there are {', '.join(sorted(self._nodes.values()))}"
            )
        answer = (await self._ask("dispatcher.list", first_only=True))[0]
        try:
            uri = next((uri for uri in _flags(answer, NEW_CALLS) if _host(uri) == address), None)
        except (KeyError, TypeError, ValueError) as error:
            raise _not_understood(error) from error
        if uri is None:
            raise FrontAway(f"Kamailio does not know node {node}: run 'acd phones provision'")
        await self._ask("dispatcher.set_state", state, NEW_CALLS, uri)

    async def _ask(self, method: str, *params: str | int, first_only: bool = False) -> list[Any]:
        """The answers of all that answer (`first_only`: of the first one)."""
        answers: list[Any] = []
        problems: list[str] = []
        timeout = aiohttp.ClientTimeout(total=LIMIT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for place in self._places:
                try:
                    answers.append(await self._ask_one(session, place, method, params))
                except (
                    aiohttp.ClientError,
                    TimeoutError,
                    OSError,
                    ValueError,
                ) as error:
                    problems.append(f"{place.host}:{place.port}: {error or type(error).__name__}")
                if answers and first_only:
                    break
        if not answers:
            raise FrontAway(f"no Kamailio answers ({'; '.join(problems)}): see asterisk/kamailio/run")
        if problems and not first_only:
            log.warning("a Kamailio was not told", method=method, problems=problems)
        return answers

    async def _ask_one(
        self, session: aiohttp.ClientSession, place: FrontPlace, method: str, params: Sequence[str | int]
    ) -> Any:
        host = f"[{place.host}]" if ":" in place.host else place.host
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        url = f"http://{host}:{place.port}/rpc"
        async with session.post(
            url, data=json.dumps(request), headers=headers, allow_redirects=False
        ) as answer:
            if answer.status == 403:
                raise ValueError(
                    "it refuses us: run 'acd phones provision' there, and look at ACD_KAMAILIO_FROM"
                )
            told = json.loads(await answer.text())
        if not isinstance(told, dict) or "error" in told:
            raise ValueError(f"{method}: {told.get('error') if isinstance(told, dict) else told!r}")
        return told.get("result")


def _not_understood(error: Exception) -> FrontAway:
    return FrontAway(f"Kamailio's list of nodes is not understood: {error!r}")


def states_of(answer: Mapping[str, Any], nodes: Mapping[str, str]) -> dict[str, NodeState]:
    """Of Kamailio's answer to dispatcher.list; `nodes`: name by address.

    Raises KeyError, TypeError, ValueError where it is none.
    """
    probed, new_calls = _flags(answer, PROBED), _flags(answer, NEW_CALLS)
    return {
        nodes.get(_host(uri), _host(uri)): NodeState(
            up=flags.startswith(("A", "T")), drained=new_calls.get(uri, "").startswith("D")
        )
        for uri, flags in probed.items()
    }


def _flags(answer: Mapping[str, Any], group: int) -> dict[str, str]:
    """By the URI of each destination. The first letter: active, trying, inactive or disabled."""
    for record in answer["RECORDS"]:
        if int(record["SET"]["ID"]) == group:
            found = (target["DEST"] for target in record["SET"]["TARGETS"])
            return {str(target["URI"]): str(target["FLAGS"]) for target in found}
    return {}


def _host(uri: str) -> str:
    """Of sip:192.0.2.21:5060 and sip:[2001:db8::1]:5060."""
    return uri.removeprefix("sip:").rpartition(":")[0].strip("[]")
