"""How fast the customer directory is: a million cards are imported, then searched as people type."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from acd.customers.csv_import import Importer
from acd.customers.store import CustomerStore
from acd.records.store import RecordStore
from acd.settings.customer_settings import CustomerSettings

SEARCH_LIMIT_MS = 100.0
PAGE = 20
_FIRST = [
    "Anna",
    "Maria",
    "Thomas",
    "Michael",
    "Sabine",
    "Peter",
    "Oliver",
    "Julia",
    "Chloé",
    "Marcus",
    "Lucía",
    "Priya",
    "James",
    "Olivia",
    "Noah",
    "Emma",
    "Liam",
    "Sophie",
    "Jürgen",
    "Heike",
    "Wolfgang",
    "Ingrid",
    "Mateo",
    "Valentina",
    "Diego",
    "Camila",
    "Arjun",
    "Aisha",
    "Omar",
    "Fatima",
    "Hiroshi",
    "Yuki",
]
_LAST = [
    "Müller",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Meyer",
    "Wagner",
    "Becker",
    "Schulz",
    "Hoffmann",
    "Köhler",
    "Bennett",
    "Sharma",
    "Dubois",
    "Johnson",
    "Fernández",
    "Williams",
    "Brown",
    "Jones",
    "García",
    "Martínez",
    "Rossi",
    "Ferrari",
    "Novák",
    "Kowalski",
    "Ivanov",
    "Petrov",
    "Tanaka",
]
_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志红文斌宇浩轩雨欣怡子涵梓佳慧雪梅春晓东海"
_TRADES = [
    "Bau",
    "Logistik",
    "Software",
    "Medical",
    "Trading",
    "Systems",
    "Foods",
    "Energy",
    "Textiles",
    "Consulting",
    "Motors",
    "Design",
]
_FORMS = ["GmbH", "Ltd", "Inc", "AG", "SA"]
_ENDINGS = [
    "er",
    "mann",
    "stein",
    "berg",
    "feld",
    "bach",
    "hof",
    "ova",
    "ski",
    "son",
    "sen",
    "elli",
    "ez",
    "ard",
    "in",
]
_SYLLABLES = [
    "ba",
    "ber",
    "dor",
    "fen",
    "gro",
    "hal",
    "jan",
    "kel",
    "lor",
    "mar",
    "nor",
    "pol",
    "rin",
    "sta",
    "tor",
    "vel",
    "wes",
    "zim",
]


@dataclass(frozen=True, slots=True)
class Timing:
    """One kind of search; `cards`: how many were found on average."""

    kind: str
    searches: int
    p50_ms: float
    p99_ms: float
    cards: float


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured."""

    customers: int
    import_s: float
    database_mb: float
    timings: list[Timing]

    @property
    def is_good(self) -> bool:
        """Whether what somebody types is found in time."""
        return all(timing.p99_ms <= SEARCH_LIMIT_MS for timing in self.timings)


def generated(count: int, chance: random.Random) -> Iterator[str]:
    """A CSV file of so many customers, a third of them Chinese."""
    yield "id,name,company,numbers,emails,segment,value,language,tags\n"
    for number in range(count):
        if chance.random() < 1 / 3:
            name = chance.choice(_FAMILY) + "".join(chance.choices(_GIVEN, k=chance.choice((1, 2))))
            phone, language = f"+861{chance.randrange(30, 90)}{chance.randrange(10**8):08}", "zh"
        else:
            name = f"{chance.choice(_FIRST)} {_last_name(chance)}"
            phone, language = f"+4930{chance.randrange(10**8):08}", "de"
        company = ""
        if chance.random() < 0.3:
            company = f"{_last_name(chance)} {chance.choice(_TRADES)} {chance.choice(_FORMS)}"
        email = f"{name.split()[-1].lower()}{number}@example.com" if name.isascii() else ""
        more = f";+4989{chance.randrange(10**8):08}" if chance.random() < 0.3 else ""
        segment, value = chance.choice(("gold", "silver", "standard")), chance.randrange(10_000)
        tag = chance.choice(("", "", "vip", "contract", "trial", "complaint"))
        yield f"C-{number},{name},{company},{phone}{more},{email},{segment},{value},{language},{tag}\n"


def _last_name(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return chance.choice(_LAST)
    return "".join(chance.choices(_SYLLABLES, k=chance.choice((1, 2)))).capitalize() + chance.choice(_ENDINGS)


def queries(chance: random.Random, lines: list[list[str]]) -> dict[str, Callable[[], str]]:
    """What people type, by kind: parts of what is there."""

    def line() -> list[str]:
        return chance.choice(lines)

    def name(*, chinese: bool) -> str:
        while True:
            found = line()[1]
            if found.isascii() != chinese and (chinese or " " in found):
                return found

    def digits(length: int) -> str:
        number = line()[3].split(";")[0][1:]
        start = chance.randrange(len(number) - length + 1)
        return number[start : start + length]

    def email() -> str:
        while not (found := line()[4]):
            continue
        return found[: chance.randrange(4, len(found))]

    def company() -> str:
        while not (found := line()[2]):
            continue
        return found[: chance.randrange(3, len(found))]

    return {
        "one letter": lambda: name(chinese=False)[0],
        "beginning of a name": lambda: name(chinese=False).split()[-1][: chance.randrange(2, 6)],
        "first and last name": lambda: name(chinese=False),
        "two beginnings": lambda: " ".join(word[:2] for word in name(chinese=False).split()),
        "one Chinese character": lambda: chance.choice(name(chinese=True)),
        "Chinese name": lambda: name(chinese=True),
        "company": company,
        "3 digits": lambda: digits(3),
        "4 digits": lambda: digits(4),
        "6 digits": lambda: digits(6),
        "whole number": lambda: line()[3].split(";")[0],
        "e-mail address": email,
        "tag and name": lambda: f"vip {name(chinese=False).split()[-1]}",
        "nobody": lambda: f"{chance.choice(_LAST)} {chance.choice(_FAMILY)}",
    }


def measure(
    count: int,
    searches: int,
    progress: Callable[[str, float], None],
    url: str | None = None,
) -> Result:
    """Import and search, in the database at `url`, which must be empty, or in a file of its own."""
    with TemporaryDirectory(prefix="acd-bench-") as folder:
        place = url or f"sqlite:///{folder}/customers.sqlite3"
        with RecordStore(place) as store:
            settings = CustomerSettings()
            importer = Importer(store.engine, settings, "bench", lambda n: progress("importing", n / count))
            begin = time.perf_counter()
            report = importer.run(generated(count, random.Random(1)))
            import_s = time.perf_counter() - begin
            if report.added != count:
                raise RuntimeError(f"{count} customers were to be imported: {report}")
            lines = [line.rstrip("\n").split(",") for line in generated(min(count, 50_000), random.Random(1))]
            directory = CustomerStore(store.engine, settings)
            kinds = queries(random.Random(2), lines[1:])
            timings = []
            for place_of_kind, (kind, query) in enumerate(kinds.items()):
                progress("searching", place_of_kind / len(kinds))
                timings.append(_timed(directory, kind, query, searches))
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
    return Result(count, import_s, size, timings)


def _timed(directory: CustomerStore, kind: str, query: Callable[[], str], searches: int) -> Timing:
    took, found = [], 0
    for _ in range(searches):
        text = query()
        begin = time.perf_counter()
        page = directory.search(text, PAGE)
        took.append((time.perf_counter() - begin) * 1000)
        found += len(page.cards)
    took.sort()
    return Timing(kind, searches, took[len(took) // 2], took[len(took) * 99 // 100], found / searches)


def table(result: Result) -> Table:
    """The figures, for people."""
    speed = result.customers / result.import_s
    shown = Table(
        title=f"{result.customers:,} customers, imported in {result.import_s:,.0f} s ({speed:,.0f} a second),"
        f" {result.database_mb:,.0f} MB"
    )
    for heading in ("Search", "p50 ms", "p99 ms", "found"):
        shown.add_column(heading, justify="left" if heading == "Search" else "right")
    for timing in result.timings:
        style = None if timing.p99_ms <= SEARCH_LIMIT_MS else "red"
        cells = (timing.kind, f"{timing.p50_ms:.1f}", f"{timing.p99_ms:.1f}", f"{timing.cards:.1f}")
        shown.add_row(*cells, style=style)
    return shown


def write_json(path: Path, result: Result) -> None:
    """The same, for programs."""
    path.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
