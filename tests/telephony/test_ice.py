"""Which addresses browsers are offered for sound."""

from __future__ import annotations

from pathlib import Path

from acd.settings.environment import Environment
from acd.telephony.ice import ice_settings

KERNEL = """Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 192.0.2.0/24 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.2
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
           |-- 192.0.2.2
              /32 host LOCAL
"""


def settings(tmp_path: Path, **variables: str) -> list[str]:
    kernel = tmp_path / "fib_trie"
    kernel.write_text(KERNEL)
    return ice_settings(Environment.from_env(variables, tmp_path), kernel).splitlines()


def test_on_loopback_another_address_stands_for_it(tmp_path: Path) -> None:
    assert settings(tmp_path) == [
        "icesupport = yes",
        "ice_deny = 0.0.0.0/0",
        "ice_permit = 192.0.2.2/32",
        "ice_permit = 127.0.0.1/32",
        "[ice_host_candidates]",
        "192.0.2.2 => 127.0.0.1",
    ]


def test_elsewhere_it_is_the_one_address_of_sip_or_what_it_is_translated_to(tmp_path: Path) -> None:
    plain = settings(tmp_path, ACD_SIP_ADDRESS="192.0.2.9")
    assert plain[2:] == ["ice_permit = 192.0.2.9/32", "[ice_host_candidates]", "192.0.2.9 => 192.0.2.9"]
    translated = settings(tmp_path, ACD_SIP_ADDRESS="192.0.2.9", ACD_PUBLIC_ADDRESS="198.51.100.7")
    assert translated[-1] == "192.0.2.9 => 198.51.100.7"


def test_without_news_from_the_kernel_there_is_nothing_to_offer(tmp_path: Path) -> None:
    found = ice_settings(Environment.from_env({}, tmp_path), tmp_path / "missing")
    assert "=> 127" not in found
