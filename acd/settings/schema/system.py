"""config/system.yml: what holds for the whole centre."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from acd.core.service_level import ServiceLevelFormula
from acd.core.work_rules import DESKTOP_GRACE_S
from acd.settings.caller_limits import BUSY, CONGESTION, CallerLimits
from acd.settings.model import (
    ANY_LANGUAGE,
    DEFAULT_TEXT_TO_SPEECH,
    DesktopSettings,
    FeatureCodes,
    JournalSettings,
    QueueLogNames,
    QueueLogSettings,
    RecordChannels,
    RecordFormat,
    RecordingSettings,
    RedisSettings,
    S3Settings,
)
from acd.settings.outside import Encryption
from acd.settings.schema.checking import (
    Options,
    checked,
    expected,
    mistake,
    one_of,
    pattern,
    seconds,
    text_of,
    whole,
)
from acd.settings.schema.ice import IceServerEntry
from acd.settings.schema.sign_in import SignInSection
from acd.settings.schema.values import (
    Country,
    Host,
    Id,
    Language,
    Name,
    Network,
    NumberPrefix,
    SipAddress,
    StarCode,
    Timezone,
    Weight,
    YesNo,
)
from acd.settings.schema.work import MissedRingsSection, ReasonEntry

_FORMULAS = [formula.value for formula in ServiceLevelFormula]
_ENDPOINT = r"https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:[0-9]{1,5})?"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_PREFIX = r"([A-Za-z0-9_-]{1,60}(/[A-Za-z0-9_-]{1,60}){0,5})?"
_PLACEHOLDERS = ("{text_file}", "{sound_file}")


def _command(value: object) -> list[str]:
    """A program and its arguments; never given to a shell."""
    what = "a list: a program and its arguments"
    if not isinstance(value, list) or not value:
        raise expected(what, value)
    words = [text_of("a word of the command", word) for word in value]
    if not all(word and word.isprintable() for word in words):
        raise mistake(f"expected {what}, without empty words and control characters")
    for placeholder in _PLACEHOLDERS:
        if not any(placeholder in word for word in words[1:]):
            raise mistake(f"the command's arguments do not say where {placeholder} goes")
    rest = " ".join(words).replace(_PLACEHOLDERS[0], "").replace(_PLACEHOLDERS[1], "")
    if "{" in rest or "}" in rest:
        raise mistake("the only words in braces are " + " and ".join(_PLACEHOLDERS))
    return words


def _tag(value: object) -> str:
    return "(languages)" if isinstance(value, dict) else "(command)"


_Command = Annotated[list[str], checked(_command, type="array", items={"type": "string"})]
TextToSpeech = Annotated[
    Annotated[_Command, Tag("(command)")] | Annotated[dict[Language, _Command], Tag("(languages)")],
    Discriminator(_tag),
]
"""One command for all languages, or one for each."""


class SystemSection(Options):
    """The options are those of `acd.settings.model.SystemSettings` and `acd.core.plan.Plan`."""

    name: Name
    timezone: Timezone
    language: Language = "en"
    country: Country | None = None
    service_level_formula: Annotated[str, one_of(*_FORMULAS)] = ServiceLevelFormula.OFFERED_MINUS_SHORT
    lease_s: Annotated[float, seconds(2, 300)] = 12.0
    fallback_after_s: Annotated[float, seconds(1, 300)] = 4.0
    fallback_others_after_s: Annotated[float, seconds(0, 3600)] = 45.0
    call_id_header: YesNo = False
    direct_ring_timeout_s: Annotated[float, seconds(1, 600)] = 20.0
    unreachable_after_s: Annotated[float, seconds(1, 30)] = 3.0
    text_to_speech: TextToSpeech = Field(default_factory=dict)
    transfer_fallback_group: Id | None = None
    sip_addresses: dict[Id, SipAddress] = Field(default_factory=dict)

    def voices(self) -> dict[str, tuple[str, ...]]:
        """By language: one command for all, or those that are named, beside our own."""
        if isinstance(self.text_to_speech, list):
            return {ANY_LANGUAGE: tuple(self.text_to_speech)}
        named = {language: tuple(command) for language, command in self.text_to_speech.items()}
        return {**DEFAULT_TEXT_TO_SPEECH, **named}


def _priority(value: object) -> int:
    """As the name of an entry, so it is text."""
    what = 'a priority from 0 to 100, in quotes ("10")'
    text = text_of(what, value)
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 100:
        raise expected(what, value)
    return int(text)


PriorityName = Annotated[int, checked(_priority, type="string", pattern="^([0-9]{1,2}|100)$")]


class RoutingSection(Options):
    """How urgent calls are, compared with each other.

    Without `ageing` a higher priority always goes first. With it, a call of priority P gathers ageing[P]
    points for each second of waiting, and the most points go first: nobody waits for ever. `seed` is for
    groups that choose agents at random. `default_group`: whose rules hold for callers who wait for skills
    rather than for a group. Who hung up in line and calls again within `resume_within_s` goes on where the
    wait was; 0: not.
    """

    ageing: dict[PriorityName, Weight] = Field(default_factory=dict)
    seed: Annotated[int, whole(0, 2**31)] = 0
    default_group: Id | None = None
    resume_within_s: Annotated[float, seconds(0, 3600)] = 60.0


class FeaturesSection(Options):
    """What agents dial to change their state."""

    login: StarCode = FeatureCodes.login
    logout: StarCode = FeatureCodes.logout
    ready: StarCode = FeatureCodes.ready
    not_ready: StarCode = FeatureCodes.not_ready
    wrap_up_done: StarCode = FeatureCodes.wrap_up_done
    wrap_up_extend: StarCode = FeatureCodes.wrap_up_extend
    wrap_up: StarCode = FeatureCodes.wrap_up
    revoke: StarCode = FeatureCodes.revoke


class RedisSection(Options):
    """The options are those of `acd.settings.model.RedisSettings`; the password is not among them."""

    address: Host = RedisSettings.address
    port: Annotated[int, whole(1, 65535)] = RedisSettings.port
    database: Annotated[int, whole(0, 10_000)] = RedisSettings.database
    prefix: Id = RedisSettings.prefix


class JournalSection(Options):
    """What the engine is told and answers is written to `journal/`, for `acd replay-journal`.

    Files older than `keep_days` are removed, and the oldest when all have `max_mb` megabytes together.
    """

    enabled: YesNo = JournalSettings.enabled
    keep_days: Annotated[int, whole(1, 3660)] = JournalSettings.keep_days
    max_mb: Annotated[int, whole(10, 1_000_000)] = JournalSettings.max_mb


def _file_below_home(value: object) -> str:
    what = "a file below the home folder, such as log/queue_log"
    text = text_of(what, value)
    parts = text.split("/")
    if not text.isprintable() or len(text) > 200 or any(part in ("", ".", "..") for part in parts):
        raise expected(what, value)
    return text


FileBelowHome = Annotated[str, checked(_file_below_home, type="string", maxLength=200)]


class QueueLogSection(Options):
    """What happens to calls and agents is written as Asterisk's app_queue does, for programs that read it."""

    enabled: YesNo = QueueLogSettings.enabled
    file: FileBelowHome = QueueLogSettings.file
    agents: Annotated[str, one_of(*QueueLogNames)] = QueueLogSettings.agents
    """How agents are named."""


class DesktopSection(Options):
    """The pages in the browser, and the phones in them.

    An agent whose page has been gone for `grace_s` is not ready until it is back. The rest are the options
    of `acd.settings.model.DesktopSettings`; without `ice_servers` browsers must reach Asterisk straight.
    """

    grace_s: Annotated[float, seconds(1, 3600)] = DESKTOP_GRACE_S
    browser_phones: YesNo = DesktopSettings.browser_phones
    browser_silent_s: Annotated[int, whole(2, 300)] = DesktopSettings.browser_silent_s
    ice_servers: list[IceServerEntry] = Field(default_factory=list, max_length=10)


class S3Section(Options):
    """An S3-compatible store. Its keys are in ACD_S3_ACCESS_KEY and ACD_S3_SECRET_KEY."""

    endpoint: Annotated[str, pattern("an address such as https://s3.example.com", _ENDPOINT)]
    """Without a path."""
    bucket: Annotated[str, pattern("a bucket's name of 3 to 63 letters a-z, digits, - and .", _BUCKET)]
    prefix: Annotated[str, pattern("names with / between them", _PREFIX)] = S3Settings.prefix
    """The folder in the bucket."""
    region: Annotated[str, pattern("a region such as eu-central-1", r"[a-z0-9-]{1,40}")] = S3Settings.region
    keep_local_days: Annotated[int, whole(0, 3660)] = S3Settings.keep_local_days
    """So long files are on this disk as well."""


class RecordingsSection(Options):
    """What becomes of recordings when the call is over (docs/recordings.md)."""

    channels: Annotated[str, one_of(*RecordChannels)] = RecordingSettings.channels
    """`stereo`: left the caller, right what the caller hears; `mixed`: both in one."""
    format: Annotated[str, one_of(*RecordFormat)] = RecordingSettings.format
    """Made of the wav file in the background."""
    agents_hear_own: YesNo = RecordingSettings.agents_hear_own
    """Agents may listen to the recordings of calls in which they talked."""
    s3: S3Section | None = None
    """Where files are kept for good; left out: on this disk."""


class WebhooksSection(Options):
    """`allow_private`: webhooks may go to addresses of this machine and of private networks, too."""

    allow_private: YesNo = False


class CallerLimitsSection(Options):
    """The options are those of `acd.settings.caller_limits.CallerLimits`; left out: nobody is limited."""

    calls: Annotated[int, whole(1, 1000)] | None = None
    hidden_calls: Annotated[int, whole(1, 1000)] | None = None
    within_s: Annotated[float, seconds(1, 86_400)] = CallerLimits.within_s
    exempt: list[NumberPrefix] = Field(default_factory=list)
    refuse_with: Annotated[str, one_of(BUSY, CONGESTION)] = BUSY
    flow: Id | None = None


class PhonesSection(Options):
    """Phones on desks, all of them. Those in browsers come through our own web process and encrypt always."""

    encryption: Annotated[str, one_of(*Encryption)] = Encryption.OFF
    """Of their sound. `required`: their signalling must be over TLS, too."""
    addresses: list[Network] = Field(default_factory=list)
    """Where they may be; left out: anywhere."""


class SystemFile(Options):
    """The whole file. Without `redis`, live state is kept on disk only."""

    system: SystemSection
    routing: RoutingSection = Field(default_factory=RoutingSection)
    features: FeaturesSection = Field(default_factory=FeaturesSection)
    not_ready_reasons: dict[Id, ReasonEntry] = Field(default_factory=dict)
    missed_rings: MissedRingsSection = Field(default_factory=MissedRingsSection)
    redis: RedisSection | None = None
    journal: JournalSection = Field(default_factory=JournalSection)
    queue_log: QueueLogSection = Field(default_factory=QueueLogSection)
    desktop: DesktopSection = Field(default_factory=DesktopSection)
    sign_in: SignInSection = Field(default_factory=SignInSection)
    recordings: RecordingsSection = Field(default_factory=RecordingsSection)
    webhooks: WebhooksSection = Field(default_factory=WebhooksSection)
    phones: PhonesSection = Field(default_factory=PhonesSection)
    caller_limits: CallerLimitsSection = Field(default_factory=CallerLimitsSection)
