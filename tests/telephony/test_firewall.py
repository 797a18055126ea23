"""Who may send SIP, as a packet filter is told; a real one tries it in tests/integration/test_firewall.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.errors import OperatorError
from acd.parts import CHECKOUT
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import Centre
from acd.settings.outside import TrunkSpec
from acd.telephony.firewall import firewall_rules


@pytest.fixture(scope="module")
def centre() -> Centre:
    """The example, with phones and providers that have addresses."""
    found = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    trunks = {
        "lab": TrunkSpec("lab", addresses=("203.0.113.0/29", "2001:db8::/64")),
        "main": TrunkSpec("main", server="198.51.100.7"),
    }
    return replace(found, trunks=trunks, phone_networks=("192.0.2.0/24",))


def rules(centre: Centre, **more: str) -> str:
    """With these variables."""
    return firewall_rules(centre, Environment.from_env(more, CHECKOUT))


def test_phones_providers_and_our_own_are_known(centre: Centre) -> None:
    text = rules(centre, ACD_SIP_ADDRESS="192.0.2.9")
    assert "elements = { 127.0.0.1/32, 192.0.2.9/32 }" in text.split("set ours4")[1].split("set ours6")[0]
    known = text.split("set known4")[1].split("elements = {")[1].split("}")[0]
    assert {"192.0.2.0/24", "203.0.113.0/29", "198.51.100.7/32", "192.0.2.9/32", "127.0.0.1/32"} == {
        each.strip() for each in known.split(",")
    }
    assert "elements = { 2001:db8::/64 }" in text.split("set known6")[1]


def test_ports_are_those_of_this_installation(centre: Centre) -> None:
    assert "th dport { 5060 }" in rules(centre)
    text = rules(centre, ACD_SIP_PORT="5070", ACD_PUBLIC_SIP_PORT="5080", ACD_PUBLIC_ADDRESS="192.0.2.1")
    assert "th dport { 5070, 5080 }" in text


def test_where_phones_may_be_anywhere_it_says_so(centre: Centre) -> None:
    with pytest.raises(OperatorError, match="phones: addresses names no network"):
        rules(replace(centre, phone_networks=()))


def test_a_provider_without_an_address_is_told_of(centre: Centre) -> None:
    trunks = {"main": TrunkSpec("main", server="nowhere.invalid")}
    with pytest.raises(OperatorError, match=r"nowhere\.invalid"):
        rules(replace(centre, trunks=trunks))
