"""Keys that cannot be told apart, and lines that a caller cannot get out of."""

from __future__ import annotations

from collections.abc import Mapping

from acd.ivr.flow import Collect, FlowSet, Menu, Queue
from acd.settings.flows.sources import Entry, FlowSource
from acd.settings.schema.steps import StepEntry


def check_doors(sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """Menus, confirmations and queues."""
    for name, flow in flow_set.flows.items():
        for step_id, step in flow.steps.items():
            entry = sources[name].steps[step_id]
            match step:
                case Menu():
                    _check_choices(entry, step)
                case Collect():
                    _check_input(entry, step)
                case Queue():
                    _check_queue(entry, step)


def _check_choices(entry: Entry[StepEntry], menu: Menu) -> None:
    for choice in menu.choices:
        longer = [other for other in menu.choices if other != choice and other.startswith(choice)]
        if longer:
            entry.report(
                ("menu", "choices", choice),
                f"'{choice}' is also the beginning of '{longer[0]}': who presses '{choice}' waits"
                f" {menu.next_key_s:g} s (next_key_s) until it is clear that no more comes; choose keys of"
                " which none begins another",
                warning=True,
            )


def _check_input(entry: Entry[StepEntry], collect: Collect) -> None:
    confirm = collect.confirm
    if confirm is not None and confirm.yes == confirm.no:
        entry.report(
            ("collect", "confirm", "no"), f"the key '{confirm.no}' is bound twice: it already means yes"
        )
    if collect.terminator and collect.terminator in collect.pattern.replace("*", ""):
        entry.report(
            ("collect", "pattern"),
            f"the pattern wants '{collect.terminator}', which ends the input and is never part of it;"
            ' choose another terminator, or "" for none',
        )


def _check_queue(entry: Entry[StepEntry], queue: Queue) -> None:
    if queue.timeout is not None and queue.max_wait_s is None:
        entry.report(("queue", "timeout"), "`timeout` needs `max_wait_s`, the seconds until it is taken")
    if queue.max_wait_s is not None and queue.timeout is None:
        entry.report(("queue", "max_wait_s"), "`max_wait_s` needs `timeout`, the step that follows then")
    if not queue.keys and queue.timeout is None and queue.no_agents is None:
        entry.report(
            ("queue",),
            "if nobody is logged in, the caller waits without end; add `no_agents`, `max_wait_s` with"
            " `timeout`, or a key under `keys`",
            warning=True,
        )
