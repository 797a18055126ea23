"""What the product is made of, in CycloneDX: the same for the same lock files, and with licences.

usage: python -m tests.supply.sbom FOLDER, as `script/sbom` does: `python.cdx.json`, `pages.cdx.json` and
`licences.txt` are written there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

CHECKOUT = Path(__file__).parents[2]
LOCK = CHECKOUT / "requirements.lock"
LIMIT_S = 120
VERSIONS = {"1.5": SchemaVersion.V1_5, "1.6": SchemaVersion.V1_6}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def locked() -> dict[str, str]:
    """The packages that the product runs with, and their versions."""
    return {_plain(name): version for name, version in _PIN.findall(LOCK.read_text(encoding="utf-8"))}


def python_parts() -> dict[str, Any]:
    """The packages of requirements.lock with their hashes, and the licences of those that are installed."""
    tool = str(Path(sys.executable).with_name("cyclonedx-py"))
    options = ("--output-reproducible", "--spec-version", "1.6", "--of", "JSON")
    told = _json(tool, "requirements", *options, str(LOCK))
    for each in told["components"]:
        each["description"] = f"{each['name']} {each['version']}"  # instead of the line with all its hashes
        each["licenses"] = _licence_of(each["name"])
    return told


def _licence_of(name: str) -> list[dict[str, Any]]:
    about: Any = metadata(name)
    if expression := about.get("License-Expression"):
        return [{"expression": expression}]
    classes = [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier", [])
        if each.startswith("License :: OSI Approved :: ")
    ]
    first_line = (about.get("License") or "").strip().split("\n")[0]
    return [{"license": {"name": classes[0] if classes else first_line or "?"}}]


def page_parts() -> dict[str, Any]:
    """The packages that the pages are built from, by their lock file."""
    options = ("--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only")
    told = _json("script/pages", "npm", "sbom", *options)
    told.pop("serialNumber", None)
    told["metadata"].pop("timestamp", None)
    return told


def faults_of(told: dict[str, Any]) -> str:
    """What the schema of CycloneDX says against it; '' for nothing."""
    fault = JsonStrictValidator(VERSIONS[told["specVersion"]]).validate_str(json.dumps(told))
    return "" if fault is None else repr(fault)


def licences(*boms: dict[str, Any]) -> list[str]:
    """A line for each package: name, version, licence; '?' where none is told."""
    return sorted(
        f"{each['name']} {each['version']}: {' AND '.join(_licences(each)) or '?'}"
        for bom in boms
        for each in bom["components"]
    )


def _licences(component: dict[str, Any]) -> list[str]:
    found = []
    for each in component.get("licenses", ()):
        of_it = each.get("license", {})
        found.append(str(each.get("expression") or of_it.get("id") or of_it["name"])[:80])
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _json(*command: str) -> dict[str, Any]:
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=LIMIT_S)
    if ran.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} failed: {ran.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def main(folder: Path) -> None:
    """Writes all of it; ends with a reason where it is not as the schema wants it."""
    folder.mkdir(parents=True, exist_ok=True)
    boms = {"python": python_parts(), "pages": page_parts()}
    for name, told in boms.items():
        if fault := faults_of(told):
            raise SystemExit(f"{name}: not CycloneDX {told['specVersion']}: {fault}")
        text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        (folder / f"{name}.cdx.json").write_text(text, encoding="utf-8")
    (folder / "licences.txt").write_text("\n".join(licences(*boms.values())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
