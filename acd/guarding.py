"""The wiring of what guards the telephone side: bounds of calls outside, and what metrics tell of it and of
the certificate of SIP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from acd.core.floor import Floor
from acd.core.ports import Mirror
from acd.errors import OperatorError
from acd.runtime.outside_guard import OutsideGuard
from acd.runtime.spending import SpendingBook, is_outside
from acd.settings.centre_now import CentreView
from acd.settings.environment import Environment, numeric_addresses
from acd.telephony.peers import Peers
from acd.telephony.scans import ScanBook
from acd.telephony.sip_certificate import days_left, is_given


def asterisk_peers(environment: Environment) -> Peers:
    """Who may speak FastAGI: Asterisk, and programs on the controller's own address. Raises OperatorError."""
    nodes = [place.host for place in environment.nodes] or [environment.asterisk_host]
    hosts = dict.fromkeys((*nodes, environment.controller_host))
    # At once: while a name server is away each takes seconds, and a leader that starts has half a minute.
    with ThreadPoolExecutor(len(hosts), thread_name_prefix="names") as threads:
        addresses = [address for found in threads.map(numeric_addresses, hosts) for address in found]
    return Peers([*addresses, *environment.agi_from], time.monotonic)


class Guarding(Collector):
    """`guard` decides, `book` observes calls; `collect` is for the metrics."""

    def __init__(self, centre: CentreView, floor: Floor, clock: Callable[[], float], mirror: Mirror) -> None:
        self._floor = floor
        self._centre = centre
        self.book = SpendingBook(centre, clock, mirror)
        self.guard = OutsideGuard(centre, floor, clock, self.book)
        self.peers = Peers(None, clock)
        self.limited: Mapping[str, int] = {}
        self.scans = ScanBook(clock)

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Before the calls are known again: observers are told of them then."""
        self.book.restore(kept)
        self.guard.restore(kept)

    def calls_are_known(self) -> None:
        """After `restore`, and after the calls are."""
        self.book.stop_gone(lambda call_id: call_id in self._floor.calls)

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """See `prometheus_client`."""
        outside = sum(map(is_outside, self._floor.calls.values()))
        yield GaugeMetricFamily("acd_outside_calls", "Our own calls over trunks, at this moment.", outside)
        refused = CounterMetricFamily(
            "acd_outside_refused", "Outside numbers that were not dialled, by reason.", labels=["reason"]
        )
        for reason, count in self.guard.refused.items():
            refused.add_metric([reason], count)
        yield refused
        yield CounterMetricFamily(
            "acd_outside_over_limit", "Calls outside that were too long or too dear.", self.guard.over_limit
        )
        yield CounterMetricFamily(
            "acd_fastagi_refused",
            "FastAGI connections of addresses that are not Asterisk's.",
            self.peers.refused,
        )
        scans = CounterMetricFamily(
            "acd_sip_refused", "SIP requests that Asterisk or Kamailio has refused, by kind.", labels=["kind"]
        )
        for kind, count in self.scans.refused.items():
            scans.add_metric([kind], count)
        yield scans
        limited = CounterMetricFamily(
            "acd_callers_limited", "Calls of numbers that call too often.", labels=["of"]
        )
        for of in ("number", "hidden"):
            limited.add_metric([of], self.limited.get(of, 0))
        yield limited
        yield from self._money()

    def _money(self) -> Iterator[GaugeMetricFamily]:
        picture = self.guard.picture()
        if picture["currency"] is None:
            return
        spent = GaugeMetricFamily(
            "acd_outside_spent_today", "What calls outside have cost today.", labels=["currency"]
        )
        spent.add_metric([picture["currency"]], picture["spent"])
        yield spent
        if picture["budget"] is not None:
            budget = GaugeMetricFamily(
                "acd_outside_budget", "What calls outside may cost a day.", labels=["currency"]
            )
            budget.add_metric([picture["currency"]], picture["budget"])
            yield budget
        worst = max((alarm["percent"] for alarm in picture["alarms"]), default=0)
        yield GaugeMetricFamily(
            "acd_outside_budget_alarm", "80 or 100: percent of a budget that is spent; 0: less.", worst
        )


class SipCertificate(Collector):
    """For the metrics, where SIP over TLS is set up; a certificate that cannot be read has no day left."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See `prometheus_client`."""
        if self._environment.sip_tls_cert is None:
            return
        given: bool | None = False
        try:
            left = days_left(self._environment.sip_tls_cert)
            given = is_given(self._environment)
        except OperatorError:
            left = 0.0
        text = "Days until the certificate of SIP in ACD_SIP_TLS_CERT expires; 0: it cannot be read."
        yield GaugeMetricFamily("acd_sip_tls_certificate_days", text, left)
        if given is not None:
            text = "0 while Asterisk has not been given the pair in the files."
            yield GaugeMetricFamily("acd_sip_tls_certificate_current", text, float(given))
