"""/metrics: Prometheus is told what wallboard and reports say, and the dashboard asks for nothing else."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from acd.core.agents import AgentState
from acd.core.engine import Engine
from acd.core.events import AgentLoggedIn, AgentWentNotReady, CallArrived, CallQueued
from acd.core.facts import AgentLeft, Answered, Arrived, CallKind, Ended, EndedBy, Fact, Queued
from acd.core.floor import Floor
from acd.guarding import Guarding, SipCertificate
from acd.metrics import ControllerMetrics
from acd.records.fold import fold
from acd.records.period import parse_period
from acd.records.store import RecordStore
from acd.reports.asked import Asked, By
from acd.reports.run import run_report
from acd.runtime.clock import EngineClock
from acd.runtime.dial_plan import Denial
from acd.runtime.feed_figures import Figures as Lines
from acd.settings.centre_now import CentreNow
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.nodes import NodePlace
from acd.standby import leading_metrics
from acd.state.disk import DiskMirror
from acd.telephony.front import Front
from acd.telephony.front_scans import FrontScans
from acd.telephony.provision_tls import copies_name
from acd.web import metrics
from acd.web.centre import CentreInUse, CentreShown
from acd.web.figures import day
from acd.web.limits import KINDS
from acd.web.live.hub import Hub
from acd.web.metrics import ALL, HALF_HOUR, KPI_IDS, TODAY, WebMetrics, may_read, metric_of, work_out
from acd.web.report_desk import known_of
from acd.web.tls.certificate import Certificate
from tests.web.certificates import write_pair

CHECKOUT = Path(__file__).resolve().parents[2]
CENTRE = CentreShown.read(CHECKOUT / "config", CHECKOUT / "ivr_flows")
TZ = ZoneInfo(CENTRE.system.timezone)
NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
HEALTH: dict[str, Any] = {
    "ok": True,
    "asterisk": True,
    "dispatching": True,
    "records_waiting": 2,
    "records_database": False,
    "records_on_disk": 1,
    "records_away_s": 30,
    "live_state_on_disk": True,
    "live_state_in_redis": True,
    "flows_kept": True,
    "calls": 1,
    "trunks": {"lab": "reachable", "provider": "rejected"},
    "tasks": 12,
}
ROUNDED = partial(pytest.approx, abs=0.0005)  # the wallboard's figures have few digits
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(page: bytes) -> Samples:
    """Name and labels → value."""
    families = text_string_to_metric_families(page.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def of(samples: Samples, name: str, **labels: str) -> float | None:
    """One value; None: it is not told."""
    return samples.get((name, frozenset(labels.items())))


def names(page: bytes) -> set[str]:
    """Of all samples."""
    return {name for name, _ in read(page)}


def call(number: int, at: float, group: str, waits_s: float, talks_s: float | None) -> tuple[str, list[Fact]]:
    """A visit that was answered, or abandoned where there is no talk."""
    facts: list[Fact] = [Arrived(at, CallKind.INBOUND, "+49", "", "8001"), Queued(at, group)]
    end = at + waits_s
    if talks_s is not None:
        facts.append(Answered(end, "anna"))
        end += talks_s
        facts.append(AgentLeft(end, "anna"))
    return f"c{number}", [*facts, Ended(end, EndedBy.CALLER)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    """A morning, the last half hour, and yesterday, which is none of today."""
    told = [
        *(call(n, NOW.timestamp() - 3600 * 4 + n * 60, "sales", 5.0 * n, 30.0) for n in range(8)),
        *(call(10 + n, NOW.timestamp() - 600 + n * 10, "support", 7.0 * n, None) for n in range(5)),
        *(call(20 + n, NOW.timestamp() - 900 + n * 10, "sales", 12.0 * n, 60.0) for n in range(3)),
        call(30, NOW.timestamp() - 86_400, "sales", 3.0, 9.0),
    ]
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        store.save_calls([fold(call_id, facts) for call_id, facts in told])
        yield store


def test_prometheus_wallboard_and_report_agree(store: RecordStore) -> None:
    told = work_out(store.engine, CENTRE, NOW)
    samples = read(metrics._written(told, 3))
    period = parse_period("today", None, TZ, NOW)
    board = day(CENTRE, store.visits(period.since, period.until), [], period, NOW)
    asked = Asked(
        "groups", period, TZ, by=By.GROUP, formula=CENTRE.system.service_level_formula, kpis=KPI_IDS
    )
    report = run_report(store.engine, known_of(CENTRE, "en"), asked, NOW)
    assert all(check.ok for check in report.checks)
    shown = {ALL: board.report["total"], **{g["group"]: g for g in board.report["groups"]}}
    lines = {ALL: report.total, **{line.key: line for line in report.lines}}
    assert shown.keys() == lines.keys() == {ALL, "sales", "support"}
    for group, line in lines.items():
        for id in KPI_IDS:
            value = of(samples, metric_of(id), group=cast("str", group), window=TODAY)
            assert value == line.values[id], (group, id)
            on_board = shown[group][id]
            if id == "longest_wait_s" and value is None:
                continue  # nobody came
            assert value == ROUNDED(on_board), (group, id)
    assert lines["sales"].values["offered"] == 11
    for group, level in board.recent.items():
        told_level = of(samples, "acd_kpi_service_level", group=group or ALL, window=HALF_HOUR)
        assert told_level == (None if level is None else ROUNDED(level))
    assert of(samples, "acd_kpi_offered", group="sales", window=HALF_HOUR) == 3


def engine_at_work() -> Engine:
    """Two wait for sales, one is in hand; Ben is at lunch, the others are not there."""
    from acd.settings.load import load_centre

    engine = Engine(load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows").plan)
    for number, at in enumerate((100.0, 110.0, 120.0)):
        engine.handle(CallArrived(f"c{number}", CallKind.INBOUND, "+49", "", "8001"), at)
        if number:
            engine.handle(CallQueued(f"c{number}", "sales"), at)
    engine.handle(AgentLoggedIn("ben", "1002"), 125.0)
    engine.handle(AgentWentNotReady("ben", "lunch"), 126.0)
    return engine


def controller_metrics(**health: Any) -> ControllerMetrics:
    """Of that floor, ten seconds later."""
    floor = engine_at_work().floor
    return ControllerMetrics(
        floor, lambda: 136.0, lambda: {**HEALTH, **health}, lambda: 1, CHECKOUT / "config", lambda: True
    )


def test_the_controller_tells_of_this_moment() -> None:
    told = controller_metrics()
    told.offered(0.004)
    samples = read(told.page())
    lines = Lines(told._floor)
    assert of(samples, "acd_waiting_callers", group="sales") == lines.waiting("sales") == 2
    assert of(samples, "acd_waiting_callers", group="support") == 0
    assert of(samples, "acd_longest_wait_seconds", group="sales") == 26.0
    assert of(samples, "acd_calls", state="waiting") == 2
    assert of(samples, "acd_calls", state="ivr") == 1
    assert of(samples, "acd_agents", state="not_ready", reason="lunch") == 1
    assert of(samples, "acd_agents", state="logged_out", reason="") == 5
    assert of(samples, "acd_agents", state="talking", reason="") == 0
    assert of(samples, "acd_trunk_up", trunk="lab") == 1
    assert of(samples, "acd_trunk_up", trunk="provider") == 0
    assert of(samples, "acd_records_database_up") == 0
    assert of(samples, "acd_dispatch_seconds_bucket", le="0.005") == 1
    assert of(samples, "acd_dispatch_seconds_bucket", le="0.0025") == 0
    assert of(samples, "process_resident_memory_bytes")
    assert of(samples, "acd_live_state_up", place="redis") == 1
    without = read(controller_metrics(live_state_in_redis=None).page())
    assert of(without, "acd_live_state_up", place="redis") is None


def test_a_reason_that_is_not_configured_makes_no_label() -> None:
    told = controller_metrics()
    agent = told._floor.agents["ben"]
    agent.reason = "x" * 50
    samples = read(told.page())
    assert of(samples, "acd_agents", state=AgentState.NOT_READY.value, reason="other") == 1


def _guarding(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> Guarding:
    """That has refused something of each kind, and has spent most of a budget."""
    centre = CentreNow(load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows"))
    guarding = Guarding(centre, floor, lambda: 136.0, DiskMirror(CHECKOUT / "not-opened"))
    guarding.guard.refused["premium-number"] += 1
    guarding.scans.refused["unknown"] += 1
    picture = {"currency": "EUR", "spent": 81.0, "budget": 100.0, "alarms": [{"percent": 80}]}
    monkeypatch.setattr(guarding.guard, "picture", lambda: picture)
    return guarding


def test_every_series_of_refusals_is_there_before_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus sees no increase in what a series begins with."""
    told = controller_metrics()
    guarding = _guarding(told._floor, monkeypatch)
    told.add(guarding)
    guarding.guard.refused.subtract(["premium-number"])
    guarding.scans.refused.subtract(["unknown"])
    samples = read(told.page())
    for denial in Denial:
        assert of(samples, "acd_outside_refused_total", reason=denial.value) == 0
    for kind in ("unknown", "wrong-password", "wrong-address"):
        assert of(samples, "acd_sip_refused_total", kind=kind) == 0
    for of_whom in ("number", "hidden"):
        assert of(samples, "acd_callers_limited_total", of=of_whom) == 0
    web = read(metrics._written(None, 0))
    for kind in KINDS:
        assert of(web, "acd_requests_refused_total", by=kind) == 0


async def test_what_kamailio_refuses_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kamailio:
        where = "192.0.2.9:8088"
        guessed = 70

        async def refused(self) -> dict[str, int]:
            return {"wrong_password": self.guessed}

    front = Kamailio()
    told = controller_metrics()
    guarding = _guarding(told._floor, monkeypatch)
    told.add(guarding)
    scans = FrontScans(lambda: [cast("Front", front)], guarding.scans.add)
    await scans.look()
    front.guessed += 30
    await scans.look()
    guarding.scans.hear({"Event": "InvalidPassword", "Service": "PJSIP"})
    assert of(read(told.page()), "acd_sip_refused_total", kind="wrong-password") == 31


@pytest.fixture
def pages(store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What both processes tell."""
    node = {"name": "a", "up": True, "drained": False, "calls": 1, "phones": 2, "lost": 0}
    told = controller_metrics(nodes=[node])
    told.add(_guarding(told._floor, monkeypatch))
    write_pair(tmp_path / "tls", "x")
    pair = tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem"
    certificate = Certificate(*pair)
    (tmp_path / "asterisk/etc").mkdir(parents=True)
    env = Environment(tmp_path, CHECKOUT, CHECKOUT, sip_tls_cert=pair[0], sip_tls_key=pair[1])
    told.add(SipCertificate(env))
    page = metrics._written(work_out(store.engine, CENTRE, NOW), 3, certificate)
    leading = generate_latest(leading_metrics(lambda: True))
    return {"controller": told.page() + leading, "web": page}


ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((CHECKOUT / "config" / "monitoring" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
RUNBOOK = (CHECKOUT / "docs" / "runbook.md").read_text(encoding="utf-8")


def _known_labels(pages: dict[str, bytes]) -> dict[str, dict[str, set[str]]]:
    """Of each metric: its labels and their values, with the job that Prometheus gives all of a page."""
    scraped = yaml.safe_load((CHECKOUT / "config" / "monitoring" / "prometheus.yml").read_text())
    jobs = {config["job_name"] for config in scraped["scrape_configs"]}
    assert jobs == {"acd", "acd-web"}
    known: dict[str, dict[str, set[str]]] = {"up": {"job": jobs, "instance": set()}}
    for page, job in (("controller", "acd"), ("web", "acd-web")):
        for name, labels in read(pages[page]):
            of_it = known.setdefault(name, {"job": set(), "instance": set()})
            of_it["job"].add(job)
            for label, value in labels:
                of_it.setdefault(label, set()).add(value)
    return known


def _faults_of_matchers(matchers: str, labels: dict[str, set[str]]) -> list[str]:
    """What of `{job="acd",state=~"a|b"}` no sample has: a label, or a value."""
    faults = []
    for label, how, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
        if label not in labels:
            faults.append(label)
            continue
        each = value.split("|") if "~" in how else [re.escape(value)]
        faults += [one for one in each if not any(re.fullmatch(one, has) for has in labels[label])]
    rest = re.sub(r'\w+\s*(=~|!~|!=|=)\s*"[^"]*"', "", matchers)
    return faults + ([rest] if rest.strip(" ,") else [])


def faults_of_alert(rule: dict[str, Any], known: dict[str, dict[str, set[str]]]) -> list[str]:
    """Metrics, labels and values that a rule asks for and that there are not."""
    expr = rule["expr"]
    asked = re.findall(r"\b(up|(?:acd|process)_[a-z0-9_]+)\b(?:\{([^}]*)\})?", expr)
    faults = [name for name, _ in asked if name not in known] if asked else ["nothing is asked for"]
    if faults:
        return faults
    for name, matchers in asked:
        faults += _faults_of_matchers(matchers, known[name])
    grouped = re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expr)
    used = [label.strip() for group in grouped for label in group.split(",") if label.strip()]
    shown = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    faults += [f"{{{label}}}" for label in used + shown if label not in known[asked[0][0]]]
    lost = re.match(r"\s*(?:sum|max|min|count)\s*\(", expr) is not None  # without `by`, no label is left
    return faults + [f"lost {label}" for label in shown if lost]


def test_every_alert_asks_for_what_there_is_and_is_explained(pages: dict[str, bytes]) -> None:
    known = _known_labels(pages)
    for rule in ALERTS:
        assert faults_of_alert(rule, known) == [], rule["alert"]
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
    explained = re.findall(r"^### (Acd\w+)$", RUNBOOK, re.MULTILINE)
    assert explained == [rule["alert"] for rule in ALERTS]
    assert set(re.findall(r"\bAcd[A-Z]\w+", RUNBOOK)) == set(explained)


@pytest.mark.parametrize(
    ("expr", "faults"),
    [
        ('up{job="acd-controller"} == 0', ["acd\\-controller"]),
        ('acd_live_state_up{plase="disk"} == 0', ["plase"]),
        ('acd_live_state_up{place="memory"} == 0', ["memory"]),
        ('acd_agents{state=~"ready|resting"} == 0', ["resting"]),
        ('process_open_fds{job=~"acd.*"} > 1', []),
        ('acd_browsers{job="acd"} > 1', ["acd"]),  # the web process has them
        ("acd_browser > 1", ["acd_browser"]),
        ("sum by (grup) (acd_waiting_callers) > 1", ["{grup}"]),
        ("vector(1)", ["nothing is asked for"]),
    ],
)
def test_an_alert_that_could_never_fire_is_found(
    pages: dict[str, bytes], expr: str, faults: list[str]
) -> None:
    rule = {"expr": expr, "annotations": {"summary": "x"}}
    assert faults_of_alert(rule, _known_labels(pages)) == faults


def test_the_certificate_of_sip_is_told_of(tmp_path: Path) -> None:
    write_pair(tmp_path / "tls", "x", days=5)
    pair = tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem"
    env = Environment(tmp_path, CHECKOUT, CHECKOUT, sip_tls_cert=pair[0], sip_tls_key=pair[1])

    def told(environment: Environment) -> tuple[float | None, float | None]:
        registry = CollectorRegistry()
        registry.register(SipCertificate(environment))
        samples = read(generate_latest(registry))
        days, current = (of(samples, f"acd_sip_tls_certificate_{what}") for what in ("days", "current"))
        return (days and round(days, 1)), current

    assert told(replace(env, sip_tls_cert=None, sip_tls_key=None)) == (None, None)
    assert told(env) == (5.0, None)  # Asterisk's folder is on another machine
    etc = tmp_path / "asterisk/etc"
    etc.mkdir(parents=True)
    assert told(env) == (5.0, 0.0)
    (etc / f"{copies_name(*(file.read_text() for file in pair))}.crt").touch()
    assert told(env) == (5.0, 1.0)
    write_pair(tmp_path / "tls", "x", days=90)
    assert told(env) == (90.0, 0.0)  # until it is provisioned
    assert told(replace(env, nodes=(NodePlace("a", "127.0.0.1", 5038),))) == (90.0, None)
    pair[0].write_text("nonsense")
    assert told(env) == (0.0, 0.0)


def test_disk_clock_and_backup_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = EngineClock()

    def page() -> Samples:
        floor = engine_at_work().floor
        return read(
            ControllerMetrics(floor, clock, lambda: HEALTH, lambda: 0, tmp_path, lambda: False).page()
        )

    before = page()
    assert of(before, "acd_clock_off_seconds") == pytest.approx(0.0, abs=0.5)
    assert of(before, "acd_backup_timestamp_seconds") == 0
    assert of(before, "acd_journal_up") == 0
    assert 0 < (of(before, "acd_disk_free_bytes") or 0) <= (of(before, "acd_disk_bytes") or 0)
    (tmp_path / "last-backup").touch()
    assert of(page(), "acd_backup_timestamp_seconds") == pytest.approx(time.time(), abs=60)
    real = time.time
    for stepped_s in (3600.0, -3600.0):
        monkeypatch.setattr(time, "time", lambda by_s=stepped_s: real() + by_s)
        at = clock()
        assert of(page(), "acd_clock_off_seconds") == pytest.approx(-stepped_s, abs=0.5)
        assert 0 <= clock() - at < 5  # calls' time goes evenly


def test_every_query_of_the_dashboard_has_its_metric(pages: dict[str, bytes]) -> None:
    board = json.loads((CHECKOUT / "config" / "grafana" / "acd.json").read_text(encoding="utf-8"))
    there = {name for page in pages.values() for name in names(page)}
    samples = {**read(pages["controller"]), **read(pages["web"])}
    labels = {name: {label for key, of_it in samples if key == name for label, _ in of_it} for name in there}
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(queries) > 20
    for query in queries:
        asked = re.findall(r"\b((?:acd|process)_[a-z0-9_]+)(?:\{([^}]*)\})?", query)
        assert asked, query
        for name, matchers in asked:
            assert name in there, query
            assert set(re.findall(r"(\w+)!?=", matchers)) <= labels[name], query
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_page_of_metrics_names_each(pages: dict[str, bytes]) -> None:
    text = (CHECKOUT / "docs" / "metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(acd_\w+)` \|", text, re.MULTILINE))
    told = {re.sub(r"_(bucket|count|sum|created)$", "", n) for page in pages.values() for n in names(page)}
    told |= {"acd_traces_total"}  # only where a collector is there
    assert documented == {name for name in told if name.startswith("acd_")}


def test_there_are_few_series(pages: dict[str, bytes]) -> None:
    ours = [name for page in pages.values() for name, _ in read(page) if name.startswith("acd_")]
    assert len(ours) < 180


async def test_only_this_machine_is_told(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Centre:
        async def get(self) -> CentreShown:
            return CENTRE

    class Browsers:
        clients = 4

    asked = []

    def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return work_out(*arguments)

    monkeypatch.setattr(metrics, "work_out", counted)
    told = WebMetrics(store, cast("CentreInUse", Centre()), cast("Hub", Browsers()))
    app = web.Application()
    app.router.add_get(metrics.PATH, told.page)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        for _ in range(2):
            answer = await client.get(metrics.PATH)
            assert (answer.status, answer.content_type) == (200, "text/plain")
            samples = read(await answer.read())
            assert of(samples, "acd_browsers") == 4
            assert of(samples, "acd_figures_up") == 1
        assert len(asked) == 1, "the second is of the same figures"
        for header in ("X-Forwarded-For", "Forwarded"):
            answer = await client.get(metrics.PATH, headers={header: "127.0.0.1"})
            assert answer.status == 403
        store.close()
        told._again_at = 0.0
        samples = read(await (await client.get(metrics.PATH)).read())
        assert of(samples, "acd_figures_up") == 0
        assert of(samples, "acd_kpi_offered", group=ALL, window=TODAY) is None


@pytest.mark.parametrize(
    ("peer", "own", "may"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("172.30.57.36", "172.30.57.36", True),  # from within the container
        ("172.30.57.33", "172.30.57.36", False),
        ("198.51.100.7", "172.30.57.36", True),
        ("198.51.100.16", "172.30.57.36", False),
        ("::1", "::1", True),
        ("", "", False),
    ],
)
def test_who_may_read_the_page_of_the_desktop(peer: str, own: str, *, may: bool) -> None:
    class Transport(asyncio.Transport):
        def get_extra_info(self, name: str, default: object = None) -> object:
            return {"peername": (peer, 5000), "sockname": (own, 8080)}.get(name, default)

    networks = [ip_network("198.51.100.0/28")]
    assert may_read(make_mocked_request("GET", "/metrics", transport=Transport()), networks) is may
    proxied = make_mocked_request("GET", "/metrics", {"X-Forwarded-For": peer}, transport=Transport())
    assert not may_read(proxied, networks)
