"""Asterisk's CDR file: whole rows only, whatever a crash left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.telephony import cdr

NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC


def row(call_id: str = "c1", end: str = "1795348800.000000", **changed: str) -> str:
    """One line as Asterisk writes it."""
    values = {
        "call_id": call_id,
        "dialed": "8001",
        "uniqueid": "1.1",
        "source": "+4930123",
        "destination": "s",
        "channel": "PJSIP/trunk-lab-00000001",
        "dest_channel": "PJSIP/1001-00000002",
        "start": "1795348680.100000",
        "answer": "1795348681.200000",
        "end": end,
        "disposition": "ANSWERED",
        "group": "sales",
        **changed,
    }
    return ",".join(f'"{values[column]}"' for column in cdr.COLUMNS) + "\n"


def test_no_file_yet(tmp_path: Path) -> None:
    assert cdr.rows(tmp_path / "no.csv") == []
    assert cdr.ended_at(tmp_path / "no.csv") == {}


def test_the_last_leg_counts(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    ends = ["1795348740.5", "1795348800.000000", "1795348710"]
    file.write_text("".join(row(end=end) for end in ends) + row("c2", "1795348805.25"))
    assert cdr.ended_at(file) == {"c1": NOON, "c2": NOON + 5.25}
    assert cdr.rows(file)[0]["disposition"] == "ANSWERED"


@pytest.mark.parametrize(
    "damage",
    [
        '"c9","1.1","+49',
        row("c9")[:-20] + "\n",
        row("c9", end=""),
        row(""),
        row("c9", end="yesterday"),
        row("c9", start=""),
        row("c9", start="soon"),
        row("c9", answer="never"),
        row("c9", disposition="ANSW"),
        row("c9", end="1e99"),
        "\n\n",
        "\0" * 50 + "\n",
        '"' + "x" * 200_000 + "\n",
        '"open quote\n',
        "\ufffd\u2028\x85\n",
    ],
)
def test_a_damaged_row_costs_only_itself(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(row("before") + damage + ("" if damage.endswith("\n") else "\n") + row("after"))
    assert cdr.ended_at(file) == {"before": NOON, "after": NOON}
    assert set(cdr.customer_calls(file)) == {"before", "after"}


def test_names_with_commas_and_quotes(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(row(source='a ""b"", 王'))
    assert cdr.rows(file)[0]["source"] == 'a "b", 王'


def test_only_the_end_of_a_long_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text("".join(row(f"c{n}") for n in range(1000)))
    last = cdr.rows(file, tail_bytes=5 * len(row("c999")))
    assert [r["call_id"] for r in last] == ["c996", "c997", "c998", "c999"]
    assert len(cdr.rows(file)) == 1000


def test_who_had_hung_up_is_told_by_the_place_in_the_dialplan(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(row("c1") + row("c1", destination="over") + row("c2"))
    assert cdr.ended_by_agent(file) == {"c1"}


def test_bytes_that_are_no_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_bytes(b'"\xff\xfe' + row("c1").encode()[1:] + row("c2").encode())
    assert cdr.ended_at(file)["c2"] == NOON


MEMBER = "Local/1002@acd-member-00000003"


def test_a_customers_call_is_the_sum_of_its_legs(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    legs = [
        row(start="1795348680.5", end="1795348700.0", disposition="NO ANSWER", group="support"),
        row(channel=f"{MEMBER};2", dest_channel="PJSIP/1002-00000004", answer="1795348705.5", group=""),
        row(start="1795348700.0", end="1795348800.0", answer="1795348700.0", dest_channel=f"{MEMBER};1"),
        row(start="1795348800.0", end="1795348801.0", dest_channel="", group=""),
    ]
    file.write_text("".join(legs) + row("inside", channel="PJSIP/1001-00000009"))
    served = cdr.Served("1002", NOON - 94.5)
    assert cdr.customer_calls(file) == {
        "c1": cdr.CustomerCall("c1", "+4930123", "8001", NOON - 119.5, NOON + 1, "sales", served, "lab")
    }
    assert cdr.served_by_fallback(file) == {"c1": served}


def test_who_was_only_rung_has_not_answered(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    rung = {"channel": f"{MEMBER};2", "dest_channel": "PJSIP/1002-00000004", "answer": "0.000000"}
    file.write_text(
        row(disposition="NO ANSWER", group="") + row(disposition="BUSY", **rung) + row("c2", **rung)
    )
    assert cdr.customer_calls(file)["c1"].served is None
    assert cdr.customer_calls(file)["c1"].group == ""
    assert cdr.served_by_fallback(file) == {}


def test_who_was_dialled_by_the_controller_and_answered(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(
        row(disposition="NO ANSWER", dest_channel="PJSIP/1002-00000004")
        + row(answer="1795348690.0")
        + row(disposition="NO ANSWER", dest_channel="PJSIP/1003-00000005")
    )
    assert cdr.customer_calls(file)["c1"].served == cdr.Served("1001", NOON - 110)
