from __future__ import annotations

import re
from datetime import time
from pathlib import Path

import pytest
import yaml

from acd.errors import OperatorError
from acd.settings.controllers import ControllerPlace
from acd.settings.environment import Environment, numeric_address
from acd.settings.fronts import FrontPlace
from acd.settings.nodes import NodePlace

CHECKOUT = Path("/srv/acd")


def test_defaults() -> None:
    environment = Environment.from_env({}, CHECKOUT)
    assert environment == Environment(
        home=CHECKOUT / "var",
        config_dir=CHECKOUT / "config",
        flows_dir=CHECKOUT / "ivr_flows",
        sip_address="127.0.0.1",
        sip_port=5060,
        ami_port=5038,
        agi_port=4573,
        http_port=8080,
        rtp_ports=(10000, 10999),
        asterisk_host="127.0.0.1",
        controller_host="127.0.0.1",
        http_address="127.0.0.1",
        public_address=None,
        public_sip_port=None,
    )
    assert environment.sip_server == ("127.0.0.1", 5060)


def test_every_variable() -> None:
    variables = {
        "ACD_HOME": "/data/acd",
        "ACD_CONFIG": "/etc/acd/config",
        "ACD_FLOWS": "/etc/acd/flows",
        "ACD_SIP_ADDRESS": "192.0.2.1",
        "ACD_SIP_PORT": "15060",
        "ACD_AMI_PORT": "15038",
        "ACD_AGI_PORT": "14573",
        "ACD_HTTP_PORT": "18080",
        "ACD_RTP_PORTS": "20000-20099",
        "ACD_ASTERISK_HOST": "asterisk",
        "ACD_CONTROLLER_HOST": "2001:db8::1",
        "ACD_HTTP_ADDRESS": "192.0.2.2",
        "ACD_PUBLIC_ADDRESS": "198.51.100.7",
        "ACD_PUBLIC_SIP_PORT": "15062",
        "ACD_REDIS_HOST": "redis",
        "ACD_REDIS_PASSWORD": "correct horse",
        "ACD_WS_PORT": "18088",
        "ACD_HEALTH_PORT": "18081",
        "ACD_HTTP_PROXIES": "192.0.2.3, 2001:db8::2",
        "ACD_DATABASE_URL": "postgresql://acd:battery%20staple@db.example/acd",
        "ACD_S3_ACCESS_KEY": "tea leaves",
        "ACD_S3_SECRET_KEY": "coffee beans",
        "ACD_SIP_TLS_PORT": "15061",
        "ACD_SIP_TLS_CERT": "/etc/acd/sip.crt",
        "ACD_SIP_TLS_KEY": "/etc/acd/sip.key",
        "ACD_SIP_TLS_CA": "/etc/acd/ca.crt",
        "ACD_AGI_FROM": "192.0.2.16/29",
        "ACD_METRICS_FROM": "192.0.2.9, 198.51.100.0/28",
        "ACD_CONTROLLER": "two",
        "ACD_CONTROLLERS": "one=192.0.2.1,two=192.0.2.2:4600",
        "ACD_ASTERISK_NODES": "a=192.0.2.21,b=192.0.2.22:5039",
        "ACD_TLS_CERT": "/etc/acd/tls/cert.pem",
        "ACD_TLS_KEY": "/etc/acd/tls/key.pem",
        "ACD_BACKUP_PASSPHRASE": "a lump of sugar",
        "ACD_DRILL_HOURS": "20:00-06:30",
        "ACD_OIDC_CLIENT_SECRET": "of the client",
        "ACD_KAMAILIO": "192.0.2.9,[2001:db8::9]:18089",
        "ACD_KAMAILIO_FROM": "192.0.2.32/28",
        "ACD_OTLP_ENDPOINT": "http://collector:4318",
        "ACD_OTLP_NUMBERS": "yes",
        "PATH": "/bin",
    }
    assert Environment.from_env(variables, CHECKOUT) == Environment(
        Path("/data/acd"), Path("/etc/acd/config"), Path("/etc/acd/flows"),
        "192.0.2.1", 15060, 15038, 14573, 18080, (20000, 20099),
        "asterisk", "2001:db8::1", "192.0.2.2", "198.51.100.7", 15062,
        "redis", "correct horse", 18088, 18081, ("192.0.2.3", "2001:db8::2"),
        "postgresql+psycopg://acd:battery%20staple@db.example/acd", "tea leaves", "coffee beans",
        ("192.0.2.9/32", "198.51.100.0/28"),
        "two", (ControllerPlace("one", "192.0.2.1", 4574), ControllerPlace("two", "192.0.2.2", 4600)),
        Path("/etc/acd/tls/cert.pem"), Path("/etc/acd/tls/key.pem"), ("192.0.2.16/29",),
        15061, Path("/etc/acd/sip.crt"), Path("/etc/acd/sip.key"), Path("/etc/acd/ca.crt"),
        "a lump of sugar", "of the client",
        (FrontPlace("192.0.2.9"), FrontPlace("2001:db8::9", 18089)), ("192.0.2.32/28",),
        "http://collector:4318", True, None, (time(20), time(6, 30)),
        nodes=(NodePlace("a", "192.0.2.21"), NodePlace("b", "192.0.2.22", 5039)),
    )  # fmt: skip
    shown = repr(Environment.from_env(variables, CHECKOUT))
    assert "correct horse" not in shown
    assert "coffee beans" not in shown
    assert "staple" not in shown
    assert "sugar" not in shown
    assert "of the client" not in shown


def test_an_empty_variable_is_not_set() -> None:
    empty = dict.fromkeys(("ACD_HOME", "ACD_SIP_PORT", "ACD_RTP_PORTS", "ACD_SIP_ADDRESS"), "")
    assert Environment.from_env(empty, CHECKOUT) == Environment.from_env({}, CHECKOUT)


def test_derived_paths_are_below_home() -> None:
    home = Path("/data/acd")
    environment = Environment.from_env({"ACD_HOME": str(home)}, CHECKOUT)
    assert environment.control_socket == home / "run" / "acd.sock"
    assert environment.database_url == f"sqlite:///{home}/records.sqlite3"
    assert environment.secrets_file == home / "secrets.yml"
    assert environment.asterisk_dir == home / "asterisk"
    assert environment.sounds_dir == home / "sounds"
    assert environment.live_dir == home / "live"


def test_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = Environment.from_env({"ACD_HOME": "here"}, Path())
    assert environment.home == tmp_path / "here"
    assert environment.config_dir == tmp_path / "config"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ACD_SIP_PORT": "sip"}, "ACD_SIP_PORT: expected a port from 1 to 65535, got 'sip'"),
        ({"ACD_DRILL_HOURS": "20-25"}, "ACD_DRILL_HOURS: expected times of day such as 20:00-06:00, got '20-25'"),  # noqa: E501
        ({"ACD_AMI_PORT": "0"}, "ACD_AMI_PORT: expected a port from 1 to 65535, got '0'"),
        ({"ACD_AGI_PORT": "65536"}, "ACD_AGI_PORT: expected a port from 1 to 65535, got '65536'"),
        ({"ACD_HTTP_PORT": "٨٠"}, "ACD_HTTP_PORT: expected a port from 1 to 65535, got '٨٠'"),
        ({"ACD_AGI_PORT": "5038"}, "ACD_AGI_PORT: port 5038 is already the one of ACD_AMI_PORT"),
        ({"ACD_RTP_PORTS": "10000"},
         "ACD_RTP_PORTS: expected a range of at least 4 ports such as 10000-10999, got '10000'"),
        ({"ACD_RTP_PORTS": "200-100"},
         "ACD_RTP_PORTS: expected a range of at least 4 ports such as 10000-10999, got '200-100'"),
        ({"ACD_RTP_PORTS": "5000-6000"}, "ACD_RTP_PORTS: 5000-6000 includes port 5060 of ACD_SIP_PORT"),
        ({"ACD_SIP_ADDRESS": "localhost"},
         "ACD_SIP_ADDRESS: expected an IP address such as 127.0.0.1, got 'localhost'"),
        ({"ACD_CONTROLLER_HOST": "a,b"},
         "ACD_CONTROLLER_HOST: expected a host's name or IP address such as 127.0.0.1, got 'a,b'"),
        ({"ACD_PUBLIC_ADDRESS": "x"},
         "ACD_PUBLIC_ADDRESS: expected an IP address such as 192.0.2.1, got 'x'"),
        ({"ACD_PUBLIC_SIP_PORT": "0"}, "ACD_PUBLIC_SIP_PORT: expected a port from 1 to 65535, got '0'"),
        ({"ACD_OTLP_ENDPOINT": "collector:4318"},
         "ACD_OTLP_ENDPOINT: expected an address such as http://collector:4318, without a password, got"
         " 'collector:4318'"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:b@c"},
         "OTEL_EXPORTER_OTLP_ENDPOINT: expected an address such as http://collector:4318, without a password,"
         " got 'http://a:b@c'"),
        ({"ACD_OTLP_NUMBERS": "1"}, "ACD_OTLP_NUMBERS: expected yes or no, got '1'"),
        ({"ACD_TLS_CERT": "/a"},
         "ACD_TLS_KEY: not set, but ACD_TLS_CERT is; TLS takes a certificate and its key"),
        ({"ACD_TLS_KEY": "/a"},
         "ACD_TLS_CERT: not set, but ACD_TLS_KEY is; TLS takes a certificate and its key"),
        ({"ACD_HOME": "/data\nx"},
         "ACD_HOME: expected a folder's path without ';' and control characters, got '/data\\nx'"),
    ],
)  # fmt: skip
def test_a_faulty_variable_is_named(variables: dict[str, str], message: str) -> None:
    with pytest.raises(OperatorError) as caught:
        Environment.from_env(variables, CHECKOUT)
    assert str(caught.value) == message


def test_all_faulty_variables_are_named_at_once() -> None:
    variables = {"ACD_SIP_PORT": "abc", "ACD_RTP_PORTS": "1", "ACD_REDIS_HOST": "a b"}
    with pytest.raises(OperatorError) as caught:
        Environment.from_env(variables, CHECKOUT)
    names = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert names == ["ACD_SIP_PORT", "ACD_RTP_PORTS", "ACD_REDIS_HOST"]


def test_a_home_too_deep_for_the_control_socket() -> None:
    longest = "/" + "x" * (107 - len("//run/acd.sock"))
    assert Environment.from_env({"ACD_HOME": longest}, CHECKOUT).home == Path(longest)
    with pytest.raises(OperatorError, match=r"^ACD_HOME: the path /x+ is too long for the control socket"):
        Environment.from_env({"ACD_HOME": longest + "x"}, CHECKOUT)


def test_a_host_has_an_address() -> None:
    assert numeric_address("192.0.2.1") == "192.0.2.1"
    assert numeric_address("localhost") in ("127.0.0.1", "::1")
    with pytest.raises(OperatorError, match=r"the host 'a\.\.b' has no address"):
        numeric_address("a..b")


def test_phones_are_set_up_with_the_translated_address() -> None:
    variables = {"ACD_SIP_ADDRESS": "192.0.2.1", "ACD_PUBLIC_ADDRESS": "198.51.100.7"}
    assert Environment.from_env(variables, CHECKOUT).sip_server == ("198.51.100.7", 5060)
    variables = {"ACD_SIP_PORT": "5061", "ACD_PUBLIC_SIP_PORT": "15061"}
    assert Environment.from_env(variables, CHECKOUT).sip_server == ("127.0.0.1", 15061)


def test_the_web_service_has_the_passwords_that_the_web_process_needs() -> None:
    checkout = Path(__file__).resolve().parents[2]
    lines = (checkout / "README.md").read_text(encoding="utf-8").splitlines()
    needed = {
        name
        for line in lines
        if line.startswith("| `ACD_") and re.search(r"(of|for) the web process", line)
        for name in re.findall(r"`(ACD_[A-Z0-9_]+)`", line.split("|")[1])
    }
    assert needed >= {"ACD_S3_ACCESS_KEY", "ACD_S3_SECRET_KEY", "ACD_SMTP_PASSWORD"}
    compose = yaml.safe_load((checkout / "docker-compose.yml").read_text(encoding="utf-8"))
    for service in ("web-one", "web-two"):
        given = compose["services"][service]["environment"]
        assert {name: given[name] for name in needed} == {name: f"${{{name}:-}}" for name in needed}


def test_a_controller_of_several_has_a_folder_of_its_own() -> None:
    alone = Environment.from_env({"ACD_HOME": "/data"}, CHECKOUT)
    assert alone.live_dir == Path("/data/live")
    variables = {"ACD_HOME": "/data", "ACD_CONTROLLER": "two", "ACD_CONTROLLERS": "one=a,two=b"}
    second = Environment.from_env(variables, CHECKOUT)
    own = [second.live_dir, second.spool_dir, second.journal_dir, second.control_socket]
    assert {path.relative_to("/data/controllers/two").parts[0] for path in own} == {
        "live",
        "spool",
        "journal",
        "run",
    }
    assert second.recordings_dir == alone.recordings_dir
