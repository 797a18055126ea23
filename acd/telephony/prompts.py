"""What callers hear: recorded files, and speech rendered when a flow is loaded.

Rendered speech is cached by content (program, language and text), as 8 kHz 16-bit mono WAV, under
the sounds folder of ACD_HOME. Silence around it is cut off, so that the parts of a message follow each
other without gaps; what ends a sentence gets the pause that belongs there. Nothing is ever rendered
while a caller waits.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from acd.errors import OperatorError
from acd.ivr.flow import Prompt, SoundFile, Speech
from acd.settings.model import voice_of
from acd.settings.shared_folder import READ_BY_ALL, make_shared_folder
from acd.telephony import pinyin_voice

SPEECH = "speech"
RENDER_TIMEOUT_S = 30.0
RENDER_THREADS = 2
LONGEST_SHOWN = 60
FORM = "2"  # of rendered files; another one makes new files
PAUSES_S = ((".!?。！？", 0.3), (",;:，；：、", 0.15))
# Quieter than this, of full scale, is silence; the loudest moment is at -3 dB then.
_SILENCE = "0.4%"
_CUT = ["silence", "1", "0.005", _SILENCE, "reverse"]
_OUR_MODULES = ("python", "-m")
_PINYIN_VOICE = (*_OUR_MODULES, "acd.telephony.pinyin_voice")


class CannotSpeak(OperatorError):
    """A text cannot be rendered; the message says why."""

    def __init__(self, speech: Speech, reason: str) -> None:
        self.speech = speech
        text = speech.text if len(speech.text) <= LONGEST_SHOWN else speech.text[:LONGEST_SHOWN] + "…"
        super().__init__(f"'{text}' cannot be spoken in the language '{speech.language}': {reason}")


class PromptStore:
    """Prompts by file. `voices`: by language the program that speaks it, see `SystemSettings`."""

    def __init__(self, sounds_dir: Path, voices: Mapping[str, Sequence[str]]) -> None:
        self._sounds_dir = sounds_dir
        self._cache_dir = sounds_dir / SPEECH
        self._voices = voices

    def speak_with(self, voices: Mapping[str, Sequence[str]]) -> None:
        """Other voices from now on; what they speak has been prepared by a store of theirs."""
        self._voices = voices

    def path(self, prompt: Prompt) -> str:
        """What Asterisk is to play: an absolute path without its ending, or the name of its own sound.

        A recorded file's name is such a path already: that of the version which the caller is in.
        """
        match prompt:
            case Speech():
                return str(self._speech_file(prompt).with_suffix(""))
            case SoundFile(name):
                return name

    def prepare(
        self, prompts: Iterable[Prompt], progress: Callable[[int, int], None] = lambda _done, _of: None
    ) -> int:
        """Render what is not there yet; how many were rendered. Raises CannotSpeak, or OperatorError.

        `progress` is told how many of how many are done. What was rendered before a failure is kept.
        """
        missing = [
            prompt
            for prompt in dict.fromkeys(prompts)
            if isinstance(prompt, Speech) and not self._speech_file(prompt).exists()
        ]
        with ThreadPoolExecutor(RENDER_THREADS, thread_name_prefix="speech") as threads:
            rendering = [threads.submit(self._render, speech) for speech in missing]
            try:
                for done, future in enumerate(as_completed(rendering), start=1):
                    future.result()
                    progress(done, len(missing))
            except BaseException as error:
                threads.shutdown(cancel_futures=True)
                if isinstance(error, OSError):
                    raise OperatorError(f"prompts cannot be written to {self._cache_dir}: {error}") from error
                raise
        return len(missing)

    def _voice(self, language: str) -> Sequence[str]:
        voice = voice_of(self._voices, language)
        if voice is None:
            raise OperatorError(
                f"no program speaks the language '{language}'; name one under text_to_speech in"
                " config/system.yml"
            )
        return voice

    def _speech_file(self, speech: Speech) -> Path:
        content = "\0".join((FORM, *self._voice(speech.language), speech.language, speech.text))
        return self._cache_dir / (hashlib.sha256(content.encode()).hexdigest()[:32] + ".wav")

    def _render(self, speech: Speech) -> None:
        try:
            self._speak(speech)
        except OperatorError as error:
            raise CannotSpeak(speech, str(error)) from error

    def _speak(self, speech: Speech) -> None:
        target = self._speech_file(speech)
        make_shared_folder(self._sounds_dir, READ_BY_ALL, SPEECH)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            text_file, wav_file = Path(folder) / "text", Path(folder) / "raw.wav"
            text_file.write_text(speech.text, encoding="utf-8")
            names = {"{text_file}": str(text_file), "{sound_file}": str(wav_file)}
            _run(_command(self._voice(speech.language), speech.text, names))
            phone_file = Path(folder) / "phone.wav"
            _run([
                "sox", str(wav_file), "-r", "8000", "-c", "1", "-b", "16", str(phone_file),
                "norm", "-3", *_CUT, *_CUT, "pad", "0", str(_pause_s(speech.text)),
            ])  # fmt: skip
            phone_file.chmod(0o644)
            phone_file.replace(target)


def _command(command: Sequence[str], text: str, names: Mapping[str, str]) -> list[str]:
    """The command with its files; `python` is the one that runs us, which has our packages."""
    if tuple(command[:3]) == _PINYIN_VOICE:
        # The same as running it, without half a second for another Python's start.
        return pinyin_voice.command(text, Path(names["{sound_file}"]))
    words = list(command)
    for placeholder, name in names.items():
        words = [word.replace(placeholder, name) for word in words]
    return [sys.executable, *words[1:]] if tuple(words[:2]) == _OUR_MODULES else words


def _pause_s(text: str) -> float:
    """What follows a text: a sentence ends with a pause, a part of one goes on at once."""
    last = text.rstrip("\"'”’)）」 ")[-1:]
    return next((pause for marks, pause in PAUSES_S if last and last in marks), 0.0)


def _run(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        raise OperatorError(f"{command[0]} is needed to speak prompts and is not installed")
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=RENDER_TIMEOUT_S)
    except subprocess.CalledProcessError as error:
        detail = error.stderr.decode("utf-8", "replace").strip()
        raise OperatorError(f"{command[0]} could not speak a prompt: {detail}") from error
    except subprocess.TimeoutExpired:
        raise OperatorError(f"{command[0]} took over {RENDER_TIMEOUT_S:.0f} s for one prompt") from None
