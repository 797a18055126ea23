"""Which call an old id stands for, now and after a restart."""

from __future__ import annotations

from acd.telephony.merges import Merges
from tests.runtime.fakes import FakeMirror

LIVE = {"call:c1": {"id": "c1"}}


def test_a_call_that_was_never_merged_is_itself() -> None:
    assert Merges(FakeMirror()).current("c1") == "c1"


def test_what_became_part_of_a_part_follows() -> None:
    mirror = FakeMirror()
    merges = Merges(mirror)
    merges.add("c3", "c2")
    merges.add("c2", "c1")
    assert [merges.current(c) for c in ("c1", "c2", "c3")] == ["c1", "c1", "c1"]
    assert mirror.values == {"merged:c3": {"into": "c1"}, "merged:c2": {"into": "c1"}}
    merges.forget("c2")  # not a call of its own any more
    assert merges.current("c3") == "c1"
    merges.forget("c1")
    assert mirror.values == {}
    assert merges.current("c3") == "c3"


def test_it_outlives_the_controller() -> None:
    mirror = FakeMirror({**LIVE, "flow:c1": {}})
    Merges(mirror).add("c2", "c1")
    again = Merges(mirror)
    again.restore(mirror.load())
    assert again.current("c2") == "c1"


def test_a_call_that_was_lost_may_go_on() -> None:
    mirror = FakeMirror({"lost:c1": {}, "merged:c2": {"into": "c1"}})
    merges = Merges(mirror)
    merges.restore(mirror.load())
    assert merges.current("c2") == "c1"


def test_what_belongs_to_no_kept_call_is_dropped() -> None:
    mirror = FakeMirror({"merged:c2": {"into": "c1"}})
    merges = Merges(mirror)
    merges.restore(mirror.load())
    assert merges.current("c2") == "c2"
    assert mirror.values == {}
