"""Agents change their state from the phone: feature codes, confirmed by a spoken sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from acd.core import events
from acd.core.plan import BROWSER_PREFIX
from acd.errors import RequestRefused
from acd.ivr.flow import Speech
from acd.ivr.ports import CallerLine
from acd.runtime.pin_gate import PinGate
from acd.runtime.shell import Shell
from acd.settings.centre_now import CentreView
from acd.settings.pins import PinBook

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "login": "You are logged in. Dial ready when you want calls.",
        "logout": "You are logged out. Goodbye.",
        "ready": "You are ready.",
        "not-ready": "You are not ready.",
        "wrap-up-done": "Your wrap up has ended.",
        "logged-out": "Please log in first.",
        "phone-taken": "Somebody else is logged in on this phone.",
        "phone-unreachable": "This phone is not registered.",
        "agent-busy": "You are busy on another phone.",
        "not-in-wrap-up": "You are not in wrap up.",
        "unknown-reason": "There is no such reason.",
        "unknown-agent": "There is no such agent.",
        "unknown-code": "There is no such code.",
        "wrap-up-extend": "You have more time for your wrap up.",
        "wrap-up": "Wrap up follows this call.",
        "revoke": "That is taken back.",
        "wrap-up-open": "Your wrap up lasts until you end it.",
        "wrap-up-limit": "Your wrap up cannot be longer.",
        "disposition-required": "Please record the result of the call first.",
        "no-call": "You have no call.",
        "no-wrap-up": "There is no wrap up for this call.",
        "nothing-pending": "There is nothing to take back.",
        "resting": "You are resting. You will be ready again by yourself.",
        "day-limit": "You have taken all your calls of today.",
        "pin": "Please key in your PIN, and then hash.",
        "wrong-pin": "This PIN is wrong.",
        "pin-locked": "There were too many wrong PINs. Please try again in five minutes.",
        "pin-broken": "Your PIN cannot be checked now.",
    },
    "zh_CN": {
        "login": "您已登录。准备好后请按就绪。",
        "logout": "您已退出。再见。",
        "ready": "您已就绪。",
        "not-ready": "您已设为未就绪。",
        "wrap-up-done": "话后处理已结束。",
        "logged-out": "请先登录。",
        "phone-taken": "此话机已有他人登录。",
        "phone-unreachable": "此话机未注册。",
        "agent-busy": "您正在另一部话机上通话。",
        "not-in-wrap-up": "您不在话后处理状态。",
        "unknown-reason": "没有这个原因。",
        "unknown-agent": "没有这个坐席。",
        "unknown-code": "没有这个代码。",
        "wrap-up-extend": "话后处理时间已延长。",
        "wrap-up": "本次通话后将进入话后处理。",
        "revoke": "已撤销。",
        "wrap-up-open": "话后处理将持续到您结束为止。",
        "wrap-up-limit": "话后处理不能再延长。",
        "disposition-required": "请先登记通话结果。",
        "no-call": "您没有通话。",
        "no-wrap-up": "此通话没有话后处理。",
        "nothing-pending": "没有可撤销的请求。",
        "resting": "您正在休息，稍后将自动就绪。",
        "day-limit": "您今天的来电数已满。",
        "pin": "请输入您的密码，以井号结束。",
        "wrong-pin": "密码错误。",
        "pin-locked": "密码错误次数过多，请五分钟后再试。",
        "pin-broken": "现在无法核对您的密码。",
    },
}


def confirmations(language: str) -> tuple[Speech, ...]:
    """Every sentence that a feature code may be answered with."""
    sentences = SENTENCES.get(language, SENTENCES["en"])
    spoken_in = language if language in SENTENCES else "en"
    return tuple(Speech(text, spoken_in) for text in sentences.values())


class FeatureDesk:
    """Turns a dialled code into an agent's request. `pins` None: nobody has a PIN."""

    def __init__(self, centre: CentreView, shell: Shell, pins: PinBook | None = None) -> None:
        self._centre = centre
        self._shell = shell
        self._gate = PinGate(pins, shell.clock) if pins is not None else None

    @property
    def _language(self) -> str:
        language = self._centre.system.language
        return language if language in SENTENCES else "en"

    def _simple(self) -> Mapping[str, tuple[str, Callable[[str], events.Event]]]:
        codes = self._centre.features
        return {
            codes.logout: ("logout", events.AgentLoggedOut),
            codes.ready: ("ready", events.AgentWentReady),
            codes.wrap_up_done: ("wrap-up-done", events.WrapUpDone),
            codes.wrap_up_extend: ("wrap-up-extend", events.WrapUpExtended),
            codes.wrap_up: ("wrap-up", events.WrapUpWanted),
            codes.revoke: ("revoke", events.PendingRevoked),
        }

    async def perform(self, phone: str, code: str, line: CallerLine) -> Speech:
        """Carry out the code dialled on this phone; what to say about it."""
        try:
            done = await self._perform(phone, code, line)
        except RequestRefused as refusal:
            done = refusal.code
        return self._say(done)

    def _say(self, what: str) -> Speech:
        return Speech(SENTENCES[self._language][what], self._language)

    async def _perform(self, phone: str, code: str, line: CallerLine) -> str:
        codes = self._centre.features
        if code.startswith(codes.login):
            extension = code.removeprefix(codes.login).removeprefix("*")
            return await self._log_in(phone, extension or phone.removeprefix(BROWSER_PREFIX), line)
        agent = self._shell.engine.floor.agent_on(phone)
        if agent is None:
            raise RequestRefused("logged-out", f"nobody is logged in on phone {phone}")
        simple = self._simple()
        if code in simple:
            done, event = simple[code]
            self._shell.feed(event(agent.id))
            return done
        if code.startswith(codes.not_ready):
            reason = self._reason(code.removeprefix(codes.not_ready).removeprefix("*"))
            self._shell.feed(events.AgentWentNotReady(agent.id, reason))
            return "not-ready"
        raise RequestRefused("unknown-code", f"no feature code {code}")

    async def _log_in(self, phone: str, extension: str, line: CallerLine) -> str:
        """At a phone that is not the agent's own, whoever has a PIN must key it."""
        profile = self._centre.plan.agent_by_extension(extension)
        if profile is None:
            raise RequestRefused("unknown-agent", f"no agent has extension {extension}")
        structlog.contextvars.bind_contextvars(agent=profile.id)  # for this session
        if self._gate is not None and profile.extension != phone.removeprefix(BROWSER_PREFIX):
            await self._gate.admit(profile.id, line, self._say("pin"), self._say("wrong-pin"))
        self._shell.feed(events.AgentLoggedIn(profile.id, phone))
        return "login"

    def _reason(self, key: str) -> str:
        """The reason code of a digit; without a digit the first one configured."""
        reasons = self._centre.reason_keys
        if key == "":
            return next(iter(self._centre.plan.reasons), "")
        if key not in reasons:
            raise RequestRefused("unknown-reason", f"no reason has the key {key}")
        return reasons[key]
