"""Builds the steps of a flow from what is written and the flow's defaults."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from acd.core.requirement import ANYBODY
from acd.ivr import flow as ivr
from acd.settings.flows.messages import Messages
from acd.settings.schema import dialogue, handover, lookup, steps
from acd.settings.schema.flow import Defaults
from acd.settings.schema.prompts import PlayedPart


class StepBuilder:
    """Builds one flow's steps. `default_group`: whose rules hold for those who wait for skills."""

    def __init__(self, messages: Messages, defaults: Defaults, default_group: str | None = None) -> None:
        self._message = messages.message
        self._defaults = defaults
        self._default_group = default_group

    def build(self, entry: steps.StepEntry) -> ivr.Step:
        """The step. Only for a flow without problems."""
        match entry:
            case steps.MenuStep() | steps.CollectStep() | steps.SurveyStep() | steps.RecordStep():
                return self._asking(entry)
            case (
                steps.QueueStep() | steps.CallbackStep() | steps.VoicemailStep() | steps.TransferStep()
                | steps.LookupStep()
            ):  # fmt: skip
                return self._reaching_out(entry)
            case steps.SayStep():
                return ivr.Say(self._message(entry.say), entry.next, entry.interrupt)
            case steps.PlayStep():
                parts = [PlayedPart(play=name) for name in entry.play]
                return ivr.Say(self._message(parts), entry.next, entry.interrupt)
            case steps.HangUpStep():
                return ivr.HangUp(self._message(entry.hangup or []))
            case _:
                return _silent(entry)

    def _asking(self, entry: Any) -> ivr.Step:
        match entry:
            case steps.MenuStep(menu=menu):
                return self._menu(menu)
            case steps.CollectStep(collect=collect):
                return self._collect(collect, entry.next)
            case steps.SurveyStep(survey=survey):
                return ivr.Survey(
                    questions=tuple(
                        ivr.Question(question.name, self._message(question.prompt), *question.keys)
                        for question in survey.questions
                    ),
                    next=entry.next,
                    timeout_s=self._option(survey, "timeout_s"),
                    tries=self._option(survey, "tries"),
                    invalid=self._message(self._option(survey, "invalid")),
                )
        record = entry.record
        return ivr.Record(
            record.into, self._message(record.prompt), entry.next, record.max_s, record.silence_s
        )

    def _menu(self, menu: dialogue.MenuOptions) -> ivr.Menu:
        return ivr.Menu(
            message=self._message(menu.prompt),
            choices=dict(menu.choices),
            failure=self._option(menu, "failure"),
            timeout_s=self._option(menu, "timeout_s"),
            next_key_s=self._option(menu, "next_key_s"),
            tries=self._option(menu, "tries"),
            invalid=self._message(self._option(menu, "invalid")),
            no_input=self._message(self._option(menu, "no_input")),
        )

    def _collect(self, collect: dialogue.CollectOptions, following: str) -> ivr.Collect:
        confirm = collect.confirm
        return ivr.Collect(
            variable=collect.into,
            message=self._message(collect.prompt),
            next=following,
            failure=self._option(collect, "failure"),
            min_length=collect.length[0],
            max_length=collect.length[1],
            terminator=collect.terminator,
            timeout_s=self._option(collect, "timeout_s"),
            next_key_s=self._option(collect, "next_key_s"),
            tries=self._option(collect, "tries"),
            pattern=collect.pattern,
            luhn=collect.luhn,
            valid=collect.valid,
            masked=collect.masked,
            invalid=self._message(self._option(collect, "invalid")),
            no_input=self._message(self._option(collect, "no_input")),
            confirm=(
                None if confirm is None
                else ivr.Confirm(self._message(confirm.prompt), confirm.yes, confirm.no)
            ),
        )  # fmt: skip

    def _reaching_out(self, entry: Any) -> ivr.Step:
        match entry:
            case steps.QueueStep(queue=queue):
                return self._queue(queue)
            case steps.CallbackStep(callback=callback):
                failure = self._option(entry, "failure")
                return ivr.Callback(callback.group, callback.number, entry.next, failure)
            case steps.VoicemailStep(voicemail=voicemail):
                return ivr.Voicemail(
                    voicemail.group,
                    self._message(voicemail.prompt),
                    entry.next,
                    voicemail.min_s,
                    voicemail.max_s,
                    voicemail.silence_s,
                )
            case steps.TransferStep(transfer=transfer):
                kind = next(kind for kind in ivr.TransferKind if hasattr(transfer, kind.value))
                target = getattr(transfer, kind.value)
                failure = self._option(transfer, "failure")
                return ivr.Transfer(kind, target, failure, transfer.timeout_s, transfer.after)
        failure = self._option(entry, "failure")
        return ivr.Lookup(
            source=_source(entry.lookup),
            next=entry.next,
            failure=failure,
            not_found=entry.not_found or failure,
            wait=self._message(entry.lookup.wait),
        )

    def _queue(self, queue: handover.QueueOptions) -> ivr.Queue:
        news = queue.announce
        return ivr.Queue(
            group=queue.group or self._default_group or "",
            priority=queue.priority,
            keys=dict(queue.keys),
            news=(
                None if news is None
                else ivr.QueueNews(
                    news.first_s, news.every_s, news.position, news.expected_wait,
                    self._message(news.comfort),
                )
            ),
            max_wait_s=queue.max_wait_s,
            timeout=queue.timeout,
            no_agents=queue.no_agents,
            after=queue.after,
            requirement=queue.requires or ANYBODY,
            alone=queue.group is None,
            prefer=queue.prefer,
            prefer_wait_s=queue.prefer_wait_s,
            full=queue.full,
            closed=queue.closed,
            exits=dict(queue.exits),
        )  # fmt: skip

    def _option(self, options: BaseModel, name: str) -> Any:
        """What is written in the step, else in the flow's defaults, else the step's own default."""
        for source in (options, self._defaults):
            if name in source.model_fields_set:
                return getattr(source, name)
        return getattr(options, name)


def _source(written: Any) -> ivr.CustomerLookup | ivr.HttpLookup:
    match written:
        case lookup.CustomerSource(customer=number):
            return ivr.CustomerLookup(number)
        case lookup.PostSource(post=url, body=body, idempotent=idempotent):
            method = "POST"
        case _:
            method, url, body, idempotent = "GET", written.get, {}, True
    return ivr.HttpLookup(
        method=method,
        url=url,
        headers=dict(written.headers),
        body=dict(body),
        timeout_s=written.timeout_s,
        retries=written.retries,
        values={variable: answer.path for variable, answer in written.into.items()},
        idempotent=idempotent,
        masked=frozenset(variable for variable, answer in written.into.items() if answer.masked),
    )


def _silent(entry: Any) -> ivr.Step:
    """The steps that say nothing."""
    match entry:
        case steps.HoursStep(hours=hours):
            holiday = hours.holiday or hours.closed
            return ivr.Hours(hours.calendar, hours.open, hours.closed, holiday)
        case steps.SetStep():
            return ivr.Set(dict(entry.set), entry.next)
        case steps.IfStep():
            return ivr.If(entry.condition, entry.then, entry.otherwise)
        case steps.SwitchStep():
            return ivr.Switch(entry.switch, dict(entry.cases), entry.default)
        case steps.LanguageStep():
            return ivr.Language(entry.language, entry.next)
        case steps.RecordingStep():
            return ivr.Recording(entry.recording == "consent", entry.next)
        case steps.AnnounceStep():
            return ivr.Announce(entry.announce, entry.next)
        case steps.CallStep():
            return ivr.Call(entry.call, entry.next, dict(entry.arguments), dict(entry.into))
        case steps.ReturnStep():
            return ivr.Return()
    return _goto(entry)


def _goto(entry: steps.GotoStep) -> ivr.Goto:
    if isinstance(entry.goto, str):
        return ivr.Goto(step=entry.goto)
    return ivr.Goto(flow=entry.goto.flow)
