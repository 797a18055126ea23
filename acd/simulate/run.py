"""One simulation from beginning to end."""

from __future__ import annotations

from collections.abc import Callable

from acd.core.plan import Plan
from acd.core.service_level import ServiceLevelFormula
from acd.simulate.figures import Result, result_of
from acd.simulate.ledger import Ledger
from acd.simulate.opening import ALWAYS_OPEN, Opening
from acd.simulate.scenario import Scenario
from acd.simulate.world import World


def simulate(
    plan: Plan,
    scenario: Scenario,
    formula: ServiceLevelFormula = ServiceLevelFormula.OFFERED_MINUS_SHORT,
    progress: Callable[[float], None] = lambda _share: None,
    opening: Opening = ALWAYS_OPEN,
) -> Result:
    """The figures of the scenario under this plan. The same arguments always give the same figures."""
    ledger = Ledger(plan.groups, scenario)
    World(plan, scenario, ledger, opening).run(progress)
    return result_of(ledger, formula)
