"""Steps that find out where the caller goes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.ivr.expressions import Expression
from acd.ivr.shapes.messages import Message


@dataclass(frozen=True, slots=True)
class Hours:
    """`hours`: where to go by the calendar; `holiday` is where its holidays and closings lead."""

    calendar: str
    open: str
    closed: str
    holiday: str


@dataclass(frozen=True, slots=True)
class Set:
    """`set`: variables get values, in order."""

    values: Mapping[str, Expression]
    next: str


@dataclass(frozen=True, slots=True)
class If:
    """`if`: one of two ways."""

    condition: Expression
    then: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Switch:
    """`switch`: the way whose case is the value, as text; else `default`."""

    value: Expression
    cases: Mapping[str, str]
    default: str


@dataclass(frozen=True, slots=True)
class CustomerLookup:
    """The customer directory, by a phone number."""

    number: Expression


@dataclass(frozen=True, slots=True)
class HttpLookup:
    """An HTTP request. `url`, headers and the values of `body` (sent as JSON) are expressions.

    `timeout_s` is for all tries together; `retries` more tries follow a failure that may pass
    (no connection, 5xx). Where asking twice does something twice (not `idempotent`), that is only while
    no connection was had, and a request that a restart cut off is a failure. `values` maps variable to a
    path in the JSON answer such as `account.balance` or `items.0.name`; a path that is not there is a
    failure. Those of `masked` are treated like what is keyed into a masked `collect`.
    """

    method: str  # GET or POST
    url: Expression
    headers: Mapping[str, Expression] = field(default_factory=dict)
    body: Mapping[str, Expression] = field(default_factory=dict)
    timeout_s: float = 3.0
    retries: int = 1
    values: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = True
    masked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lookup:
    """`lookup`: ask somebody; the caller hears `wait`, then music, and keys are kept meanwhile.

    `not_found` (404, or no such customer) and `failure` (all else) never set a variable.
    """

    source: CustomerLookup | HttpLookup
    next: str
    failure: str
    not_found: str
    wait: Message = field(default_factory=Message)


@dataclass(frozen=True, slots=True)
class Language:
    """`language`: from here on the caller hears this language; one the flow lacks changes nothing."""

    language: Expression
    next: str


@dataclass(frozen=True, slots=True)
class Recording:
    """`recording`: the caller has agreed to be recorded, or has declined (`agreed` is false)."""

    agreed: bool
    next: str


@dataclass(frozen=True, slots=True)
class Call:
    """`call`: another flow as a sub-flow. Its variables are its own: `arguments` in, `results` out.

    `results` maps a variable here to a variable of the sub-flow at its `return`.
    """

    flow: str
    next: str
    arguments: Mapping[str, Expression] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Return:
    """`return`: back to the step after `call`; at the top it ends the call."""


@dataclass(frozen=True, slots=True)
class Goto:
    """`goto`: a step of this flow, or the start of another flow without coming back."""

    step: str | None = None
    flow: str | None = None
