"""Phones give way; what is measured, and what comes afterwards, does not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from bench.dispatch import LOWEST_PRIORITY, giving_way


def mine() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def of_a_program() -> int:
    print_it = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
    return int(subprocess.run([sys.executable, "-c", print_it], capture_output=True, check=True).stdout)


def test_the_phones_thread_gives_way_and_what_is_measured_does_not() -> None:
    seen: list[tuple[int, int]] = []

    def in_a_thread_of_its_own() -> None:
        before = mine()
        with giving_way() as starter:
            seen.append((mine(), LOWEST_PRIORITY))
            seen.append((starter.submit(of_a_program).result(), before))
        if os.geteuid() == 0:
            seen.append((mine(), before))

    thread = threading.Thread(target=in_a_thread_of_its_own)
    thread.start()
    thread.join()
    assert len(seen) >= 2
    assert all(found == wanted for found, wanted in seen)
