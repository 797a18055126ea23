"""Pictures of a result in one file: waits, service level by time of day, occupancy by agent; of callbacks the
waits, where there were any.

matplotlib is not needed for anything else and is large, so it is an extra of the package: it writes SVG as
well as PNG and labels axes itself, which lighter libraries do not, or only with another program.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acd.errors import OperatorError
from acd.simulate.figures import Result
from acd.simulate.ledger import SLOT_S
from acd.simulate.show import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".svg", ".png")
BINS = 40
SHOWN_SHARE = 0.99  # of the waits; the few longest would press all others to the left
MOST_AGENTS = 60


def check(path: Path) -> None:
    """Before anything is simulated: raises OperatorError if such a file cannot be drawn here."""
    if path.suffix not in FORMATS:
        raise OperatorError(f"--plot {path}: the name has to end in {' or '.join(FORMATS)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise OperatorError(
            "--plot needs matplotlib, which is not installed here;"
            " in the checkout: .venv/bin/pip install '.[plot]'"
        ) from None


def plot(result: Result, path: Path) -> None:
    """Write the file; its ending says which kind. Raises OperatorError where it cannot be written."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "acd"}):  # the same result is the same file
        pictures = [_waits, _service_level, _occupancy]
        if result.callback_waits:
            pictures.insert(1, _callbacks)
        figure = Figure(figsize=(9, 11 / 3 * len(pictures)), layout="constrained")
        axes: Any = figure.subplots(len(pictures), 1)
        for place, draw in enumerate(pictures):
            draw(axes[place], result)
        kind = path.suffix.removeprefix(".")
        try:
            figure.savefig(path, metadata={"Date": None} if kind == "svg" else None)
        except OSError as error:
            raise OperatorError(f"--plot {path}: {error.strerror or error}") from error


def _waits(axes: Axes, result: Result) -> None:
    _distribution(axes, result.waits, "Wait of answered callers")


def _callbacks(axes: Axes, result: Result) -> None:
    _distribution(axes, result.callback_waits, "Wait for a callback, from the wish to the talk")


def _distribution(axes: Axes, waits: Sequence[float], title: str) -> None:
    axes.hist(waits[: max(1, int(SHOWN_SHARE * len(waits)))], bins=BINS)
    axes.set_title(f"{title} ({len(waits)}; the longest 1 % not shown)")
    axes.set_xlabel("seconds")
    axes.set_ylabel("callers")


def _service_level(axes: Axes, result: Result) -> None:
    known = [interval for interval in result.intervals if interval.service_level is not None]
    hours = [interval.slot * SLOT_S / 3600 for interval in known]
    levels = [100 * (interval.service_level or 0.0) for interval in known]
    axes.bar(hours, levels, width=SLOT_S / 3600 * 0.9, align="edge")
    axes.set_title(f"Service level by time of day: {result.formula.text}")
    axes.set_ylabel("%")
    axes.set_ylim(0, 100)
    ticks = [interval.slot for interval in known if interval.slot % 4 == 0]
    axes.set_xticks([slot * SLOT_S / 3600 for slot in ticks], [clock(slot) for slot in ticks])


def _occupancy(axes: Axes, result: Result) -> None:
    known = [(agent, figure) for agent, figure in result.agents.items() if figure.value is not None]
    names = [agent for agent, _ in known[:MOST_AGENTS]]
    values = [100 * (figure.value or 0.0) for _, figure in known[:MOST_AGENTS]]
    errors = [100 * (figure.half_width or 0.0) for _, figure in known[:MOST_AGENTS]]
    axes.bar(range(len(names)), values, yerr=errors, capsize=2)
    axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 10 else 0)
    more = f" (the first {MOST_AGENTS} of {len(known)})" if len(known) > MOST_AGENTS else ""
    axes.set_title(f"Occupancy by agent{more}")
    axes.set_ylabel("%")
    axes.set_ylim(0, 100)
