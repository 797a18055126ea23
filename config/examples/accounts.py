#!/usr/bin/env python3
"""A little bank to look things up in: what the example flows ask by HTTP.

    python3 config/examples/accounts.py [--port 8099]

    POST /login {"account": "12345674", "pin": "4321"}   {"verified": true}
    GET /accounts/12345674                               {"account": {"balance": "1234.56", "as_of": "…"}}

It listens on loopback only, knows the accounts below and remembers nothing. A real bank's service would
also lock an account after a few wrong PINs. The example works without it, too: callers then hear that
the system gives no answer.
"""

from __future__ import annotations

import argparse
import contextlib
import hmac
import json
import signal
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 8099
BODY_BYTES_MAX = 10_000
TIMEOUT_S = 5.0
ACCOUNTS = {  # account number: PIN, balance. The last digit of a number is a check digit (Luhn).
    "12345674": ("4321", "1234.56"),
    "20260014": ("2026", "-20.00"),
    "88888888": ("888888", "88888.88"),
}


class Accounts(BaseHTTPRequestHandler):
    """Answers one connection."""

    timeout = TIMEOUT_S
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """An account's balance."""
        folder, _, number = self.path.rpartition("/")
        if folder != "/accounts" or number not in ACCOUNTS:
            self._answer(404, {"error": "no such account"})
            return
        _, balance = ACCOUNTS[number]
        self._answer(200, {"account": {"balance": balance, "as_of": date.today().isoformat()}})

    def do_POST(self) -> None:
        """Whether account and PIN go together. Both unknown and wrong are just not verified."""
        form = self._form()
        if self.path != "/login" or form is None:
            self._answer(400, {"error": "expected account and pin"})
            return
        pin, _ = ACCOUNTS.get(str(form.get("account")), ("", ""))
        given = str(form.get("pin", ""))
        self._answer(200, {"verified": bool(pin) and hmac.compare_digest(pin.encode(), given.encode())})

    def _form(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True  # what it sends is not read
            return None
        try:
            form = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            return None
        return form if isinstance(form, dict) else None

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: account numbers do not belong into logs."""


def main() -> None:
    """Until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A little bank for the example flows.")
    parser.add_argument("--port", type=int, default=PORT, help=f"on 127.0.0.1 (default {PORT}; 0: any)")
    server = ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Accounts)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"accounts: http://127.0.0.1:{server.server_port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt), server:
        server.serve_forever()


if __name__ == "__main__":
    main()
