"""Which facts of a call were told in error, since its node was taken for dead and lived."""

from __future__ import annotations

from acd.core.facts import (
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    FellBack,
    OfferFailed,
    OfferFailure,
    Queued,
    RecordingStep,
    Returned,
    TalkRecorded,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.core.losses import loss_of, without_false_losses

CAME: list[Fact] = [Arrived(0.0, CallKind.INBOUND, "+49", "", "100"), Queued(1.0, "sales", 0, "", False)]
LOST = Ended(13.0, EndedBy.NODE, "b")
BACK, LATE = Returned(5.0, "went on at node b"), Returned(20.0, "found again")
END = Ended(9.0, EndedBy.UNKNOWN)


def test_a_loss_that_had_not_been_is_left_out_with_what_ended_with_it() -> None:
    rang = OfferFailed(13.0, "anna", OfferFailure.WITHDRAWN)
    taped = TalkRecorded(13.0, RecordingStep.ENDED)
    for also in ([], [rang], [taped]):
        told = [*CAME, *also, LOST, BACK, END]
        assert without_false_losses(told) == [*CAME, END]
    before = [*CAME, TalkRecorded(12.0, RecordingStep.ENDED)]
    assert without_false_losses([*before, LOST, BACK, END]) == [*before, END], "it had ended by itself"


def test_after_call_work_comes_last() -> None:
    work: list[Fact] = [WrapUpStarted(13.0, "anna"), WrapUpEnded(43.0, "anna")]
    told = [*CAME, Answered(2.0, "anna"), LOST, *work, BACK, END]
    assert without_false_losses(told) == [*CAME, Answered(2.0, "anna"), END, *work]


def test_after_call_work_that_goes_on_when_the_loss_is_taken_back() -> None:
    talk, began, over = Answered(2.0, "anna"), WrapUpStarted(13.0, "anna"), WrapUpEnded(43.0, "anna")
    told = [*CAME, talk, LOST, began, BACK, END, over]
    assert without_false_losses(told) == [*CAME, talk, END, began, over]


def test_after_call_work_of_a_call_that_somebody_else_goes_on_with() -> None:
    work: list[Fact] = [WrapUpStarted(13.0, "anna"), WrapUpEnded(43.0, "anna")]
    with_ben, end = FellBack(11.0, "ben"), Ended(600.0, EndedBy.CALLER)
    told = [*CAME, Answered(2.0, "anna"), LOST, *work, Returned(11.0, "went on"), with_ben, end]
    assert without_false_losses(told) == [*CAME, Answered(2.0, "anna"), with_ben, *work, end]


def test_what_was_a_loss_stays() -> None:
    for told in (
        [*CAME, LOST],
        [*CAME, LOST, LATE, END],
        [*CAME, Ended(13.0, EndedBy.CALLER), BACK],
        [*CAME, BACK, END],
    ):
        assert without_false_losses(told) == told


def test_each_loss_is_judged_by_itself() -> None:
    again = Ended(30.0, EndedBy.NODE, "b")
    told = [*CAME, LOST, LATE, again, Returned(25.0, "went on"), Ended(26.0, EndedBy.CALLER)]
    assert without_false_losses(told) == [*CAME, LOST, LATE, Ended(26.0, EndedBy.CALLER)]
    found = Returned(40.0, "found again")
    told = [*CAME, LOST, BACK, FellBack(6.0, "anna"), again, found]
    assert without_false_losses(told) == [*CAME, FellBack(6.0, "anna"), again, found]


def test_one_loss_that_two_controllers_have_told_of() -> None:
    work, again = WrapUpStarted(13.0, "anna"), Ended(30.0, EndedBy.NODE, "b")
    for also in ([], [work]):
        assert without_false_losses([*CAME, LOST, *also, again, BACK, END]) == [*CAME, END, *also]
        told = [*CAME, LOST, *also, again, LATE]
        assert without_false_losses(told) == [*CAME, LOST, *also, LATE], "found between the two"


def test_where_a_loss_is() -> None:
    assert loss_of(CAME) is None
    assert loss_of([*CAME, END]) is None
    assert loss_of([*CAME, LOST, WrapUpStarted(13.0, "anna")]) == slice(2, 3)
    assert loss_of([]) is None
