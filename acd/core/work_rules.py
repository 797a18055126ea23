"""By which rules agents work: wrap-up, missed rings, limits, reasons for not being ready.

All of it is immutable and comes from the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from acd.core.facts import OfferFailure

# Reason codes that only the system sets; no agent may choose one.
REASON_RONA = "rona"
REASON_DECLINED = "declined"
REASON_BUSY = "phone-busy"
REASON_UNREACHABLE = "phone-unreachable"
REASON_LOGIN = "login"
REASON_REST = "rest"
REASON_DAY_LIMIT = "day-limit"
REASON_DESKTOP_GONE = "desktop-gone"
DESKTOP_GRACE_S = 20.0
"""How long an agent's desktop may be gone, where nothing else is said."""
LIMIT_REASONS = frozenset({REASON_REST, REASON_DAY_LIMIT})


def in_language(names: Mapping[str, str], language: str) -> str:
    """Of names by language, at least one: that of this one (zh_CN: also zh), else English, else the first."""
    language = language.replace("-", "_")
    for wanted in (language, language.partition("_")[0], "en"):
        if wanted in names:
            return names[wanted]
    return next(iter(names.values()))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an agent is not ready. `labels` by language ('en', 'zh_CN'), at least one.

    `paid`: whether the time counts as work. `max_s`: what is usual; longer is shown, and nothing else.
    """

    labels: Mapping[str, str]
    paid: bool = True
    max_s: float | None = None

    def label(self, language: str) -> str:
        """In this language (zh_CN: also zh), else in English, else in the first there is."""
        return in_language(self.labels, language)


SYSTEM_REASONS: Mapping[str, Reason] = {
    REASON_RONA: Reason({"en": "Did not answer", "zh": "未应答"}),
    REASON_DECLINED: Reason({"en": "Declined a call", "zh": "拒接来电"}),
    REASON_BUSY: Reason({"en": "Phone busy", "zh": "话机忙"}),
    REASON_UNREACHABLE: Reason({"en": "Phone unreachable", "zh": "话机不可达"}),
    REASON_LOGIN: Reason({"en": "Just logged in", "zh": "刚登录"}),
    REASON_REST: Reason({"en": "Rest", "zh": "休息间隔"}),
    REASON_DAY_LIMIT: Reason({"en": "Calls of the day done", "zh": "已达当日来电上限"}),
    REASON_DESKTOP_GONE: Reason({"en": "Desktop closed", "zh": "坐席桌面已断开"}),
}


class WrapUpMode(StrEnum):
    """Whether after-call work follows a talk, and what ends it."""

    NONE = "none"
    OPTIONAL = "optional"  # only for an agent who asks for it while the phone rings or during the talk
    TIMED = "timed"  # always, for so long
    UNTIL_RELEASED = "until_released"  # always, until the agent says so


EXTENDED_TO_S = 300.0
"""How long a wrap-up may become by extending it, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class WrapUpRule:
    """After-call work of a group, in seconds.

    `s`: how long it lasts (optional and timed). `extend_s`: what one extension adds, 0 for none. `max_s`:
    the longest, with all extensions; where none is said, EXTENDED_TO_S (or `s`, if that is longer) and for
    until_released no limit.
    """

    mode: WrapUpMode = WrapUpMode.TIMED
    s: float = 10.0
    extend_s: float = 30.0
    max_s: float | None = None

    @classmethod
    def timed(cls, s: float) -> WrapUpRule:
        """The short form: so many seconds, 0 for no wrap-up."""
        return cls(WrapUpMode.TIMED, s) if s > 0 else cls(WrapUpMode.NONE)

    @property
    def lasts_s(self) -> float | None:
        """After how long it ends by itself; None: it does not."""
        return self.max_s if self.mode is WrapUpMode.UNTIL_RELEASED else self.s

    @property
    def usual_s(self) -> float:
        """How long it is taken to last where nothing better is known, 0 where it is the exception."""
        return self.s if self.mode is WrapUpMode.TIMED else 0.0

    @property
    def limit_s(self) -> float | None:
        """The longest, with all extensions; None: there is no limit."""
        if self.max_s is not None or self.mode is WrapUpMode.UNTIL_RELEASED:
            return self.max_s
        return max(self.s, EXTENDED_TO_S)


@dataclass(frozen=True, slots=True)
class MissRule:
    """What follows when an agent does not take an offered call, for one cause.

    After `not_ready_after` misses in a row for this cause (0: never) the agent is not ready, with
    `reason`. Otherwise the agent gets no offer for `back_off_s`, each further time `growth` times
    as long, and never longer than `back_off_max_s`.
    """

    reason: str
    not_ready_after: int = 1
    back_off_s: float = 5.0
    growth: float = 2.0
    back_off_max_s: float = 60.0

    def back_off(self, misses: int) -> float:
        """Seconds without an offer after so many misses in a row (1: the first)."""
        wait_s = self.back_off_s
        for _ in range(misses - 1):
            if wait_s >= self.back_off_max_s or self.growth == 1:
                break
            wait_s *= self.growth
        return min(wait_s, self.back_off_max_s)


# A WITHDRAWN offer is nobody's fault. A phone that is BUSY for a moment is tried again.
DEFAULT_MISSED_RINGS: Mapping[OfferFailure, MissRule] = MappingProxyType(
    {
        OfferFailure.NO_ANSWER: MissRule(REASON_RONA),
        OfferFailure.DECLINED: MissRule(REASON_DECLINED),
        OfferFailure.BUSY: MissRule(REASON_BUSY, not_ready_after=0),
        OfferFailure.UNAVAILABLE: MissRule(REASON_DECLINED),
        OfferFailure.UNREACHABLE: MissRule(REASON_UNREACHABLE),
    }
)


@dataclass(frozen=True, slots=True)
class WorkLimits:
    """How many customers' calls an agent is to take; None: as many as there are.

    After `max_consecutive_calls` without having been idle for `rest_s` at a stretch, the agent rests until
    that is made up for. After `max_calls_per_day` there is no call before the next day.
    """

    max_calls_per_day: int | None = None
    max_consecutive_calls: int | None = None
    rest_s: float = 60.0


NO_LIMITS = WorkLimits()
DEFAULT_WRAP_UP = WrapUpRule()
NO_WRAP_UP = WrapUpRule(WrapUpMode.NONE)
