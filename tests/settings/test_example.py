"""The example call centre that comes with the product."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acd.core.work_rules import SYSTEM_REASONS
from acd.customers.directory import Directory
from acd.ivr.flow import Goto, Menu, messages
from acd.settings.load import find_problems, load_centre
from acd.settings.model import Centre, FeatureCodes, PhoneSpec
from acd.settings.outside import NumberRoute, TrunkSpec

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def centre() -> Centre:
    return load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")


def test_it_has_no_problem() -> None:
    """No warning either."""
    assert find_problems(CHECKOUT / "config", CHECKOUT / "ivr_flows") == []


def test_its_flows_pass_their_own_tests_with_full_coverage() -> None:
    command = [sys.executable, "-m", "acd", "test", "--min-coverage", "100"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed " in done.stdout


def test_agents_and_phones(centre: Centre) -> None:
    extensions = {agent.id: agent.extension for agent in centre.plan.agents.values()}
    assert extensions == {
        "anna": "1001", "ben": "1002", "chen": "1003", "dora": "1004", "emil": "1005", "fang": "1006",
    }  # fmt: skip
    in_browsers = [f"w{extension}" for extension in extensions.values()]
    assert list(centre.phones) == [*extensions.values(), *in_browsers]
    assert centre.phones["1003"] == PhoneSpec("1003", "陈伟")
    assert centre.phones["w1003"] == PhoneSpec("w1003", "陈伟", browser=True)


def test_who_serves_which_group(centre: Centre) -> None:
    serving = {
        group.id: {a.id for a in centre.plan.agents.values() if group.requirement.admits(a.skills)}
        for group in centre.plan.groups.values()
    }
    assert serving == {"sales": {"anna", "ben", "chen"}, "support": {"chen", "dora", "emil", "fang"}}
    skills = {skill for agent in centre.plan.agents.values() for skill in agent.skills}
    assert skills == {"sales", "support", "english", "chinese", "vip"}


def test_numbers(centre: Centre) -> None:
    assert centre.numbers == {
        "8000": NumberRoute("8000", flow="main"),
        "8001": NumberRoute("8001", group="sales"),
        "8002": NumberRoute("8002", group="support"),
    }


def test_the_main_number(centre: Centre) -> None:
    flow = centre.flow_set.flows["main"]
    menu = flow.steps["menu"]
    assert (flow.name, flow.start, flow.languages) == ("main", "recognise", ("en", "zh"))
    assert isinstance(menu, Menu)
    choices = {"1": "sales", "2": "support", "3": "balance", "4": "complaint", "0": "support"}
    assert (menu.choices, menu.tries) == (choices, 3)
    assert flow.steps["sales"] == Goto(flow="sales")
    assert flow.steps["support"] == Goto(flow="support")


def test_every_flow_is_in_both_languages(centre: Centre) -> None:
    flows = centre.flow_set.flows
    assert set(flows) == {"main", "identify", "balance", "sales", "support", "complaint"}
    for flow in flows.values():
        assert flow.languages == ("en", "zh")
        for step in flow.steps.values():
            for message in messages(step):
                assert message.parts["en"] != message.parts["zh"]


def test_the_trunk_without_authentication_is_local_and_explained(centre: Centre) -> None:
    assert centre.trunks == {"lab": TrunkSpec("lab", ("127.0.0.2",), ("ulaw", "alaw"))}
    text = (CHECKOUT / "config" / "trunks.yml").read_text(encoding="utf-8")
    assert "in this example only" in text


def test_feature_codes_and_reasons(centre: Centre) -> None:
    assert centre.features == FeatureCodes()
    assert centre.reason_keys == {"1": "break", "2": "lunch", "3": "training", "4": "meeting"}
    assert set(centre.reason_keys.values()) == set(centre.plan.reasons)
    assert not set(centre.plan.reasons) & set(SYSTEM_REASONS)


def test_customers(centre: Centre) -> None:
    assert centre.customers_file is not None
    directory = Directory.from_csv(centre.customers_file)
    customer = directory.find("+8613800138000")
    assert len(directory) == 12
    assert customer is not None
    assert (customer.name, customer.segment) == ("王小明", "gold")
