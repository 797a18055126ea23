"""A Chinese voice from what every Debian has: pypinyin turns the text into sounds, espeak-ng says them.

usage: python -m acd.telephony.pinyin_voice TEXT_FILE SOUND_FILE

It is understood, and it is plainly a machine. For callers take recordings (they go before texts), or
another program under `text_to_speech` in config/system.yml.
"""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from acd.ivr.spoken_zh import Chinese

VOICE = "cmn-latn-pinyin"
WORDS_A_MINUTE = 150
LONGEST_NUMBER = 4  # of digits that are read as a number
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_PAUSES = str.maketrans("，、；：。！？", ",,,,..?")


def pronounced(text: str) -> str:
    """The text as syllables with their tones: 'qing3 an4 yi1'. Long numbers are said digit by digit."""
    from pypinyin import Style, lazy_pinyin  # its dictionary takes a while; most centres never need it

    syllables = lazy_pinyin(re.sub("[0-9]+", _in_words, text), style=Style.TONE3, neutral_tone_with_five=True)
    return re.sub(r"\s+", " ", " ".join(syllables).translate(_PAUSES)).strip()


def _in_words(number: re.Match[str]) -> str:
    digits = number.group()
    if len(digits) > LONGEST_NUMBER or (digits[0] == "0" and digits != "0"):
        return digits.translate(_DIGITS)
    return "".join(Chinese().number(Decimal(digits)))


def command(text: str, sound_file: Path) -> list[str]:
    """What says a Chinese text into a wave file."""
    return [
        "espeak-ng",
        "-v",
        VOICE,
        "-s",
        str(WORDS_A_MINUTE),
        "-w",
        str(sound_file),
        "--",
        pronounced(text),
    ]


def main() -> int:
    """The command; its exit code."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    return subprocess.run(command(text, Path(sys.argv[2])), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
