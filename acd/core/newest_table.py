"""A table of fixed size: by key a number, the greater the newer, of which about the newest are kept.

All of it is in arrays from the beginning on, 57 bytes for each of fifty thousand keys: a dictionary of as
many takes twice that, and grows with them for days. Keys are told apart by 64 bits of a hash, so that two of
them are taken for one in one of ten thousand million such tables.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from hashlib import blake2b

SECOND_CHANCES = 100
"""So many that have become newer since they came are passed over at once, where one has to go."""


class NewestTable:
    """`most` keys at most. Numbers: 64 bits with a sign. `hashed`: a key's hash of 64 bits, never 0."""

    def __init__(self, most: int, hashed: Callable[[str], int] | None = None) -> None:
        self._hashed = hashed or hash_of
        size = (
            1 << (2 * most).bit_length()
        )  # never more than half full, so a key is found within a few places
        self._mask = size - 1
        self._keys = array("Q", bytes(8 * size))  # 0: free
        self._numbers = array("q", bytes(8 * size))
        self._most = most
        # Keys in the order in which they came, each with its number of then; the first of them goes first.
        self._queue_keys = array("Q", bytes(8 * most))
        self._queue_numbers = array("q", bytes(8 * most))
        self._first = self._count = 0

    def __len__(self) -> int:
        return self._count

    def get(self, key: str) -> int | None:
        """Its number."""
        place = self._place_of(self._hashed(key))
        return self._numbers[place] if self._keys[place] else None

    def put(self, key: str, number: int) -> None:
        """Unless a newer one is known."""
        self._put(self._hashed(key), number)

    def take_over(self, other: NewestTable) -> None:
        """What that one has, as the newest."""
        for hashed, number in other.entries():
            self._put(hashed, number)

    def entries(self) -> Iterator[tuple[int, int]]:
        """The hash of each key, with its number; who came first is the first."""
        for n in range(self._count):
            hashed = self._queue_keys[(self._first + n) % self._most]
            yield hashed, self._numbers[self._place_of(hashed)]

    def _put(self, hashed: int, number: int) -> None:
        place = self._place_of(hashed)
        if self._keys[place]:
            self._numbers[place] = max(self._numbers[place], number)
            return
        if self._count == self._most:
            self._drop_one()
            place = self._place_of(hashed)  # others may have moved
        self._keys[place], self._numbers[place] = hashed, number
        self._append(hashed, number)

    def _drop_one(self) -> None:
        for chance in range(SECOND_CHANCES + 1):
            hashed, number = self._queue_keys[self._first], self._queue_numbers[self._first]
            self._first = (self._first + 1) % self._most
            self._count -= 1
            place = self._place_of(hashed)
            if self._numbers[place] == number or chance == SECOND_CHANCES:
                self._free(place)
                return
            self._append(hashed, self._numbers[place])

    def _append(self, hashed: int, number: int) -> None:
        last = (self._first + self._count) % self._most
        self._queue_keys[last], self._queue_numbers[last] = hashed, number
        self._count += 1

    def _place_of(self, hashed: int) -> int:
        """Where it is, or would be."""
        place = hashed & self._mask
        while self._keys[place] not in (0, hashed):
            place = (place + 1) & self._mask
        return place

    def _free(self, hole: int) -> None:
        """What stands behind it, for its own place was taken, moves up."""
        place = hole
        while True:
            place = (place + 1) & self._mask
            hashed = self._keys[place]
            if hashed == 0:
                break
            if (place - hashed) & self._mask >= (place - hole) & self._mask:
                self._keys[hole], self._numbers[hole] = hashed, self._numbers[place]
                hole = place
        self._keys[hole] = 0


def hash_of(key: str) -> int:
    """64 bits of it, never 0."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1
