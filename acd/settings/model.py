"""The checked configuration. Everything here is immutable; a reload makes a new Centre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from acd.core.disposition import DispositionTree
from acd.core.plan import BROWSER_PREFIX, Plan
from acd.core.service_level import ServiceLevelFormula
from acd.settings.caller_limits import CallerLimits
from acd.settings.customer_settings import CustomerSettings
from acd.settings.outside import Dialing, Encryption, NumberRoute, TrunkSpec
from acd.settings.report_settings import ReportSettings
from acd.settings.retention import RetentionSettings
from acd.settings.sign_in import SignInSettings

if TYPE_CHECKING:  # who is told of the centre without its flows does not need what flows take
    from acd.ivr.flow import FlowSet
    from acd.ivr.hours import Calendar
    from acd.ivr.template import Template

ANY_LANGUAGE = "*"
DEFAULT_TEXT_TO_SPEECH: Mapping[str, tuple[str, ...]] = {
    "en": ("flite", "-voice", "slt", "-f", "{text_file}", "-o", "{sound_file}"),
    "zh": ("python", "-m", "acd.telephony.pinyin_voice", "{text_file}", "{sound_file}"),
}


def voice_of(voices: Mapping[str, Sequence[str]], language: str) -> Sequence[str] | None:
    """The command that speaks a language such as zh_CN: its own, that of zh, or that of any language."""
    primary = language.replace("-", "_").partition("_")[0]
    return next((voices[name] for name in (language, primary, ANY_LANGUAGE) if name in voices), None)


@dataclass(frozen=True, slots=True)
class PhoneSpec:
    """A SIP phone of ours. `id` is its user name: the extension of its agent, or that of nobody.

    `encryption`: of its sound; where it is required its signalling has to be encrypted as well.
    `browser`: it lives in the agent's browser, and its `id` is BROWSER_PREFIX and the extension.
    """

    id: str
    display_name: str
    browser: bool = False
    encryption: Encryption = Encryption.OFF

    @property
    def extension(self) -> str:
        """The number that it shows when it calls."""
        return self.id.removeprefix(BROWSER_PREFIX) if self.browser else self.id


class RecordRule(StrEnum):
    """Whether the talks of a group are recorded."""

    NEVER = "never"
    ALWAYS = "always"  # from the agent's answer
    ON_DEMAND = "on_demand"  # from when the agent asks for it
    WITH_CONSENT = "with_consent"  # from the agent's answer, where the caller has agreed in a flow


class RecordChannels(StrEnum):
    """How many channels a recording of a talk has."""

    STEREO = "stereo"  # left: the caller; right: what the caller hears
    MIXED = "mixed"


class RecordFormat(StrEnum):
    """What recordings become when the call is over."""

    WAV = "wav"
    OPUS = "opus"
    MP3 = "mp3"


@dataclass(frozen=True)
class S3Settings:
    """Where recordings go. The file on this disk is removed when its day is `keep_local_days` ago."""

    endpoint: str
    bucket: str
    prefix: str = "recordings"
    region: str = "us-east-1"
    keep_local_days: int = 7


@dataclass(frozen=True)
class RecordingSettings:
    """What becomes of recordings. `agents_hear_own`: agents may listen to their own calls.

    `s3`: where they are kept for good; None: on this disk.
    """

    channels: RecordChannels = RecordChannels.STEREO
    format: RecordFormat = RecordFormat.MP3
    agents_hear_own: bool = False
    s3: S3Settings | None = None


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server (RFC 8489, RFC 8656) that phones in browsers find a way to Asterisk with.

    `urls` as browsers take them: `stun:HOST:PORT`, `turn:HOST:PORT?transport=tcp`.
    """

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DesktopSettings:
    """What agents may do in the browser. `browser_phones`: each agent has a phone there, too.

    `browser_silent_s`: a browser of which nothing has been heard for so long in a talk is taken for gone,
    and its caller goes back into line. `ice_servers`: for browsers that Asterisk cannot reach straight.
    """

    browser_phones: bool = True
    browser_silent_s: int = 20
    ice_servers: tuple[IceServer, ...] = ()


@dataclass(frozen=True)
class FeatureCodes:
    """What agents dial to change their state; none is the beginning of another.

    `not_ready` may be followed by a digit that picks the reason.
    """

    login: str = "*11"
    logout: str = "*12"
    ready: str = "*13"
    not_ready: str = "*14"
    wrap_up_done: str = "*15"
    wrap_up_extend: str = "*16"
    wrap_up: str = "*17"
    revoke: str = "*18"


@dataclass(frozen=True)
class RedisSettings:
    """The Redis server that mirrors live state; all its keys begin with `prefix` and a colon."""

    address: str = "127.0.0.1"
    port: int = 6379
    database: int = 0
    prefix: str = "acd"


@dataclass(frozen=True)
class JournalSettings:
    """The journal of what the engine is told and answers: kept for so long, and so large in all."""

    enabled: bool = True
    keep_days: int = 7
    max_mb: int = 500


class QueueLogNames(StrEnum):
    """How agents are named in queue_log."""

    ID = "id"
    EXTENSION = "extension"  # Agent/1001


@dataclass(frozen=True)
class QueueLogSettings:
    """Asterisk's queue_log of what happens to calls and agents, in `file` below the home folder."""

    enabled: bool = False
    file: str = "queue_log"
    agents: str = QueueLogNames.ID


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What holds for the whole centre.

    `service_level_formula`: how reports count, see `acd.core.service_level`.
    `lease_s`: how long the controller may be silent before Asterisk takes a waiting caller back.
    `fallback_after_s`: how long Asterisk looks for a controller before its own queue serves.
    `fallback_others_after_s`: how long that queue rings only those who were at work before it rings everyone.
    `call_id_header`: agents' phones are told our id of the call in the header X-ACD-Call.
    `text_to_speech`: by language (ANY_LANGUAGE for the rest), program and arguments (no shell);
    `{text_file}` and `{sound_file}` in them stand for the file with the text and the wave file to write.
    `country` (two letters): whose national numbers are meant where a number is not complete.
    `transfer_fallback_group`: who takes a caller whose transfer failed and who came through no group
    (otherwise the group before does); None: the first group.
    `sip_addresses`: the addresses that flows may transfer to, by name, as `sip:user@host`.
    """

    name: str
    timezone: str
    language: str = "en"
    service_level_formula: ServiceLevelFormula = ServiceLevelFormula.OFFERED_MINUS_SHORT
    lease_s: float = 12.0
    fallback_after_s: float = 4.0
    fallback_others_after_s: float = 45.0
    call_id_header: bool = False
    text_to_speech: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: DEFAULT_TEXT_TO_SPEECH)
    transfer_fallback_group: str | None = None
    sip_addresses: Mapping[str, str] = field(default_factory=dict)
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Centre:
    """The whole configuration, checked: every name in it that refers to something is defined.

    `numbers` is keyed by number in normal form (`acd.settings.phone_number`), `phones` by phone id,
    `trunks` by name.
    `reason_keys` maps the digit dialled after the not-ready code to the reason code.
    `customers_file`, `redis` and `dialing` are None where there is none. `group_hours` maps a group to its
    calendar (in `flow_set.calendars`), `line_announcements` a group's announcements, by name and language,
    to their texts. Who hung up in line and calls again within `resume_within_s` goes on where the wait was.
    `teams` maps an agent to the agent's team, `team_names` each team to its names by language,
    `planned_hours` to the calendar (in
    `flow_set.calendars`) that says when the agent is to be logged in.
    `callback_windows`: by group, when its customers may be called back; `do_not_call`: numbers, in normal
    form, of those who never may. `dispositions`: by group, what agents record of its calls; `greetings`: by
    group and language ('' for any), what they say first; `recorded`: by group,
    whether its talks are, `recording` what becomes of that; `customers`: what is on their cards, and where
    they are known; `reports`: what figures should be, and how reports are sent; `retention`: for how long
    what is kept;
    `phone_networks`: where phones may be (none: anywhere); `caller_limits`: how often one number may call in;
    `webhooks_to_private`: webhooks may go to addresses of this machine and of private networks.
    """

    system: SystemSettings
    plan: Plan
    flow_set: FlowSet
    numbers: Mapping[str, NumberRoute]
    phones: Mapping[str, PhoneSpec]
    flows_dir: Path
    trunks: Mapping[str, TrunkSpec] = field(default_factory=dict)
    features: FeatureCodes = field(default_factory=FeatureCodes)
    reason_keys: Mapping[str, str] = field(default_factory=dict)
    customers_file: Path | None = None
    redis: RedisSettings | None = None
    dialing: Dialing | None = None
    group_hours: Mapping[str, str] = field(default_factory=dict)
    line_announcements: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    resume_within_s: float = 0.0
    teams: Mapping[str, str] = field(default_factory=dict)
    team_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    planned_hours: Mapping[str, str] = field(default_factory=dict)
    callback_windows: Mapping[str, Calendar] = field(default_factory=dict)
    do_not_call: frozenset[str] = frozenset()
    journal: JournalSettings = JournalSettings()
    queue_log: QueueLogSettings = QueueLogSettings()
    dispositions: Mapping[str, DispositionTree] = field(default_factory=dict)
    greetings: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    customers: CustomerSettings = field(default_factory=CustomerSettings)
    desktop: DesktopSettings = DesktopSettings()
    recorded: Mapping[str, RecordRule] = field(default_factory=dict)
    recording: RecordingSettings = RecordingSettings()
    webhooks_to_private: bool = False
    phone_networks: tuple[str, ...] = ()
    caller_limits: CallerLimits = field(default_factory=CallerLimits)
    reports: ReportSettings = field(default_factory=ReportSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    sign_in: SignInSettings = field(default_factory=SignInSettings)
