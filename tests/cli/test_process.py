"""What a program of ours sees to as a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_HEAPS = """
import ctypes, sys, threading
from acd.cli.process import keep_one_heap
if sys.argv[2] == "one":
    keep_one_heap()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
all_there = threading.Barrier(4)
def work():
    mine = [bytes(2_000) for _ in range(50)]
    all_there.wait()
    del mine
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.parametrize(("how", "is_one"), [("one", True), ("usual", False)])
def test_all_threads_share_one_heap(tmp_path: Path, how: str, is_one: bool) -> None:
    """Each heap of glibc's has holes of its own, which are never given back."""
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", _HEAPS, str(told), how], check=True, timeout=60)
    assert (told.read_text().count("<heap nr=") == 1) is is_one
