"""Compiles `acd.core` to machine code by mypyc, for script/compile; `acd/compiled.py` says when it is used.

It becomes one file, which gets its name when it is whole: nobody ever meets half of it.
"""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
OPTIMISED = os.environ.get("OPT", "1")
KEPT = 4
"""So many files stay: a server that was started before the last changes may still read from its own."""


def recipe() -> str:
    """What the code depends on besides the sources and Python."""
    from mypy.version import __version__ as mypy_version

    return f"mypyc {mypy_version}, {sysconfig.get_config_var('CC')} -O{OPTIMISED}\n"


def sources() -> list[Path]:
    """What is compiled."""
    return [path for path in sorted(Path("acd/core").glob("*.py")) if path.name != "__init__.py"]


def build(file: Path, group: str) -> None:
    """Compile all modules into `file`. Raises what mypyc raises (SystemExit, too), and CalledProcessError."""
    from mypyc.build import mypycify

    with tempfile.TemporaryDirectory(prefix="new-", dir=file.parent) as folder:
        os.environ["MYPY_CACHE_DIR"] = f"{folder}/cache"
        library, *modules = mypycify(
            ["--config-file=/dev/null", *map(str, sources())],
            opt_level=OPTIMISED,
            debug_level="0",
            target_dir=f"{folder}/c",
            group_name=group,
        )
        entrances, result = Path(folder, "entrances.c"), Path(folder, file.name)
        entrances.write_text(included(modules))
        # Not with the flags of Python's own extensions: with -O3 and warnings it takes three times as long.
        # -fwrapv is what mypyc's arithmetic counts on.
        flags = [flag for flag in library.extra_compile_args if not flag.startswith("-W")]
        flags += ["-shared", "-fPIC", "-fwrapv", "-DNDEBUG", "-w"]
        folders = [f"-I{path}" for path in (sysconfig.get_path("include"), *library.include_dirs)]
        compiler = shlex.split(sysconfig.get_config_var("CC"))
        subprocess.run([*compiler, *flags, *folders, *library.sources, entrances, "-o", result], check=True)
        result.rename(file)


def included(modules: list[Any]) -> str:
    """The few lines of C by which Python enters each module: one by one they take half a second each."""
    lines = []
    for number, module in enumerate(modules):
        # Each has one of this name, for a compiler that we do not use.
        lines.append(f"#define PyInit___init__ unused_{number}")
        lines += [f'#include "{source}"' for source in module.sources]
        lines.append("#undef PyInit___init__")
    return "\n".join(lines) + "\n"


def annotations(path: Path) -> dict[str, dict[str, str]]:
    """Those of each class of a module, as they are written."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {
                line.target.id: ast.unparse(line.annotation)
                for line in node.body
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
            }
    return {name: texts for name, texts in found.items() if texts}


def remove_old(folder: Path) -> None:
    """What was compiled longest ago."""
    files = sorted(folder.glob("*.so"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[KEPT:]:
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink()


def main() -> None:
    """Ends with code 0 when it is there, made now or before."""
    os.chdir(CHECKOUT)
    sys.path.insert(0, str(CHECKOUT))
    from acd import compiled

    key = compiled.key()
    file = Path(compiled.FOLDER, f"{key}.so")
    beside = Path(compiled.beside(str(file)))
    if file.exists() and beside.exists() and json.loads(beside.read_text())["recipe"] == recipe():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    beside.unlink(missing_ok=True)
    modules = {f"{compiled.PACKAGE}.{path.stem}": annotations(path) for path in sources()}
    build(file, compiled.GROUP)
    if compiled.key() != key:
        sys.exit("the sources changed meanwhile")  # which of the two was compiled cannot be known
    fresh = beside.with_suffix(".new")
    fresh.write_text(json.dumps({"recipe": recipe(), "modules": modules}), encoding="utf-8")
    fresh.rename(beside)
    remove_old(file.parent)


if __name__ == "__main__":
    main()
