"""A copy of the live state, as it is found after a restart, on disk or in Redis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kept:
    """Key → value, and when it was changed last (Unix seconds; 0: never).

    `fence` is the number of the leader who did so; 0 where there is one controller only.
    """

    values: Mapping[str, Mapping[str, Any]]
    changed_at: float
    fence: int = 0

    def is_newer_than(self, other: Kept) -> bool:
        """A later leader's copy is, whatever the clocks of the two say."""
        return (self.fence, self.changed_at) > (other.fence, other.changed_at)
