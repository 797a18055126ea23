"""The centre that is loaded: many agents of one group, a flow with a short prompt, and a bare dial."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from acd.records import schema
from acd.records.store import RecordStore
from bench import tones
from bench.centre import agent_of, append_text
from bench.probe import LAGS, PROFILE
from tests.integration.centre import Centre

NUMBER, BARE_PREFIX = "9400", "95"
PROMPT_S = 0.5
FIRST_PHONE = 3001
FLOW = """\
name: load
language: en
start: hello
steps:
  hello: {say: {play: hello}, next: line}
  line: {queue: {group: load}}
"""


def phones_for(busy: float) -> tuple[str, ...]:
    """Enough of them where `busy` are busy on average: hardly ever none is idle (calls come by chance)."""
    return tuple(str(FIRST_PHONE + number) for number in range(math.ceil(busy + 4 * math.sqrt(busy)) + 2))


def staff_for(busy: float, phones: tuple[str, ...]) -> tuple[str, ...]:
    """Of our agents: so many that one caller in ten has to wait for one."""
    return phones[: math.ceil(busy + 1.5 * math.sqrt(busy))]


def write_load(config: Path, flows: Path, phones: tuple[str, ...]) -> None:
    """Into a copied configuration: an agent for each phone, their group, its flow and its number."""
    agents = config / "agents.yml"
    text = agents.read_text(encoding="utf-8").replace("skills:\n", "skills:\n  load: Load\n", 1)
    for phone in phones:
        text += f"  {agent_of(phone)}:\n    name: Agent {phone}\n"
        text += f'    extension: "{phone}"\n    skills: {{load: 5}}\n'
    agents.write_text(text, encoding="utf-8")
    group = "  load:\n    name: Load\n    requires: {load: 1}\n    ring_timeout_s: 15\n    wrap_up_s: 0\n"
    append_text(config / "groups.yml", group)
    append_text(config / "numbers.yml", f'  "{NUMBER}": {{flow: load}}\n')
    system = config / "system.yml"
    text = system.read_text(encoding="utf-8").replace("call_id_header: true", "call_id_header: false")
    system.write_text(text, encoding="utf-8")
    (flows / "load.yml").write_text(FLOW, encoding="utf-8")
    (flows / "sounds").mkdir()
    tones.write(flows / "sounds" / "hello.wav", "high", PROMPT_S)


class LoadCentre(Centre):
    """Its controller runs under bench.probe; `lags_ms` are those of the last run."""

    controller = "bench.probe"
    starts_within_s = 60.0  # hundreds of agents, and a profiler perhaps

    def __init__(self, folder: Path, phones: tuple[str, ...], profile: Path | None = None) -> None:
        self.phones = phones
        self._lags = folder / "lags.json"
        super().__init__(folder)
        low = random.randrange(33_000, 50_000, 1000)
        # A talk needs four ports, and Asterisk draws them by chance.
        self.env |= {"ACD_LOG": "warning", "ACD_RTP_PORTS": f"{low}-{low + 7999}", LAGS: str(self._lags)}
        if profile is not None:
            self.env[PROFILE] = str(profile)

    def adapt(self) -> None:
        """Agents, group, flow, number."""
        write_load(self.config, self.flows, self.phones)

    def provision(self) -> None:
        """As always, and the bare dial: nothing but an answer and the phone."""
        super().provision()
        number = "_" + BARE_PREFIX + "X" * len(self.phones[0])
        dial = f"PJSIP/${{EXTEN:{len(BARE_PREFIX)}}}"
        steps = f"exten => {number},1,Answer(0,i)\n same => n,Dial({dial})\n same => n,Hangup()\n"
        append_text(self.home / "asterisk" / "etc" / "extensions.conf", f"\n[acd-trunk](+)\n{steps}")

    @property
    def asterisk_pid(self) -> int:
        """The process that is Asterisk."""
        assert self._asterisk is not None
        return self._asterisk.pid

    @property
    def controller_pid(self) -> int:
        """The process that decides."""
        assert self._controller is not None
        return self._controller.pid

    def lags_ms(self, since: float, until: float) -> list[float]:
        """Of the decisions of that time (Unix seconds); known when the controller has ended."""
        return [ms for at, ms in json.loads(self._lags.read_text(encoding="utf-8")) if since <= at < until]

    def answered_callers(self) -> set[str]:
        """The numbers of callers whose calls are on record as answered and ended."""
        calls = schema.calls
        since = datetime.now(UTC) - timedelta(days=2)
        query = select(calls.c.caller_number).where(
            calls.c.started_at >= since, calls.c.answered_at.is_not(None), calls.c.ended_at.is_not(None)
        )
        with RecordStore(f"sqlite:///{self.home}/records.sqlite3") as store, store.engine.connect() as rows:
            return set(rows.scalars(query))
