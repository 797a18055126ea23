"""The program that reads the configuration for the web process, and ends: `acd.web.reading` starts it.

What it takes to read and check YAML, 30 MB, would stay in a process that needs a few names of it. What is
asked for, and what was found, are pickled; nothing in that is of classes that may be compiled.

A secret that only the controller has, in a variable of its environment, is left out: that a browser has no
TURN server, or the external directory refuses us, is no reason to let nobody sign in.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acd.errors import OperatorError, SettingsError

if TYPE_CHECKING:
    from acd.ivr.hours import Calendar
    from acd.settings.model import Centre


def centre(config_dir: Path, flows_dir: Path) -> dict[str, Any]:
    """What `acd.web.centre.CentreShown` is made of."""
    from acd.core.router import Router
    from acd.runtime.disposition_desk import tree_object
    from acd.settings.load import load_centre

    found = load_centre(config_dir, flows_dir)
    served = Router(found.plan)
    servers = tuple(each for each in found.desktop.ice_servers if each.credential != "")
    return {
        "system": found.system,
        "agents": [
            (
                *(agent.id, agent.name, agent.extension, found.teams.get(agent.id)),
                *(_planned(found, agent.id), served.groups_of(agent.id)),
            )
            for agent in found.plan.agents.values()
        ],
        "groups": [
            (group.id, group.name, group.service_level_s, group.service_level_target, group.short_abandon_s)
            for group in found.plan.groups.values()
        ],
        "reasons": {code: asdict(reason) for code, reason in found.plan.reasons.items()},
        "phones": dict(found.phones),
        "numbers": dict(found.numbers),
        "flows": [
            (name, tuple(flow.languages), len(flow.steps)) for name, flow in found.flow_set.flows.items()
        ],
        "dispositions": {group: tree_object(tree) for group, tree in found.dispositions.items()},
        "dial_outside": frozenset(found.dialing.roles_of if found.dialing is not None else ()),
        "desktop": replace(found.desktop, ice_servers=servers),
        "sign_in": found.sign_in,
        "recording": found.recording,
        "retention": found.retention,
        "webhooks_to_private": found.webhooks_to_private,
        "reports": found.reports,
        "team_names": {team: dict(names) for team, names in found.team_names.items()},
    }


def _planned(found: Centre, agent: str) -> Calendar | None:
    """With its holidays worked out, so that nobody needs the package that knows them."""
    name = found.planned_hours.get(agent)
    return None if name is None else found.flow_set.calendars[name].worked_out(date.today().year)


def customers(config_dir: Path) -> Any:
    """`CustomerSettings`."""
    from acd.settings.assemble_customers import read_customer_settings

    found = read_customer_settings(config_dir)
    if found.http is None:
        return found
    headers = {name: value for name, value in found.http.headers.items() if value}
    return replace(found, http=replace(found.http, headers=headers))


def problems(config_dir: Path, flows_dir: Path) -> Any:
    """A list of `Problem`."""
    from acd.settings.load import find_problems

    return find_problems(config_dir, flows_dir)


def picture(config_dir: Path, flows_dir: Path, flow: str, counts: tuple[Any, Any] | None) -> str:
    """A flow in dot's language; `counts`: at arrows, and of who hung up."""
    from acd.ivr.picture import Traffic, picture_of
    from acd.ivr.picture_dot import dot
    from acd.settings.load import load_centre

    flows = load_centre(config_dir, flows_dir).flow_set
    return dot(picture_of(flows, [flow], None if counts is None else Traffic(*counts)))


WORK: Mapping[str, Callable[..., Any]] = {
    "centre": centre,
    "customers": customers,
    "problems": problems,
    "picture": picture,
}
STRICT = frozenset({"problems"})
"""To these a variable that is missing is a mistake, so that it is shown where the configuration is."""
FOUND, FAULTY, FAILED = "found", "faulty", "failed"


def answer(do: str, *asked: Any) -> tuple[str, Any, list[str]]:
    """FOUND and what was found, FAULTY and the mistakes of the files, or FAILED and why; then the variables
    of the environment that are missing and were left out."""
    from acd.settings.schema.checking import variables_left_out

    missing: set[str] = set()
    try:
        with nullcontext(missing) if do in STRICT else variables_left_out() as missing:
            return FOUND, WORK[do](*asked), sorted(missing)
    except SettingsError as error:
        return FAULTY, list(error.problems), sorted(missing)
    except OperatorError as error:
        return FAILED, str(error), sorted(missing)


def main() -> None:
    """One question, one answer."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints does not print into the answer
        do, asked = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that has started this one
        pickle.dump(answer(do, *asked), out)


if __name__ == "__main__":
    main()
