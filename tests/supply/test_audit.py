"""What follows from what the auditors say: not to know is not to pass, and what is accepted ends some day."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.supply.audit import (
    ACCEPTED,
    FAULTY,
    SOUND,
    UNKNOWN,
    Accepted,
    Fault,
    Findings,
    accepted,
    of_npm,
    of_pip,
    verdict,
)

TODAY = date(2026, 11, 26)
KNOWN = Accepted(Fault("GHSA-1", "aiohttp"), "not reached", date(2026, 12, 31))


def test_a_package_that_was_skipped_was_not_checked() -> None:
    output = {"dependencies": [{"name": "a", "skip_reason": "not found on PyPI: a"}]}
    found = of_pip("x.lock", 0, json.dumps(output), "")
    code, said = verdict(found, [], TODAY)
    assert code == UNKNOWN
    assert said[0] == "COULD NOT CHECK: x.lock: 1 of 1 packages: not found on PyPI: a"


def test_no_answer_is_no_pass() -> None:
    assert verdict(of_pip("x.lock", 1, "", "no network"), [], TODAY)[0] == UNKNOWN
    found = of_npm(1, json.dumps({"message": "405 Method Not Allowed"}))
    assert verdict(found, [], TODAY)[0] == UNKNOWN
    assert found.unknown == ["package-lock.json: npm audit: 405 Method Not Allowed"]
    assert verdict(Findings(), [], TODAY)[0] == UNKNOWN


def test_what_is_wrong_is_named() -> None:
    output = {"dependencies": [{"name": "aiohttp", "version": "3", "vulns": [{"id": "GHSA-1"}]}]}
    found = of_pip("x.lock", 1, json.dumps(output), "")
    assert verdict(found, [], TODAY) == (
        FAULTY,
        ["FAULTY: aiohttp 3: GHSA-1", "1 packages looked up, 1 faults"],
    )
    assert verdict(found, [KNOWN], TODAY)[0] == SOUND
    assert verdict(found, [KNOWN], date(2027, 1, 1))[0] == FAULTY


def test_the_pages_packages() -> None:
    via = [{"url": "https://github.com/advisories/GHSA-2"}, "other"]
    output = {"vulnerabilities": {"vite": {"via": via}}, "metadata": {"dependencies": {"total": 9}}}
    found = of_npm(1, json.dumps(output))
    assert (found.faults, found.looked_up) == ([Fault("GHSA-2", "vite")], 9)
    sound = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 9}}}
    assert verdict(of_npm(0, json.dumps(sound)), [], TODAY)[0] == SOUND


def test_what_is_accepted_has_a_reason_and_a_day() -> None:
    accepted(ACCEPTED.read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match="expected advisory"):
        accepted("accepted: [{advisory: x, package: y, reason: z, until: soon}]")
