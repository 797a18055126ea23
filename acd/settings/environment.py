"""Where this copy of the product keeps its files and which ports it uses: the ACD_… variables."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import TypeVar

from acd.errors import OperatorError
from acd.settings.controllers import ControllerPlace, check_name, controllers_of
from acd.settings.database_url import database_url
from acd.settings.fronts import FrontPlace, fronts_of
from acd.settings.nodes import NAMELESS, NodePlace, nodes_of
from acd.settings.redis_places import redis_hosts
from acd.settings.secret_variables import secret_variable

# The longest path that the kernel takes for a Unix socket, in bytes, without the closing zero.
LONGEST_SOCKET_PATH = 107
LAST_BACKUP = "last-backup"
"""The file in ACD_HOME whose time is that of the newest back-up."""
T = TypeVar("T")


@dataclass(frozen=True)
class Environment:
    """Folders, ports and addresses. `rtp_ports` are the first and the last one.

    Only `home` is written to; two copies with different homes and ports run side by side.
    `asterisk_host` and `controller_host` are where the two reach each other; each listens there for
    the other, and nowhere else. Asterisk listens for browsers' phones at `ws_port`, for our own web process
    to pass them on. Phones and trunks are told `public_address` and `public_sip_port`
    where those are translated on the way (Docker, a router), else the ones that Asterisk has.
    `http_port` is that of the desktop's pages, `health_port` of the controller's health page, both at
    `http_address`. Requests that come from one of `http_proxies` are from whom the proxy says.
    `redis_host`, if given, is used instead of the configuration's; without a `redis_password` none is sent.
    It may name several, commas between them: a master and its replicas.
    The keys of S3 are for the store of recordings. Programs at `metrics_from` (addresses and networks) may
    read the web process's metrics, beside those of its own machine. With `tls_cert` and `tls_key` (PEM files)
    the web process speaks TLS.
    Where there are several `controllers`, one leads and the others stand by; `controller` is the name of the
    one that this process is ('' for programs that are none, and where there is only one). Each keeps what is
    its own in `own_dir`, all else of `home` is shared by them.
    `sip_tls_cert` and `sip_tls_key` (PEM) switch on SIP over TLS at `sip_tls_port`; those of providers are
    held against `sip_tls_ca`.
    Where there are several Asterisk `nodes`, each has SIP, sound and the manager interface at its own host,
    and its files in a folder of its own; `node` is the one that `of_node` is about. Phones and trunks reach
    Kamailio at `sip_address` then; each `kamailio` has HTTP for browsers' phones and for control, open to our
    own machines and `kamailio_from`. Of one node, `front` is where Kamailio has SIP.
    FastAGI is taken from `asterisk_host` or the nodes, and from the addresses and networks of `agi_from`.
    Secrets may come from files: NAME_FILE names the one of NAME (`acd.settings.secret_variables`).
    Traces of calls go to the collector at `otlp_endpoint`, with callers' numbers if `otlp_numbers`.
    `backup_passphrase` seals the secrets in a back-up. Drills are carried out within `drill_hours` alone,
    from the first time of day to the second, by the centre's clock. `oidc_client_secret` proves to the
    provider of single sign-on who we are.
    `records_url`, if given, says where records go instead of a file in `home`; it may hold a password.
    """

    home: Path
    config_dir: Path
    flows_dir: Path
    sip_address: str = "127.0.0.1"
    sip_port: int = 5060
    ami_port: int = 5038
    agi_port: int = 4573
    http_port: int = 8080
    rtp_ports: tuple[int, int] = (10000, 10999)
    asterisk_host: str = "127.0.0.1"
    controller_host: str = "127.0.0.1"
    http_address: str = "127.0.0.1"
    public_address: str | None = None
    public_sip_port: int | None = None
    redis_host: str | None = None
    redis_password: str = field(default="", repr=False)
    ws_port: int = 8088
    health_port: int = 8081
    http_proxies: tuple[str, ...] = ()
    records_url: str = field(default="", repr=False)
    s3_access_key: str = field(default="", repr=False)
    s3_secret_key: str = field(default="", repr=False)
    metrics_from: tuple[str, ...] = ()
    controller: str = ""
    controllers: tuple[ControllerPlace, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    agi_from: tuple[str, ...] = ()
    sip_tls_port: int = 5061
    sip_tls_cert: Path | None = None
    sip_tls_key: Path | None = None
    sip_tls_ca: Path = Path("/etc/ssl/certs/ca-certificates.crt")
    backup_passphrase: str = field(default="", repr=False)
    oidc_client_secret: str = field(default="", repr=False)
    kamailio: tuple[FrontPlace, ...] = ()
    kamailio_from: tuple[str, ...] = ()
    otlp_endpoint: str | None = None
    otlp_numbers: bool = False
    front: tuple[str, int] | None = None
    drill_hours: tuple[time, time] | None = None
    nodes: tuple[NodePlace, ...] = ()
    node: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str], checkout: Path) -> Environment:
        """Reads the ACD_… variables; an empty one counts as not set.

        `checkout` is the folder whose `var`, `config` and `ivr_flows` are used by default.
        Raises OperatorError for values that cannot be: a line for each, which names the variable.
        """
        read = _Reading(env)
        home = read(_folder, "ACD_HOME", checkout / "var")
        environment = cls(
            home=home,
            config_dir=read(_folder, "ACD_CONFIG", checkout / "config"),
            flows_dir=read(_folder, "ACD_FLOWS", checkout / "ivr_flows"),
            sip_address=read(_address, "ACD_SIP_ADDRESS", cls.sip_address),
            sip_port=read(_port, "ACD_SIP_PORT", cls.sip_port),
            ami_port=read(_port, "ACD_AMI_PORT", cls.ami_port),
            agi_port=read(_port, "ACD_AGI_PORT", cls.agi_port),
            http_port=read(_port, "ACD_HTTP_PORT", cls.http_port),
            ws_port=read(_port, "ACD_WS_PORT", cls.ws_port),
            health_port=read(_port, "ACD_HEALTH_PORT", cls.health_port),
            rtp_ports=read(_port_range, "ACD_RTP_PORTS", cls.rtp_ports),
            asterisk_host=read(_host, "ACD_ASTERISK_HOST", cls.asterisk_host),
            controller_host=read(_host, "ACD_CONTROLLER_HOST", cls.controller_host),
            http_address=read(_address, "ACD_HTTP_ADDRESS", cls.http_address),
            http_proxies=read(_addresses, "ACD_HTTP_PROXIES", cls.http_proxies),
            public_address=read.optional(_address, "ACD_PUBLIC_ADDRESS", "192.0.2.1"),
            public_sip_port=read.optional(_port, "ACD_PUBLIC_SIP_PORT", 0),
            redis_host=read.optional(redis_hosts, "ACD_REDIS_HOST", "127.0.0.1"),
            redis_password=read(_secret, "ACD_REDIS_PASSWORD", ""),
            s3_access_key=read(_secret, "ACD_S3_ACCESS_KEY", ""),
            s3_secret_key=read(_secret, "ACD_S3_SECRET_KEY", ""),
            backup_passphrase=read(_secret, "ACD_BACKUP_PASSPHRASE", ""),
            drill_hours=read.optional(_hours, "ACD_DRILL_HOURS", (time(20), time(6))),
            oidc_client_secret=read(_secret, "ACD_OIDC_CLIENT_SECRET", ""),
            metrics_from=read(_networks, "ACD_METRICS_FROM", cls.metrics_from),
            tls_cert=read.optional(_file, "ACD_TLS_CERT", home),
            tls_key=read.optional(_file, "ACD_TLS_KEY", home),
            agi_from=read(_networks, "ACD_AGI_FROM", cls.agi_from),
            sip_tls_port=read(_port, "ACD_SIP_TLS_PORT", cls.sip_tls_port),
            sip_tls_cert=read.optional(_folder, "ACD_SIP_TLS_CERT", Path()),
            sip_tls_key=read.optional(_folder, "ACD_SIP_TLS_KEY", Path()),
            sip_tls_ca=read(_folder, "ACD_SIP_TLS_CA", cls.sip_tls_ca),
            records_url=read(_database_url, "ACD_DATABASE_URL", ""),
            controller=env.get("ACD_CONTROLLER", ""),
            kamailio=read(fronts_of, "ACD_KAMAILIO", cls.kamailio),
            kamailio_from=read(_networks, "ACD_KAMAILIO_FROM", cls.kamailio_from),
            controllers=read(controllers_of, "ACD_CONTROLLERS", cls.controllers),
            otlp_endpoint=read.optional(_web_address, "ACD_OTLP_ENDPOINT", "")
            or read.optional(_web_address, "OTEL_EXPORTER_OTLP_ENDPOINT", ""),
            otlp_numbers=read(_yes_or_no, "ACD_OTLP_NUMBERS", cls.otlp_numbers),
            nodes=read(nodes_of, "ACD_ASTERISK_NODES", cls.nodes),
        )
        if read.problems:
            raise OperatorError("\n".join(read.problems))
        environment._check_together()
        return environment

    @property
    def sip_server(self) -> tuple[str, int]:
        """What phones are set up with."""
        return self.public_address or self.sip_address, self.public_sip_port or self.sip_port

    @property
    def fronts(self) -> tuple[FrontPlace, ...]:
        """Where each Kamailio takes HTTP, with its port; of use where there are several Asterisk nodes."""
        places = self.kamailio or (FrontPlace(self.sip_address),)
        return tuple(FrontPlace(place.host, place.port or self.ws_port) for place in places)

    @property
    def agi_address(self) -> str:
        """Where callers' channels ask this controller, as it stands in the dialplan."""
        host = f"[{self.controller_host}]" if ":" in self.controller_host else self.controller_host
        return f"{host}:{self.agi_port}"

    @property
    def of_nodes(self) -> tuple[Environment, ...]:
        """Of each Asterisk: this one alone, where there is only one. Raises OperatorError as `of_node`."""
        return tuple(self.of_node(place.name) for place in self.nodes) or (self,)

    def of_node(self, name: str) -> Environment:
        """As it is for the Asterisk of this node. Raises OperatorError: none of this name, or no address."""
        place = next((place for place in self.nodes if place.name == name), None)
        if place is None:
            known = ", ".join(place.name for place in self.nodes) or "none: ACD_ASTERISK_NODES is not set"
            raise OperatorError(f"there is no Asterisk node {name!r}; there are {known}")
        return replace(
            self,
            node=name,
            asterisk_host=place.host,
            sip_address=numeric_address(place.host),
            ami_port=place.ami_port or self.ami_port,
            front=(self.sip_address, self.sip_port) if self.kamailio else None,
        )

    @property
    def call_prefix(self) -> str:
        """What the ids of this Asterisk's calls begin with."""
        return self.node or NAMELESS

    @property
    def own_dir(self) -> Path:
        """What this controller does not share with the others: `home`, where it is the only one."""
        return self.home / "controllers" / self.controller if self.controller else self.home

    @property
    def control_socket(self) -> Path:
        """Where this machine's controller takes commands."""
        return self.own_dir / "run" / "acd.sock"

    @property
    def database(self) -> Path:
        """The SQLite file with the records, unless they are elsewhere."""
        return self.home / "records.sqlite3"

    @property
    def database_url(self) -> str:
        """Where records go. Not to be shown: it may hold a password."""
        return self.records_url or f"sqlite:///{self.database}"

    @property
    def first_passwords_file(self) -> Path:
        """Where the generated passwords of the first accounts are told, once; mode 0600."""
        return self.home / "first-passwords.txt"

    @property
    def secrets_file(self) -> Path:
        """The generated passwords; mode 0600."""
        return self.home / "secrets.yml"

    @property
    def asterisk_dir(self) -> Path:
        """Asterisk's generated configuration and its data."""
        return self.home / "asterisk" / self.node if self.node else self.home / "asterisk"

    @property
    def cdr_file(self) -> Path:
        """Asterisk's own account of calls."""
        return self.asterisk_dir / "log" / "cdr-custom" / "acd.csv"

    @property
    def cdr_place_file(self) -> Path:
        """How far that has been compared with the records."""
        return self.home / (f"cdr-place-{self.node}.json" if self.node else "cdr-place.json")

    @property
    def sounds_dir(self) -> Path:
        """The spoken texts of the flows, rendered once."""
        return self.home / "sounds"

    @property
    def recordings_dir(self) -> Path:
        """What callers said: voicemails and other recordings."""
        return self.home / "recordings"

    @property
    def versions_dir(self) -> Path:
        """The flows that were active, one folder for each version."""
        return self.home / "versions"

    @property
    def live_dir(self) -> Path:
        """The mirror of the live state."""
        return self.own_dir / "live"

    @property
    def spool_dir(self) -> Path:
        """Records that wait for the database."""
        return self.own_dir / "spool"

    @property
    def journal_dir(self) -> Path:
        """What the engine was told and answered."""
        return self.own_dir / "journal"

    def _check_together(self) -> None:
        """Raises OperatorError for values that are right alone but not side by side."""
        if len(os.fsencode(self.control_socket)) > LONGEST_SOCKET_PATH:
            raise OperatorError(
                f"ACD_HOME: the path {self.home} is too long for the control socket in it; "
                f"'{self.control_socket}' may have at most {LONGEST_SOCKET_PATH} bytes"
            )
        check_name(self.controller, self.controllers)
        if (self.tls_cert is None) != (self.tls_key is None):
            given, missing = ("ACD_TLS_CERT", "ACD_TLS_KEY")[:: 1 if self.tls_cert is not None else -1]
            raise OperatorError(f"{missing}: not set, but {given} is; TLS takes a certificate and its key")
        if (self.sip_tls_cert is None) != (self.sip_tls_key is None):
            raise OperatorError("ACD_SIP_TLS_CERT and ACD_SIP_TLS_KEY belong together: set both, or neither")
        names: dict[int, str] = {}
        for name, port in (
            ("ACD_SIP_PORT", self.sip_port),
            *((("ACD_SIP_TLS_PORT", self.sip_tls_port),) if self.sip_tls_cert is not None else ()),
            ("ACD_AMI_PORT", self.ami_port),
            ("ACD_AGI_PORT", self.agi_port),
            ("ACD_HTTP_PORT", self.http_port),
            ("ACD_WS_PORT", self.ws_port),
            ("ACD_HEALTH_PORT", self.health_port),
        ):
            if port in names:
                raise OperatorError(f"{name}: port {port} is already the one of {names[port]}")
            names[port] = name
        low, high = self.rtp_ports
        if low <= self.sip_port <= high:
            raise OperatorError(f"ACD_RTP_PORTS: {low}-{high} includes port {self.sip_port} of ACD_SIP_PORT")


class _Reading:
    """Reads one variable after the other, so that all that are wrong are named at once."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def __call__(self, read: Callable[[Mapping[str, str], str, T], T], name: str, default: T) -> T:
        """By its value or, where it is not set or wrong, the default."""
        try:
            return read(self._env, name, default)
        except OperatorError as error:
            self.problems.append(str(error))
            return default

    def optional(self, read: Callable[[Mapping[str, str], str, T], T], name: str, example: T) -> T | None:
        """None where it is not set."""
        return self(read, name, example) if self._env.get(name) else None


def numeric_address(host: str) -> str:
    """The address of a host, which listeners and access lists need. Raises OperatorError."""
    return numeric_addresses(host)[0]


def numeric_addresses(host: str) -> tuple[str, ...]:
    """Every address of a host, of both kinds. Raises OperatorError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OperatorError(f"the host {host!r} has no address: {error}") from error
    return tuple(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


def _folder(env: Mapping[str, str], name: str, default: Path) -> Path:
    text = env.get(name, "")
    if not text:
        return default.absolute()
    # The path is written into Asterisk's configuration, one setting a line.
    if not text.isprintable() or ";" in text:
        raise OperatorError(
            f"{name}: expected a folder's path without ';' and control characters, got {text!r}"
        )
    return Path(text).expanduser().absolute()


def _file(env: Mapping[str, str], name: str, default: Path) -> Path:
    """Whether it is there is seen when it is read."""
    text = env.get(name) or str(default)
    if not text.isprintable():
        raise OperatorError(f"{name}: expected a file's path without control characters, got {text!r}")
    return Path(text).expanduser().absolute()


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    text = env.get(name) or default
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise OperatorError(f"{name}: expected an IP address such as {default}, got {text!r}") from None
    if address.is_unspecified:
        # It is also what phones are told to send their audio to.
        raise OperatorError(f"{name}: expected one address of this machine, not {text} (every address)")
    return str(address)


def _addresses(env: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Several, with commas between them."""
    found = []
    for text in (part.strip() for part in env.get(name, "").split(",") if part.strip()):
        try:
            found.append(str(ipaddress.ip_address(text)))
        except ValueError:
            raise OperatorError(
                f"{name}: expected IP addresses with commas between them, got {text!r}"
            ) from None
    return tuple(found) or default


def _networks(env: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and networks, with commas between them; not all there are."""
    found = []
    for text in (part.strip() for part in env.get(name, "").split(",") if part.strip()):
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            raise OperatorError(
                f"{name}: expected addresses or networks such as 192.0.2.10 or 192.0.2.0/28, commas between"
                f" them, got {text!r} ({error})"
            ) from None
        if network.prefixlen == 0:
            raise OperatorError(f"{name}: {text} is every address there is")
        found.append(str(network))
    return tuple(found) or default


def _host(env: Mapping[str, str], name: str, default: str) -> str:
    """A name or an address. It is written into the dialplan, so it may hold nothing else."""
    text = env.get(name) or default
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", text):
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise OperatorError(
            f"{name}: expected a host's name or IP address such as {default}, got {text!r}"
        ) from None


def _web_address(env: Mapping[str, str], name: str, default: str) -> str:
    text = env.get(name) or default
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[!-~]*)?", text):
        raise OperatorError(
            f"{name}: expected an address such as http://collector:4318, without a password, got {text!r}"
        )
    return text


def _yes_or_no(env: Mapping[str, str], name: str, default: bool) -> bool:
    text = env.get(name) or ("yes" if default else "no")
    if text not in ("yes", "no"):
        raise OperatorError(f"{name}: expected yes or no, got {text!r}")
    return text == "yes"


def _database_url(env: Mapping[str, str], name: str, default: str) -> str:
    text = _secret(env, name, "")
    return database_url(name, text) if text else default


def _secret(env: Mapping[str, str], name: str, default: str) -> str:
    """From the variable, or from the file that NAME_FILE names."""
    return secret_variable(env, name) or default


def _hours(env: Mapping[str, str], name: str, _default: tuple[time, time]) -> tuple[time, time]:
    text = env.get(name, "")
    try:
        first, last = (time.fromisoformat(part) for part in text.split("-"))
    except ValueError:
        raise OperatorError(f"{name}: expected times of day such as 20:00-06:00, got {text!r}") from None
    return first, last


def _is_port(text: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", text) is not None and 1 <= int(text) <= 65535


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not _is_port(text):
        raise OperatorError(f"{name}: expected a port from 1 to 65535, got {text!r}")
    return int(text)


def _port_range(env: Mapping[str, str], name: str, default: tuple[int, int]) -> tuple[int, int]:
    text = env.get(name) or f"{default[0]}-{default[1]}"
    low, _, high = text.partition("-")
    # A call needs a pair of ports for each of its two legs.
    if not (_is_port(low) and _is_port(high)) or int(high) - int(low) < 3:
        raise OperatorError(f"{name}: expected a range of at least 4 ports such as 10000-10999, got {text!r}")
    return int(low), int(high)
