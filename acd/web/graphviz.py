"""Graphviz, the program `dot`, which places the nodes and arrows of a picture."""

from __future__ import annotations

import shutil
import subprocess

from acd.errors import OperatorError

LIMIT_S = 60.0


def laid_out(text: bytes, form: str) -> bytes:
    """A picture in dot's language as SVG or PNG. Raises OperatorError where that cannot be."""
    if shutil.which("dot") is None:
        raise OperatorError("dot is needed for pictures and is not installed (package graphviz)")
    options = ["-Gdpi=110"] if form == "png" else []
    command = ["dot", f"-T{form}", *options]
    try:
        done = subprocess.run(command, input=text, capture_output=True, check=True, timeout=LIMIT_S)
    except subprocess.CalledProcessError as error:
        raise OperatorError(f"dot failed: {error.stderr.decode('utf-8', 'replace').strip()}") from error
    except subprocess.TimeoutExpired:
        raise OperatorError(f"dot took over {LIMIT_S:.0f} s; draw the flows one by one") from None
    return done.stdout
