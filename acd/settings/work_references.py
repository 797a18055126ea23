"""Rules of agents' work that are at odds with each other; phones and extensions that are given twice."""

from __future__ import annotations

from acd.core.facts import OfferFailure
from acd.core.work_rules import DEFAULT_MISSED_RINGS, SYSTEM_REASONS, WrapUpMode
from acd.settings.document import Document
from acd.settings.files import Files
from acd.settings.problems import Place, shown
from acd.settings.schema.dispositions import DispositionsEntry, LowestCode
from acd.settings.schema.work import MissEntry, ReasonEntry, WrapUpEntry

_WITHOUT_TIME = (WrapUpMode.NONE.value, WrapUpMode.UNTIL_RELEASED.value)


def check_work(files: Files) -> None:
    """Notes every problem in the document where it has to be mended."""
    _check_extensions(files)
    for group_id, group in files.groups.content.groups.items() if files.groups.content else ():
        _check_codes(files.groups.document, group_id, group.dispositions)
        place: Place = ("groups", group_id, "wrap_up")
        if group.wrap_up is None:
            continue
        if "wrap_up_s" in group.model_fields_set:
            text = "'wrap_up_s' is the short form of a timed wrap_up; keep one of the two"
            files.groups.document.report((*place[:-1], "wrap_up_s"), text)
        _check_wrap_up(files.groups.document, place, group.wrap_up)
    system = files.system.content
    if system is None:
        return
    for cause, rule in DEFAULT_MISSED_RINGS.items():
        entry: MissEntry = getattr(system.missed_rings, cause.value)
        _check_back_off(files.system.document, cause, entry, rule.back_off_s, rule.back_off_max_s)
    _check_reasons(files.system.document, system.not_ready_reasons)


def _check_codes(document: Document, group_id: str, entry: DispositionsEntry | None) -> None:
    """Reports name codes by their ids alone; a heading is not chosen, so nothing can be said with it."""
    seen: set[str] = set()
    top: Place = ("groups", group_id, "dispositions", "codes")
    queue: list[tuple[Place, LowestCode]] = []
    queue += [((*top, name), code) for name, code in entry.codes.items()] if entry is not None else []
    for place, code in queue:
        name = str(place[-1])
        if name in seen:
            document.report(place, f"there is a code '{shown(name)}' already: ids are unique in a group")
        seen.add(name)
        children: dict[str, LowestCode] = getattr(code, "children", {})
        if children and (code.fields or code.complaint):
            what = "fields" if code.fields else "complaint"
            text = f"'{what}' means nothing here: this is a heading, and one of its children is chosen"
            document.report((*place, what), text)
        queue += [((*place, "children", name), child) for name, child in children.items()]


def _check_wrap_up(document: Document, place: Place, entry: WrapUpEntry) -> None:
    said = entry.model_fields_set
    if "s" in said and entry.mode in _WITHOUT_TIME:
        tip = "; 'max_s' is its longest time" if entry.mode == WrapUpMode.UNTIL_RELEASED else ""
        document.report((*place, "s"), f"'s' means nothing with mode {entry.mode}{tip}")
    elif entry.max_s is not None and entry.mode not in _WITHOUT_TIME and entry.max_s < entry.s:
        document.report((*place, "max_s"), f"max_s ({entry.max_s:g}) is less than s ({entry.s:g})")


def _check_back_off(
    document: Document, cause: OfferFailure, entry: MissEntry, usual_s: float, usual_max_s: float
) -> None:
    begin_s = entry.back_off_s if entry.back_off_s is not None else usual_s
    most_s = entry.back_off_max_s if entry.back_off_max_s is not None else usual_max_s
    if most_s < begin_s:
        option = "back_off_max_s" if entry.back_off_max_s is not None else "back_off_s"
        text = f"back_off_max_s ({most_s:g}) is less than back_off_s ({begin_s:g})"
        document.report(("missed_rings", cause.value, option), text)


def _check_reasons(document: Document, reasons: dict[str, ReasonEntry]) -> None:
    holder: dict[str, str] = {}
    for code, reason in reasons.items():
        place: Place = ("not_ready_reasons", code)
        if code in SYSTEM_REASONS:
            document.report(place, f"the reason '{shown(code)}' is set by the system only; choose another id")
        if reason.key is not None and (first := holder.setdefault(reason.key, code)) != code:
            document.report((*place, "key"), f"the key '{reason.key}' already stands for '{first}'")


def _check_extensions(files: Files) -> None:
    content, document = files.agents.content, files.agents.document
    if content is None:
        return
    holder: dict[str, str] = {}
    for agent_id, agent in content.agents.items():
        first = holder.setdefault(agent.extension, agent_id)
        if first != agent_id:
            message = f"the extension '{agent.extension}' already belongs to agent '{first}'"
            document.report(("agents", agent_id, "extension"), message)
    numbers = files.numbers.content.numbers if files.numbers.content else {}
    for phone in content.phones:
        if phone in holder:
            message = f"phone '{phone}' is that of agent '{holder[phone]}' already; it need not be listed"
            document.report(("phones", phone), message)
        elif phone in numbers:
            document.report(("phones", phone), f"'{phone}' is also a number of numbers.yml")
