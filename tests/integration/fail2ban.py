"""What fail2ban itself finds with our filters."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

FILTERS = Path(__file__).parents[2] / "asterisk" / "fail2ban" / "filter.d"
LIMIT_S = 60


def found_by_fail2ban(name: str, log: str) -> list[str]:
    """The addresses that the filter of this name takes from the log: of each line that matches, in order."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.log"
        file.write_text(log, encoding="utf-8")
        options = ["--out", "ip", "--usedns", "no"]
        command = ["fail2ban-regex", *options, str(file), str(FILTERS / f"{name}.conf")]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split()
