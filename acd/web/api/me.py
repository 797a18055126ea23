"""`/api/me/…`: an agent's own state, figures and phones; and where calls may be sent to."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from acd.core.plan import BROWSER_PREFIX
from acd.errors import OperatorError
from acd.settings.secrets import load_or_create_secrets
from acd.web.asker import Role, Scope
from acd.web.centre import CentreShown
from acd.web.context import Context
from acd.web.refusal import Refusal, away, wrong
from acd.web.route import Bound, Route
from acd.web.services import Services
from acd.web.values import Answer, Input, Name

REGISTERED_LIMIT_S = 1.0


class StateOrder(Input):
    """`phone` is for `login`, `reason` for `not-ready`."""

    do: Literal[
        "login", "logout", "ready", "not-ready", "revoke", "wrap-up", "wrap-up-extend", "wrap-up-done"
    ]
    phone: Name | None = None
    reason: Name | None = None


class AgentNow(Answer):
    """The agent as the controller has it now, in its own words (`acd status --json`)."""

    agent: dict[str, Any]


class PhoneShown(Answer):
    """A desk phone. `agent`: who is logged in there; nobody else can be.

    `registered`: whether calls can reach it; null where that is not known, while the controller is away.
    """

    phone: str
    name: str
    agent: str | None
    registered: bool | None


class IceServerShown(Answer):
    """As a browser's RTCPeerConnection takes it; without user and password they are empty."""

    urls: list[str]
    username: str
    credential: str


class BrowserPhone(Answer):
    """What the page registers with, and how its sound finds the way."""

    id: str
    uri: str
    user: str
    password: str
    ws: str
    ice_servers: list[IceServerShown]


class Phones(Answer):
    """`own` is the phone of the agent's extension."""

    own: str
    phones: list[PhoneShown]
    browser_phone: BrowserPhone | None


class Target(Answer):
    """Whom a call can be sent to. `state` is an agent's; `waiting` and `ready` are a group's."""

    id: str
    name: str
    extension: str | None = None
    state: str | None = None
    waiting: int | None = None
    ready: int | None = None


class Targets(Answer):
    """`numbers`: those of our own that lead somewhere; `outside`: whether one may dial numbers elsewhere."""

    agents: list[Target]
    groups: list[Target]
    flows: list[Target]
    numbers: list[Target]
    outside: bool


async def change_state(ctx: Context[None, StateOrder]) -> AgentNow:
    """Refused with 409 where the rules forbid it; the code says which."""
    asked = ctx.body
    for name, of in (("phone", "login"), ("reason", "not-ready")):
        if getattr(asked, name) is not None and asked.do != of:
            raise wrong({f"body.{name}": f"is only for '{of}'"})
    fields = asked.model_dump(exclude_none=True)
    ctx.note(ctx.agent, **fields)
    answer = await ctx.ask(agent=ctx.agent, **fields)
    return AgentNow(agent=answer["agent"])


async def figures(ctx: Context[None, None]) -> dict[str, Any]:
    """Of today: what is over and on record."""
    return dict((await ctx.services.figures.for_request()).agents.get(ctx.agent, {"agent": ctx.agent}))


async def phones(ctx: Context[None, None]) -> Phones:
    """With the password of the phone in the browser, which is for this agent alone."""
    agent, centre = ctx.agent, await ctx.services.centre.get()
    profile = centre.agents.get(agent)
    if profile is None:
        raise away("not-configured", f"the configuration has no agent {agent!r} any more")
    mine = BROWSER_PREFIX + profile.extension
    desk = [phone for phone in centre.phones.values() if not phone.browser]
    taken = {_now(ctx.services, f"agent:{one}", "phone"): one for one in centre.agents}
    registered = await _registered(ctx)
    return Phones(
        own=profile.extension,
        phones=[
            PhoneShown(
                phone=phone.id,
                name=phone.display_name,
                agent=taken.get(phone.id),
                registered=None if registered is None else phone.id in registered,
            )
            for phone in desk
        ],
        browser_phone=await _browser_phone(ctx, mine, centre) if mine in centre.phones else None,
    )


async def _registered(ctx: Context[None, None]) -> frozenset[str] | None:
    """None: nobody is there who knows, or only a controller of before.

    A browser's phone wants its password from the same answer, and cannot wait until another controller leads.
    """
    if not ctx.services.link.up:
        return None
    try:
        async with asyncio.timeout(REGISTERED_LIMIT_S):
            return frozenset((await ctx.ask("phones"))["registered"])
    except (Refusal, TimeoutError):
        return None


async def _browser_phone(ctx: Context[None, None], phone: str, centre: CentreShown) -> BrowserPhone:
    """Raises Refusal, 503, where the file of passwords cannot be read."""
    environment = ctx.services.environment
    try:
        secrets = await asyncio.to_thread(load_or_create_secrets, environment.secrets_file, [phone])
    except OperatorError as error:
        raise away("passwords-away", str(error)) from None
    password = secrets.phone_passwords[phone]
    host = environment.sip_address
    uri = f"sip:{phone}@{f'[{host}]' if ':' in host else host}"
    servers = [
        IceServerShown(urls=list(each.urls), username=each.username or "", credential=each.credential or "")
        for each in centre.desktop.ice_servers
    ]
    return BrowserPhone(id=phone, uri=uri, user=phone, password=password, ws="/sip", ice_servers=servers)


async def targets(ctx: Context[None, None]) -> Targets:
    """Agents and groups as they are at this moment. Who has rights for some teams sees no other agents; who
    takes calls with them sees the others' names, since calls may be sent to them."""
    centre, reach = await ctx.services.centre.get(), ctx.reach
    agents = [
        Target(
            id=a.id,
            name=a.name,
            extension=a.extension,
            state=_now(ctx.services, f"agent:{a.id}", "state") if reach.has_agent(a.id) else None,
        )
        for a in centre.agents.values()
        if reach.has_agent(a.id) or ctx.asker.agent is not None
    ]
    groups = [
        Target(
            id=group.id,
            name=group.name,
            waiting=_now(ctx.services, f"group:{group.id}", "waiting") if reach.has_group(group.id) else None,
            ready=_now(ctx.services, f"group:{group.id}", "ready") if reach.is_all else None,
        )
        for group in centre.groups.values()
        if reach.has_group(group.id) or ctx.asker.agent is not None
    ]
    numbers = [
        Target(id=route.number, name=route.flow or route.group or "")
        for route in centre.numbers.values()
        if route.group is None or reach.has_group(route.group) or ctx.asker.agent is not None
    ]
    flows = [Target(id=flow, name=flow) for flow in centre.flows]
    outside = ctx.asker.agent in centre.dial_outside
    return Targets(agents=agents, groups=groups, flows=flows, numbers=numbers, outside=outside)


def _now(services: Services, key: str, field: str) -> Any:
    return services.picture.objects.get(key, {}).get(field)


ROUTES = [
    Route("POST", "/api/me/state", "Change one's own state", change_state, Role.AGENT, body=StateOrder,
          answer=AgentNow, audit="agent-state", may_conflict=True, controller=True, bound=Bound.OWN),
    Route("GET", "/api/me/figures", "One's own figures of the day", figures, Role.AGENT,
          answer=dict[str, Any], bound=Bound.OWN),
    Route("GET", "/api/me/phone", "The phones one may use", phones, Role.AGENT, answer=Phones,
          bound=Bound.OWN),
    Route("GET", "/api/targets", "Where calls may be sent to", targets, Role.AGENT, Scope.READ_STATE,
          answer=Targets, bound=Bound.REACH),
]  # fmt: skip
