"""What the controller is built of: what configuration and environment decide, for `app.py` and commands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from acd.core.callback_facts import CallbackNote
from acd.core.disposition import Disposition
from acd.core.facts import (
    AgentInterval,
    Answered,
    Arrived,
    CallbackOrder,
    CallKind,
    Customer,
    Ended,
    EndedBy,
    Fact,
    FellBack,
    Queued,
    SoundKept,
    SoundPurpose,
)
from acd.core.outside_facts import OutsideAnswered, OutsideDialed
from acd.customers.directory import Directory
from acd.errors import OperatorError
from acd.ivr.flow import Flow, FlowSet, Prompt, Queue
from acd.ivr.prompts import prompts_of
from acd.ivr.queue_news import sentences
from acd.ivr.suite import run_cases
from acd.records.fold import fold
from acd.records.record import CallRecord, Source
from acd.records.tasks import Task, TaskState
from acd.records.writer import RecordWriter
from acd.runtime import line_announcements
from acd.runtime.dial_plan import DialPlan
from acd.runtime.features import confirmations
from acd.runtime.numbers import NumberBook
from acd.runtime.outbound import announcements
from acd.runtime.reload import Folders, Start, TestResult, Tools
from acd.runtime.start import choose_start
from acd.runtime.version_files import VersionFiles
from acd.settings.centre_now import CentreView
from acd.settings.environment import Environment
from acd.settings.flows.places import place_of_text
from acd.settings.load import load_centre, load_tests
from acd.settings.model import Centre
from acd.telephony import cdr
from acd.telephony.front import Front
from acd.telephony.front_keeper import FrontKeeper
from acd.telephony.prompts import CannotSpeak, PromptStore
from acd.telephony.provision_kamailio import front_key, has_front, names

if TYPE_CHECKING:  # nothing of it is loaded where no traces are collected
    from acd.tracing.sender import CallTraces

CHECKOUT = Path(__file__).resolve().parents[1]


class StoreRecorder:
    """Implements `acd.core.ports.Recorder` on the record store.

    `on_tasks_changed`: the database has a voicemail or a callback that is new, or has changed. `on_record`
    is called with each call as it goes on record, and must not wait.
    """

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self.on_tasks_changed: Callable[[], None] = lambda: None
        self.on_record: Callable[[CallRecord], None] = lambda _record: None

    def _of_task(self, on_stored: Callable[[], None]) -> Callable[[], None]:
        def stored() -> None:
            on_stored()
            self.on_tasks_changed()

        return stored

    def store_call(self, call_id: str, facts: Sequence[Fact], on_stored: Callable[[], None]) -> None:
        """Fold and write."""
        record = fold(call_id, facts, source_of(facts))
        has_voicemail = any(isinstance(f, SoundKept) and f.purpose is SoundPurpose.VOICEMAIL for f in facts)
        self._writer.submit(record, self._of_task(on_stored) if has_voicemail else on_stored)
        self.on_record(record)

    def store_interval(self, interval: AgentInterval, on_stored: Callable[[], None]) -> None:
        """Write."""
        self._writer.submit(interval, on_stored)

    def store_callback(self, order: CallbackOrder, on_stored: Callable[[], None]) -> None:
        """Write."""
        self._writer.submit(order, self._of_task(on_stored))

    def note_callback(self, note: CallbackNote, on_stored: Callable[[], None]) -> None:
        """Write."""
        self._writer.submit(note, self._of_task(on_stored))

    def store_disposition(self, told: Disposition, on_stored: Callable[[], None]) -> None:
        """Write."""
        self._writer.submit(told, on_stored)


def lost_callback(task: Task) -> tuple[CallbackOrder, list[float]]:
    """A callback of the database as it was asked for, and when it was tried since."""
    due_at = None if task.due_at is None else task.due_at.timestamp()
    wish = (task.group or "", task.number, task.language, due_at, task.for_agent)
    order = CallbackOrder(task.call_id, task.at.timestamp(), *wish)
    tried = [change.at.timestamp() for change in task.history if change.state is TaskState.OPEN]
    return order, tried


def prompt_store(centre: Centre, environment: Environment) -> PromptStore:
    """What callers hear."""
    return PromptStore(environment.sounds_dir, centre.system.text_to_speech)


def all_prompts(centre: Centre, flow_set: FlowSet | None = None) -> list[Prompt]:
    """Everything that may have to be spoken, with these flows or with those of the configuration."""
    flow_set = centre.flow_set if flow_set is None else flow_set
    flows = flow_set.flows.values()
    told = {language for flow in flows if _tells_news(flow) for language in flow.languages}
    news = [speech for language in sorted(told) for speech in sentences(language)]
    spoken = [*confirmations(centre.system.language), *announcements(centre)]
    return prompts_of(flow_set) + news + spoken + list(line_announcements.spoken(centre.line_announcements))


def render(
    store: PromptStore, centre: Centre, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> int:
    """Speak what is not there yet; how many. Raises OperatorError with the file and line of a faulty text."""
    try:
        return store.prepare(all_prompts(centre), progress)
    except CannotSpeak as error:
        place = place_of_text(centre.flows_dir, error.speech.text, error.speech.language)
        if place is None:
            raise
        raise OperatorError(f"{place}: {error}") from error


def _tells_news(flow: Flow) -> bool:
    return any(isinstance(step, Queue) and step.news is not None for step in flow.steps.values())


def find_customer(centre: Centre) -> Callable[[str], Customer | None]:
    """The directory's look-up; without a customers' file nobody is known."""
    if centre.customers_file is None:
        return lambda _number: None
    return Directory.from_csv(centre.customers_file, centre.system.country).find


def facts_of(
    call: cdr.CallSeen, centre: CentreView, find_customer: Callable[[str], Customer | None]
) -> list[Fact]:
    """What Asterisk's account says of a call that no controller saw.

    It is offered to the group whose line it stood in, or to which the dialled number leads at once.
    """
    book = NumberBook(centre, DialPlan(centre))
    told: list[Fact] = [_arrived(call, centre, book, find_customer)]
    route = centre.numbers.get(book.dialed_over(call.trunk, call.dialed_number)) if call.trunk else None
    group = call.group or (route.group if route is not None else None)
    if group:
        told.append(Queued(call.started_at, group))
    if call.fell_at is not None:
        told.append(FellBack(call.fell_at))
    agent = centre.plan.owner_of(call.served.phone) if call.served is not None else None
    if call.served is not None and agent is not None:
        at = call.served.at
        told.append(Answered(at, agent.id) if call.fell_at is None else FellBack(at, agent.id))
    for leg in call.outside:
        told.append(OutsideDialed(leg.at, call.dialed_number, leg.trunk, _dialler(call, centre) or "", ""))
        if leg.answered_at is not None:
            told.append(OutsideAnswered(leg.answered_at))
    return [*told, Ended(call.ended_at, EndedBy.AGENT if call.by_agent else EndedBy.UNKNOWN)]


def _arrived(
    call: cdr.CallSeen, centre: CentreView, book: NumberBook, find_customer: Callable[[str], Customer | None]
) -> Arrived:
    at = call.started_at
    if not call.trunk:
        kind = CallKind.OUTBOUND if call.outside else CallKind.INTERNAL
        return Arrived(at, kind, call.phone, "", call.dialed_number, None, _dialler(call, centre))
    number = book.caller_over(call.trunk, call.caller_number)
    dialed = book.dialed_over(call.trunk, call.dialed_number)
    return Arrived(at, CallKind.INBOUND, number, "", dialed, find_customer(number), None, call.trunk)


def _dialler(call: cdr.CallSeen, centre: CentreView) -> str | None:
    agent = centre.plan.owner_of(call.phone)
    return agent.id if agent is not None else None


def source_of_call(call: cdr.CallSeen) -> Source:
    """Who knows of a call that no controller saw."""
    return Source.CDR if call.fell_at is None else Source.FALLBACK


def source_of(facts: Iterable[Fact]) -> Source:
    """Who knows of a call of ours: of somebody whom the fallback queue connected nobody but Asterisk does."""
    served = any(isinstance(fact, FellBack) and fact.agent is not None for fact in facts)
    return Source.FALLBACK if served else Source.ACD


def traces_of(environment: Environment) -> CallTraces | None:
    """Who sends traces of calls; None where there is no collector, and nothing of it is loaded then."""
    if environment.otlp_endpoint is None:
        return None
    from acd.tracing.otlp import call_traces

    return call_traces(
        environment.otlp_endpoint, numbers=environment.otlp_numbers, controller=environment.controller
    )


def front_of(environment: Environment, ami_password: str) -> Front | None:
    """Kamailio's control port, where it stands before several nodes. Raises OperatorError for a lost name."""
    if not has_front(environment):
        return None
    return Front(environment.fronts, front_key(ami_password), names(environment.nodes))


def front_keeper_of(
    environment: Environment,
    ami_password: str,
    drained: Callable[[], Collection[str]],
    on_refused: Callable[[str, int], None],
) -> FrontKeeper | None:
    """Who tells Kamailio what is new, where there is one. Names of nodes are looked up when it begins."""

    def make() -> Front:
        front = front_of(environment, ami_password)
        assert front is not None
        return front

    return FrontKeeper(make, drained, on_refused) if has_front(environment) else None


def flow_tests(config_dir: Path, flows_dir: Path) -> tuple[Centre, TestResult]:
    """The configuration, and what the flows' own tests say. Raises SettingsError."""
    centre, by_flow = load_tests(config_dir, flows_dir)
    cases = [case for cases in by_flow.values() for case in cases]
    report = run_cases(centre.flow_set, cases, ZoneInfo(centre.system.timezone))
    if not cases:
        return centre, TestResult("no tests")
    return centre, TestResult(f"{report.passed} passed, {len(report.failed)} failed", tuple(report.failed))


def begin(environment: Environment, who: str) -> Start:
    """With which configuration and flows this controller begins. Raises OperatorError."""
    files = VersionFiles(environment.versions_dir)
    return choose_start(files, folders(environment), tools(environment), who)


def tools(environment: Environment) -> Tools:
    """What is done with files before they are used."""
    return Tools(load_centre, flow_tests, lambda c: render(prompt_store(c, environment), c))


def folders(environment: Environment) -> Folders:
    """Where configuration and flows are read from."""
    return Folders(environment.config_dir, environment.flows_dir)


def asterisk_folder(checkout: Path) -> Path:
    """Where Asterisk's templates and scripts are."""
    return checkout / "asterisk"
