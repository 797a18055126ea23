"""A centre with SIP over TLS, encrypted sound, phones in one network, and trunks over TLS."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from pathlib import Path

from tests.integration.centre import Centre, free_ports

KNOWN, UNKNOWN = "127.0.0.14", "127.0.0.15"


class Authority:
    """Signs certificates, by openssl."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.certificate = folder / "ca.crt"
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.crt"),
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def sign(self, name: str, address: str) -> tuple[Path, Path]:
        """Certificate and key of a server at this address."""
        self._openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        (self.folder / f"{name}.ext").write_text(f"subjectAltName=IP:{address}\n")
        self._openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt"),
        )
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"


class TlsProvider:
    """Answers 200 to each request over TLS, and knows how many have come."""

    def __init__(self, address: str, certificate: Path, key: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._socket = socket.create_server((address, 0))
        self.port = int(self._socket.getsockname()[1])
        self.came = threading.Event()
        self.refused = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(plain,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                while text := connection.recv(8192).decode():
                    self.came.set()
                    kept = ("via:", "from:", "to:", "call-id:", "cseq:")
                    lines = [line for line in text.split("\r\n") if line.lower().startswith(kept)]
                    answer = ["SIP/2.0 200 OK", *lines, "Content-Length: 0", "", ""]
                    connection.sendall("\r\n".join(answer).encode())
                if not self.came.is_set():
                    self.refused.set()
        except OSError:
            self.refused.set()

    def stop(self) -> None:
        """Take no more."""
        self._socket.close()


class SecureCentre(Centre):
    """1001 has to encrypt, 1002 may; phones are in 127.0.0.0/29."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.authority = Authority(folder / "ca")
        stranger = Authority(folder / "other-ca")
        self.certificate, self.key = self.authority.sign("acd", "127.0.0.1")
        self.known = TlsProvider(KNOWN, *self.authority.sign("known", KNOWN))
        self.unknown = TlsProvider(UNKNOWN, *stranger.sign("unknown", UNKNOWN))
        (self.tls_port,) = free_ports(1)
        self.env |= {
            "ACD_SIP_TLS_CERT": str(self.certificate),
            "ACD_SIP_TLS_KEY": str(self.key),
            "ACD_SIP_TLS_CA": str(self.authority.certificate),
            "ACD_SIP_TLS_PORT": str(self.tls_port),
        }
        with (self.config / "trunks.yml").open("a") as file:
            for name, address, port in (
                ("known", KNOWN, self.known.port),
                ("unknown", UNKNOWN, self.unknown.port),
            ):
                file.write(
                    f"\n  {name}: {{server: {address}, port: {port}, transport: tls, encryption: required,"
                    f" addresses: [{address}], authentication: none}}\n"
                )

    def adapt(self) -> None:
        """Who has to encrypt."""
        agents = self.config / "agents.yml"
        text = agents.read_text()
        for extension, rule in (("1001", "required"), ("1002", "optional")):
            line = f'extension: "{extension}"'
            text = text.replace(line, f"{line}\n    encryption: {rule}")
        agents.write_text(text)
        with (self.config / "system.yml").open("a") as file:
            file.write("\nphones: {addresses: [127.0.0.0/29]}\n")
            file.write("caller_limits: {calls: 2, within_s: 600, exempt: ['+4917']}\n")

    def served_certificate(self) -> bytes:
        """What Asterisk shows to those who connect; verified."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        with (
            socket.create_connection(("127.0.0.1", self.tls_port), 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""

    def stop(self) -> None:
        """All of it."""
        super().stop()
        self.known.stop()
        self.unknown.stop()
