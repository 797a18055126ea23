"""The packet filter that `acd phones firewall` writes, loaded into a network of the test's own.

A host that answers whatever it is asked has it; beside it are a phone, a provider and a scanner, on the other
end of a cable. The filter lies beneath Asterisk, so who answers is no matter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from acd.parts import CHECKOUT
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.outside import TrunkSpec
from acd.telephony.firewall import firewall_rules
from bench.hosts.network import may_make_hosts
from tests.integration.cabled import HOST, PHONE, PROVIDER, SCANNER, SIP_PORT

LIMIT_S = 30
_APART = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--")


def test_strangers_get_no_answer_and_phones_and_providers_do(tmp_path: Path) -> None:
    why = may_make_hosts()
    assert not why, why
    centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    centre = replace(
        centre, phone_networks=(f"{PHONE}/32",), trunks={"lab": TrunkSpec("lab", addresses=(PROVIDER,))}
    )
    environment = Environment.from_env({"ACD_SIP_PORT": str(SIP_PORT)}, CHECKOUT)
    rules = tmp_path / "rules.nft"
    rules.write_text(firewall_rules(centre, environment), encoding="utf-8")
    # A network and processes of its own: all of it goes when its first process does.
    command = [*_APART, sys.executable, "-m", "tests.integration.cabled", str(rules)]
    here = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=here, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    before, after, hears_an_answer, stays = json.loads(done.stdout)
    every_port = {"udp": True, "tcp": True, "other": True}
    assert before == dict.fromkeys((PHONE, PROVIDER, SCANNER, HOST), every_port)
    assert after == {**before, SCANNER: {"udp": False, "tcp": False, "other": True}}
    assert not stays, "one who was there before the rules"
    assert hears_an_answer, "of a provider whose name leads elsewhere by now"
