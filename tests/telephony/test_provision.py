"""The configuration written for Asterisk, from the real templates and the example centre."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import Centre, DesktopSettings, PhoneSpec
from acd.settings.outside import CallerIdIn, DialedIn, Dialing, Encryption, Login, Registration, TrunkSpec
from acd.settings.phone_number import NumberFormat
from acd.settings.secrets import Secrets
from acd.telephony.agi import word_of
from acd.telephony.ask import ARGUMENTS
from acd.telephony.provision import EMPTY_FILES
from acd.telephony.provision_all import provision
from acd.telephony.provision_trunks import trunk_sections

CHECKOUT = Path(__file__).parents[2]
TEMPLATES = CHECKOUT / "asterisk"
AMI_PASSWORD = "AmiPassword0123456789"


@pytest.fixture
def centre() -> Centre:
    """The example."""
    return load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")


class Site:
    """A home that is to be provisioned."""

    def __init__(self, home: Path, centre: Centre, **settings: str) -> None:
        variables = {"ACD_HOME": str(home), "ACD_SIP_PORT": "26061", "ACD_AMI_PORT": "26039", **settings}
        self.environment = Environment.from_env(variables, CHECKOUT)
        self.centre = centre
        self.secrets = Secrets(AMI_PASSWORD, {p: f"PhonePassword00000000{p}" for p in centre.phones})

    def provision(self) -> list[str]:
        """The names of the files that were written."""
        changed = provision(self.centre, self.environment, self.secrets, TEMPLATES, {})
        return sorted(path.name for path in changed)

    @property
    def etc(self) -> Path:
        """Where they are."""
        return self.environment.asterisk_dir / "etc"

    def text(self, name: str) -> str:
        """One file."""
        return (self.etc / name).read_text(encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, centre: Centre) -> Site:
    """Provisioned."""
    site = Site(tmp_path, centre)
    site.provision()
    return site


def test_a_node_behind_kamailio_asks_nobody_and_takes_sip_of_it_alone(site: Site) -> None:
    login = Login("us", None)
    trunk = TrunkSpec(
        "main",
        addresses=("203.0.113.1",),
        server="203.0.113.1",
        login=login,
        registration=Registration(60, "4930"),
        their_login=Login("them", None),
        tls=True,
    )
    phones = {p.id: replace(p, encryption=Encryption.REQUIRED) for p in site.centre.phones.values()}
    site.centre = replace(
        site.centre, phones=phones, trunks={"main": trunk}, phone_networks=("198.51.100.0/24",)
    )
    site.secrets = replace(
        site.secrets, trunk_passwords={"main": "secret-us", "main-incoming": "secret-them"}
    )
    site.environment = replace(site.environment, front=("192.0.2.9", 5070), sip_tls_cert=Path("/of/kamailio"))
    site.provision()
    text = site.text("pjsip.conf")
    assert "endpoint_identifier_order = header,username\n" in text
    assert "permit = 192.0.2.9\n" in text
    assert "match_header = X-ACD-Trunk: main\n" in text
    assert text.count("outbound_proxy = sip:192.0.2.9:5070\\;lr\n") == 4
    for password in ("PhonePassword", "secret-them"):
        assert password not in text
    for word in ("match = ", "198.51.100", "ACD_SECURE", "transport-tls", "rewrite_contact = yes"):
        assert word not in text, word
    assert text.count("support_path = yes") == 2
    assert "enabled = no" in site.text("http.conf")


def test_everything_is_written_and_filled_in(site: Site) -> None:
    templates = {path.name for path in (TEMPLATES / "etc").glob("*.conf")}
    written = {path.name for path in site.etc.iterdir()}
    assert templates | set(EMPTY_FILES) == written
    for name in written:
        assert "@{" not in site.text(name), name
        assert not name.endswith(".new")


def test_only_the_owner_may_read_them(site: Site) -> None:
    assert site.etc.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in site.etc.iterdir()} == {0o600}


def test_passwords_are_only_where_they_belong(site: Site) -> None:
    holders = {path.name for path in site.etc.iterdir() if AMI_PASSWORD in path.read_text()}
    assert holders == {"manager.conf"}
    holders = {path.name for path in site.etc.iterdir() if "PhonePassword" in path.read_text()}
    assert holders == {"pjsip.conf"}
    for phone in site.centre.phones:
        assert site.text("pjsip.conf").count(f"password = PhonePassword00000000{phone}\n") == 1


def test_ports_and_phones(site: Site) -> None:
    pjsip = site.text("pjsip.conf")
    assert "127.0.0.1:26061" in pjsip
    assert "port = 26039" in site.text("manager.conf")
    for phone in site.centre.phones.values():
        kind = "acd-browser" if phone.browser else "acd-phone"
        assert f"[{phone.id}]({kind})\n" in pjsip
        assert f"[{phone.id}]({kind}-aor)\n" in pjsip
        extension = phone.id.removeprefix("w")  # a browser shows the number of its agent
        assert f"callerid = {phone.display_name} <{extension}>\n" in pjsip
    assert "match = 127.0.0.2\n" in pjsip


def test_an_ipv6_address_stands_in_brackets(tmp_path: Path, centre: Centre) -> None:
    site = Site(tmp_path, centre, ACD_SIP_ADDRESS="::1")
    site.provision()
    assert re.search(r"bind ?= ?\[::1\]:26061\n", site.text("pjsip.conf"))


def test_fallback_queues_have_the_agents_with_the_skills(site: Site) -> None:
    queues = site.text("queues.conf")
    blocks = dict(re.findall(r"^\[(acd-\w+)\]\(acd-queue\)\n((?:member.*\n)*)", queues, re.MULTILINE))
    members = {name: re.findall(r",0,(\w+),", block) for name, block in blocks.items()}
    assert members == {
        "acd-all": ["anna", "ben", "chen", "dora", "emil", "fang"],
        "acd-sales": ["anna", "ben", "chen"],
        "acd-support": ["chen", "dora", "emil", "fang"],
    }


@pytest.mark.parametrize("context", ["acd-run", "acd-back", "acd-fallback"])
def test_a_lease_that_runs_out_finds_its_way_wherever_a_caller_may_be_led(site: Site, context: str) -> None:
    """A channel whose time is over is hung up where its context has no extension for that."""
    dialplan = site.text("extensions.conf")
    inside = dialplan.partition(f"\n[{context}]\n")[2].partition("\n[")[0]
    assert "exten => T,1," in inside


def test_an_agent_who_comes_back_from_a_consultation_has_no_lease(site: Site) -> None:
    """The leg was asking what next, and a lease that ran out would end the talk that it goes back to."""
    text = site.text("extensions.conf")
    back = text[text.index("exten => back,1,") :].split("exten =>")[1]
    assert "MSet(TIMEOUT(absolute)=0," in back


def test_browsers_phones_are_optional(tmp_path: Path, centre: Centre) -> None:
    with_them = Site(tmp_path / "with", centre, ACD_WS_PORT="26088")
    with_them.provision()
    http = with_them.text("http.conf")
    assert "enabled = yes\nbindaddr = 127.0.0.1\nbindport = 26088\n" in http
    assert "icesupport = yes\n" in with_them.text("rtp.conf")
    assert "member => Local/1001@acd-member,0,anna,hint:1001@acd-hints\n" in with_them.text("queues.conf")
    dialplan = with_them.text("extensions.conf")
    assert "exten => 1001,hint,PJSIP/1001&PJSIP/w1001\n" in dialplan
    assert "Dial(PJSIP/${ACD_PHONE}&PJSIP/w${ACD_PHONE},20,i)" in dialplan
    phones = {phone.id: phone for phone in centre.phones.values() if not phone.browser}
    without = Site(tmp_path / "out", replace(centre, phones=phones, desktop=DesktopSettings(False)))
    without.provision()
    assert "enabled = no\n" in without.text("http.conf")
    assert "icesupport = no\n" in without.text("rtp.conf")
    assert "member => Local/1001@acd-member,0,anna,PJSIP/1001\n" in without.text("queues.conf")
    assert "w1001" not in without.text("extensions.conf") + without.text("pjsip.conf")
    assert "Dial(PJSIP/${ACD_PHONE},20,i)" in without.text("extensions.conf")


def test_on_one_machine_both_sides_stay_on_loopback(site: Site) -> None:
    manager = site.text("manager.conf")
    assert "bindaddr = 127.0.0.1\n" in manager
    assert "deny = 0.0.0.0/0,::/0\npermit = 127.0.0.1\n" in manager
    assert "ACD_CONTROLLER = 127.0.0.1:4573/run\n" in site.text("extensions.conf")
    assert "external_" not in site.text("pjsip.conf")


def test_on_two_machines_each_side_listens_for_the_other_only(tmp_path: Path, centre: Centre) -> None:
    site = Site(tmp_path, centre, ACD_ASTERISK_HOST="192.0.2.1", ACD_CONTROLLER_HOST="2001:db8::2")
    site.provision()
    manager = site.text("manager.conf")
    assert "bindaddr = 192.0.2.1\n" in manager
    assert "permit = 2001:db8::2\n" in manager
    assert "ACD_CONTROLLER = [2001:db8::2]:4573/run\n" in site.text("extensions.conf")


def test_names_are_for_the_dialplan_and_addresses_for_the_manager_interface(
    tmp_path: Path, centre: Centre
) -> None:
    site = Site(tmp_path, centre, ACD_ASTERISK_HOST="localhost", ACD_CONTROLLER_HOST="localhost")
    site.provision()
    assert re.search(r"bindaddr = (127\.0\.0\.1|::1)\n", site.text("manager.conf"))
    assert "ACD_CONTROLLER = localhost:4573/run\n" in site.text("extensions.conf")


def test_the_word_is_no_part_of_the_address_that_is_asked(site: Site) -> None:
    """Asterisk logs it where nobody answers. A controller of the version before wants the word in it."""
    word = word_of(AMI_PASSWORD)
    asked = re.findall(r"AGI\(agi://(.*)\)\n", site.text("extensions.conf"))
    assert len(asked) == 2
    for question in asked:
        place, *arguments = re.split(r",(?![^{]*\})", question)
        older = '${IF($["${CUT(ACD_CONTROLLER,/,2)}" = ""]?/' + word + ")}"
        assert place == "${ACD_CONTROLLER}" + older
        assert (len(arguments), arguments[ARGUMENTS]) == (ARGUMENTS + 1, word)


def test_a_translated_address_is_told_to_phones(tmp_path: Path, centre: Centre) -> None:
    site = Site(tmp_path, centre, ACD_PUBLIC_ADDRESS="198.51.100.7", ACD_PUBLIC_SIP_PORT="15060")
    site.provision()
    pjsip = site.text("pjsip.conf")
    assert "bind = 127.0.0.1:26061\n" in pjsip
    assert "external_media_address = 198.51.100.7\n" in pjsip
    assert "external_signaling_address = 198.51.100.7\n" in pjsip
    assert "external_signaling_port = 15060\n" in pjsip


def test_unchanged_files_are_not_written_again(site: Site) -> None:
    for path in site.etc.iterdir():
        os.utime(path, (1, 1))
    assert site.provision() == []
    assert {path.stat().st_mtime for path in site.etc.iterdir()} == {1}


def test_only_what_changed_is_written(site: Site) -> None:
    secrets = site.secrets
    site.secrets = Secrets("AnotherPassword01234", secrets.phone_passwords)
    assert site.provision() == ["extensions.conf", "manager.conf", "pjsip.conf"]
    assert (site.etc / "manager.conf").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("王小明", "callerid = 王小明 <1001>"),
        ("A\npassword = x", "callerid = Apassword  x <1001>"),
        ('A" <9999> ;B', "callerid = A 9999 B <1001>"),
        ("[general](x)", "callerid = generalx <1001>"),
        ("@{ami_password}", "callerid = @{ami_password} <1001>"),
        ("a\\b=c", "callerid = abc <1001>"),
    ],
)
def test_hostile_display_names(site: Site, name: str, line: str) -> None:
    phones = {**site.centre.phones, "1001": PhoneSpec("1001", name)}
    site.centre = replace(site.centre, phones=phones)
    before = len(site.text("pjsip.conf").splitlines())
    site.provision()
    text = site.text("pjsip.conf")
    assert line in text
    assert len(text.splitlines()) == before
    assert AMI_PASSWORD not in text


# --- trunks -----------------------------------------------------------------------------------
CARRIER = TrunkSpec(
    "carrier",
    ("192.0.2.0/28",),
    ("alaw", "g722"),
    server="sip.example.net",
    port=5070,
    login=Login("acd", "CARRIER_PASSWORD"),
    registration=Registration(600, "+4930100"),
    their_login=Login("them"),
    dialed_in=DialedIn.TO_HEADER,
    caller_id_in=CallerIdIn.P_ASSERTED_IDENTITY,
    caller_id="+4930100",
    dial_format=NumberFormat.E164,
)


def sections(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """(name, type) → options, of the sections without template."""
    found = {}
    for block in re.split(r"(?m)^(?=\[)", text):
        name = block.partition("]")[0].removeprefix("[")
        options = dict(re.findall(r"(?m)^(\w+) = (.*)$", block))
        found[name, options.get("type", "endpoint")] = options
    return found


def test_a_trunk_with_everything(tmp_path: Path, centre: Centre) -> None:
    dialing = Dialing(frozenset({"112"}), ("carrier",), "0")
    site = Site(tmp_path, replace(centre, trunks={"carrier": CARRIER}, dialing=dialing))
    site.secrets = replace(site.secrets, trunk_passwords={"carrier-incoming": "x;y"})
    provision(site.centre, site.environment, site.secrets, TEMPLATES, {"CARRIER_PASSWORD": "s3cr;et"})
    found = sections(site.text("pjsip.conf"))
    endpoint = found["trunk-carrier", "endpoint"]
    assert (endpoint["context"], endpoint["allow"]) == ("acd-trunk-to", "alaw,g722")
    assert (endpoint["outbound_auth"], endpoint["auth"]) == ("trunk-carrier", "trunk-carrier-incoming")
    assert (endpoint["from_user"], endpoint["send_pai"]) == ("acd", "yes")
    assert found["trunk-carrier", "aor"]["contact"] == "sip:sip.example.net:5070"
    assert found["trunk-carrier", "auth"]["password"] == "s3cr\\;et"
    assert found["trunk-carrier-incoming", "auth"]["password"] == "x\\;y"
    assert found["trunk-carrier", "identify"]["match"] == "192.0.2.0/28"
    registration = found["trunk-carrier", "registration"]
    assert registration["client_uri"] == "sip:acd@sip.example.net:5070"
    assert (registration["contact_user"], registration["expiration"]) == ("+4930100", "600")
    assert (registration["line"], registration["endpoint"]) == ("yes", "trunk-carrier")
    dial = "Dial(PJSIP/112@trunk-carrier,60,gib(acd-out^s^1(4930100^112)))"
    extensions = site.text("extensions.conf")
    assert f"exten => 112,1,{dial}\n same => n,Hangup()\n" in extensions
    assert f"exten => 0112,1,{dial}\n" in extensions


def test_nobody_is_taken_for_a_trunk_by_the_name_in_from(tmp_path: Path, centre: Centre) -> None:
    site = Site(tmp_path, centre)
    site.provision()
    template = site.text("pjsip.conf").partition("[acd-trunk](!)")[2].partition("\n[")[0]
    assert "identify_by = ip\n" in template
    assert "allow_transfer = no\n" in template


def test_a_trunk_without_its_password_is_named(tmp_path: Path, centre: Centre) -> None:
    site = Site(tmp_path, replace(centre, trunks={"carrier": CARRIER}))
    with pytest.raises(OperatorError, match="set the variable CARRIER_PASSWORD"):
        site.provision()
    assert not site.etc.exists()


def test_an_ipv6_server_stands_in_brackets() -> None:
    text = trunk_sections(TrunkSpec("six", server="2001:db8::1"), {})
    assert "contact = sip:[2001:db8::1]:5060\n" in text
