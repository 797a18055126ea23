"""A set of flows lists what callers may hear."""

from __future__ import annotations

from acd.ivr.flow import Flow, FlowSet, HangUp, Menu, Message, Part, Queue, Say, SoundFile, Speech
from acd.ivr.prompts import prompts_of

HELLO, SORRY, BYE = Speech("Hello", "en"), Speech("Sorry", "en"), SoundFile("bye")


def heard(*parts: Part) -> Message:
    return Message({"en": parts})


def test_prompts_are_listed_once_in_the_order_of_the_file() -> None:
    flow = Flow(
        "f",
        "a",
        ("en",),
        {
            "a": Say(heard(HELLO), "b"),
            "b": Menu(heard(HELLO), {"1": "c"}, "d", invalid=heard(SORRY), no_input=heard(SORRY, BYE)),
            "c": Queue("sales"),
            "d": HangUp(heard(BYE)),
        },
    )
    assert prompts_of(FlowSet("1", {"f": flow})) == [HELLO, SORRY, BYE]


def test_every_language_and_every_announcement_is_listed() -> None:
    english, chinese = Speech("OK", "en"), Speech("好", "zh")
    flow = Flow("f", "a", ("en", "zh"), {"a": HangUp(Message({"en": (english,), "zh": (chinese,)}))})
    flow_set = FlowSet("1", {"f": flow}, announcements={"storm": heard(SORRY)})
    assert prompts_of(flow_set) == [english, chinese, SORRY]
