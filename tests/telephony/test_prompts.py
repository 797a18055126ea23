"""Rendered speech: once for each text, never half, and an engine that fails is the operator's matter."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.ivr.flow import Prompt, SoundFile, Speech
from acd.settings.model import ANY_LANGUAGE, DEFAULT_TEXT_TO_SPEECH
from acd.telephony import prompts
from acd.telephony.pinyin_voice import pronounced
from acd.telephony.prompts import PromptStore
from tests.umask import private_umask

HELLO = Speech("Hello", "en")
# An engine that counts its calls beside itself and writes a tenth of a second of noise at 16 kHz.
ENGINE = """
import sys, wave, pathlib
here = pathlib.Path(__file__)
with here.with_suffix(".log").open("a", encoding="utf-8") as log:
    log.write(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8") + "\\n")
with wave.open(sys.argv[2], "wb") as sound:
    sound.setnchannels(1)
    sound.setsampwidth(2)
    sound.setframerate(16000)
    sound.writeframes(bytes(range(64)) * 50)
"""


def engine(folder: Path, text: str = ENGINE) -> tuple[str, ...]:
    """A command line for `text_to_speech`."""
    script = folder / "engine.py"
    script.write_text(text)
    return (sys.executable, str(script), "{text_file}", "{sound_file}")


def spoken(folder: Path) -> list[str]:
    """The texts that the engine was given."""
    return (folder / "engine.log").read_text(encoding="utf-8").splitlines()


def store(folder: Path, command: tuple[str, ...]) -> PromptStore:
    """Sounds and recordings below the folder."""
    return PromptStore(folder / "sounds", {ANY_LANGUAGE: command})


def test_each_text_is_rendered_once(tmp_path: Path) -> None:
    command = engine(tmp_path)
    texts: list[Prompt] = [HELLO, Speech("您好", "zh-CN"), HELLO, SoundFile("beep")]
    assert store(tmp_path, command).prepare(texts) == 2
    assert store(tmp_path, command).prepare(texts) == 0
    assert sorted(spoken(tmp_path)) == ["Hello", "您好"]


def test_asterisk_may_play_what_is_rendered_though_it_is_another_user(tmp_path: Path) -> None:
    with private_umask():
        store(tmp_path, engine(tmp_path)).prepare([HELLO])
    assert [p.stat().st_mode & 0o777 for p in (tmp_path / "sounds").rglob("*")] == [0o755, 0o644]


def test_what_is_rendered_is_for_the_telephone(tmp_path: Path) -> None:
    prompts = store(tmp_path, engine(tmp_path))
    prompts.prepare([HELLO])
    file = Path(prompts.path(HELLO) + ".wav")
    with wave.open(str(file)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert sound.getnframes() == pytest.approx(800, abs=2)
    assert file.stat().st_mode & 0o777 == 0o644
    assert [f.suffix for f in file.parent.iterdir()] == [".wav"]


def test_the_file_depends_on_text_language_and_engine(tmp_path: Path) -> None:
    one, other = store(tmp_path, ("a",)), store(tmp_path, ("b",))
    paths = {
        one.path(HELLO),
        one.path(Speech("Hello!", "en")),
        one.path(Speech("Hello", "zh-CN")),
        other.path(HELLO),
    }
    assert len(paths) == 4
    assert one.path(HELLO) == store(tmp_path, ("a",)).path(HELLO)
    assert Path(one.path(HELLO)).is_absolute()


def test_a_sound_is_played_by_its_own_name(tmp_path: Path) -> None:
    """What was recorded for flows has its full path, so nothing that is put on the disk later is heard."""
    prompts = store(tmp_path, ("a",))
    assert prompts.path(SoundFile("/home/versions/3/ivr_flows/sounds/hello")) == (
        "/home/versions/3/ivr_flows/sounds/hello"
    )
    assert prompts.path(SoundFile("tt-monkeys")) == "tt-monkeys"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('no such voice')", "could not speak a prompt: no such voice"),
        ("", "sox could not speak a prompt"),
        ("import sys; open(sys.argv[2], 'w').write('no sound')", "sox could not speak a prompt"),
    ],
)
def test_an_engine_that_fails(tmp_path: Path, script: str, message: str) -> None:
    prompts = store(tmp_path, engine(tmp_path, script))
    with pytest.raises(OperatorError, match=message):
        prompts.prepare([HELLO])
    assert list((tmp_path / "sounds" / "speech").iterdir()) == []


def test_an_engine_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no-such-engine is needed to speak prompts and is not installed"):
        store(tmp_path, ("no-such-engine", "{text_file}")).prepare([HELLO])


def test_an_engine_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "RENDER_TIMEOUT_S", 0.2)
    prompt_store = store(tmp_path, engine(tmp_path, "import sys; sys.stdin.read()\nwhile True: pass"))
    with pytest.raises(OperatorError, match="took over"):
        prompt_store.prepare([HELLO])


def duration_s(prompts: PromptStore, speech: Speech) -> float:
    """Of the rendered file."""
    with wave.open(prompts.path(speech) + ".wav") as sound:
        assert sound.getframerate() == 8000
        return float(sound.getnframes() / 8000)


@pytest.mark.parametrize("speech", [HELLO, Speech("您排在第12位", "zh"), Speech("欢迎", "zh_CN")])
def test_the_voices_that_come_with_the_product(tmp_path: Path, speech: Speech) -> None:
    prompts = PromptStore(tmp_path / "sounds", DEFAULT_TEXT_TO_SPEECH)
    assert prompts.prepare([speech]) == 1
    assert 0.2 < duration_s(prompts, speech) < 3


def test_a_language_that_nobody_speaks(tmp_path: Path) -> None:
    prompts = PromptStore(tmp_path / "sounds", DEFAULT_TEXT_TO_SPEECH)
    with pytest.raises(OperatorError, match="no program speaks the language 'xx'; name one under"):
        prompts.prepare([Speech("Hello", "xx")])


# Half a second of silence, 0.2 s of a tone of 500 Hz, half a second of silence.
TONE = """
import math, struct, sys, wave
tone = [int(9000 * math.sin(i * math.tau * 500 / 16000)) for i in range(3200)]
with wave.open(sys.argv[2], "wb") as sound:
    sound.setparams((1, 2, 16000, 0, "NONE", ""))
    sound.writeframes(struct.pack("<19200h", *[0] * 8000, *tone, *[0] * 8000))
"""


@pytest.mark.parametrize(
    ("text", "seconds"), [("twelve", 0.2), ("twelve,", 0.35), ("Twelve.", 0.5), ("十二。", 0.5)]
)
def test_parts_follow_each_other_without_gaps(tmp_path: Path, text: str, seconds: float) -> None:
    prompts = store(tmp_path, engine(tmp_path, TONE))
    speech = Speech(text, "en")
    prompts.prepare([speech])
    assert duration_s(prompts, speech) == pytest.approx(seconds, abs=0.02)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    prompts = store(tmp_path, engine(tmp_path))
    prompts.prepare([Speech(str(n), "en") for n in range(5)], lambda done, of: told.append((done, of)))
    assert told == [(n, 5) for n in range(1, 6)]


def test_the_chinese_voice_knows_tones_numbers_and_pauses() -> None:
    assert pronounced("欢迎，请按1。") == "huan1 ying2 , qing3 an4 yi1 ."
    assert pronounced("第12位") == "di4 shi2 er4 wei4"
    assert pronounced("13800") == "yi1 san1 ba1 ling2 ling2"
