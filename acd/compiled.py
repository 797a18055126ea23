"""Whether `acd.core` is taken as machine code: only if it was compiled from just the sources that are here.

`script/compile` leaves it in `var/compiled/KEY.so`; the key is a hash of the sources and of the Python that
runs them, worked out anew at each start. A source that has changed has another key, so what was compiled of
it before is not found. Where there is nothing of that key, or `ACD_INTERPRETED` is set, the sources run as
they are.

Beside it is `KEY.json`, written last: how it was made, and the texts of the annotations of classes, which
the compiler leaves out and others ask for, such as those that turn events into JSON and back.
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

PACKAGE = "acd.core"
_HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(os.path.dirname(_HERE), "var", "compiled")
BESIDE = ("errors.py",)
"""What the core imports from elsewhere in `acd`: the compiler looks at it, too."""
GROUP = "acd_core"
"""mypyc's name for modules that are compiled together; `LIBRARY` is the module that has the code of all."""
LIBRARY = GROUP + "__mypyc"


def key() -> str:
    """Of the sources that are here and the Python that runs, 20 hexadecimal digits. Raises OSError."""
    core = os.path.join(_HERE, "core")
    paths = [os.path.join(core, name) for name in sorted(os.listdir(core)) if name.endswith(".py")]
    paths += [os.path.join(_HERE, name) for name in BESIDE]
    digest = sha256(f"{sys.version}{EXTENSION_SUFFIXES[0]}".encode())
    for path in paths:
        with open(path, "rb") as file:
            source = file.read()
        digest.update(f"\0{os.path.basename(path)}\0{len(source)}\0".encode())
        digest.update(source)
    return digest.hexdigest()[:20]


def file() -> str | None:
    """The machine code of just these sources, if it may be used and is there."""
    if os.environ.get("ACD_INTERPRETED"):
        return None
    try:
        path = os.path.join(FOLDER, f"{key()}.so")
    except OSError:
        return None  # an installation without sources
    return path if os.path.isfile(path) and os.path.isfile(beside(path)) else None


def beside(path: str) -> str:
    """The JSON file that belongs to a file of machine code."""
    return path.removesuffix(".so") + ".json"


class _Loader(ExtensionFileLoader):
    """Of a module of machine code. `incomplete`: the annotations of the classes of those not there yet.

    Modules that were compiled together import each other by themselves, so several may have come at once.
    """

    def __init__(self, name: str, path: str, incomplete: dict[str, dict[str, dict[str, str]]]) -> None:
        super().__init__(name, path)
        self._incomplete = incomplete

    def exec_module(self, module: ModuleType) -> None:
        """Raises ImportError."""
        super().exec_module(module)
        for name in [name for name in self._incomplete if name in sys.modules]:
            for class_name, texts in self._incomplete.pop(name).items():
                _complete(getattr(sys.modules[name], class_name), texts)


def _complete(found: Any, texts: dict[str, str]) -> None:
    found.__annotations__ = texts
    fields = getattr(found, "__dataclass_fields__", {})
    for name in texts.keys() & fields.keys():
        fields[name].type = texts[name]


class _Finder:
    """Looks for modules of `acd.core` in the one file, decided when the first of them is imported."""

    def __init__(self) -> None:
        self.file: str | None = None
        self._modules: frozenset[str] = frozenset()
        self._incomplete: dict[str, dict[str, dict[str, str]]] = {}
        self._decided = False

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if not name.startswith(PACKAGE):
            return None
        self.decide()
        if self.file is None or name not in self._modules:
            return None
        loader = _Loader(name, self.file, self._incomplete)
        return spec_from_file_location(name, self.file, loader=loader)

    def decide(self) -> None:
        """Once in a process: it never has some modules compiled and others not."""
        if self._decided:
            return
        self._decided = True
        found = file()
        described = None if found is None else _described(found)
        if found is not None and described is not None and _load(found):
            self._incomplete = described
            self.file, self._modules = found, frozenset(described)

    def switch_off(self) -> None:
        assert PACKAGE not in sys.modules, "acd.core is imported already"
        self._decided = True


def _described(path: str) -> dict[str, dict[str, dict[str, str]]] | None:
    """What stands beside it; None if it cannot be read: a compilation may just take it away."""
    try:
        with open(beside(path), encoding="utf-8") as description:
            modules: dict[str, dict[str, dict[str, str]]] = json.load(description)["modules"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return modules


def _load(path: str) -> bool:
    """The code of all modules, which each of them asks for by name. False if this machine cannot load it."""
    spec = spec_from_file_location(LIBRARY, path, loader=ExtensionFileLoader(LIBRARY, path))
    assert spec is not None
    assert spec.loader is not None
    try:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError:
        return False
    sys.modules[LIBRARY] = module
    return True


_finder = _Finder()


def install() -> None:
    """From now on `acd.core` is looked for as this module says."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def state() -> str:
    """How `acd.core` runs in this process: `compiled` or `interpreted`."""
    _finder.decide()
    return "interpreted" if _finder.file is None else "compiled"


def switch_off() -> None:
    """In this process the sources run, whatever there is. To be called before `acd.core` is imported."""
    _finder.switch_off()
