"""Agents change their state from the phone: feature codes, confirmed by a spoken sentence."""

from __future__ import annotations

from collections.abc import Mapping

from acd.core import events
from acd.errors import RequestRefused
from acd.ivr.flow import Speech
from acd.runtime.shell import Shell
from acd.settings.model import Centre

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
    },
}


def confirmations(language: str) -> tuple[Speech, ...]:
    """Every sentence that a feature code may be answered with."""
    sentences = SENTENCES.get(language, SENTENCES["en"])
    spoken_in = language if language in SENTENCES else "en"
    return tuple(Speech(text, spoken_in) for text in sentences.values())


class FeatureDesk:
    """Turns a dialled code into an agent's request."""

    def __init__(self, centre: Centre, shell: Shell) -> None:
        self._centre = centre
        self._shell = shell
        self._language = centre.system.language if centre.system.language in SENTENCES else "en"

    def perform(self, phone: str, code: str) -> Speech:
        """Carry out the code dialled on this phone; what to say about it."""
        try:
            done = self._perform(phone, code)
        except RequestRefused as refusal:
            done = refusal.code
        return Speech(SENTENCES[self._language][done], self._language)

    def _perform(self, phone: str, code: str) -> str:
        codes = self._centre.features
        if code.startswith(codes.login):
            extension = code.removeprefix(codes.login).removeprefix("*") or phone
            profile = self._centre.plan.agent_by_extension(extension)
            if profile is None:
                raise RequestRefused("unknown-agent", f"no agent has extension {extension}")
            self._shell.feed(events.AgentLoggedIn(profile.id, phone))
            return "login"
        agent = self._shell.engine.floor.agent_on(phone)
        if agent is None:
            raise RequestRefused("logged-out", f"nobody is logged in on phone {phone}")
        if code == codes.logout:
            self._shell.feed(events.AgentLoggedOut(agent.id))
            return "logout"
        if code == codes.ready:
            self._shell.feed(events.AgentWentReady(agent.id))
            return "ready"
        if code == codes.wrap_up_done:
            self._shell.feed(events.WrapUpDone(agent.id))
            return "wrap-up-done"
        if code.startswith(codes.not_ready):
            reason = self._reason(code.removeprefix(codes.not_ready).removeprefix("*"))
            self._shell.feed(events.AgentWentNotReady(agent.id, reason))
            return "not-ready"
        raise RequestRefused("unknown-code", f"no feature code {code}")

    def _reason(self, key: str) -> str:
        """The reason code of a digit; without a digit the first one configured."""
        reasons = self._centre.reason_keys
        if key == "":
            return next(iter(self._centre.plan.reasons), "")
        if key not in reasons:
            raise RequestRefused("unknown-reason", f"no reason has the key {key}")
        return reasons[key]
