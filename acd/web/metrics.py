"""What the web process tells Prometheus: figures of today and of the last half hour, as reports have them.

They are worked out when somebody asks, at most every few seconds, or less often where that would take more
than a small share of the processor.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from acd.errors import OperatorError
from acd.recordings.store import Recordings
from acd.records.period import Period, parse_period
from acd.records.store import RecordStore
from acd.reports.asked import Asked, By
from acd.reports.run import run_report
from acd.reports.table import ReportTable
from acd.reports.wording import words
from acd.settings.model import RecordChannels
from acd.web.centre import CentreInUse, CentreShown
from acd.web.figures import EVERY_S, RECENT, SHARE_MAX
from acd.web.limits import KINDS, Limits
from acd.web.live.hub import Hub
from acd.web.report_desk import known_of
from acd.web.tls.certificate import Certificate

PATH = "/metrics"
KPI_IDS = (
    "offered", "answered", "abandoned", "short_abandoned", "left", "waiting", "abandon_rate", "service_level",
    "asa_s", "longest_wait_s", "aht_s",
)  # fmt: skip
TODAY, HALF_HOUR = "today", "30min"
ALL = "*"
"""The label of all groups together: no group can be called so."""
_PROXIED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
_PENDING_MAX = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """`tables` by window, by group. `pending`: recordings that are not compressed yet, at most 1,000."""

    tables: dict[str, ReportTable]
    pending: int


class WebMetrics:
    """`page` answers GET /metrics, to this machine and to the `others` (networks) only."""

    def __init__(
        self,
        store: RecordStore,
        centre: CentreInUse,
        hub: Hub,
        others: Iterable[str] = (),
        certificate: Certificate | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._store = store
        self._certificate = certificate
        self._centre = centre
        self._hub = hub
        self._others = [ipaddress.ip_network(network) for network in others]
        self._working = asyncio.Lock()
        self._told: Told | None = None
        self._again_at = 0.0

    async def page(self, request: web.Request) -> web.Response:
        """In the text format of Prometheus; 403 for another machine, and for what a proxy passes on."""
        if not may_read(request, self._others):
            return web.Response(
                status=403,
                text="/metrics is told to programs on this machine and to those that ACD_METRICS_FROM names,"
                " and not through a proxy\n",
            )
        told = await self._now()
        text = await asyncio.to_thread(
            _written, told, self._hub.clients, self._certificate, self._limits.refused
        )
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _now(self) -> Told | None:
        """None: the database, or the configuration, cannot be read."""
        async with self._working:
            if time.monotonic() >= self._again_at:
                began = time.monotonic()
                try:
                    centre = await self._centre.get()
                    self._told = await asyncio.to_thread(self._work_out, centre)
                except (SQLAlchemyError, OperatorError, RuntimeError):
                    self._told = None
                took_s = time.monotonic() - began
                self._again_at = time.monotonic() + max(EVERY_S, took_s / SHARE_MAX)
            return self._told

    def _work_out(self, centre: CentreShown) -> Told:
        return work_out(self._store.engine, centre, datetime.now(UTC))


def work_out(engine: Engine, centre: CentreShown, now: datetime) -> Told:
    """Of today until now, and of the last half hour of it. Raises SQLAlchemy's errors and OperatorError."""
    tz = ZoneInfo(centre.system.timezone)
    today = parse_period("today", None, tz, now)
    late = Period(max(today.since, now - RECENT, key=datetime.timestamp), today.until)
    known, formula = known_of(centre, centre.system.language), centre.system.service_level_formula
    tables = {
        window: run_report(
            engine, known, Asked("groups", period, tz, by=By.GROUP, formula=formula, kpis=KPI_IDS), now
        )
        for window, period in ((TODAY, today), (HALF_HOUR, late))
    }
    kept = centre.recording
    mixed = kept.channels is RecordChannels.MIXED
    return Told(tables, len(Recordings(engine).to_encode(kept.format, mixed, _PENDING_MAX)))


class _Families(Collector):
    def __init__(
        self, told: Told | None, browsers: int, certificate: Certificate | None, refused: Mapping[str, int]
    ) -> None:
        self._refused = refused
        self._told = told
        self._browsers = browsers
        self._certificate = certificate

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client`."""
        up = self._told is not None
        yield GaugeMetricFamily("acd_figures_up", "1 while key figures can be read.", value=float(up))
        yield GaugeMetricFamily("acd_browsers", "Browsers that are connected.", value=self._browsers)
        by_limit = CounterMetricFamily(
            "acd_requests_refused", "Requests beyond a limit, by what it is for.", labels=["by"]
        )
        for kind in KINDS:
            by_limit.add_metric([kind], self._refused.get(kind, 0))
        yield by_limit
        if self._certificate is not None:
            yield GaugeMetricFamily(
                "acd_tls_certificate_days",
                "Days until the certificate in use expires.",
                value=self._certificate.days_left(),
            )
            yield GaugeMetricFamily(
                "acd_tls_certificate_current",
                "0 while the pair in the files cannot be used, and the one before is used on.",
                value=float(self._certificate.fault is None),
            )
        if self._told is None:
            return
        yield GaugeMetricFamily(
            "acd_recordings_pending", "Recordings that are not compressed yet.", value=self._told.pending
        )
        for id in KPI_IDS:
            yield self._kpi(id, self._told.tables)

    def _kpi(self, id: str, tables: dict[str, ReportTable]) -> GaugeMetricFamily:
        """A figure without a value is left out."""
        told = GaugeMetricFamily(metric_of(id), words("en").kpis[id].formula, labels=["group", "window"])
        for window, table in tables.items():
            lines = [(ALL, table.total), *((line.key or "", line) for line in table.lines)]
            for group, line in lines:
                value = line.values.get(id)
                if value is not None:
                    told.add_metric([group, window], float(value))
        return told


def metric_of(id: str) -> str:
    """What a KPI is called in Prometheus: with its unit in full."""
    return f"acd_kpi_{id.removesuffix('_s')}" + ("_seconds" if id.endswith("_s") else "")


def _written(
    told: Told | None,
    browsers: int,
    certificate: Certificate | None = None,
    refused: Mapping[str, int] | None = None,
) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Families(told, browsers, certificate, refused or {}))
    return generate_latest(registry)


def may_read(
    request: web.BaseRequest, others: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    """Whether a program on this machine asks, or one of the others.

    Who connects to an address of this machine from that same address is on it, too: in a container the web
    process does not listen on loopback.
    """
    if any(name in request.headers for name in _PROXIED) or request.transport is None:
        return False
    try:
        peer, own = (
            ipaddress.ip_address((request.transport.get_extra_info(end) or ("",))[0])
            for end in ("peername", "sockname")
        )
    except ValueError:
        return False
    return peer.is_loopback or peer == own or any(peer in network for network in others)
