"""The files of all nodes and of Kamailio together, from the real templates and the example centre."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.secrets import Secrets
from acd.telephony.provision_all import provision

CHECKOUT = Path(__file__).parents[2]
NODES = {"ACD_ASTERISK_NODES": "a=192.0.2.21,b=192.0.2.22", "ACD_SIP_ADDRESS": "192.0.2.9"}
KAMAILIO = {"ACD_KAMAILIO": "192.0.2.9"}


@pytest.mark.parametrize(
    ("variables", "folders"),
    [
        ({}, {"asterisk"}),
        (KAMAILIO, {"asterisk"}),  # before one Asterisk nobody stands
        (NODES, {"asterisk/a", "asterisk/b"}),
        ({**NODES, **KAMAILIO}, {"asterisk/a", "asterisk/b", "kamailio"}),
    ],
)
def test_each_node_and_kamailio_get_their_files_once(
    tmp_path: Path, variables: dict[str, str], folders: set[str]
) -> None:
    environment = Environment.from_env({"ACD_HOME": str(tmp_path), **variables}, CHECKOUT)
    centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    secrets = Secrets("AmiPassword0123456789", {p: f"PhonePassword00000000{p}" for p in centre.phones})
    written = provision(centre, environment, secrets, CHECKOUT / "asterisk", {})
    etcs = {path.relative_to(tmp_path).as_posix().split("/etc/")[0] for path in written}
    assert etcs == folders
    assert provision(centre, environment, secrets, CHECKOUT / "asterisk", {}) == []
