"""A plugin of pytest: after a run no log of it may hold a secret of it.

Secrets are those that centres in the tests' folders have generated (`secrets.yml` and what is made of it,
`first-passwords.txt`), keys of sessions and tokens made in the tests' process, what tests `register`, and
whatever looks like a token of ours or the cookie of a session. Logs are the files that programs have written
into the tests' folders, and what tests have said. A run that finds one fails, and names the file and the
kind, never the secret.

With pytest-xdist each process looks at its own folder, and tells the first one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from acd.accounts import keys
from acd.telephony.agi import word_of
from acd.telephony.fence import fence_password
from acd.telephony.provision import doctor_password
from acd.telephony.provision_kamailio import front_key, ha1

SHORTEST = 12
"""What is shorter (a PIN of four digits) is in any log by chance."""
BLOCK_BYTES = 1 << 20
OVERLAP_BYTES = 512
LOGS = frozenset({".log", ".jsonl", ".csv", ".err", ".out"})
NAMED = re.compile(r"messages(\.log)?|queue_log|full|console|security|stdout|stderr")
_WORD = re.compile(rb"[A-Za-z0-9_-]{12,}")
_PATTERNS = {
    "token of the API": re.compile(rb"(?<![A-Za-z0-9_-])acd_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
    "cookie of a session": re.compile(rb"acd_session=[A-Za-z0-9_-]{20,}"),
}
DERIVED = {
    "word of the dialplan": word_of,
    "password of the fence": fence_password,
    "password of test calls": doctor_password,
    "key of Kamailio": front_key,
}
_KEY = "leaks"

_registered: dict[bytes, str] = {}
_captured: set[tuple[str, str]] = set()


def register(secret: str, kind: str) -> None:
    """This must be in no log of this run. Too short ones are passed over."""
    if len(secret) >= SHORTEST:
        _registered[secret.encode()] = kind


def secrets_below(folder: Path) -> dict[bytes, str]:
    """What centres with a home below have generated, and its kind."""
    found: dict[bytes, str] = {}
    for file in folder.rglob("secrets.yml"):
        content = _yaml(file)
        for kind, part in content.items():
            for secret in part.values() if isinstance(part, dict) else [part]:
                if isinstance(secret, str):
                    found[secret.encode()] = f"password of {kind}"
        found |= _made_of(content)
    for file in folder.rglob("first-passwords.txt"):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if not line.startswith("#") and len(line.split()) == 2:
                found[line.split()[1].encode()] = "first password of an account"
    return {secret: kind for secret, kind in found.items() if len(secret) >= SHORTEST}


def _made_of(content: Mapping[str, Any]) -> dict[bytes, str]:
    """What stands in no file of secrets, and is as good as what it is made of."""
    found: dict[str, str] = {}
    if isinstance(ami := content.get("ami"), str):
        found = {derive(ami): f"{kind}, of the password of ami" for kind, derive in DERIVED.items()}
    if isinstance(phones := content.get("phones"), dict):
        found |= {ha1(str(phone), str(secret)): "digest of a phone" for phone, secret in phones.items()}
    return {secret.encode(): kind for secret, kind in found.items()}


def _yaml(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}  # a test has spoilt it
    return found if isinstance(found, dict) else {}


def kinds_in(content: bytes, known: Mapping[bytes, str]) -> set[str]:
    """Which kinds of secrets are in it."""
    found = {kind for kind, pattern in _PATTERNS.items() if pattern.search(content)}
    found |= {known[word] for word in _WORD.findall(content) if word in known}
    odd = (secret for secret in known if not _WORD.fullmatch(secret))
    return found | {known[secret] for secret in odd if secret in content}


def leaks_below(folder: Path, known: Mapping[bytes, str]) -> Iterator[tuple[str, str]]:
    """Each log with a secret in it, and the kind of it."""
    for file in sorted(folder.rglob("*")):
        if (file.suffix in LOGS or NAMED.fullmatch(file.name)) and file.is_file() and not file.is_symlink():
            for kind in sorted(_kinds_of_file(file, known)):
                yield str(file), kind


def _kinds_of_file(file: Path, known: Mapping[bytes, str]) -> set[str]:
    found: set[str] = set()
    rest = b""
    try:
        with file.open("rb") as content:
            while block := content.read(BLOCK_BYTES):
                found |= kinds_in(rest + block, known)
                rest = block[-OVERLAP_BYTES:]
    except OSError:
        pass  # gone meanwhile, or not for us
    return found


# --- the hooks of pytest ----------------------------------------------------------------------------
def pytest_configure(config: pytest.Config) -> None:
    """From here on keys of sessions and tokens are known."""

    def token(size: int) -> str:
        made = secrets.token_urlsafe(size)
        register(made, "key of a session or token")
        return made

    keys.__dict__["secrets"] = SimpleNamespace(token_urlsafe=token)
    config.stash[_FOUND] = set()


LEAKED = 9
"""The code with which a run ends, whatever else failed in it: no second attempt makes this good."""
_FOUND: pytest.StashKey[set[tuple[str, str]]] = pytest.StashKey()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What a test has said is kept until all secrets are known, where it may hold one."""
    if hasattr(report, "node"):
        return  # from another process, which looks itself
    for _, text in report.sections:
        raw = text.encode("utf-8", "replace")
        for kind in kinds_in(raw, _registered):
            _captured.add((f"what {report.nodeid} said", kind))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Looks; a process of xdist tells the first one, which fails the run."""
    config = session.config
    found = config.stash[_FOUND] | _captured
    factory = getattr(config, "_tmp_path_factory", None)
    base: Path | None = getattr(factory, "_basetemp", None)
    if base is not None and base.is_dir():
        found |= set(leaks_below(base, {**_registered, **secrets_below(base)}))
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_KEY] = sorted(found)
        return
    config.stash[_FOUND] = found
    if found:
        session.exitstatus = LEAKED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """What another process has found."""
    told: Iterable[Iterable[str]] = getattr(node, "workeroutput", {}).get(_KEY, ())
    config: pytest.Config = node.config
    found: set[tuple[str, str]] = config.stash[_FOUND]
    found.update((place, kind) for place, kind in told)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Where, and what kind; never the secret."""
    found = config.stash[_FOUND]
    for place, kind in sorted(found):
        terminalreporter.write_line(f"SECRET IN A LOG: {place}: {kind}", red=True)
