"""The measurement of desktops, small: a change in the engine reaches the clients of a real web process."""

from __future__ import annotations

from bench.desktop import Load, Measured, is_good, measure


async def test_changes_reach_all_who_watch() -> None:
    load = Load(agents=6, groups=3, supervisors=2, calls=4, changes_per_s=20, seconds=1.0)
    said: list[str] = []
    measured = await measure(load, said.append)
    assert said == ["making accounts", "browsers connect", "measuring"]
    # Each change is told to its agent and to both supervisors, once more to one who is both.
    assert 20 <= measured.messages <= 100
    assert measured.closed == 0
    assert 0 < measured.late_p50_ms <= measured.late_p99_ms <= measured.late_max_ms < 5000
    assert measured.rss_mb > 20


def test_each_target_counts() -> None:
    good = Measured(1, 5.0, 49.0, 500.0, 80.0, 99.0, 50.0, 0)
    assert is_good(good)
    for worse in (
        Measured(1, 5.0, 51.0, 500.0, 80.0, 99.0, 50.0, 0),
        Measured(1, 5.0, 49.0, 500.0, 80.0, 101.0, 50.0, 0),
        Measured(1, 5.0, 49.0, 500.0, 80.0, 99.0, 50.0, 1),
    ):
        assert not is_good(worse)
