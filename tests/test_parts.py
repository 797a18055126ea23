"""What the composition root itself decides: the record of a call that no controller saw, faults of speech."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.core.facts import CallbackOrder
from acd.errors import OperatorError
from acd.parts import facts_of, lost_callback, render
from acd.records.fold import fold
from acd.records.record import VisitOutcome
from acd.records.tasks import SYSTEM, Task, TaskChange, TaskKind, TaskState
from acd.settings.load import load_centre
from acd.settings.model import ANY_LANGUAGE
from acd.telephony.cdr import CallSeen, Served
from acd.telephony.prompts import PromptStore
from tests.settings.sandbox import Sandbox

CHECKOUT = Path(__file__).resolve().parents[1]
NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC
CENTRE = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")


@pytest.mark.parametrize(
    ("dialed", "known_group", "offered_to"),
    [
        ("8001", "", "sales"),
        ("8000", "", None),  # a menu: nobody knows what the caller would have chosen
        ("8000", "support", "support"),
        ("4711", "", None),
    ],
)
def test_an_unseen_call_is_offered_to_the_group_that_is_known(
    dialed: str, known_group: str, offered_to: str | None
) -> None:
    call = CallSeen("c1", "+49", dialed, NOON, NOON, NOON + 30, known_group, None, "lab")
    record = fold("c1", facts_of(call, CENTRE, lambda _number: None))
    assert [visit.group for visit in record.visits] == ([offered_to] if offered_to else [])
    assert all(visit.outcome is VisitOutcome.ABANDONED for visit in record.visits)


@pytest.mark.parametrize("fell_at", [None, NOON + 2])
def test_who_answered_is_credited_from_the_moment_of_the_answer(fell_at: float | None) -> None:
    """Whoever had the phone rung, the controller or the fallback queue."""
    served = Served("1004", NOON + 8)
    call = CallSeen("c1", "+49", "8002", NOON, NOON, NOON + 30, "", served, "lab", fell_at=fell_at)
    (visit,) = fold("c1", facts_of(call, CENTRE, lambda _number: None)).visits
    assert (visit.group, visit.outcome, visit.agent) == ("support", VisitOutcome.ANSWERED, "dora")
    assert (visit.wait_s, visit.talk_s) == (8, 22)


def test_a_phone_of_nobody_answered() -> None:
    served = Served("1999", NOON + 8)
    call = CallSeen("c1", "+49", "8002", NOON, NOON, NOON + 30, "", served, "lab", fell_at=NOON)
    record = fold("c1", facts_of(call, CENTRE, lambda _number: None))
    assert [segment.agent for segment in record.segments] == [None, None]


def test_a_callback_that_was_lost_is_as_it_was_asked_for_and_tried() -> None:
    at = datetime.fromtimestamp(NOON, UTC)
    tried = TaskChange(datetime.fromtimestamp(NOON + 60, UTC), SYSTEM, TaskState.OPEN, "anna", "busy")
    task = Task(TaskKind.CALLBACK, "7", "c1", at, "sales", "+49301", language="en", history=(tried,))
    assert lost_callback(task) == (CallbackOrder("c1", NOON, "sales", "+49301", "en"), [NOON + 60])


# An engine that speaks everything but these words.
MUTE = """
import pathlib, sys, wave
if "Unspeakable" in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"):
    sys.exit("no such phoneme")
with wave.open(sys.argv[2], "wb") as sound:
    sound.setparams((1, 2, 16000, 0, "NONE", ""))
    sound.writeframes(bytes(range(64)) * 50)
"""
FLOW = """name: main
start: hello
include: [shared/words.yml]
steps:
  hello: {say: [Hello., {prompt: folded}, {prompt: shared}], next: bye}
  bye: {hangup: }
prompts:
  folded:
    - Fine.
    - >-
      {own}
      text.
tests:
  - {name: the same words, expect: {heard: Unspeakable text.}}
"""


@pytest.mark.parametrize(
    ("own", "shared", "place"),
    [("Unspeakable", "Fine.", "main.yml:10"), ("Speakable", "Unspeakable", "shared/words.yml:2")],
)
def test_a_text_that_cannot_be_spoken_is_told_with_its_place(
    tmp_path: Path, own: str, shared: str, place: str
) -> None:
    sandbox = Sandbox.create(tmp_path)
    (sandbox.flows / "main.yml").write_text(FLOW.replace("{own}", own), encoding="utf-8")
    (sandbox.flows / "shared").mkdir()
    (sandbox.flows / "shared" / "words.yml").write_text(f"prompts:\n  shared: {shared}\n", encoding="utf-8")
    engine = tmp_path / "engine.py"
    engine.write_text(MUTE, encoding="utf-8")
    command = (sys.executable, str(engine), "{text_file}", "{sound_file}")
    store = PromptStore(tmp_path / "sounds", {ANY_LANGUAGE: command})
    with pytest.raises(
        OperatorError, match=rf"{place}: 'Unspeakable.*' cannot be spoken .*: no such phoneme"
    ):
        render(store, load_centre(sandbox.config, sandbox.flows))
