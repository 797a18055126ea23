"""How consultations are named: after the call that they are about, by which a restart knows them."""

from __future__ import annotations

CONSULT = "-c"


def main_of(call_id: str) -> str | None:
    """The call that this one is a consultation about; None: it is none."""
    main, mark, number = call_id.rpartition(CONSULT)
    return main if mark and main and number.isdecimal() else None


def is_consult(consult_id: str, call_id: str) -> bool:
    """Whether the first is a consultation about the second."""
    return main_of(consult_id) == call_id
