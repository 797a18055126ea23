"""What Kamailio reads, from the real template and the example centre."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import Centre
from acd.settings.outside import Encryption, Login, TrunkSpec
from acd.settings.secrets import Secrets
from acd.telephony.provision import write_files
from acd.telephony.provision_kamailio import Front, ha1, kamailio_dir, kamailio_files, names

CHECKOUT = Path(__file__).parents[2]
AMI_PASSWORD = "AmiPassword0123456789"


@dataclass(frozen=True)
class Place:
    """A node."""

    name: str
    host: str


NODES = (Place("a", "192.0.2.21"), Place("b", "2001:db8::22"))


@pytest.fixture
def centre() -> Centre:
    """The example."""
    return load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")


def provisioned(
    home: Path, centre: Centre, nodes: tuple[Place, ...] = NODES, **settings: str
) -> dict[str, str]:
    """The text of each file by its name."""
    variables = {"ACD_HOME": str(home), "ACD_SIP_ADDRESS": "192.0.2.9", **settings}
    environment = Environment.from_env(variables, CHECKOUT)
    passwords = {phone: f"PhonePassword00000000{phone}" for phone in centre.phones}
    secrets = Secrets(AMI_PASSWORD, passwords)
    front = Front(centre, environment, secrets, nodes, {"LAB_PASSWORD": "lab;secret"})
    write_files(kamailio_files(front, CHECKOUT / "asterisk"))
    etc = kamailio_dir(environment) / "etc"
    return {str(path.relative_to(etc)): path.read_text() for path in etc.rglob("*") if path.is_file()}


def test_no_password_is_in_any_file_and_nobody_else_can_read_them(tmp_path: Path, centre: Centre) -> None:
    files = provisioned(tmp_path, centre)
    for text in files.values():
        assert "PhonePassword" not in text
        assert AMI_PASSWORD not in text
    for path in tmp_path.rglob("*"):
        forbidden = stat.S_IRWXG | stat.S_IRWXO
        assert path == tmp_path / "kamailio" or path.stat().st_mode & forbidden == 0, path


def test_phones_are_known_by_what_digest_makes_of_their_password(tmp_path: Path, centre: Centre) -> None:
    hidden = {**centre.phones, "1001": replace(centre.phones["1001"], encryption=Encryption.REQUIRED)}
    rows = provisioned(tmp_path, replace(centre, phones=hidden))["db/phone"].splitlines()
    assert rows[0].startswith("key_name(string) ")
    known = dict(line.split(":", 1) for line in rows[1:])
    assert known["1001"] == f"0:0:{ha1('1001', 'PhonePassword000000001001')};encrypted:0"
    assert known["1002"] == f"0:0:{ha1('1002', 'PhonePassword000000001002')}:0"
    assert "acd-doctor" in known
    assert ha1("1001", "for-tests-only") == hashlib.md5(b"1001:acd:for-tests-only").hexdigest()


def test_nodes_are_in_both_sets_at_the_port_of_sip(tmp_path: Path, centre: Centre) -> None:
    files = provisioned(tmp_path, centre, ACD_SIP_PORT="5070")
    assert files["nodes.list"].splitlines() == [
        "1 sip:192.0.2.21:5070 0 0",
        "1 sip:[2001:db8::22]:5070 0 0",
        "2 sip:192.0.2.21:5070 0 0",
        "2 sip:[2001:db8::22]:5070 0 0",
    ]
    assert "a:0:0:sip\\:192.0.2.21\\:5070:0" in files["db/node"]
    assert names(NODES) == {"192.0.2.21": "a", "2001:db8::22": "b"}
    assert "listen=udp:192.0.2.9:5070" in files["settings.cfg"]
    assert "tls.cfg" not in files


def test_trunks_and_our_own_machines_are_known_by_address(tmp_path: Path, centre: Centre) -> None:
    trunk = TrunkSpec(
        "main", addresses=("203.0.113.0/29", "203.0.113.99"), their_login=Login("them", "LAB_PASSWORD")
    )
    with_it = replace(centre, trunks={"main": trunk}, phone_networks=("198.51.100.0/24",))
    files = provisioned(
        tmp_path, with_it, ACD_KAMAILIO_FROM="192.0.2.32/28", ACD_CONTROLLER_HOST="192.0.2.11"
    )
    assert files["addresses.list"].splitlines() == [
        "1 203.0.113.0 29 0 main",
        "1 203.0.113.99 32 0 main",
        "2 198.51.100.0 24 0",
        "3 192.0.2.11 32 0",
        "3 192.0.2.32 28 0",
    ]
    assert f"main:0:0:{ha1('them', 'lab;secret')}:0" in files["db/trunk"]
    assert "WITH_PHONE_NETWORKS" in files["settings.cfg"]


def test_each_kamailio_has_a_port_of_http(tmp_path: Path, centre: Centre) -> None:
    settings = provisioned(tmp_path, centre, ACD_KAMAILIO="192.0.2.10,192.0.2.11")["settings.cfg"]
    assert "listen=tcp:192.0.2.10:8088" in settings
    assert "listen=tcp:192.0.2.11:8088" in settings


def test_authorities_of_the_machine_are_not_read_by_each_process(tmp_path: Path, centre: Centre) -> None:
    def with_tls(home: Path, **more: str) -> dict[str, str]:
        cert, key = "/etc/acd/sip.crt", "/etc/acd/sip.key"
        return provisioned(home, centre, NODES, ACD_SIP_TLS_CERT=cert, ACD_SIP_TLS_KEY=key, **more)

    assert "ca_path = /etc/ssl/certs" in with_tls(tmp_path / "1")["tls.cfg"]
    own = with_tls(tmp_path / "2", ACD_SIP_TLS_CA="/etc/acd/ca.crt")
    assert "ca_list = /etc/acd/ca.crt" in own["tls.cfg"]
    assert "listen=tls:192.0.2.9:5061" in own["settings.cfg"]


def test_a_node_cannot_be_where_kamailio_is(tmp_path: Path, centre: Centre) -> None:
    with pytest.raises(OperatorError, match=r"node a: 192\.0\.2\.9 is ACD_SIP_ADDRESS"):
        provisioned(tmp_path, centre, (Place("a", "192.0.2.9"),))


def test_a_folder_that_kamailio_would_misread_is_refused(tmp_path: Path, centre: Centre) -> None:
    with pytest.raises(OperatorError, match="cannot use a folder"):
        provisioned(tmp_path / "what!", centre)


def test_ports_of_http_that_differ_are_refused(tmp_path: Path, centre: Centre) -> None:
    with pytest.raises(OperatorError, match="the same port"):
        provisioned(tmp_path, centre, ACD_KAMAILIO="192.0.2.10:1,192.0.2.11:2")
