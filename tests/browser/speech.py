"""A voice for the browser's microphone, spoken when a test needs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

WORDS = "Good morning, this is Anna speaking. How may I help you today? Let me look that up for you."


def speak(folder: Path) -> Path:
    """A WAV file as browsers take it for a microphone; they play it again and again.

    Speech, since browsers take a steady tone for noise and remove it.
    """
    spoken, file = folder / "spoken.wav", folder / "microphone.wav"
    subprocess.run(["flite", "-voice", "slt", "-t", WORDS, "-o", str(spoken)], check=True)
    subprocess.run(["sox", spoken, "-r", "48000", "-c", "1", "-b", "16", file, "norm", "-3"], check=True)
    return file
