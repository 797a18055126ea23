"""The example of how to connect a provider is a sound configuration, and means what the text says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from acd.runtime.dial_plan import Denial, DialPlan, Permit
from acd.runtime.numbers import NumberBook, ToRoute
from acd.settings.environment import Environment
from acd.settings.load import check, load_centre
from acd.settings.model import Centre
from acd.settings.secrets import Secrets
from acd.telephony.provision_all import provision

CHECKOUT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r"## Connecting a provider\n(.*?)\n## ", re.DOTALL)


@pytest.fixture
def example(tmp_path: Path) -> Centre:
    """The example centre with the files of the document in place of its own."""
    config = tmp_path / "config"
    shutil.copytree(CHECKOUT / "config", config)
    match = SECTION.search((CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8"))
    assert match is not None
    files = re.findall(r"```yaml\n# config/(\w+\.yml)\n(.*?)```", match[1], re.DOTALL)
    assert [name for name, _ in files] == ["trunks.yml", "numbers.yml", "dialing.yml"]
    for name, text in files:
        (config / name).write_text(text, encoding="utf-8")
    assert check(config, CHECKOUT / "ivr_flows") == []
    return load_centre(config, CHECKOUT / "ivr_flows")


def test_numbers_lead_where_they_should(example: Centre) -> None:
    book = NumberBook(example, DialPlan(example))
    main, support = book.inside("+49305550100"), book.inside("0305550101")
    assert isinstance(main, ToRoute)
    assert isinstance(support, ToRoute)
    assert (main.route.flow, support.route.group) == ("main", "support")


def test_who_may_dial_what(example: Centre) -> None:
    plan = DialPlan(example)
    number = plan.outside("03012345678") or ""
    assert plan.permit("anna", number) == Permit("+493012345678", ("carrier", "second"))
    assert plan.permit("anna", "+49900123456") is Denial.NOT_ALLOWED
    assert plan.permit("anna", "+442079460123") is Denial.NOT_ALLOWED
    assert isinstance(plan.permit(None, "112"), Permit)
    assert plan.written(number, "second") == "03012345678"


def test_it_can_be_provisioned(example: Centre, tmp_path: Path) -> None:
    environment = Environment.from_env({"ACD_HOME": str(tmp_path / "home")}, CHECKOUT)
    passwords = dict.fromkeys(example.phones, "PhonePassword0123456789")
    secrets = Secrets("AmiPassword0123456789", passwords, trunk_passwords={"carrier": "secret"})
    provision(example, environment, secrets, CHECKOUT / "asterisk", {})
    pjsip = (environment.asterisk_dir / "etc" / "pjsip.conf").read_text()
    assert "client_uri = sip:4930555010@sip.carrier.example:5060\n" in pjsip
