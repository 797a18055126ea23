"""What a drill asks of a controller, how it is judged, and what its report says."""

from __future__ import annotations

import json
import stat
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from acd.cli import drills as command
from acd.drilling import DrillDesk
from acd.drills import run
from acd.drills.judge import Before
from acd.drills.kinds import DRILLS
from acd.drills.report import Check, Report, markdown, write
from acd.errors import OperatorError, RequestRefused, TelephonyError
from acd.loss import DATABASE, REDIS
from acd.runtime.leader import Standing
from acd.settings.environment import Environment

WITH_STANDBY = [Standing("one", True, "leads"), Standing("two", False, "stands by")]
BEFORE = Before(["c1", "c2", "c3", "c4"], "one", 7, WITH_STANDBY, 100, in_redis=True)
ENV = Environment(Path("home"), Path("config"), Path("flows"))


class PlayedLeader:
    """Answers `health` from a list, the last one for ever; asked for anything else it notes that."""

    def __init__(self, *health: Mapping[str, Any] | None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.after = replace(BEFORE, calls=["c1"], leader="two", fence=8)
        self._health = list(health)

    async def request(self, *, limit_s: float = 10.0, **fields: Any) -> dict[str, Any]:
        if fields["do"] == "health":
            told = self._health.pop(0) if len(self._health) > 1 else self._health[0]
            if told is None:
                raise OperatorError("no controller leads")
            return dict(told)
        if fields["do"] == "status":
            return {
                "dispatching": True,
                "calls": [{"id": c} for c in self.after.calls],
                "pid": 2,
                "live_state": {"in_redis": self.after.in_redis},
                "records": {"away_s": self.after.records_away_s},
            }
        if fields["do"] == "leadership":
            return {"leader": self.after.leader, "fence": self.after.fence}
        self.asked.append(fields)
        return {"ok": True}

    async def standings(self) -> list[Standing]:
        return [Standing("two", True, "leads"), Standing("one", False, "stands by")]


WELL = {
    "dispatching": True,
    "live_state_in_redis": True,
    "records_database": True,
    "records_away_s": 0,
    "records_waiting": 0,
}
NO_REDIS, NO_DATABASE = {**WELL, "live_state_in_redis": False}, {**WELL, "records_database": False}
UNSEEN, WHOLE, SEEN = "calls whose end nobody saw", "all is as before", "the fault showed from outside"


@pytest.fixture
def report() -> Report:
    return Report("x", "olga", "box", "Centre", "1", "2026-11-27T01:02:03.400", "kills", "one")


def played_clock() -> run.Clock:
    """Time passes by sleeping alone: a machine that is busy misses no look."""
    now = [0.0]

    async def sleep(for_s: float) -> None:
        now[0] += for_s

    return run.Clock(lambda: now[0], sleep)


def ended(_calls: Collection[str]) -> dict[str, str]:
    return {"c2": "agent", "c3": "unknown"}


async def carried_out(name: str, leader: PlayedLeader, report: Report) -> list[str]:
    """The names of the checks that failed."""
    await run.carry_out(DRILLS[name], 0.01, leader, BEFORE, report, ended, played_clock())  # type: ignore[arg-type]
    return [check.what for check in report.checks if not check.passed]


async def test_a_crash_is_judged(report: Report) -> None:
    leader = PlayedLeader(WELL, None, None, WELL)
    assert await carried_out("controller-crash", leader, report) == ["calls lost", UNSEEN]
    assert leader.asked == [{"do": "drill-crash", "who": "olga"}]
    assert (report.kept, report.ended, report.unseen, report.lost) == (["c1"], ["c2"], ["c3"], ["c4"])
    assert report.resumed_s is not None
    assert report.leader_after == "two"


async def test_nobody_who_takes_over_fails_it(report: Report) -> None:
    assert "calls are routed again" in await carried_out("standby-takeover", PlayedLeader(WELL, None), report)
    assert report.resumed_s is None
    assert not report.passed


async def test_a_loss_must_not_change_the_leader(report: Report) -> None:
    leader = PlayedLeader(NO_REDIS, WELL)
    failed = await carried_out("redis-loss", leader, report)
    assert failed == ["calls lost", UNSEEN, "the same controller leads"]
    assert leader.asked == [{"do": "drill-loss", "what": "redis", "for_s": 0.01, "who": "olga"}]


@pytest.mark.parametrize(
    ("name", "shown", "failed"),
    [
        ("redis-loss", [NO_REDIS, WELL], []),
        ("redis-loss", [WELL], [SEEN]),
        ("redis-loss", [NO_DATABASE, WELL], [SEEN]),
        ("redis-loss", [NO_REDIS], [WHOLE]),
        ("database-loss", [NO_DATABASE, WELL], []),
        ("database-loss", [WELL], [SEEN]),
        ("database-loss", [NO_REDIS, WELL], [SEEN]),
        ("database-loss", [NO_DATABASE], [WHOLE]),
        ("database-loss", [NO_DATABASE, {**WELL, "records_away_s": 9}], [WHOLE]),
    ],
)
async def test_a_loss_has_to_show_and_to_end(
    report: Report, name: str, shown: list[dict[str, Any]], failed: list[str]
) -> None:
    leader = PlayedLeader(*shown)
    leader.after = BEFORE
    assert await carried_out(name, leader, report) == failed
    assert (report.whole_s is None) == (WHOLE in failed)
    assert f"| {WHOLE} | within" in markdown(report)


async def test_what_comes_back_late_fails_it(report: Report) -> None:
    """Redis is tried again each second."""
    leader = PlayedLeader(*[NO_REDIS] * 150, WELL)
    leader.after = BEFORE
    assert await carried_out("redis-loss", leader, report) == [WHOLE]
    assert report.whole_s == pytest.approx(15.0, abs=0.5)


@pytest.mark.parametrize(("waiting", "written_at", "lost"), [(3, 3, 0), (0, 3, 4), (3, 1000, 4)])
async def test_a_call_that_ended_just_before_the_last_look_is_written_a_moment_later(
    report: Report, waiting: int, written_at: int, lost: int
) -> None:
    """It is lost only if nothing waits to be written any more, or for too long."""
    asked: list[int] = []

    def ended_late(calls: Collection[str]) -> dict[str, str]:
        asked.append(len(calls))
        return dict.fromkeys(calls, "outside") if len(asked) > written_at else {}

    leader = PlayedLeader(WELL, None, {**WELL, "records_waiting": waiting})
    leader.after = replace(BEFORE, calls=[], leader="two", fence=8)
    crash = DRILLS["controller-crash"]
    await run.carry_out(crash, 0.01, leader, BEFORE, report, ended_late, played_clock())  # type: ignore[arg-type]
    assert len(report.lost) == lost
    assert [check.what for check in report.checks if not check.passed] == ["calls lost"] * bool(lost)
    assert len(asked) < 30, "there is a limit"


@pytest.mark.parametrize(
    ("name", "calls", "unseen", "passes"),
    [
        ("controller-crash", 10, 1, False),
        ("controller-crash", 60, 2, True),
        ("controller-crash", 60, 3, False),
        ("redis-loss", 60, 1, False),
    ],
)
async def test_calls_whose_end_nobody_saw(
    report: Report, name: str, calls: int, unseen: int, passes: bool
) -> None:
    """In a crash some end by themselves, of many; a loss leaves a controller that watches."""
    before = replace(BEFORE, calls=[f"c{n}" for n in range(calls)])
    leader = PlayedLeader(NO_REDIS, WELL) if name == "redis-loss" else PlayedLeader(*[None] * 21, WELL)
    leader.after = replace(before, calls=before.calls[unseen:])
    by = dict.fromkeys(before.calls, "unknown")
    await run.carry_out(DRILLS[name], 0.01, leader, before, report, lambda _calls: by, played_clock())  # type: ignore[arg-type]
    assert (UNSEEN not in [check.what for check in report.checks if not check.passed]) == passes


async def test_calls_on_a_dead_asterisk_are_lost_and_said_so(report: Report) -> None:
    assert await carried_out("asterisk-restart", PlayedLeader(None, {**WELL}), report) == [
        "the same controller leads"
    ]
    assert report.lost == ["c2", "c3", "c4"]  # whoever is on record as having ended them


OF_NODES = replace(
    BEFORE, nodes={"a": True, "b": True}, at={"c1": "a", "c2": "b", "c3": "a", "c4": "b"}, leader="two"
)


def at_nodes(**known: bool) -> dict[str, Any]:
    return {**WELL, "nodes": [{"name": name, "known": is_known} for name, is_known in known.items()]}


@pytest.mark.parametrize(
    ("elsewhere", "kept", "failed"),
    [
        (True, ["c1", "c3"], []),
        (True, ["c1"], ["calls lost"]),
        (False, ["c1", "c3"], ["calls are routed at the other nodes"]),
    ],
)
async def test_of_several_nodes_one_ends_and_the_others_are_untouched(
    report: Report, elsewhere: bool, kept: list[str], failed: list[str]
) -> None:
    leader = PlayedLeader(at_nodes(a=True, b=True), at_nodes(a=elsewhere, b=False), at_nodes(a=True, b=True))
    leader.after = replace(OF_NODES, calls=kept)
    report.node = "b"
    drill = DRILLS["asterisk-restart"]
    by_node = {"c2": "node"}
    await run.carry_out(drill, 1.0, leader, OF_NODES, report, lambda _calls: by_node, played_clock())  # type: ignore[arg-type]
    assert [check.what for check in report.checks if not check.passed] == failed
    assert leader.asked == [{"do": "drill-asterisk", "who": "olga", "how": "now", "node": "b"}]
    assert set(report.lost) == {"c2", "c4", "c3"} - set(kept)
    assert report.resumed_s is not None
    assert "| Asterisk node | b |" in markdown(report)


async def test_a_node_that_stays_away_fails_it(report: Report) -> None:
    report.node = "b"
    leader = PlayedLeader(at_nodes(a=True, b=False))
    leader.after = OF_NODES
    drill = DRILLS["asterisk-restart"]
    await run.carry_out(drill, 1.0, leader, OF_NODES, report, ended, played_clock())  # type: ignore[arg-type]
    assert [c.what for c in report.checks if not c.passed] == ["calls are routed again at node b"]


@pytest.mark.parametrize(
    ("name", "node", "names", "said"),
    [
        ("asterisk-restart", "", ["a", "b"], r"several Asterisk nodes: say with --node which one \(a, b\)"),
        ("asterisk-restart", "c", ["a", "b"], "there are: a, b"),
        ("asterisk-restart", "a", [], "one Asterisk only"),
        ("redis-loss", "a", ["a", "b"], "about no Asterisk node"),
    ],
)
def test_which_node_has_to_be_said(name: str, node: str, names: list[str], said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        command.check_node(DRILLS[name], node, names)
    command.check_node(DRILLS["asterisk-restart"], "b", ["a", "b"])
    command.check_node(DRILLS["redis-loss"], "", ["a", "b"])


def test_another_node_has_to_take_calls() -> None:
    command.refuse_if_nobody_else("b", OF_NODES)
    for nodes, said in (({"a": False, "b": True}, "no other Asterisk"), ({"a": True, "b": False}, "node b")):
        with pytest.raises(OperatorError, match=said):
            command.refuse_if_nobody_else("b", replace(OF_NODES, nodes=nodes))


async def test_a_controller_ends_the_node_that_is_named_and_no_other() -> None:
    said: list[str] = []

    def at(node: str) -> Any:
        async def say(text: str) -> None:
            said.append(f"{node}: {text}")

        return say

    handlers: Mapping[str, Any] = DrillDesk({"a": at("a"), "b": at("b")}, lambda: None).handlers()
    await handlers["drill-asterisk"]({"who": "olga", "how": "now", "node": "b"})
    assert said == ["b: core stop now"]
    for node in ({}, {"node": "c"}, {"node": ["a"]}):
        with pytest.raises(RequestRefused, match="'node'"):
            await handlers["drill-asterisk"]({"who": "olga", "how": "now", **node})
    assert len(said) == 1


def test_a_report_is_whole_and_closed_to_others(tmp_path: Path, report: Report) -> None:
    report.checks = [Check("calls lost", "0", "0", passed=True)]
    report.who = "ol|ga\n| x |"
    page, data = write(report, tmp_path)
    assert page.name == "2026-11-27T010203Z-x.md"
    assert page.read_text().startswith("# Drill x: passed\n")
    assert "| by whom | ol/ga / x / at box |" in page.read_text()
    assert json.loads(data.read_text())["passed"] is True
    assert {stat.S_IMODE(path.stat().st_mode) for path in (page, data)} == {0o600}
    assert not replace(report, checks=[]).passed


async def test_what_a_controller_is_asked() -> None:
    said: list[str] = []

    async def say(text: str) -> None:
        said.append(text)
        if len(said) > 1:
            raise TelephonyError("no")

    looks: list[bool] = []
    desk = DrillDesk({"": say}, lambda: looks.append(DATABASE.is_on))
    handlers: Mapping[str, Any] = desk.handlers()
    try:
        assert handlers["drill-loss"]({"who": "olga", "what": "database", "for_s": 3}) == {"for_s": 3.0}
        assert (DATABASE.is_on, REDIS.is_on) == (True, False)
        assert looks == [True]
    finally:
        DATABASE.end()
    for what, for_s in (("disk", 1), ("redis", 0), ("redis", True)):
        with pytest.raises(RequestRefused):
            handlers["drill-loss"]({"who": "olga", "what": what, "for_s": for_s})
    assert await handlers["drill-asterisk"]({"who": "olga", "how": "now"}) == {"said": "core stop now"}
    with pytest.raises(RequestRefused, match="console cannot be asked: no"):
        await handlers["drill-asterisk"]({"who": "olga", "how": "gracefully"})
    with pytest.raises(RequestRefused, match="'how' is one of"):
        await handlers["drill-asterisk"]({"who": "olga", "how": "module load x"})


@pytest.mark.parametrize(
    ("now", "first", "last", "within"),
    [("21:00", "20:00", "06:00", True), ("05:59", "20:00", "06:00", True), ("06:00", "20:00", "06:00", False),
     ("12:00", "09:00", "17:00", True), ("08:00", "09:00", "17:00", False)],
)  # fmt: skip
def test_hours_go_over_midnight(now: str, first: str, last: str, within: bool) -> None:
    assert command._is_within(*map(time.fromisoformat, (now, first, last))) is within


def test_it_is_refused_where_it_would_do_harm() -> None:
    alone = replace(BEFORE, standings=[WITH_STANDBY[0], Standing("two", False, "does not answer")])
    with pytest.raises(OperatorError, match="no other controller stands by"):
        command._refuse_if_unfit(DRILLS["standby-takeover"], ENV, alone, None)
    with pytest.raises(OperatorError, match=r"not all controllers are there \(two\)"):
        command._refuse_if_unfit(DRILLS["redis-loss"], ENV, alone, None)
    with pytest.raises(OperatorError, match="4 calls are in progress, more than 3"):
        command._refuse_if_unfit(DRILLS["redis-loss"], ENV, BEFORE, 3)
    command._refuse_if_unfit(DRILLS["standby-takeover"], ENV, BEFORE, 4)


@pytest.mark.parametrize(
    ("name", "before", "for_s", "said"),
    [
        ("redis-loss", replace(BEFORE, in_redis=None), 10.0, "keeps no live state in Redis"),
        ("redis-loss", replace(BEFORE, in_redis=False), 10.0, "Redis is away already"),
        ("controller-crash", replace(BEFORE, in_redis=False), 10.0, "Redis is away already"),
        ("database-loss", replace(BEFORE, records_away_s=2.0), 10.0, "the database is away already"),
        ("database-loss", BEFORE, 2.0, "less than 3 s may not show"),
    ],
)
def test_what_is_not_there_cannot_be_lost(name: str, before: Before, for_s: float, said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        command.refuse_if_nothing_to_lose(DRILLS[name], before, for_s)
    command.refuse_if_nothing_to_lose(DRILLS[name], BEFORE, 3.0)
    command.refuse_if_nothing_to_lose(DRILLS["controller-crash"], replace(BEFORE, in_redis=None), 1.0)
