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
        "fell": "",
        **changed,
    }
    return ",".join(f'"{values[column]}"' for column in cdr.COLUMNS) + "\n"


def ends(file: Path, *calls: str) -> cdr.Ends:
    """Of these calls, however long ago."""
    return cdr.ends(file, calls, 0.0)


def seen(file: Path) -> dict[str, cdr.CallSeen]:
    """All calls of the file."""
    return cdr.calls_of(cdr.lines_between(file, 0.0, 2 * NOON))


def test_no_file_yet(tmp_path: Path) -> None:
    assert cdr.rows(tmp_path / "no.csv") == []
    assert ends(tmp_path / "no.csv", "c1").at == {}
    assert not cdr.is_there(tmp_path / "no.csv")


def test_the_last_leg_counts(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    times = ["1795348740.5", "1795348800.000000", "1795348710"]
    file.write_text("".join(row(end=end) for end in times) + row("c2", "1795348805.25"))
    assert ends(file, "c1", "c2").at == {"c1": NOON, "c2": NOON + 5.25}
    assert ends(file, "c2").at == {"c2": NOON + 5.25}, "of those asked for"
    assert cdr.rows(file)[0]["disposition"] == "ANSWERED"


def test_whether_the_agent_who_was_dialled_last_has_answered(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    talked = row(dest_channel="PJSIP/1001-00000002", start="1795348681.0")
    rung = row(dest_channel="PJSIP/1002-00000003", start="1795348700.0", disposition="NO ANSWER")
    member = row("c2", dest_channel="Local/1001@acd-member-0000000a;1")
    queued = rung.replace("c1", "c4").replace("PJSIP/trunk-lab-00000001", "Local/1002@acd-member-0000000b;2")
    talks = talked.replace("c1", "c3") + talked.replace("c1", "c4")
    file.write_text(rung + talked + member + talks + queued)
    assert ends(file, "c1", "c2", "c3", "c4").answered == {"c3": "1001", "c4": "1001"}


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
        row("c9", fell="noon"),
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
    assert ends(file, "before", "after", "c9").at == {"before": NOON, "after": NOON}
    assert set(seen(file)) == {"before", "after"}


def test_names_with_commas_and_quotes(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(row(source='a ""b"", 王'))
    assert cdr.rows(file)[0]["source"] == 'a "b", 王'


def test_who_had_hung_up_is_told_by_the_place_in_the_dialplan(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(row("c1") + row("c1", destination="over") + row("c2"))
    assert ends(file, "c1", "c2").by_agent == {"c1"}
    assert [call.by_agent for call in seen(file).values()] == [True, False]


def test_bytes_that_are_no_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_bytes(b'"\xff\xfe' + row("c1").encode()[1:] + row("c2").encode())
    assert ends(file, "c2").at == {"c2": NOON}


MEMBER = "Local/1002@acd-member-00000003"


def test_a_customers_call_is_the_sum_of_its_legs(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    fell = "1795348701"
    legs = [
        row(start="1795348680.5", end="1795348700.0", disposition="NO ANSWER", group="support"),
        row(channel=f"{MEMBER};2", dest_channel="PJSIP/1002-00000004", answer="1795348705.5", group=""),
        row(start="1795348700.0", answer="1795348700.0", dest_channel=f"{MEMBER};1", fell=fell),
        row(start="1795348800.0", end="1795348801.0", dest_channel="", group=""),
    ]
    file.write_text("".join(legs))
    served = cdr.Served("1002", NOON - 94.5)
    assert seen(file)["c1"] == cdr.CallSeen(
        "c1",
        "+4930123",
        "8001",
        NOON - 119.5,
        NOON - 118.8,
        NOON + 1,
        "sales",
        served,
        "lab",
        fell_at=NOON - 99,
    )
    assert ends(file, "c1").served == {"c1": served}


def test_who_was_only_rung_has_not_answered(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    rung = {"channel": f"{MEMBER};2", "dest_channel": "PJSIP/1002-00000004", "answer": "0.000000"}
    file.write_text(
        row(disposition="NO ANSWER", answer="0.000000", group="")
        + row(disposition="BUSY", **rung)
        + row("c2", **rung)
    )
    (call,) = seen(file).values()
    assert (call.served, call.group, call.answered_at) == (None, "", None)
    assert call.fell_at == NOON - 119.9, "as a member was tried"
    assert ends(file, "c1", "c2").served == {}


def test_who_was_dialled_by_the_controller_and_answered(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(
        row(disposition="NO ANSWER", dest_channel="PJSIP/1002-00000004")
        + row(answer="1795348690.0")
        + row(disposition="NO ANSWER", dest_channel="PJSIP/1003-00000005")
    )
    assert seen(file)["c1"].served == cdr.Served("1001", NOON - 110)


def test_what_phones_dial(tmp_path: Path) -> None:
    """A colleague, somebody outside; a code to log in is no call."""
    file, own = tmp_path / "acd.csv", {"channel": "PJSIP/1001-00000009", "source": "1001"}
    file.write_text(
        row("inside", **own, dialed="1002", dest_channel="PJSIP/1002-0000000a")
        + row("code", **own, dialed="*11", dest_channel="")
        + row("outside", **own, dialed="0301", dest_channel="PJSIP/trunk-lab-x-0000000b")
    )
    calls = seen(file)
    assert {call_id: (call.phone, call.trunk) for call_id, call in calls.items()} == {
        "inside": ("1001", ""),
        "outside": ("1001", ""),
    }
    assert calls["outside"].outside == (cdr.OutsideLeg("lab-x", NOON - 119.9, NOON - 118.8),)


def test_rows_from_before_the_last_column(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(row().removesuffix(',""\n') + "\n")
    assert seen(file)["c1"].fell_at is None


def test_what_is_much_younger_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for a moment in which the clock was wrong."""
    monkeypatch.setattr(cdr, "BEYOND_MAX", 3)
    file = tmp_path / "acd.csv"
    young = [row(f"y{n}", end=str(NOON + cdr.LONGEST_S)) for n in range(4)]
    file.write_text(
        "".join([row("a"), *young[:2], row("b"), *young[2:], row("y4", end=str(NOON * 2)), row("c")])
    )
    found = [line[1:].partition('"')[0] for line in cdr.lines_between(file, 0.0, NOON)]
    assert found == ["a", "y0", "y1", "b", "y2", "y3"]
