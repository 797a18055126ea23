"""A flow lists its prompts."""

from __future__ import annotations

from acd.ivr.flow import Flow, HangUp, Menu, Queue, Say, SoundFile, Speech

HELLO, SORRY, BYE = Speech("Hello", "en"), Speech("Sorry", "en"), SoundFile("bye")


def test_prompts_are_listed_once_in_the_order_of_the_file() -> None:
    flow = Flow(
        "f",
        "a",
        "en",
        {
            "a": Say((HELLO,), "b"),
            "b": Menu((HELLO,), {"1": "c"}, "d", invalid=(SORRY,), no_input=(SORRY, BYE)),
            "c": Queue("sales"),
            "d": HangUp((BYE,)),
        },
    )
    assert flow.prompts() == (HELLO, SORRY, BYE)


def test_the_same_text_in_two_languages_is_two_prompts() -> None:
    flow = Flow("f", "a", "en", {"a": HangUp((Speech("OK", "en"), Speech("OK", "zh-CN")))})
    assert len(flow.prompts()) == 2
