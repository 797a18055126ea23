"""How the rows of a period are selected: by moment and filter, and without the calls that are excluded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select

from acd.errors import OperatorError
from acd.records.corrected import any_excluded, is_excluded
from acd.records.period import Period
from acd.records.reach import ALL, Reach

Row = TypeVar("Row", bound=NamedTuple)
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Only rows of these; None: of all. `agents` are those who are named themselves or by their team.

    `reach`: how far the rights of whoever asks go; of that it holds for rows of every kind.
    """

    groups: frozenset[str] | None = None
    agents: frozenset[str] | None = None
    numbers: frozenset[str] | None = None
    flows: frozenset[str] | None = None
    segments: frozenset[str] | None = None
    reach: Reach = ALL

    @property
    def used(self) -> frozenset[str]:
        """What is asked to be filtered by."""
        names = (each.name for each in fields(self) if each.name != "reach")
        return frozenset(name for name in names if getattr(self, name) is not None)


@dataclass(frozen=True)
class RowSource(Generic[Row]):
    """`query` selects the columns of `row` in their order, without any period.

    `at` decides whether a row is of the period, `filters` are the columns that each filter looks at, and
    `order` is the one in which rows are told. `call_id` None: the rows are of no call.
    """

    row: type[Row]
    query: Select[Any]
    at: ColumnElement[Any]
    filters: Mapping[str, ColumnElement[Any]]
    order: tuple[ColumnElement[Any], ...]
    call_id: ColumnElement[Any] | None = None

    def select(self, _connection: Connection, period: Period, filter: Filter) -> Select[Any]:
        """Raises OperatorError for a filter that the rows do not know."""
        return self._of(period, filter)

    def _of(self, period: Period, filter: Filter) -> Select[Any]:
        query = self.query.where(self.at >= period.since, self.at < period.until)
        return self.filtered(query, filter)

    def filtered(self, query: Select[Any], filter: Filter) -> Select[Any]:
        """Only the rows that the filter lets through. Raises OperatorError as above."""
        if unknown := filter.used - self.filters.keys():
            raise OperatorError(f"these figures cannot be told by {', '.join(sorted(unknown))}")
        for name in sorted(filter.used):
            query = query.where(self.filters[name].in_(sorted(getattr(filter, name))))
        return query if filter.reach.is_all else query.where(self._reached(filter.reach))

    def _reached(self, reach: Reach) -> ColumnElement[bool]:
        """By whose rows they are; rows that name neither agents nor groups, by the whole call."""
        agent, group = self.filters.get("agents"), self.filters.get("groups")
        if agent is not None:
            return reach.of_agent(agent) if group is None else reach.of(agent, group)
        return reach.of_call(self.call_id) if group is None else reach.of_group(group)

    def read(self, connection: Connection, period: Period, filter: Filter) -> Iterator[Row]:
        """The rows of a period, in order, without those of excluded calls, not all in memory at once.

        Raises OperatorError as above.
        """
        query = self.select(connection, period, filter)
        if self.call_id is not None and any_excluded(connection):
            query = query.where(~is_excluded(self.call_id))
        options = {"stream_results": True, "yield_per": _AT_ONCE}
        make: Callable[[Any], Row] = self.row._make
        found = connection.execute(query.order_by(*self.order), execution_options=options)
        for some in found.partitions():
            yield from map(make, some)
