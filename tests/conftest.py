"""What holds for all tests.

Hypothesis tries the same examples each time, so that a change is judged by the change alone; the long run
(`script/test --all`) draws new ones.

In the tests' own process the sources of the routing core run as they are, so that a test can put something
else in the place of a part. Programs that tests start run what `script/compile` has made, as in production.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from acd import compiled

compiled.switch_off()

from tests import tables  # noqa: E402 # it imports the core

tables.make_at_once()

pytest_plugins = ["tests.leaks", "tests.databases"]

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None, print_blob=True)
settings.load_profile("exploring" if os.environ.get("ACD_TEST_ALL") else "steady")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the long run."""
    if not os.environ.get("ACD_TEST_ALL"):
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
