"""Inputs as Hypothesis draws them: good ones that were cut, doubled, crossed, and strewn with words."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.target import Target

LONGEST = 20_000
_PLACE = st.integers(0, 2**16)
_COUNT = st.sampled_from((1, 1, 2, 4, 16, 64))


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """What the target is to be tried with."""
    pool = (*target.seeds, *target.corpus().values())
    words = st.sampled_from(target.words) if target.words else st.binary(max_size=4)
    edit = st.one_of(
        st.tuples(st.just("cut"), _PLACE, _COUNT),
        st.tuples(st.just("strew"), _PLACE, words | st.binary(max_size=5)),
        st.tuples(st.just("double"), _PLACE, _COUNT),
        st.tuples(st.just("cross"), _PLACE, st.sampled_from(pool)),
        st.tuples(st.just("flip"), _PLACE, st.integers(1, 255)),
    )
    return st.binary(max_size=60) | st.builds(edited, st.sampled_from(pool), st.lists(edit, max_size=6))


def edited(data: bytes, edits: list[tuple[str, int, int | bytes]]) -> bytes:
    """One edit after the other."""
    out = bytearray(data)
    for kind, place, what in edits:
        at = place % (len(out) + 1)
        match kind, what:
            case "cut", int(count):
                del out[at : at + count]
            case "double", int(count):
                out[at : at + count] *= 3
            case "flip", int(mask) if at < len(out):
                out[at] ^= mask
            case "strew", bytes(word):
                out[at:at] = word
            case "cross", bytes(other):
                out[at:at] = other[at : at + 200]
    return bytes(out[:LONGEST])
