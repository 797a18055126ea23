"""Where the live state is kept: marks for tests of what is left of it when the controller dies.

With Redis the disk is lost together with the controller: all comes from Redis. What is to be seen is the
same, so one test with everything in it is enough for each run; the long run has all of them.
"""

from __future__ import annotations

import os

import pytest

DISK = pytest.param("running_centre", id="disk")
REDIS = pytest.param("running_redis_centre", id="redis")
both_mirrors = pytest.mark.parametrize("chosen_centre", [DISK, REDIS], indirect=True)
each_mirror = pytest.mark.parametrize(
    "chosen_centre", [DISK, REDIS] if os.environ.get("ACD_TEST_ALL") else [DISK], indirect=True
)
