"""Options of queues that have no counterpart in a group: why, and what to use instead."""

from __future__ import annotations

from collections.abc import Mapping

_STEP = "in the flow, in the step `queue`, write "
_SOUND = "the words are our own, in the caller's language; your own: " + _STEP + "`announce: {comfort: …}`"
_VARIABLES = "the dialplan is not yours to write here; `acd calls show` and the records have these figures"
_SERIAL = "free agents are always given calls at once, side by side"
_LOGGING = "there is no queue_log: calls and agents' states are in the records (`acd calls`, `acd report`)"
_EMPTY = _STEP + "`no_agents: STEP`: it is for callers whom nobody logged in could serve"
_PAUSE = "a missed call has the same consequences in all groups: see `missed_rings` in system.yml"

ADVICE: Mapping[str, str] = {
    "announce": "agents hear nothing before the talk: their phones show who calls",
    "announce-to-first-user": "an offer to an agent ends an announcement at once, so that it delays nobody",
    "announce-position-limit": "from the 21st place on callers hear that more than 20 are before them",
    "announce-position-only-up": "the place is said again at the usual interval, also where it is the same",
    "announce-round-seconds": "waits are said in minutes",
    "autofill": _SERIAL,
    "autopausedelay": "see `back_off_s` of `missed_rings` in system.yml: so long without offers after a miss",
    "context": _STEP + "`keys: {'1': STEP}`: keys lead out of the line to a step, not into a dialplan",
    "enable_cidname_logging": _LOGGING,
    "eventmemberstatus": "it has no effect in current versions of Asterisk either",
    "eventwhencalled": "it has no effect in current versions of Asterisk either",
    "force_longest_waiting_caller": "of equal priority the longest wait goes first, over all groups",
    "joinempty": _EMPTY,
    "keepstats": _LOGGING,
    "leavewhenempty": _EMPTY,
    "log-caller-id-name": _LOGGING,
    "log-restricted-caller-id": _LOGGING,
    "log_membername_as_agent": _LOGGING,
    "memberdelay": "agent and caller are connected as soon as the agent answers",
    "membergosub": _VARIABLES,
    "membermacro": _VARIABLES,
    "min-announce-frequency": "there is one interval, `every_s` of `announce` in the step `queue`",
    "monitor-format": "conversations are not recorded",
    "monitor-type": "conversations are not recorded",
    "negative_penalty_invalid": "no proficiency is negative: who is not to serve a group lacks its skill",
    "penaltymemberslimit": "rings open by the time waited; one with nobody at work is passed over at once",
    "periodic-announce-startdelay": _STEP + "`announce: {first_s: SECONDS}`",
    "persistentmembers": "agents and their states are kept over a restart without it",
    "queue-callerannounce": "write a step `say` before the step `queue`",
    "random-periodic-announce": "comfort messages are said in the order in which they are written",
    "realtime_rules": "rules are in files: `rings` and `policy` in groups.yml",
    "relative-periodic-announce": "intervals are from one beginning to the next",
    "reportholdtime": "agents hear nothing before the talk; `acd status` shows waits",
    "retry": "after a missed ring the next agent is rung at once; see `missed_rings` in system.yml",
    "ringinuse": "an agent who has a call is never rung for another",
    "setinterfacevar": _VARIABLES,
    "setqueueentryvar": _VARIABLES,
    "setqueuevar": _VARIABLES,
    "shared_lastcall": "it is always so: an agent has one wrap-up and one idle time for all groups",
    "timeoutpriority": "the longest wait (`max_wait_s` of the step `queue`) cuts no ring short",
    "timeoutrestart": "each agent is rung for the whole ring time",
    "autopausebusy": _PAUSE,
    "autopauseunavail": _PAUSE,
    "autopause": _PAUSE,
    "queue-thankyou": _SOUND,
}
"""By option; those that `translate.py` takes over are not here, but for the consequences of missed calls."""


def advice(option: str) -> str | None:
    """What to do without this option; None for one that app_queue does not have either."""
    return (
        ADVICE["queue-thankyou"]
        if option.startswith("queue-") and option not in ADVICE
        else ADVICE.get(option)
    )


def news_step(
    frequency_s: int, first_s: int | None, *, position: bool, expected_wait: bool, comfort: str
) -> str:
    """The part of a flow that says what these options said."""
    parts = [f"first_s: {first_s or min(frequency_s, 600)}", f"every_s: {min(max(frequency_s, 5), 600)}"]
    parts += ["position: true"] if position else []
    parts += ["expected_wait: true"] if expected_wait else []
    parts += [f"comfort: {comfort}"] if comfort else []
    return _STEP + "`announce: {" + ", ".join(parts) + "}`"
