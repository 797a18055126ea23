"""What callers hear: recorded files, and speech rendered when a flow is loaded.

Rendered speech is cached by content (engine, language and text), as 8 kHz 16-bit mono WAV, under
the sounds folder of ACD_HOME. Nothing is ever rendered while a caller waits.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from acd.errors import OperatorError
from acd.ivr.flow import Prompt, SoundFile, Speech
from acd.settings.asterisk_sounds import SOUND_FORMATS

RENDER_TIMEOUT_S = 30.0


class PromptStore:
    """Prompts by file. `engine`: program and arguments, with {text_file} and {sound_file} in them."""

    def __init__(self, sounds_dir: Path, recordings_dir: Path, engine: Sequence[str]) -> None:
        self._cache_dir = sounds_dir / "speech"
        self._recordings_dir = recordings_dir
        self._engine = engine

    def path(self, prompt: Prompt) -> str:
        """What Asterisk is to play: an absolute path without its ending, or the name of its own sound."""
        match prompt:
            case Speech():
                return str(self._speech_file(prompt).with_suffix(""))
            case SoundFile(name):
                own = self._recordings_dir / name
                return str(own) if any(Path(f"{own}{e}").exists() for e in SOUND_FORMATS) else name

    def prepare(self, prompts: Iterable[Prompt]) -> int:
        """Render what is not there yet; how many were rendered. Raises OperatorError."""
        rendered = 0
        for prompt in prompts:
            if isinstance(prompt, Speech) and not self._speech_file(prompt).exists():
                self._render(prompt)
                rendered += 1
        return rendered

    def _speech_file(self, speech: Speech) -> Path:
        content = "\0".join((*self._engine, speech.language, speech.text))
        return self._cache_dir / (hashlib.sha256(content.encode()).hexdigest()[:32] + ".wav")

    def _render(self, speech: Speech) -> None:
        target = self._speech_file(speech)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            text_file, wav_file = Path(folder) / "text", Path(folder) / "raw.wav"
            text_file.write_text(speech.text, encoding="utf-8")
            names = {"{text_file}": str(text_file), "{sound_file}": str(wav_file)}
            _run([names.get(part, part) for part in self._engine])
            phone_file = Path(folder) / "phone.wav"
            _run(["sox", str(wav_file), "-r", "8000", "-c", "1", "-b", "16", str(phone_file), "norm", "-3"])
            phone_file.chmod(0o644)
            phone_file.replace(target)


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
