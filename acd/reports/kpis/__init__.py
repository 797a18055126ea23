"""The registry of KPIs: each formula is written once, here, for reports and for what is live. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.core.service_level import ServiceLevelFormula
from acd.reports.kpis import agents, calls, outcomes, visits
from acd.reports.kpis.kpi import Kpi, Origin, RowKind
from acd.reports.measures import Measures
from acd.reports.table import Better, Column, Figure, Unit

__all__ = ["KPIS", "SERVICE_LEVEL", "Kpi", "Origin", "RowKind", "column", "figures", "meant"]

SERVICE_LEVEL = "service_level"
"""Stands for the variant that the report's formula chooses."""

KPIS: Mapping[str, Kpi] = {kpi.id: kpi for kpi in (*visits.KPIS, *agents.KPIS, *calls.KPIS, *outcomes.KPIS)}


def meant(id: str, formula: ServiceLevelFormula) -> Kpi:
    """The KPI of this id. Raises KeyError."""
    return KPIS[visits.variant_id(formula) if id == SERVICE_LEVEL else id]


def figures(ids: Iterable[str], measures: Measures, formula: ServiceLevelFormula) -> dict[str, Figure]:
    """The KPIs' figures from `measured` measures, in the order of the ids."""
    return {id: meant(id, formula).of(measures) for id in ids}


def column(id: str) -> Column:
    """As tables show it."""
    if id == SERVICE_LEVEL:
        return Column(id, Unit.SHARE, Better.HIGH, behind=True)
    kpi = KPIS[id]
    return Column(id, kpi.unit, kpi.better, kpi.behind is not None)
