"""What pip-audit and npm audit say of the packages in the lock files, and what follows from it.

usage: python -m tests.supply.audit, as `script/audit` does

It ends with 0 where everything was looked up and nothing is wrong, with 1 where something is, and with 2
where anything could not be looked up: not to know is not to pass.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
ACCEPTED = Path(__file__).with_name("accepted.yml")
LIMIT_S = 600
SOUND, FAULTY, UNKNOWN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Fault:
    """An advisory about a package that we have."""

    advisory: str
    package: str


@dataclass(slots=True)
class Findings:
    """`unknown`: what could not be looked up, and why; `looked_up`: how many packages were."""

    faults: list[Fault] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    looked_up: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """A fault that we live with until a day."""

    fault: Fault
    reason: str
    until: date


def of_pip(lock: str, code: int, output: str, said: str) -> Findings:
    """From what pip-audit wrote. A package that it skipped was not looked up, though it ends with 0."""
    found = Findings()
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (said.strip().splitlines() or ["no word"])[-1][:300]
        found.unknown.append(f"{lock}: pip-audit ended with {code}: {last}")
        return found
    skipped = [each for each in packages if "skip_reason" in each]
    if skipped:
        first = skipped[0]
        found.unknown.append(f"{lock}: {len(skipped)} of {len(packages)} packages: {first['skip_reason']}")
    for each in packages:
        found.looked_up += "skip_reason" not in each
        for advisory in each.get("vulns", ()):
            found.faults.append(Fault(advisory["id"], f"{each['name']} {each['version']}"))
    return found


def of_npm(code: int, output: str) -> Findings:
    """From what npm audit wrote."""
    found = Findings()
    try:
        told: Mapping[str, Any] = json.loads(output)
    except ValueError:
        told = {}
    if "vulnerabilities" not in told:
        reason = str(told.get("message") or f"it ended with {code}")[:300]
        found.unknown.append(f"package-lock.json: npm audit: {reason}")
        return found
    found.looked_up = int(told.get("metadata", {}).get("dependencies", {}).get("total", 0))
    for name, about in told["vulnerabilities"].items():
        for via in about.get("via", ()):
            if isinstance(via, dict):
                found.faults.append(Fault(str(via.get("url", "")).rpartition("/")[2], name))
    return found


def accepted(text: str) -> list[Accepted]:
    """The list. Raises ValueError for an entry without advisory, package, reason or date."""
    made = []
    for entry in yaml.safe_load(text)["accepted"]:
        if set(entry) != {"advisory", "package", "reason", "until"} or not isinstance(entry["until"], date):
            raise ValueError(f"accepted.yml: expected advisory, package, reason and until (a date): {entry}")
        fault = Fault(entry["advisory"], entry["package"])
        made.append(Accepted(fault, entry["reason"], entry["until"]))
    return made


def verdict(findings: Findings, living_with: list[Accepted], today: date) -> tuple[int, list[str]]:
    """The code to end with, and what to say."""
    said: list[str] = []
    open_faults = []
    for fault in findings.faults:
        known = next((a for a in living_with if _is_meant(a.fault, fault)), None)
        if known is None:
            open_faults.append(f"{fault.package}: {fault.advisory}")
        elif known.until < today:
            open_faults.append(f"{fault.package}: {fault.advisory}: was accepted until {known.until}")
        else:
            said.append(f"accepted until {known.until}: {fault.package}: {fault.advisory}: {known.reason}")
    said += [f"FAULTY: {each}" for each in open_faults]
    said += [f"COULD NOT CHECK: {each}" for each in findings.unknown]
    said.append(f"{findings.looked_up} packages looked up, {len(open_faults)} faults")
    if open_faults:
        return FAULTY, said
    return (UNKNOWN if findings.unknown or not findings.looked_up else SOUND), said


def _is_meant(known: Fault, found: Fault) -> bool:
    return known.advisory == found.advisory and known.package == found.package.split(" ")[0]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=LIMIT_S)


def main() -> int:
    """Looks everything up and says what came of it."""
    whole = Findings()
    pip_audit = str(Path(sys.executable).with_name("pip-audit"))
    told = []
    for lock in LOCKS:
        options = ("--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json")
        ran = _run(pip_audit, "--requirement", lock, *options)
        told.append(of_pip(lock, ran.returncode, ran.stdout, ran.stderr))
    npm = _run("script/pages", "npm", "audit", "--json")
    told.append(of_npm(npm.returncode, npm.stdout))
    for each in told:
        whole.faults += each.faults
        whole.unknown += each.unknown
        whole.looked_up += each.looked_up
    code, said = verdict(whole, accepted(ACCEPTED.read_text(encoding="utf-8")), datetime.now(UTC).date())
    sys.stdout.write("\n".join(said) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
