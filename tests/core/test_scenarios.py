"""Plays the scenarios of `scenarios/*.txt`; how to read them is said in `scenario.py`.

Those of `rules_*.txt` and `reserve_*.txt` play in centres whose groups have rules of their own, those of
`strict/` by the rules of STRICT.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.core.plan import Plan
from tests.core.centre import CALLBACKS, PLAN, RESERVE, RESULTS, RULES, STRICT
from tests.core.scenario import Player, Step, event_of, read

FOLDER = Path(__file__).parent / "scenarios"
PLANS = {
    "rules": RULES,
    "reserve": RESERVE,
    "rules_callbacks": CALLBACKS,
    "rules_callbacks_promised": CALLBACKS,
    "rules_dispositions": RESULTS,
}


def _plan_of(name: str, plan: Plan) -> Plan:
    return PLANS.get(name) or PLANS.get(name.partition("_")[0], plan)


SCENARIOS = [
    pytest.param(_plan_of(path.stem, plan), steps, id=f"{path.stem}: {title}")
    for folder, plan in ((FOLDER, PLAN), (FOLDER / "strict", STRICT))
    for path in sorted(folder.glob("*.txt"))
    for title, steps in read(path).items()
]


@pytest.mark.parametrize(("plan", "steps"), SCENARIOS)
def test_scenario(plan: Plan, steps: list[Step]) -> None:
    Player(plan).play(steps)


def test_a_scenario_that_does_not_hold_says_where(tmp_path: Path) -> None:
    file = tmp_path / "wrong.txt"
    file.write_text(
        "== Wrong\n00:00  on shift: anna 1001\n00:01  c1 arrives → c1 waiting\n", encoding="utf-8"
    )
    with pytest.raises(AssertionError, match=r"00:01  c1 arrives → c1 waiting\nc1 is ivr, not waiting"):
        Player(PLAN).play(read(file)["Wrong"])


def test_an_unknown_sentence_is_refused() -> None:
    with pytest.raises(ValueError, match="no such sentence: 'c1 sings'"):
        event_of("c1 sings")
