"""One Redis server, or several."""

from __future__ import annotations

import pytest

from acd.errors import OperatorError
from acd.settings.redis_places import redis_hosts, redis_places


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("redis", [("redis", 6379)]),
        ("::1", [("::1", 6379)]),
        ("192.0.2.1, 192.0.2.2:6380", [("192.0.2.1", 6379), ("192.0.2.2", 6380)]),
        ("[2001:db8::1]:6380,b.example", [("2001:db8::1", 6380), ("b.example", 6379)]),
    ],
)
def test_places(text: str, places: list[tuple[str, int]]) -> None:
    assert list(redis_places(text, 6379)) == places
    assert redis_hosts({"ACD_REDIS_HOST": text}, "ACD_REDIS_HOST", "127.0.0.1") == text


@pytest.mark.parametrize(
    "text", ["a b", ",", "a,", "redis:0", "redis:70000", "[192.0.2.1]:1", "a;b", "redis:x"]
)
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="ACD_REDIS_HOST: expected a host's name or IP address"):
        redis_hosts({"ACD_REDIS_HOST": text}, "ACD_REDIS_HOST", "127.0.0.1")
