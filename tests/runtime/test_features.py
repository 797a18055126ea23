"""Every sentence that a feature code may be answered with exists, in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd.core import desk as core_desk
from acd.ivr.flow import Speech
from acd.runtime import features
from acd.runtime.features import SENTENCES, confirmations


def test_every_language_has_every_sentence() -> None:
    keys = {frozenset(sentences) for sentences in SENTENCES.values()}
    assert len(keys) == 1
    assert {"en", "zh_CN"} <= SENTENCES.keys()
    assert all(text for sentences in SENTENCES.values() for text in sentences.values())


def test_every_refusal_has_a_sentence() -> None:
    folder = Path(core_desk.__file__).parent
    by_phone = [file for file in folder.glob("*.py") if file.name != "supervise.py"]
    sources = [*by_phone, Path(features.__file__)]
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    codes = set(re.findall(r'RequestRefused\(\s*"([\w-]+)"', text))
    assert len(codes) >= 7
    assert codes <= SENTENCES["en"].keys()


@pytest.mark.parametrize(("language", "spoken_in"), [("en", "en"), ("zh_CN", "zh_CN"), ("fr", "en")])
def test_confirmations(language: str, spoken_in: str) -> None:
    expected = [Speech(text, spoken_in) for text in SENTENCES[spoken_in].values()]
    assert list(confirmations(language)) == expected
