"""Controllers as clients see them: real sockets and ports, with a few words to say."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from acd.runtime.control import Handler, Request
from acd.runtime.control_server import ControlServer
from acd.settings.controllers import ControllerPlace
from acd.settings.environment import Environment
from acd.settings.secrets import load_or_create_secrets

HERE = "127.0.0.1"


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as found:
        found.bind((HERE, 0))
        return int(found.getsockname()[1])


@contextmanager
def frozen(port: int) -> Iterator[None]:
    """Something takes connections at that port, and never says a word."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HERE, port))
        listener.listen()
        yield


class SomeController:
    """One of several: it stands by until it leads; `asked` are the requests that it granted."""

    def __init__(self, home: Path, place: ControllerPlace, leader: str = "") -> None:
        self.place = place
        self.asked: list[str] = []
        self.server = ControlServer(home / "controllers" / place.name / "run" / "acd.sock")
        self._password = load_or_create_secrets(home / "secrets.yml", []).control_password
        self.server.stand_by({"leadership": self._leadership(leads=False)}, lambda: leader)

    async def start(self, *, on_socket: bool = True) -> None:
        """It listens at its port and, on this machine, behind its socket."""
        if on_socket:
            await self.server.start()
        await self.server.listen_at(self.place.host, self.place.port, self._password)

    def lead(self, fence: int = 1) -> None:
        """From now on."""
        self.server.serve(
            {"leadership": self._leadership(leads=True, fence=fence), "status": self._status}, {}
        )

    def _leadership(self, *, leads: bool, fence: int = 0) -> Handler:
        return lambda _request: {"name": self.place.name, "leads": leads, "fence": fence}

    def _status(self, request: Request) -> Mapping[str, Any]:
        self.asked.append(request["do"])
        return {"by": self.place.name}


@asynccontextmanager
async def controllers(
    home: Path, *names: str, on_socket: bool = True
) -> AsyncIterator[tuple[Environment, dict[str, SomeController]]]:
    """Those of these names, standing by, and the environment of a program that knows of all."""
    places = tuple(ControllerPlace(name, HERE, free_port()) for name in names)
    made = {place.name: SomeController(home, place) for place in places}
    async with AsyncExitStack() as stack:
        for one in made.values():
            await one.start(on_socket=on_socket)
            stack.push_async_callback(one.server.stop)
        yield Environment(home, home / "config", home / "ivr_flows", controllers=places), made
