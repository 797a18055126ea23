"""The figures that the counts of `tests.reports.truth` make, by the texts of the formulas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, isclose

from acd.reports.table import Figure
from tests.reports.truth import Count


def expected(c: Count) -> dict[str, Figure]:
    """Each KPI of these calls and agents."""
    return {
        **_of_visits(c),
        **_of_rings_and_transfers(c),
        **_of_agents(c),
        **_of_calls(c),
        **_of_outcomes(c),
        **_of_callbacks_and_scores(c),
    }


def differing(
    found: Mapping[str, Figure], wanted: Mapping[str, Figure], ids: Iterable[str]
) -> dict[str, tuple[Figure, Figure]]:
    """Found and wanted, where they are not the same: means and shares to the last digits of a float."""
    pairs = {id: (found[id], wanted[id]) for id in ids}
    return {id: pair for id, pair in pairs.items() if not _same(*pair)}


def _same(one: Figure, other: Figure) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-12)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _nearest(waits: list[int], percent: int) -> float | None:
    return sorted(waits)[max(0, ceil(len(waits) * percent / 100) - 1)] / 1000 if waits else None


def _of_visits(c: Count) -> dict[str, Figure]:
    n, answered, gone, left = (c.numbers, *(c.waits[kind] for kind in ("answered", "abandoned", "left")))
    waiting, over = c.waits["waiting"], answered + gone + left
    offered, late = len(over) + len(waiting), len(gone) - n["gone_in_time"]
    ended = len(answered) + len(gone)
    handled = _handled(c)
    return {
        "offered": offered,
        "answered": len(answered),
        "abandoned": len(gone) - n["short"],
        "short_abandoned": n["short"],
        "left": len(left),
        "waiting": len(waiting),
        "answered_in_time": n["in_time"],
        "abandon_rate": _share(len(gone) - n["short"], offered - n["short"]),
        "service_level_offered_minus_short": _share(n["in_time"], offered - n["short"]),
        "service_level_answered": _share(n["in_time"], len(answered)),
        "service_level_with_abandoned_in_time": _share(n["in_time"] + n["gone_in_time"], ended),
        "service_level_answered_plus_abandoned": _share(n["in_time"], ended),
        "service_level_answered_plus_late_abandons": _share(n["in_time"], len(answered) + late),
        "service_level_with_short": _share(n["in_time"] + n["short"], ended),
        "asa_s": _share(sum(answered) / 1000, len(answered)),
        "longest_wait_s": max(over + waiting) / 1000 if offered else None,
        "wait_p50_s": _nearest(over, 50),
        "wait_p90_s": _nearest(over, 90),
        "wait_p95_s": _nearest(over, 95),
        "transferred_in": n["transferred_in"],
        "aht_s": _share((n["talk"] + n["hold"] + n["wrap"]) / 1000, handled),
        "att_s": _share(n["talk"] / 1000, handled),
        "hold_s": _share(n["hold"] / 1000, handled),
        "acw_s": _share(n["wrap"] / 1000, handled),
    }


def _handled(c: Count) -> int:
    """Answered out of a line, or taken over."""
    return len(c.waits["answered"]) + c.numbers["transferred_in"]


def _of_rings_and_transfers(c: Count) -> dict[str, Figure]:
    n = c.numbers
    missed = n["ring:no_answer"]
    moved = n["transfers_blind"] + n["transfers_attended"] - n["transfers_without_group"]
    return {
        "rings": n["rings"],
        "rona": missed,
        "rona_rate": _share(missed, missed + n["ring:answered"] + n["ring:declined"]),
        "transfers_blind": n["transfers_blind"],
        "transfers_attended": n["transfers_attended"],
        "transfer_rate": _share(moved, _handled(c)),
    }


def _of_agents(c: Count) -> dict[str, Figure]:
    n = c.numbers
    on_calls = n["talking"] + n["wrap_up"]
    states = ("logged_in", "ready", "ringing", "talking", "wrap_up", "not_ready")
    return {
        **{f"{state}_s": n[state] / 1000 for state in states},
        "not_ready_stretches": n["not_ready_stretches"],
        "not_ready_share": _share(n["not_ready"], n["logged_in"]),
        "paid_s": (n["logged_in"] - n["unpaid"]) / 1000,
        "occupancy": _share(on_calls, on_calls + n["ready"]),
        "utilisation": _share(on_calls + n["ringing"], n["logged_in"] - n["unpaid"]),
        "planned_s": n["planned"] / 1000,
        "in_plan_s": n["in_plan"] / 1000,
        "outside_plan_s": (n["logged_in_with_plan"] - n["in_plan"]) / 1000,
        "adherence": _share(n["in_plan"], n["planned"]),
    }


def _of_calls(c: Count) -> dict[str, Figure]:
    n = c.numbers
    counted = (
        "calls", "calls_answered", "contacts", "contacts_resolved", "ivr_calls", "ivr_contained",
        "ivr_completed", "ivr_dropped", "step_visits", "step_dropped", "peak_calls", "peak_waiting",
        "peak_talking",
    )  # fmt: skip
    return {
        **{name: n[name] for name in counted},
        "fcr": _share(n["contacts_resolved"], n["contacts"]),
        "ivr_containment": _share(n["ivr_contained"], n["ivr_calls"]),
        "ivr_drop_rate": _share(n["ivr_dropped"], n["ivr_calls"]),
        "step_drop_rate": _share(n["step_dropped"], n["step_visits"]),
    }


def _of_outcomes(c: Count) -> dict[str, Figure]:
    n = c.numbers
    return {
        "dispositions": n["dispositions"],
        "complaints": n["complaints"],
        "complaint_rate": _share(n["complaints"], n["dispositions"]),
    }


def _of_callbacks_and_scores(c: Count) -> dict[str, Figure]:
    n = c.numbers
    given = {score: n[f"score{score}"] for score in range(1, 6)}
    return {
        **{
            f"callbacks{end}": n[f"callbacks{end}"] for end in ("", "_done", "_failed", "_cancelled", "_open")
        },
        "callback_success": _share(n["callbacks_done"], n["callbacks"] - n["callbacks_open"]),
        "survey_answers": sum(given.values()),
        "csat": _share(given[4] + given[5], sum(given.values())),
        "score_mean": _share(sum(score * times for score, times in given.items()), sum(given.values())),
    }
