"""Each fault once, one after the other on one centre under a small load. `script/faults` does it for long."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable

import pytest

from bench.faults.centre import may_mount
from bench.faults.kinds import FAULTS
from bench.faults.load import Pace
from bench.faults.run import play, staged

PACE = Pace(rate=2.0, agents=12, talk_s=(0.5, 2.5), patience_s=(0.3, 4.0))
UNTOUCHED_S = 6.0
"""What stops no routing: until the next caller comes, of two a second on average, has heard the prompt, and
an agent is free, on a machine that is busy with all of this. Measured: up to 1 s."""
DISPATCH_WITHIN_S = {
    "controller-killed": 4.0,
    "controller-frozen": 7.0,
    "handover": 3.0,
    "controllers-killed": 12.0,  # Asterisk's own queue serves after FALLBACK_AFTER_S; measured: 4 s
    "asterisk-restarted": 15.0,  # with its start; measured: 3 s
}
PAUSES_MORE_S = 4.0
"""The longest time without a ring until all is whole, of many between callers, may be longer by so much."""
NEEDS_DISKS = (
    "the faults of full disks need small disks of their own: root, with the right to mount (mount -t tmpfs);"
    " in a container that is the capability SYS_ADMIN, and no AppArmor profile that forbids mounts"
)


@pytest.mark.asterisk
@pytest.mark.alone
@pytest.mark.timeout(240)
async def test_no_fault_costs_a_call_or_a_record(record_property: Callable[[str, object], None]) -> None:
    """But for calls on an Asterisk that dies."""
    seed = int(os.environ.get("ACD_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    record_property("seed", seed)
    sys.stdout.write(f"the same again: ACD_TEST_SEED={seed}\n")
    assert may_mount(), NEEDS_DISKS
    clocks = [name for name in FAULTS if FAULTS[name].sets_clock]  # judged by the phones' watches alone
    others = [name for name in FAULTS if name not in clocks]
    async with staged(seed, PACE, short=True) as stage:
        outcomes = await play(stage, others, seed, PACE, lambda name: None)
        outcomes += await play(stage, clocks, seed, PACE, lambda name: None)
    for outcome in outcomes:
        sys.stdout.write(f"{outcome}\n")
    assert [o.problems for o in outcomes if o.problems] == []
    assert all(outcome.is_good for outcome in outcomes)
    assert sum(outcome.calls for outcome in outcomes) > len(FAULTS)
    within_s = {name: DISPATCH_WITHIN_S.get(name, UNTOUCHED_S) for name in FAULTS}
    assert {o.fault: o.resumed_s for o in outcomes if o.resumed_s > within_s[o.fault]} == {}
    assert {o.fault: o.pause_s for o in outcomes if o.pause_s > within_s[o.fault] + PAUSES_MORE_S} == {}
