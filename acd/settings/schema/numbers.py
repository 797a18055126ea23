"""config/numbers.yml: where a dialled number leads."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator

from acd.settings.schema.checking import Options, mistake, not_empty
from acd.settings.schema.values import Id, Priority, WrittenNumber


class NumberEntry(Options):
    """Exactly one of `flow` and `group` is set.

    `full`: with a group whose `max_waiting` is reached, the flow that takes the caller.
    """

    flow: Id | None = None
    group: Id | None = None
    priority: Priority = 0
    full: Id | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> NumberEntry:
        if self.flow is None and self.group is None:
            raise mistake("the number leads nowhere; give it a flow or a group")
        if self.flow is not None and self.group is not None:
            raise mistake("the number leads to a flow and to a group; keep one of them")
        if self.full is not None and self.group is None:
            raise mistake("`full` is for a number that leads to a group; a flow says it in its queue step")
        return self


class NumbersFile(Options):
    """The whole file."""

    numbers: Annotated[dict[WrittenNumber, NumberEntry], not_empty("number")]
