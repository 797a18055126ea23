"""What all kinds of step have in common."""

from __future__ import annotations

from collections.abc import Iterator

from acd.settings.problems import Place
from acd.settings.schema.checking import Options


class StepOptions(Options):
    """What all steps have in common."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """Every step that this one says it leads to, with its place in the step."""
        for name in ("next", "failure", "not_found"):
            target = getattr(self, name, None)
            if target:
                yield (name,), target
