"""`acd server` (all of it together) and `acd run` (the controller alone)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, BinaryIO

import structlog
import typer

from acd import __version__, compiled
from acd.accounts.first import make_first_accounts
from acd.app import Controller
from acd.cli import context
from acd.cli.process import (
    check_ports,
    configure_logging,
    end_with_parent,
    keep_one_heap,
    lock_controller,
    lock_home,
    raise_open_files,
)
from acd.crowd.demo import Demo
from acd.errors import OperatorError, RequestRefused
from acd.parts import asterisk_folder, begin, prompt_store, render
from acd.records.store import RecordStore
from acd.runtime.control import request
from acd.runtime.in_use import in_use
from acd.runtime.leader import Leader
from acd.runtime.version_files import VersionFiles
from acd.settings.environment import Environment
from acd.settings.model import Centre
from acd.settings.secrets import Secrets
from acd.standby import OneOfSeveral
from acd.telephony.provision_all import provision

log = structlog.get_logger(__name__)

START_LIMIT_S = 30.0
# How long the thread that writes records may keep the interpreter from the loop that routes calls;
# Python's own 5 ms would be seen in the time that an agent waits for the next call.
THREAD_TURN_S = 0.0005
STOP_LIMIT_S = 10.0
CALLS_END_LIMIT_S = 3.0
RESTART_PAUSE_S = 0.2
RESTART_PAUSE_LONG_S = 2.0
_WHERE = ("_HOME", "_CONFIG", "_FLOWS", "_PORT", "_PORTS", "_ADDRESS", "_HOST")
"""Variables of these endings say where a centre's files and ports are; none of them is a secret."""


def run() -> None:
    """Run the controller alone; Asterisk runs elsewhere (`acd server` starts both)."""
    configure_logging()
    sys.setswitchinterval(THREAD_TURN_S)
    raise_open_files()
    keep_one_heap()
    log.info("the controller starts", version=__version__, routing_core=compiled.state())
    env = context.environment()
    if env.controller:
        _run_one_of_several(env)
        return
    with in_use(env.home), VersionFiles(env.versions_dir).locked():
        begun = begin(env, context.user())
        secrets = context.passwords(env, begun.centre)

        async def main() -> None:
            await Controller(begun, env, secrets).run()

        asyncio.run(main())


def _run_one_of_several(env: Environment) -> None:
    centre = context.centre_in_use(env)
    secrets = context.passwords(env, centre)
    with in_use(env.home), lock_controller(env):
        asyncio.run(OneOfSeveral(env, centre, secrets, context.user()).run())


def server(
    demo: Annotated[
        bool, typer.Option("--demo", help="with callers and answering agents, to look at")
    ] = False,
    web: Annotated[bool, typer.Option(help="the desktop's web process, too")] = True,
) -> None:
    """Start Asterisk, the controller and the desktop, and say what to do next; Ctrl-C stops everything."""
    configure_logging()
    env = context.environment()
    if env.nodes:
        raise OperatorError(
            "ACD_ASTERISK_NODES names several: start each with ACD_ASTERISK_NODE=NAME asterisk/run, the rest"
            " with 'acd run' and 'acd web' (docs/high-availability.md)"
        )
    centre = context.centre(env)
    with in_use(env.home), lock_home(env):
        _serve(env, centre, demo=demo, web=web)


def _serve(env: Environment, centre: Centre, *, demo: bool, web: bool) -> None:
    secrets = context.passwords(env, centre)
    check_ports(env)
    provision(centre, env, secrets, asterisk_folder(context.CHECKOUT), os.environ)
    rendered = render(prompt_store(centre, env), centre, _show_rendering)
    if rendered:
        context.console.print(f"rendered {rendered} spoken prompts")
    if web:
        _first_accounts(env, centre)
    asyncio.run(_Server(env, centre, secrets, demo=demo, web=web).run())


def _first_accounts(env: Environment, centre: Centre) -> None:
    """Calls are routed all the same where the database cannot be had now."""
    try:
        with RecordStore(env.database_url) as store:
            make_first_accounts(store.engine, centre.plan.agents, env.first_passwords_file)
    except OperatorError as error:
        context.console.print(f"note: no accounts could be made: {error}", style="yellow", soft_wrap=True)


def _show_rendering(done: int, of: int) -> None:
    """A first start renders hundreds of texts, which takes a while; every hundredth is told."""
    if done % 100 == 0 and done < of:
        context.console.print(f"rendering spoken prompts: {done} of {of}")


def command_here(environ: Mapping[str, str]) -> str:
    """`acd` as it is typed in another shell, so that it finds this centre: with what says where that is."""
    said = [name for name in sorted(environ) if name.startswith("ACD_") and name.endswith(_WHERE)]
    return " ".join([*(f"{name}={shlex.quote(environ[name])}" for name in said), ".venv/bin/acd"])


class _Server:
    """Children: Asterisk; the controller and the web process, which are started again whenever they die."""

    def __init__(self, env: Environment, centre: Centre, secrets: Secrets, *, demo: bool, web: bool) -> None:
        self._demo = demo
        self._web = web
        self._env = env
        self._centre = centre
        self._secrets = secrets
        self._leader = Leader(env)
        self._stopping = asyncio.Event()
        self._opened = False
        self._children: list[asyncio.subprocess.Process] = []

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(name, self._stopping.set)
        try:
            log_dir = self._env.asterisk_dir / "log"
            log_dir.mkdir(parents=True, exist_ok=True)
            with (log_dir / "console.log").open("ab") as console_log:
                asterisk = await self._start(*context.asterisk_command(), output=console_log)
            await self._wait_for_asterisk(asterisk)
            keeper = asyncio.create_task(self._keep("controller", "acd", "run"))
            await self._wait_for_controller(keeper)
            self._opened = True
            keepers = [keeper]
            if self._web:
                keepers.append(asyncio.create_task(self._keep("web process", "acd.cli.web")))
                await self._wait_for_pages()
            self._welcome()
            async with self._people() as people:
                await self._watch(asterisk, *keepers, *people)
        finally:
            self._stopping.set()
            await self._end_calls()
            await self._stop_children()

    async def _start(self, *command: str, output: BinaryIO | None = None) -> asyncio.subprocess.Process:
        # A session of their own: Ctrl-C reaches only us, and we stop them in order.
        child = await asyncio.create_subprocess_exec(
            *command,
            env=dict(context.asterisk_environment(self._env)),
            start_new_session=True,
            stdout=output,
            stderr=output,
            preexec_fn=end_with_parent,
        )
        self._children.append(child)
        return child

    async def _wait_for_asterisk(self, asterisk: asyncio.subprocess.Process) -> None:
        limit = time.monotonic() + START_LIMIT_S
        while not self._stopping.is_set():
            if asterisk.returncode is not None:
                log_dir = self._env.asterisk_dir / "log"
                raise OperatorError(
                    f"Asterisk ended at once; console.log or messages.log in {log_dir} says why"
                )
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self._env.asterisk_host, self._env.ami_port)
                writer.close()
                return
            if time.monotonic() > limit:
                raise OperatorError(f"Asterisk was not ready after {START_LIMIT_S:.0f} s")
            await asyncio.sleep(0.05)

    async def _keep(self, name: str, *module: str) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            child = await self._start(sys.executable, "-m", *module)
            code = await child.wait()
            self._children.remove(child)
            if self._stopping.is_set():
                return
            if code == 1 and not self._opened:
                raise OperatorError(f"the {name} could not start; its message is above")
            # Calls go on in Asterisk, so we never give up: a faulty file may be mended meanwhile.
            log.warning("a part of the server ended and is started again", part=name, code=code)
            quick = time.monotonic() - began < 2.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESTART_PAUSE_LONG_S if quick else RESTART_PAUSE_S):
                    await self._stopping.wait()

    async def _wait_for_controller(self, keeper: asyncio.Task[None]) -> None:
        limit = time.monotonic() + START_LIMIT_S
        while not self._stopping.is_set() and not keeper.done():
            with contextlib.suppress(OperatorError, RequestRefused):
                if (await self._leader.request(do="status"))["dispatching"]:
                    return
            if time.monotonic() > limit:
                raise OperatorError(f"the controller was not ready after {START_LIMIT_S:.0f} s")
            await asyncio.sleep(0.05)

    async def _wait_for_pages(self) -> None:
        """For a while: calls need no pages, so what keeps them away is said, and is no reason to end."""
        limit = time.monotonic() + START_LIMIT_S
        while not self._stopping.is_set() and time.monotonic() < limit:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self._env.http_address, self._env.http_port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        context.console.print("the pages are not there yet; the messages above say why", style="yellow")

    @asynccontextmanager
    async def _people(self) -> AsyncIterator[list[asyncio.Task[None]]]:
        """With --demo: the task that plays callers and agents; they go before the controller does."""
        if not self._demo:
            yield []
            return
        env = self._env
        server = ("127.0.0.1" if env.sip_address == "0.0.0.0" else env.sip_address, env.sip_port)  # noqa: S104
        demo = Demo(self._centre, self._secrets.phone_passwords, server, self._leader)
        task = asyncio.create_task(demo.run())
        try:
            yield [task]
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _watch(self, asterisk: asyncio.subprocess.Process, *tasks: asyncio.Task[None]) -> None:
        stop = asyncio.create_task(self._stopping.wait())
        died = asyncio.create_task(asterisk.wait())
        await asyncio.wait((stop, died, *tasks), return_when=asyncio.FIRST_COMPLETED)
        if died.done() and not self._stopping.is_set():
            raise OperatorError(f"Asterisk ended by itself (code {asterisk.returncode})")
        for task in tasks:
            if task.done():
                task.result()
        stop.cancel()
        died.cancel()

    async def _end_calls(self) -> None:
        """Calls cannot outlive Asterisk; ended now, they are on record at once."""
        # Of several controllers this machine's own: where it stands by, others' calls go on.
        with contextlib.suppress(OperatorError, RequestRefused):
            ended = (await request(self._env.control_socket, do="hang-up-all"))["calls"]
            if not ended:
                return
            context.console.print(f"ending {ended} calls")
            limit = time.monotonic() + CALLS_END_LIMIT_S
            while time.monotonic() < limit:
                if not (await request(self._env.control_socket, do="status"))["calls"]:
                    return
                await asyncio.sleep(0.05)

    async def _stop_children(self) -> None:
        for child in reversed(self._children):
            if child.returncode is None:
                child.send_signal(signal.SIGTERM)
                try:
                    async with asyncio.timeout(STOP_LIMIT_S):
                        await child.wait()
                except TimeoutError:
                    child.kill()
                    await child.wait()

    def _welcome(self) -> None:
        say = partial(context.console.print, soft_wrap=True)
        env, centre = self._env, self._centre
        numbers = ", ".join(f"{n.number} ({n.flow or n.group})" for n in centre.numbers.values())
        codes = centre.features
        command = command_here(os.environ)
        say(f"\n[bold]{centre.system.name} is open.[/bold] Ctrl-C stops it.\n")
        say("  SIP server   {} port {} (UDP)".format(*env.sip_server))
        phones = ", ".join(phone.id for phone in centre.phones.values() if not phone.browser)
        say(f"  Phones       {phones}; passwords: {command} phones list")
        say(f"               (they are kept in {env.secrets_file})")
        say(f"  Dial         {numbers}; agents by extension")
        say(
            f"  On a phone   {codes.login} log in, {codes.ready} ready, {codes.not_ready} not ready, "
            f"{codes.wrap_up_done} end wrap-up, {codes.logout} log out"
        )
        if self._web:
            host = f"[{env.http_address}]" if ":" in env.http_address else env.http_address
            scheme = "http" if env.tls_cert is None else "https"
            say(f"  Desktop      {scheme}://{host}:{env.http_port}/")
            if env.first_passwords_file.exists():
                say(f"               first passwords: {env.first_passwords_file} (hand out, then delete)")
        say(f"  See it live  {command} status --watch")
        if self._demo:
            say("  Demo         callers come and agents answer by themselves; their calls go on record")
            say(f"               like any others, in {env.home}; with another ACD_HOME, elsewhere")
            if self._web:
                say("               sign in to the desktop as an agent, and that agent is yours")
        say(f"  Afterwards   {command} report, {command} calls list\n")
