"""The client of Kamailio's control port, against an HTTP server that answers as Kamailio does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from acd.errors import OperatorError
from acd.settings.fronts import FrontPlace, fronts_of
from acd.telephony.front import Front, FrontAway, NodeState, states_of

NODES = {"192.0.2.21": "a", "2001:db8::22": "b"}
A, B = "sip:192.0.2.21:5060", "sip:[2001:db8::22]:5060"


def listed(new_calls: dict[str, str], probed: dict[str, str]) -> dict[str, Any]:
    """An answer to dispatcher.list."""

    def one(number: int, flags: dict[str, str]) -> dict[str, Any]:
        targets = [{"DEST": {"URI": uri, "FLAGS": flag, "PRIORITY": 0}} for uri, flag in flags.items()]
        return {"SET": {"ID": number, "TARGETS": targets}}

    return {"NRSETS": 2, "RECORDS": [one(2, probed), one(1, new_calls)]}


class Kamailio:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[Any]]] = []
        self.flags = {A: "AP", B: "AP"}
        self.counted: Any = ["script:refused_unknown = 7", "script:refused_flood = 2"]

    async def serve(self, request: web.Request) -> web.Response:
        """Its /rpc."""
        if request.headers.get("Authorization") != "Bearer key":
            return web.Response(status=403)
        asked = await request.json()
        self.asked.append((asked["method"], asked["params"]))
        result: Any = None
        match asked["method"], asked["params"]:
            case "dispatcher.list", _:
                result = listed(self.flags, {A: "AP", B: "IP"})
            case "dispatcher.set_state", [state, 1, uri]:
                self.flags[uri] = {"d": "DX", "ip": "IP"}[state]
            case "stats.get_statistics", _:
                result = self.counted
            case "htable.reload", _:
                return web.json_response({"jsonrpc": "2.0", "error": {"code": 500, "message": "No"}, "id": 1})
        return web.json_response({"jsonrpc": "2.0", "result": result, "id": 1})


@pytest_asyncio.fixture
async def kamailio() -> AsyncIterator[tuple[Kamailio, FrontPlace]]:
    """It, and where it is."""
    served = Kamailio()
    app = web.Application()
    app.router.add_post("/rpc", served.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield served, FrontPlace(*runner.addresses[0][:2])
    await runner.cleanup()


def test_states_are_of_both_sets() -> None:
    answer = listed({A: "DX", B: "AP"}, {A: "TP", B: "IP"})
    assert states_of(answer, NODES) == {"a": NodeState(True, True), "b": NodeState(False, False)}
    assert not NodeState(up=True, drained=True).takes_calls
    blank = listed({A: "", B: ""}, {A: "", B: "X"})
    assert states_of(blank, NODES) == {"a": NodeState(False, False), "b": NodeState(False, False)}
    assert states_of(answer, {}) == {
        "192.0.2.21": NodeState(True, True),
        "2001:db8::22": NodeState(False, False),
    }


@pytest.mark.parametrize("answer", [{}, {"RECORDS": [{"SET": {"ID": "x"}}]}, {"RECORDS": None}])
def test_what_is_no_list_of_nodes_raises(answer: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        states_of(answer, NODES)


async def test_a_node_is_drained_and_resumed(kamailio: tuple[Kamailio, FrontPlace]) -> None:
    served, place = kamailio
    front = Front([place], "key", NODES)
    await front.drain("b")
    assert served.asked[-1] == ("dispatcher.set_state", ["d", 1, B])
    assert (await front.states())["b"] == NodeState(False, True)
    await front.resume("b")
    assert served.asked[-1] == ("dispatcher.set_state", ["ip", 1, B])
    assert (await front.refused())["unknown"] == 7
    with pytest.raises(OperatorError, match="there is no node 'c'; there are a, b"):
        await front.drain("c")


async def test_one_that_is_away_is_passed_over_and_all_away_is_said(
    kamailio: tuple[Kamailio, FrontPlace],
) -> None:
    served, place = kamailio
    nobody = FrontPlace("127.0.0.1", 1)
    await Front([nobody, place], "key", NODES).drain("a")
    assert served.flags[A] == "DX"
    with pytest.raises(FrontAway, match=r"127\.0\.0\.1:1"):
        await Front([nobody], "key", NODES).states()


async def test_refusals_are_told(kamailio: tuple[Kamailio, FrontPlace]) -> None:
    _, place = kamailio
    with pytest.raises(FrontAway, match="acd phones provision"):
        await Front([place], "wrong", NODES).states()
    with pytest.raises(FrontAway, match=r"htable.reload: .*No"):
        await Front([place], "key", NODES).reload()


@pytest.mark.parametrize(
    "counted", [None, 7, ["script:refused_unknown"], [None], ["script:refused_flood = x"]]
)
async def test_statistics_that_are_none_are_said(kamailio: tuple[Kamailio, FrontPlace], counted: Any) -> None:
    served, place = kamailio
    served.counted = counted
    with pytest.raises(FrontAway, match="Kamailio's statistics are not understood"):
        await Front([place], "key", NODES).refused()


@pytest.mark.parametrize("text", ["a b", "host:0", "host:99999", "-x", "192.0.2.1,192.0.2.1", "sip:x"])
def test_places_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="ACD_KAMAILIO: "):
        fronts_of({"ACD_KAMAILIO": text}, "ACD_KAMAILIO", ())
