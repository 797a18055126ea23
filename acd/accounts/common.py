"""What passwords are made of most often: whoever guesses tries these first, with digits before and after.

A password is looked at as a guesser makes one: in small letters, letters where digits and signs stand for
them, without the digits and signs at either end.
"""

from __future__ import annotations

import re

_MOST_USED = """
    abcdef abcdefg abcdefgh admin administrator agent america angel apple arsenal asdf asdfgh asdfghjkl
    asterisk august autumn baby baseball basketball batman berlin callcenter callcentre center centre changeit
    changeme charlie cheese chelsea chocolate company computer correcthorsebatterystaple customer daniel
    december default desktop donald dragon enter february flower football forever freedom friday friend
    germany guest hallo hallowelt hello helloworld hockey home iloveyou internet january jennifer jessica
    jesus jordan july june killer letmein liverpool login london love lovely maggie manager march master
    matrix merlin michael michelle mima monday monkey mustang nicole november nothing october office orange
    pass passw passwd password passwort pepper phone princess purple qazwsx qwer qwert qwerty qwertyuiop
    qwertz qwertzuiop robert root samsung saturday schatz secret secure september server service shadow
    soccer spring starwars strong sommer summer sunday sunshine superman superuser supervisor support system
    telephone temp temporary test testing thomas thursday tigger trustno tuesday user wednesday welcome welt
    whatever willkommen winter woaini woaiwojia wodemima word yankees zaq zxcv zxcvbn zxcvbnm
"""
_WORDS = frozenset(_MOST_USED.split())
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789012345678901234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
)
_STANDS_FOR = str.maketrans("@4831!057$", "aabeiiosts")
_ENDS = re.compile(r"^[^a-z]+|[^a-z]+$")


def is_common(password: str) -> bool:
    """Whether it is one of those that are tried first."""
    small = password.casefold()
    forms = {small, small.translate(_STANDS_FOR), _ENDS.sub("", small).translate(_STANDS_FOR)}
    forms |= {_ENDS.sub("", form) for form in forms}
    return _is_run(once(small)) or any(_is_word(form) for form in forms)


def once(text: str) -> str:
    """What a text that repeats itself repeats: `abc` of `abcabcabc`, or the text."""
    at = (text + text).find(text, 1)
    return text[:at]


def _is_word(text: str) -> bool:
    text = once(text)
    return text in _WORDS or any(
        text[:cut] in _WORDS and text[cut:] in _WORDS for cut in range(3, len(text) - 2)
    )


def _is_run(text: str) -> bool:
    """A way along the alphabet, the digits or the keyboard, forwards or backwards."""
    return any(text in run or text[::-1] in run for run in _RUNS)
