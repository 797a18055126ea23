"""The browser as a phone where Kamailio is in front of two Asterisk nodes: sound comes from the call's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.desk import Desk, DeskCentre, until_speaks
from tests.integration.centre import started
from tests.integration.fronted_centre import FrontedCentre

pytestmark = [pytest.mark.asterisk, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

CALLER = 700.0


class FrontedDeskCentre(DeskCentre, FrontedCentre):
    """Kamailio, two nodes, a controller and a web process."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontedDeskCentre]:
    with started(FrontedDeskCentre(tmp_path_factory.mktemp("fronted_desk"))) as centre:
        yield centre


async def test_it_talks_by_either_node_and_takes_a_call_up_again(
    anna: Desk, centre: FrontedDeskCentre
) -> None:
    nodes = set()
    for number in range(2):
        async with centre.customer(f"+49170000008{number}", tone_hz=CALLER) as caller:
            call = await caller.dial("8001")
            await anna.button("Answer").click()
            seen = await centre.until_call("talking", agent="anna")
            nodes.add(seen["node"])
            await anna.until_sound()
            await until_speaks(call)
            await anna.page.reload()
            await anna.until_sound()
            await until_speaks(call)
            await anna.button("Hold").click()
            await centre.until_call("talking", on_hold=True)
            await anna.button("Resume").click()
            await centre.until_call("talking", on_hold=False)
            await anna.button("Hang up").click()
            await call.wait_ended()
            await expect(anna.said).to_have_text("Ready")
    assert nodes == {"a", "b"}
