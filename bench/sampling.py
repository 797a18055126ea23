"""Where a program spends its processor time, by looking at it now and then; costs it next to nothing."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

EVERY_S = 0.002
"""Of processor time; the kernel makes it 4 ms or more where its own clock is slower."""
SHOWN = 80


class Sampler:
    """Between `start` and `stop`. What other threads use shows as the place where the main one waits."""

    def __init__(self) -> None:
        self.samples = 0
        self._itself: Counter[CodeType] = Counter()
        self._in_all: Counter[CodeType] = Counter()

    def start(self) -> None:
        """From the main thread."""
        signal.signal(signal.SIGPROF, self._look)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def stop(self) -> None:
        """Looks no more."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def write(self, path: Path) -> None:
        """A line for each function: samples in it, samples in it and in what it calls, its name."""
        lines = [f"{self.samples} samples: in the function itself, with what it calls"]
        for code, _ in self._in_all.most_common(SHOWN):
            lines.append(f"{self._itself[code]:6} {self._in_all[code]:6}  {_name(code)}")
        lines.append("most in the function itself")
        lines += [f"{count:6} {_name(code)}" for code, count in self._itself.most_common(SHOWN)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        self.samples += 1
        if frame is not None:
            self._itself[frame.f_code] += 1
        seen: set[CodeType] = set()
        while frame is not None:
            seen.add(frame.f_code)
            frame = frame.f_back
        self._in_all.update(seen)


def _name(code: CodeType) -> str:
    return f"{'/'.join(Path(code.co_filename).parts[-3:])}:{code.co_firstlineno} {code.co_qualname}"
