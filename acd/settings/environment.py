"""Where this copy of the product keeps its files and which ports it uses: the ACD_… variables."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path

from acd.errors import OperatorError
from acd.settings import variables
from acd.settings.controllers import ControllerPlace, check_name, controllers_of
from acd.settings.fronts import FrontPlace, fronts_of
from acd.settings.nodes import NAMELESS, NodePlace, nodes_of
from acd.settings.redis_places import redis_hosts

# The longest path that the kernel takes for a Unix socket, in bytes, without the closing zero.
LONGEST_SOCKET_PATH = 107
LAST_BACKUP = "last-backup"
"""The file in ACD_HOME whose time is that of the newest back-up."""
DRILLS = "drills"
"""The folder of drills' reports in ACD_HOME."""
IN_USE_LOCK = "web.lock"
"""Held by every controller and web process of this ACD_HOME."""
AGI_SCRIPT = "run"
"""What callers' channels ask for: not where the controller is of a version that wants a word there."""


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
        read = variables.Reading(env)
        home = read(variables.folder, "ACD_HOME", checkout / "var")
        environment = cls(
            home=home,
            config_dir=read(variables.folder, "ACD_CONFIG", checkout / "config"),
            flows_dir=read(variables.folder, "ACD_FLOWS", checkout / "ivr_flows"),
            sip_address=read(variables.address, "ACD_SIP_ADDRESS", cls.sip_address),
            sip_port=read(variables.port, "ACD_SIP_PORT", cls.sip_port),
            ami_port=read(variables.port, "ACD_AMI_PORT", cls.ami_port),
            agi_port=read(variables.port, "ACD_AGI_PORT", cls.agi_port),
            http_port=read(variables.port, "ACD_HTTP_PORT", cls.http_port),
            ws_port=read(variables.port, "ACD_WS_PORT", cls.ws_port),
            health_port=read(variables.port, "ACD_HEALTH_PORT", cls.health_port),
            rtp_ports=read(variables.port_range, "ACD_RTP_PORTS", cls.rtp_ports),
            asterisk_host=read(variables.host, "ACD_ASTERISK_HOST", cls.asterisk_host),
            controller_host=read(variables.host, "ACD_CONTROLLER_HOST", cls.controller_host),
            http_address=read(variables.address, "ACD_HTTP_ADDRESS", cls.http_address),
            http_proxies=read(variables.addresses, "ACD_HTTP_PROXIES", cls.http_proxies),
            public_address=read.optional(variables.address, "ACD_PUBLIC_ADDRESS", "192.0.2.1"),
            public_sip_port=read.optional(variables.port, "ACD_PUBLIC_SIP_PORT", 0),
            redis_host=read.optional(redis_hosts, "ACD_REDIS_HOST", "127.0.0.1"),
            redis_password=read(variables.secret, "ACD_REDIS_PASSWORD", ""),
            s3_access_key=read(variables.secret, "ACD_S3_ACCESS_KEY", ""),
            s3_secret_key=read(variables.secret, "ACD_S3_SECRET_KEY", ""),
            backup_passphrase=read(variables.secret, "ACD_BACKUP_PASSPHRASE", ""),
            drill_hours=read.optional(variables.hours, "ACD_DRILL_HOURS", (time(20), time(6))),
            oidc_client_secret=read(variables.secret, "ACD_OIDC_CLIENT_SECRET", ""),
            metrics_from=read(variables.networks, "ACD_METRICS_FROM", cls.metrics_from),
            tls_cert=read.optional(variables.file, "ACD_TLS_CERT", home),
            tls_key=read.optional(variables.file, "ACD_TLS_KEY", home),
            agi_from=read(variables.networks, "ACD_AGI_FROM", cls.agi_from),
            sip_tls_port=read(variables.port, "ACD_SIP_TLS_PORT", cls.sip_tls_port),
            sip_tls_cert=read.optional(variables.folder, "ACD_SIP_TLS_CERT", Path()),
            sip_tls_key=read.optional(variables.folder, "ACD_SIP_TLS_KEY", Path()),
            sip_tls_ca=read(variables.folder, "ACD_SIP_TLS_CA", cls.sip_tls_ca),
            records_url=read(variables.records_url, "ACD_DATABASE_URL", ""),
            controller=env.get("ACD_CONTROLLER", ""),
            kamailio=read(fronts_of, "ACD_KAMAILIO", cls.kamailio),
            kamailio_from=read(variables.networks, "ACD_KAMAILIO_FROM", cls.kamailio_from),
            controllers=read(controllers_of, "ACD_CONTROLLERS", cls.controllers),
            otlp_endpoint=read.optional(variables.web_address, "ACD_OTLP_ENDPOINT", "")
            or read.optional(variables.web_address, "OTEL_EXPORTER_OTLP_ENDPOINT", ""),
            otlp_numbers=read(variables.yes_or_no, "ACD_OTLP_NUMBERS", cls.otlp_numbers),
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
        """Where callers' channels ask this controller, as the dialplan has it: host, port and script."""
        host = f"[{self.controller_host}]" if ":" in self.controller_host else self.controller_host
        return f"{host}:{self.agi_port}/{AGI_SCRIPT}"

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
