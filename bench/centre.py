"""The centre that is measured: one Asterisk with our groups, and the same lines in app_queue."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench import tones
from bench.scenarios import NEWS_EVERY_S, NEWS_S, PHONES, Line, Scenario
from tests.integration.centre import Centre

OUR_PREFIX, QUEUE_PREFIX = "91", "92"
LIMIT, BEYOND = 1, 5
"""Penalties in a line that has callers with a limit: of agents who may serve them, and of the others."""


class BenchCentre(Centre):
    """A centre with fifty more phones; queues.conf and the dialplan have app_queue's share."""

    copied = False

    def __init__(self, folder: Path, measured: Iterable[Scenario]) -> None:
        self._lines = [line for scenario in measured for line in scenario.lines]
        super().__init__(folder)
        self.env["ACD_LOG"] = "warning"

    def adapt(self) -> None:
        """The example's configuration with the agents, groups and numbers added."""
        _extend(self.config / "system.yml", "call_id_header: ", "false  # ")
        _extend(self.config / "agents.yml", "skills:\n", "".join(map(_skill, self._lines)))
        append_text(self.config / "agents.yml", "".join(self._agent(p) for p in PHONES))
        append_text(self.config / "groups.yml", "".join(map(_group, self._lines)))
        append_text(self.config / "numbers.yml", "".join(map(_number, self._lines)))
        told = [line for line in self._lines if line.has_news]
        for line in told:
            (self.flows / f"{line.group}.yml").write_text(_flow(line), encoding="utf-8")
        if told:
            self._news.parent.mkdir()
            tones.write(self._news, "low", NEWS_S)

    @property
    def _news(self) -> Path:
        return self.flows / "sounds" / "news.wav"

    def provision(self) -> None:
        """As always, and app_queue's lines."""
        super().provision()
        etc = self.home / "asterisk" / "etc"
        append_text(etc / "queues.conf", "".join(map(self._queue, self._lines)))
        append_text(etc / "extensions.conf", "\n[acd-trunk](+)\n" + "".join(map(_extension, self._lines)))

    def _agent(self, phone: str) -> str:
        skills = ", ".join(f"{line.group}: 5" for line in self._lines if phone in line.phones)
        return (
            f"  {agent_of(phone)}:\n    name: Agent {phone}\n"
            f'    extension: "{phone}"\n    skills: {{{skills}}}\n'
        )

    def _queue(self, line: Line) -> str:
        if line.joins is not None:
            return ""
        limited = {phone for other in self._lines if other.joins == line.number for phone in other.phones}
        penalty = {phone: LIMIT if phone in limited else BEYOND for phone in line.phones} if limited else {}
        members = "".join(f"member => PJSIP/{phone},{penalty.get(phone, 0)}\n" for phone in line.phones)
        news = (
            f"periodic-announce = {self._news.with_suffix('')}\n"
            f"periodic-announce-frequency = {NEWS_EVERY_S}\n"
        )
        return (
            f"\n[{line.group}]\nstrategy = rrmemory\nautofill = {'yes' if line.autofill else 'no'}\n"
            f"retry = 1\nringinuse = no\ntimeout = {line.ring_timeout_s}\nwrapuptime = {line.wrap_up_s}\n"
            f"musicclass = default\n{news if line.has_news else ''}{members}"
        )


def agent_of(phone: str) -> str:
    """The agent whose phone this is."""
    return f"agent{phone}"


def _skill(line: Line) -> str:
    return f"  {line.group}: Line {line.number}\n"


def _group(line: Line) -> str:
    return (
        f"  {line.group}:\n    name: Line {line.number}\n    requires: {{{line.group}: 1}}\n"
        f"    ring_timeout_s: {line.ring_timeout_s}\n    wrap_up_s: {line.wrap_up_s}\n"
    )


def _number(line: Line) -> str:
    kind = "flow" if line.has_news else "group"
    return f'  "{OUR_PREFIX}{line.number}": {{{kind}: {line.group}}}\n'


def _flow(line: Line) -> str:
    news = f"{{first_s: {NEWS_EVERY_S}, every_s: {NEWS_EVERY_S}, comfort: {{play: news}}}}"
    return (
        f"name: {line.group}\nlanguage: en\nstart: line\nsteps:\n"
        f"  line: {{queue: {{group: {line.group}, announce: {news}}}}}\n"
    )


def _extension(line: Line) -> str:
    limit = f" same => n,Set(QUEUE_MAX_PENALTY={LIMIT})\n" if line.joins is not None else ""
    queue = line.group if line.joins is None else f"line{line.joins}"
    number = f"{QUEUE_PREFIX}{line.number}"
    return f"exten => {number},1,Answer(0,i)\n{limit} same => n,Queue({queue})\n same => n,Hangup()\n"


def append_text(path: Path, text: str) -> None:
    """More lines at the end of a configuration file."""
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def _extend(path: Path, after: str, text: str) -> None:
    old = path.read_text(encoding="utf-8")
    assert after in old, (path, after)
    path.write_text(old.replace(after, after + text, 1), encoding="utf-8")
