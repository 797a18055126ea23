"""A year of a large centre, written straight into the tables: some thousand calls as patterns, moved in time.

The same number of calls is always the same history.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Engine, Table, text

from acd.core.fact_json import fact_to_dict
from acd.core.facts import Arrived, Customer
from acd.records import rows, schema
from acd.records.connecting import without_limit
from acd.records.fold import fold
from acd.records.slots import SLOT_S
from bench.report_calls import AGENTS, call_facts

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 365
BYTES_PER_CALL = {"postgresql": 4_500, "sqlite": 5_000}
"""What a call takes with its rows and indexes: measured with ten million, and an estimate."""
_PATTERNS = 2_000
_CHUNK = 20_000
_BASE = 1_000_000_000  # when the patterns begin: moments are told from here
_CALL, _NUMBER, _CUSTOMER = "@call@", "+4930@number@", "@customer@"
_HOURS = (1, 1, 1, 1, 1, 2, 8, 25, 60, 90, 100, 95, 75, 80, 95, 90, 80, 65, 40, 20, 12, 8, 4, 2)
_WEEKDAYS = (110, 100, 98, 97, 95, 30, 12)
_STATES = (("ready", 300), ("ringing", 6), ("talking", 170), ("wrap_up", 20), ("not_ready", 240))
_PER_DAY_MAX = 40  # stretches of an agent
_TABLES: dict[Table, Callable[[Any], list[dict[str, Any]]]] = {
    schema.calls: lambda call: [rows.call_row(call)],
    schema.segments: rows.segment_rows,
    schema.visits: rows.visit_rows,
    schema.transfers: rows.transfer_rows,
    schema.ivr_steps: rows.step_rows,
    schema.survey_scores: rows.score_rows,
    schema.sounds: rows.sound_rows,
}


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Lines of tables with places for the call, the caller and moments; `moments`: in ms after the begin."""

    lines: dict[str, str]
    moments: tuple[int, ...]


class _Moments:
    """Gives each moment of a pattern a name."""

    def __init__(self) -> None:
        self.found: dict[int, int] = {}

    def name(self, ms: int, form: str) -> str:
        return f"%({form}{self.found.setdefault(ms, len(self.found))})s"


def _pattern(dice: random.Random) -> _Pattern:
    facts = call_facts(dice, float(_BASE), before=())
    arrived = facts[0]
    assert isinstance(arrived, Arrived)
    customer = arrived.customer and Customer(_CUSTOMER, "A customer", arrived.customer.segment)
    facts[0] = Arrived(
        arrived.at, arrived.kind, _NUMBER, "", arrived.dialed_number, customer, None, arrived.trunk
    )
    record, moments = fold(_CALL, facts), _Moments()
    lines = {
        table.name: "".join(_line(table, row, moments) for row in make(record))
        for table, make in _TABLES.items()
    }
    told = [fact_to_dict(fact) for fact in facts]
    for fact in told:
        fact["at"] = f"<{moments.name(round((fact['at'] - _BASE) * 1000), 'f')}>"
    data = orjson.dumps(told).decode().replace('"<%', "%").replace('>"', "")
    lines["facts"] = _placed(f"{_CALL}\t0\t0\t{data}\n")
    return _Pattern(lines, tuple(moments.found))


def _line(table: Table, row: dict[str, Any], moments: _Moments) -> str:
    def cell(value: Any) -> str:
        if value is None:
            return "\\N"
        if isinstance(value, bool):
            return str(int(value))
        if isinstance(value, datetime):
            return moments.name(round((value.timestamp() - _BASE) * 1000), "t")
        return str(value)

    return _placed("\t".join(cell(row[column.name]) for column in table.columns) + "\n")


def _placed(line: str) -> str:
    for mark, name in ((_CALL, "%(c)s"), (_NUMBER, "+4930%(n)s"), (_CUSTOMER, "%(u)s")):
        line = line.replace(mark, name)
    return line


class History:
    """`calls` calls over a year. Lines are those of PostgreSQL's COPY."""

    def __init__(self, calls: int, patterns: int = _PATTERNS, agents: Sequence[str] = AGENTS) -> None:
        dice = random.Random(11)
        self._calls = calls
        self._agents = agents
        self._patterns = [_pattern(dice) for _ in range(patterns)]
        self._seconds = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(86_400)]

    def chunks(self) -> Iterator[tuple[int, dict[str, str]]]:
        """How many calls, and the lines of each table."""
        lines: dict[str, list[str]] = {name: [] for name in self._patterns[0].lines}
        count = 0
        for number, begin in enumerate(self._begins(), start=1):
            pattern = self._patterns[number * 7919 % len(self._patterns)]
            values = self._values(number, begin, pattern)
            for name, line in pattern.lines.items():
                if line:
                    lines[name].append(line % values)
            count += 1
            if count == _CHUNK:
                yield count, {name: "".join(own) for name, own in lines.items()}
                lines, count = {name: [] for name in lines}, 0
        yield count, {name: "".join(own) for name, own in lines.items()}

    def _begins(self) -> Iterator[int]:
        """When the calls begin, in ms after BEGIN."""
        weights = [_WEEKDAYS[(BEGIN + timedelta(days=day)).weekday()] for day in range(DAYS)]
        done = part = 0
        for day, weight in enumerate(weights):
            dice, part = random.Random(day), part + weight
            count = self._calls * part // sum(weights) - done
            done += count
            hours = dice.choices(range(24), _HOURS, k=count)
            yield from sorted(day * 86_400_000 + h * 3_600_000 + dice.randrange(3_600_000) for h in hours)

    def _values(self, number: int, begin: int, pattern: _Pattern) -> dict[str, str]:
        caller = number * 2_654_435_761 % 1_500_000
        begin_s = BEGIN.timestamp() * 1000 + begin
        values = {"c": f"{number:09}.{begin}", "n": f"{caller:07}", "u": f"C{caller:07}"}
        for n, moment in enumerate(pattern.moments):
            values[f"t{n}"] = self.moment(begin + moment)
            values[f"f{n}"] = repr((begin_s + moment) / 1000)
        return values

    def moment(self, ms: int) -> str:
        """Of ms after BEGIN, as text."""
        day, rest = divmod(ms, 86_400_000)
        return f"{_DATES[day]} {self._seconds[rest // 1000]}.{rest % 1000:03}000"

    def states(self) -> Iterator[str]:
        """The lines of `agent_states`, day by day."""
        per_day = max(2, min(_PER_DAY_MAX, self._calls // 25_000))
        for day in range(DAYS):
            dice, lines = random.Random(-day), []
            for agent in self._agents:
                at = day * 86_400_000 + dice.randrange(6, 12) * 3_600_000
                for n in range(per_day):
                    state, mean = _STATES[n % len(_STATES)] if n % 20 == 19 else _STATES[n % 4]
                    length = 1 + int(dice.expovariate(1 / (mean * 1000)))
                    reason = "lunch" if state == "not_ready" else "\\N"
                    lines.append(
                        f"{agent}\t{self.moment(at)}\t{self.moment(at + length)}\t{state}\t{reason}\t\\N"
                        f"\t{length / 1000}\n"
                    )
                    at += length
            yield "".join(lines)


_DATES = [f"{BEGIN + timedelta(days=day):%Y-%m-%d}" for day in range(DAYS + 2)]


def write(engine: Engine, history: History, told: Callable[[int], None]) -> None:
    """Fill an empty database; `told` is called with the number of calls so far."""
    done = 0
    put = _copy if engine.dialect.name == "postgresql" else _insert
    _drop_keys(engine)
    with ThreadPoolExecutor(1) as pool:  # the next ones are made up while the database takes these
        under_way: Future[None] | None = None
        for count, lines in history.chunks():
            if under_way is not None:
                under_way.result()
            under_way = pool.submit(put, engine, lines)
            done += count
            told(done)
        if under_way is not None:
            under_way.result()
    for states in history.states():
        put(engine, {"agent_states": states})
    with engine.begin() as connection:
        first = round(BEGIN.timestamp()) // SLOT_S
        slots = [{"slot": first + n, "version": 1} for n in range((DAYS + 1) * 96)]
        connection.execute(schema.slots.insert(), slots)
    _make_keys(engine)


def _copy(engine: Engine, lines: dict[str, str]) -> None:
    raw = engine.raw_connection()
    try:
        cursor: Any = raw.cursor()
        for name, own in lines.items():
            if own:
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(own)
        raw.commit()
    finally:
        raw.close()


def _insert(engine: Engine, lines: dict[str, str]) -> None:
    with engine.begin() as connection:
        for name, own in lines.items():
            values = [
                [None if cell == "\\N" else cell for cell in line.split("\t")] for line in own.splitlines()
            ]
            if values:
                marks = ", ".join("?" * len(values[0]))
                statement = f"INSERT INTO {name} VALUES ({marks})"  # noqa: S608 - names of tables
                connection.exec_driver_sql(statement, [tuple(row) for row in values])


def _filled() -> list[Table]:
    return [*_TABLES, schema.facts, schema.agent_states]


def _drop_keys(engine: Engine) -> None:
    """It is quicker to make them afterwards."""
    with engine.begin() as connection:
        for table in _filled():
            for index in table.indexes:
                index.drop(connection)
            if connection.dialect.name == "postgresql" and table.name != "calls":
                connection.execute(text(f"ALTER TABLE {table.name} DROP CONSTRAINT {table.name}_pkey"))


def _make_keys(engine: Engine) -> None:
    for table in _filled():
        with engine.begin() as connection:
            without_limit(connection)
            if _is_server(engine) and table.name != "calls":
                key = ", ".join(column.name for column in table.primary_key)
                connection.execute(text(f"ALTER TABLE {table.name} ADD PRIMARY KEY ({key})"))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                index.create(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        without_limit(connection)
        if _is_server(engine):
            connection.execute(text("SET statement_timeout = 0"))  # there is no transaction here
        connection.execute(text("VACUUM ANALYZE" if _is_server(engine) else "ANALYZE"))


def _is_server(engine: Engine) -> bool:
    return engine.dialect.name == "postgresql"
