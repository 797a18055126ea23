"""How times are shown to people. Pure."""

from __future__ import annotations

NOTHING = "–"  # shown where a figure has no value


def duration(seconds: float | None) -> str:
    """Seconds for people: `7.4 s`, `3:05`, `1:02:03`."""
    if seconds is None:
        return NOTHING
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
