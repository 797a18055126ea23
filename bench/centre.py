"""The centre that is measured: one Asterisk with our groups, and the same lines in app_queue."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.scenarios import PHONES, Line, Scenario
from tests.integration.centre import Centre

OUR_PREFIX, QUEUE_PREFIX = "91", "92"


class BenchCentre(Centre):
    """A centre with fifty more phones; queues.conf and the dialplan have app_queue's share."""

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

    def provision(self) -> None:
        """As always, and app_queue's lines."""
        super().provision()
        etc = self.home / "asterisk" / "etc"
        append_text(etc / "queues.conf", "".join(map(_queue, self._lines)))
        append_text(etc / "extensions.conf", "\n[acd-trunk](+)\n" + "".join(map(_extension, self._lines)))

    def _agent(self, phone: str) -> str:
        skills = ", ".join(f"{line.group}: 5" for line in self._lines if phone in line.phones)
        return (
            f"  {agent_of(phone)}:\n    name: Agent {phone}\n"
            f'    extension: "{phone}"\n    skills: {{{skills}}}\n'
        )


def agent_of(phone: str) -> str:
    """The agent whose phone this is."""
    return f"agent{phone}"


def _skill(line: Line) -> str:
    return f"  {line.group}: Line {line.number}\n"


def _group(line: Line) -> str:
    return (
        f"  {line.group}:\n    name: Line {line.number}\n    requires: {{{line.group}: 1}}\n"
        f"    ring_timeout_s: {line.ring_timeout_s}\n    wrap_up_s: 0\n"
    )


def _number(line: Line) -> str:
    return f'  "{OUR_PREFIX}{line.number}": {{group: {line.group}}}\n'


def _queue(line: Line) -> str:
    members = "".join(f"member => PJSIP/{phone}\n" for phone in line.phones)
    return (
        f"\n[{line.group}]\nstrategy = rrmemory\nautofill = yes\nretry = 1\nringinuse = no\n"
        f"timeout = {line.ring_timeout_s}\nwrapuptime = 0\nmusicclass = default\n{members}"
    )


def _extension(line: Line) -> str:
    number = f"{QUEUE_PREFIX}{line.number}"
    return f"exten => {number},1,Answer(0,i)\n same => n,Queue({line.group})\n same => n,Hangup()\n"


def append_text(path: Path, text: str) -> None:
    """More lines at the end of a configuration file."""
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def _extend(path: Path, after: str, text: str) -> None:
    old = path.read_text(encoding="utf-8")
    assert after in old, (path, after)
    path.write_text(old.replace(after, after + text, 1), encoding="utf-8")
