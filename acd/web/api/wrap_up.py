"""What came of a call: `/api/me/wrap-up`; what is not sent yet: `/api/me/draft/{call}`, `/api/me/drafts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from acd.core.disposition import FIELD_MAX, NOTE_MAX
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.drafts import Drafts, KeptDraft
from acd.web.live.mine import CALL
from acd.web.picture import Object
from acd.web.refusal import Refusal
from acd.web.route import NOT_AUDITED, Bound, Route
from acd.web.values import Answer, Input, Moment, Name, Text

Value = Annotated[Text, Field(max_length=FIELD_MAX)]
Fields = Annotated[dict[Name, Value], Field(max_length=50)]


class _Words(Input):
    code: Name | None = None
    fields: Fields = Field(default_factory=dict)
    note: Annotated[Text, Field(max_length=NOTE_MAX)] = ""
    callback_at: Moment | None = None


class WrapUp(_Words):
    """`code`: a disposition of the call's group; `callback_at`: when a callback was promised; Unix seconds.

    The callback is the call's group's, to the caller's number, and for anybody there, unless said otherwise.
    `done`: the agent has finished the wrap-up, too.
    """

    call: Name
    callback_group: Name | None = None
    callback_number: Name | None = None
    callback_for: Literal["agent", "group"] | None = None
    done: bool = False


class WrapUpKept(Answer):
    """It is kept. `done`: the wrap-up is over by that."""

    ok: bool = True
    done: bool


class Draft(_Words):
    """`saved_ms`: when, by the page's clock, for two tabs that both have one."""

    saved_ms: Annotated[float, Field(ge=0, le=1e14)] = 0.0


class DraftKept(Input):
    """None: there is none."""

    draft: Draft | None


class UnsentDraft(Answer):
    """`group` had the call; `name`, `number`: the other side; `started_at`: when it began, Unix seconds."""

    call: str
    group: str | None
    name: str
    number: str
    started_at: float | None
    draft: Draft


class UnsentDrafts(Answer):
    """The newest first."""

    drafts: list[UnsentDraft]


async def wrap_up(ctx: Context[None, WrapUp]) -> WrapUpKept:
    """Kept by the controller, whatever becomes of the database."""
    agent, told = ctx.agent, ctx.body
    ctx.note(told.call, code=told.code)
    await ctx.ask("dispose", agent=agent, **told.model_dump(exclude={"done"}, exclude_none=True))
    await ctx.sql(lambda: Drafts(ctx.services.store.engine, agent).remove(told.call))
    return WrapUpKept(done=told.done and await _finish(ctx, agent))


async def _finish(ctx: Context[Any, Any], agent: str) -> bool:
    """Whether there was a wrap-up to finish: it may have been over before, and that is no fault."""
    try:
        await ctx.ask("wrap-up-done", agent=agent)
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        return False
    return True


async def read_draft(ctx: Context[None, None]) -> DraftKept:
    """Of the agent who asks."""
    agent, call = ctx.agent, ctx.path["call"]
    found = await ctx.sql(lambda: Drafts(ctx.services.store.engine, agent).get(call))
    return DraftKept(draft=None if found is None else Draft(**found))


async def read_drafts(ctx: Context[None, None]) -> UnsentDrafts:
    """Of the agent who asks, of calls that go on, too."""
    agent = ctx.agent
    kept = await ctx.sql(lambda: Drafts(ctx.services.store.engine, agent).all())
    return UnsentDrafts(drafts=[_unsent(one, ctx.services.picture.objects) for one in kept])


def _unsent(kept: KeptDraft, objects: Mapping[str, Object]) -> UnsentDraft:
    draft = Draft(**kept.text)
    if kept.started_at is not None:
        at = kept.started_at.timestamp()
        return UnsentDraft(
            call=kept.call, group=kept.group, name=kept.name, number=kept.number, started_at=at, draft=draft
        )
    live = objects.get(f"{CALL}{kept.call}", {})
    return UnsentDraft(
        call=kept.call,
        group=live.get("group"),
        name=(live.get("customer") or {}).get("name") or live.get("caller_name") or "",
        number=live.get("outside_number") or live.get("caller_number") or "",
        started_at=live.get("arrived_at"),
        draft=draft,
    )


async def keep_draft(ctx: Context[None, DraftKept]) -> None:
    """In the place of what was kept before."""
    agent, call, draft = ctx.agent, ctx.path["call"], ctx.body.draft

    def keep() -> None:
        kept = Drafts(ctx.services.store.engine, agent)
        if draft is None:
            kept.remove(call)
        else:
            kept.put(call, draft.model_dump())

    await ctx.sql(keep)


async def drop_draft(ctx: Context[None, None]) -> None:
    """Harmless where there is none."""
    agent, call = ctx.agent, ctx.path["call"]
    await ctx.sql(lambda: Drafts(ctx.services.store.engine, agent).remove(call))


_DRAFT = "/api/me/draft/{call}"


class DispositionsOfGroup(Answer):
    """`codes` is a tree; one with children is a heading. `label`: by language."""

    required: bool
    codes: list[dict[str, Any]]


async def dispositions(ctx: Context[None, None]) -> dict[str, DispositionsOfGroup]:
    """By group."""
    trees = (await ctx.services.centre.get()).dispositions
    return {group: DispositionsOfGroup(**tree) for group, tree in trees.items()}


ROUTES = [
    Route("GET", "/api/dispositions", "What agents record of the groups' calls", dispositions, Role.AGENT,
          Scope.READ_STATE, answer=dict[str, DispositionsOfGroup], bound=Bound.SHARED),
    Route("POST", "/api/me/wrap-up", "Say what came of a call", wrap_up, Role.AGENT, body=WrapUp,
          answer=WrapUpKept, audit="wrap-up", controller=True, bound=Bound.OWN),
    Route("GET", "/api/me/drafts", "What one has typed about calls and not sent", read_drafts, Role.AGENT,
          answer=UnsentDrafts, bound=Bound.OWN),
    Route("GET", _DRAFT, "What one has typed about a call", read_draft, Role.AGENT, answer=DraftKept,
          bound=Bound.OWN),
    Route("PUT", _DRAFT, "Keep what one has typed about a call", keep_draft, Role.AGENT, body=DraftKept,
          audit=NOT_AUDITED, bound=Bound.OWN),
    Route("DELETE", _DRAFT, "Forget what one has typed about a call", drop_draft, Role.AGENT,
          audit=NOT_AUDITED, bound=Bound.OWN),
]  # fmt: skip
