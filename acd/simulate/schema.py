"""The scenario file of `acd simulate`: who calls, how long they talk and wait, who works when."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from acd.settings.schema.checking import (
    Options,
    checked,
    expected,
    mistake,
    not_empty,
    number,
    seconds,
    text_of,
    whole,
)
from acd.settings.schema.routing import SkillRequirement
from acd.settings.schema.values import Id, Priority, YesNo

LONGEST_HOURS = 100_000
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_SPAN = re.compile(rf"{_TIME.pattern}-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAY_S = 86_400


def _time(value: object) -> int:
    what = "a time of day in quotes such as '08:00'"
    found = _TIME.fullmatch(text_of(what, value))
    if found is None:
        raise expected(what, value)
    return int(found[1]) * 3600 + int(found[2]) * 60


def _span(value: object) -> tuple[int, int]:
    """From and to in seconds of the day; over midnight the end is beyond the day's."""
    what = "hours in quotes such as '08:00-16:30'"
    found = _SPAN.fullmatch(text_of(what, value))
    if found is None:
        raise expected(what, value)
    begin = int(found[1]) * 3600 + int(found[2]) * 60
    end = int(found[3]) * 3600 + int(found[4]) * 60
    if end > _DAY_S or begin == end:
        raise expected(what, value, "; a whole day is '00:00-24:00'")
    return begin, end if end > begin else end + _DAY_S


def _file_name(value: object) -> str:
    what = "the name of a CSV file"
    name = text_of(what, value)
    if not name.endswith(".csv") or not name.isprintable():
        raise expected(what, value)
    return name


def _moment(value: object) -> datetime:
    what = "a time in quotes such as '08:00' or '2026-11-02 08:00'"
    text = text_of(what, value)
    try:
        moment = datetime.fromisoformat(f"2026-01-05 {text}" if _TIME.fullmatch(text) else text)
    except ValueError:
        raise expected(what, value) from None
    if moment.tzinfo is not None:
        raise expected(what, value, "; times are those of the centre's own zone")
    return moment


def _word(value: object) -> str:
    return text_of("a day such as '2026-11-02', or a time of that day, in quotes", value)


TimeOfDay = Annotated[int, checked(_time, type="string")]
Hours = Annotated[tuple[int, int], checked(_span, type="string")]
PerHour = Annotated[float, number("a number of calls an hour", 0, 1_000_000, whole=False)]
Mean = Annotated[float, seconds(0, 86_400)]
_CAP = "a share"


class PeriodEntry(Options):
    """Of the records: two days or times, as `acd report` takes them."""

    from_: Annotated[str, checked(_word, type="string")] = Field(alias="from")
    to: Annotated[str, checked(_word, type="string")]


class LognormalEntry(Options):
    """`cv`: standard deviation ÷ mean."""

    mean_s: Annotated[float, seconds(0.001, 86_400)]
    cv: Annotated[float, number("a number", 0.01, 20, whole=False)]


class _One(Options):
    """A mapping of exactly one option."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            names = ", ".join(type(self).model_fields)
            raise mistake(f"expected exactly one of {names}")
        return self


class ArrivalsEntry(_One):
    """When callers come: at a rate, by chance; or at given times."""

    per_hour: PerHour = 0.0
    by_time: Annotated[dict[TimeOfDay, PerHour], not_empty("time of day")] = Field(default_factory=dict)
    csv: Annotated[str, checked(_file_name, type="string")] = ""
    records: PeriodEntry | None = None


class DurationEntry(_One):
    """How long something takes."""

    exponential: Mean = 0.0
    constant: Mean = 0.0
    lognormal: LognormalEntry | None = None
    records: PeriodEntry | None = None


class PatienceEntry(_One):
    """How long a caller waits before hanging up."""

    exponential: Mean = 0.0
    constant: Mean = 0.0
    lognormal: LognormalEntry | None = None
    never: YesNo = False


class AgentTimeEntry(_One):
    """How long an agent takes: to answer, for the work after a talk."""

    exponential: Mean = 0.0
    constant: Mean = 0.0
    lognormal: LognormalEntry | None = None


class ClassEntry(Options):
    """A kind of caller; `share` of the group's callers. `requires`: what an agent must know for them.

    `prefer`: the agent for whom they wait alone for up to `prefer_wait_s`, as the `queue` step has it.
    """

    share: Annotated[float, number(_CAP, 0.0001, 1, whole=False)]
    priority: Priority = 0
    value: Annotated[float, number("a number", 0, 1e9, whole=False)] = 0.0
    requires: SkillRequirement | None = None
    prefer: Id | None = None
    prefer_wait_s: Annotated[float, seconds(1, 3600)] = 20.0


class ReturningEntry(Options):
    """This share of callers have talked with an agent of the group before, within `within_days`."""

    share: Annotated[float, number(_CAP, 0, 1, whole=False)]
    within_days: Annotated[float, number("a number of days", 0.001, 365, whole=False)] = 7.0


class CallbacksEntry(Options):
    """Callers who leave the line by one of `exits` are offered a callback, which the share `accept` wants.

    `reached`: the share of dials that the customer answers, after `answer`.
    """

    accept: Annotated[float, number(_CAP, 0, 1, whole=False)] = 0.5
    reached: Annotated[float, number(_CAP, 0, 1, whole=False)] = 0.8
    answer: AgentTimeEntry | None = None
    exits: Annotated[list[Id], not_empty("exit")] = Field(default_factory=lambda: ["callback"])


class GroupEntry(Options):
    """One group's callers; what is left out is assumed, and said in the result."""

    arrivals: ArrivalsEntry | None = None
    talk: DurationEntry | None = None
    patience: PatienceEntry | None = None
    classes: dict[Id, ClassEntry] = Field(default_factory=dict)
    max_wait_s: Annotated[float, seconds(0, 86_400)] | None = None
    exits: list[Id] | None = None
    returning: ReturningEntry | None = None
    callbacks: CallbacksEntry | None = None

    @model_validator(mode="after")
    def _shares_are_a_whole(self) -> Self:
        whole_share = sum(entry.share for entry in self.classes.values())
        if self.classes and abs(whole_share - 1) > 0.001:
            raise mistake(f"the shares of the classes make {whole_share:g} together, not 1")
        return self


class ShiftEntry(Options):
    """Who works when, each day; `breaks` are within the hours."""

    hours: Hours
    agents: Annotated[list[Id], not_empty("agent")]
    breaks: list[Hours] = Field(default_factory=list)


class AgentsEntry(Options):
    """How agents work. Without `shifts` all are there around the clock."""

    answer: AgentTimeEntry | None = None
    wrap_up: AgentTimeEntry | None = None
    unanswered: Annotated[float, number(_CAP, 0, 0.99, whole=False)] = 0.0
    back_after_s: Annotated[float, seconds(0, 86_400)] = 60.0
    shrinkage: Annotated[float, number(_CAP, 0, 0.99, whole=False)] = 0.0
    shifts: dict[Id, ShiftEntry] | None = None


class SimulationEntry(Options):
    """The run itself; `begins`: what the virtual clock shows then.

    Without `hours` and `warm_up_hours`: see `acd.simulate.load`.
    """

    hours: Annotated[float, number("a number of hours", 0.01, LONGEST_HOURS, whole=False)] | None = None
    warm_up_hours: Annotated[float, number("a number of hours", 0, LONGEST_HOURS, whole=False)] | None = None
    begins: Annotated[datetime, checked(_moment, type="string")] | None = None
    seed: Annotated[int, whole(0, 2**31)] = 1
    lines: Annotated[int, whole(1, 1_000_000)] | None = None
    batches: Annotated[int, whole(2, 1000)] = 20


class ScenarioFile(Options):
    """The whole file; each part may be left out."""

    simulation: SimulationEntry = Field(default_factory=SimulationEntry)
    groups: dict[Id, GroupEntry] = Field(default_factory=dict)
    agents: AgentsEntry = Field(default_factory=AgentsEntry)
